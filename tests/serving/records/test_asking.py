from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.records.asking import ask, ask_batch, ask_comparison
from serving.records.courses import join_courses
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Recorder, Suspended
from serving.records.store import RecordStore
from serving.records.tasks import suspend
from tests.serving.helpers.models import PATIENT, make_loaded
from tests.serving.records.conftest import START

SILENT = {"status": "approved for silent evaluation only", "synthetic": False}


@pytest.fixture
def recorder(predictor: Predictor, store: RecordStore) -> Iterator[Recorder]:
    recorder = Recorder(predictor, store)
    yield recorder
    recorder.close()


def test_the_answer_is_the_predictor_s_and_is_recorded(
    predictor: Predictor, recorder: Recorder
) -> None:
    answer = asyncio.run(ask(predictor, recorder, PATIENT, caller="ward 3"))
    here = predictor.predict(PATIENT, request_id=answer["request_id"])
    assert answer == here
    (kept,) = recorder.store.read()
    assert (kept.answer, kept.caller) == (here, "ward 3")


def test_without_a_recorder_there_is_an_answer_all_the_same(predictor: Predictor) -> None:
    assert asyncio.run(ask(predictor, None, PATIENT))["estimates"]
    assert len(asyncio.run(ask_batch(predictor, None, [PATIENT]))) == 1


def test_a_batch_is_recorded_whole_but_for_what_cannot_be_read(
    predictor: Predictor, recorder: Recorder
) -> None:
    patients: list[Any] = [
        {"patient": PATIENT, "panel": None},
        {"nrs_t0": 11},
        {**PATIENT, "age_years": 4},
        {"patient": PATIENT, "more": 1},
    ]
    answers = asyncio.run(ask_batch(predictor, recorder, patients))
    assert ["request_id" in answer for answer in answers] == [True, False, True, False]
    kept = {one.request_id: one.in_scope for one in recorder.store.read()}
    assert kept == {answers[0]["request_id"]: True, answers[2]["request_id"]: False}
    assert len(asyncio.run(ask_batch(predictor, recorder, [{"nrs_t0": 11}]))) == 1


def test_who_is_compared_is_recorded_and_is_nobody_s_course(
    predictor: Predictor, recorder: Recorder
) -> None:
    other = {**PATIENT, "sex": "male"}
    answers = asyncio.run(ask_comparison(predictor, recorder, [PATIENT, other], caller="ward 3"))
    assert [answer["estimates"] for answer in answers] == [
        predictor.predict(one, request_id="r")["estimates"] for one in (PATIENT, other)
    ]
    asyncio.run(ask(predictor, recorder, PATIENT))
    kept = list(recorder.store.read())
    assert len(kept) == 3
    assert {one.request_id for one in kept if one.comparison} == {
        answer["request_id"] for answer in answers
    }
    (course,) = join_courses(kept, [])
    assert not course.acted_on.comparison
    assert len(asyncio.run(ask_comparison(predictor, None, [PATIENT]))) == 1


@pytest.mark.parametrize("patient", [{"nrs_t0": 11}, None, []])
def test_what_cannot_be_read_leaves_no_record(
    predictor: Predictor, recorder: Recorder, patient: object
) -> None:
    with pytest.raises(RequestError):
        asyncio.run(ask(predictor, recorder, patient))
    with pytest.raises(RequestError):
        asyncio.run(ask_batch(predictor, recorder, patient if patient is None else "text"))
    assert recorder.store.count()["estimates"] == 0


def test_without_a_record_there_is_no_answer(
    predictor: Predictor, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: RecordStore, given: object, **options: object) -> None:
        raise RecordsUnavailable("full")

    monkeypatch.setattr(RecordStore, "write", fail)
    for asking in (ask(predictor, recorder, PATIENT), ask_batch(predictor, recorder, [PATIENT])):
        with pytest.raises(RecordsUnavailable):
            asyncio.run(asking)  # type: ignore[arg-type]


def test_a_suspended_model_answers_nobody(predictor: Predictor, store: RecordStore) -> None:
    suspend(store.database, predictor.digest, by="monitor", reason="O:E", at=START)
    recorder = Recorder(predictor, store)
    for asking in (ask(predictor, recorder, PATIENT), ask_batch(predictor, recorder, [PATIENT])):
        with pytest.raises(Suspended):
            asyncio.run(asking)  # type: ignore[arg-type]
    assert store.count()["estimates"] == 0


def test_under_silent_evaluation_the_record_has_the_number_and_the_answer_has_not(
    store: RecordStore,
) -> None:
    predictor = Predictor(make_loaded(facts=SILENT))
    recorder = Recorder(predictor, store)
    alone = asyncio.run(ask(predictor, recorder, PATIENT))
    (together,) = asyncio.run(ask_batch(predictor, recorder, [PATIENT]))
    for answer in (alone, together):
        assert answer["estimates"] == []
        assert answer["applicability"]["in_scope"]
        (kept,) = store.read(request_ids=[answer["request_id"]])
        assert set(kept.probabilities) == {"t1", "t2"}
        assert kept.answer is not None
        assert len(kept.answer["estimates"]) == 2
