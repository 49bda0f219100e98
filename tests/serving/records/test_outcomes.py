from __future__ import annotations

from dataclasses import replace

import pytest

from serving.estimate.request import RequestError
from serving.records.outcomes import OUTCOMES, report_outcomes
from serving.records.record import RecordedEstimate
from serving.records.store import RecordStore
from tests.serving.records.conftest import START, make_estimates


@pytest.fixture
def asked(store: RecordStore) -> list[RecordedEstimate]:
    asked = [*make_estimates(3), *make_estimates(1, pseudonym="P-2")]
    store.write(asked)
    return asked


def report(store: RecordStore, raw: object, **options: object) -> list[str]:
    done = report_outcomes(store, raw, caller="nurse", at=START, **options)  # type: ignore[arg-type]
    return [one.request_id for one in done]


def test_an_outcome_is_kept_with_its_estimate(
    store: RecordStore, asked: list[RecordedEstimate]
) -> None:
    number = asked[0].request_id
    done = report(
        store,
        [
            {"request_id": number, "nrs_t1": "4,5", "success_t1": "yes"},
            {"request_id": asked[1].request_id[:12], "nrs_t1": 0, "nrs_t2": None, "success_t2": ""},
            {"patient_id": "P-2", "nrs_t2": 3},
        ],
    )
    assert done == [number, asked[1].request_id, asked[3].request_id]
    kept = [(one.request_id, dict(one.values)) for one in store.read_outcomes()]
    assert kept == [
        (number, {"nrs_t1": 4.5, "success_t1": 1.0}),
        (asked[1].request_id, {"nrs_t1": 0.0}),
        (asked[3].request_id, {"nrs_t2": 3.0}),
    ]
    assert {one.caller for one in store.read_outcomes()} == {"nurse"}


def test_a_pseudonym_means_the_patient_s_last_estimate(
    store: RecordStore, asked: list[RecordedEstimate]
) -> None:
    assert report(store, [{"patient_id": "P-0417", "nrs_t1": 4}]) == [asked[2].request_id]


def test_every_problem_is_listed_and_nothing_is_recorded(
    store: RecordStore, asked: list[RecordedEstimate]
) -> None:
    number = asked[0].request_id
    wrong = [
        {"request_id": number, "nrs_t1": 4},
        {"request_id": number, "nrs_t1": 11, "nrs_t0": 8},
        {"request_id": number},
        {"request_id": number, "patient_id": "P-2", "nrs_t1": 4},
        {"nrs_t1": 4},
        {"request_id": number[:11], "nrs_t1": 4},
        {"request_id": "f" * 32, "nrs_t1": 4},
        {"request_id": "%" * 12, "nrs_t1": 4},
        {"patient_id": "nobody", "nrs_t1": 4},
        "text",
    ]
    with pytest.raises(RequestError) as error:
        report(store, wrong)
    told = [(problem.row, problem.column) for problem in error.value.problems]
    assert told == [
        (2, "nrs_t0"),
        (2, "nrs_t1"),
        (3, "outcomes"),
        (4, "request_id"),
        (5, "request_id"),
        (6, "request_id"),
        (7, "request_id"),
        (8, "request_id"),
        (9, "patient_id"),
        (10, "outcomes"),
    ]
    assert store.count()["outcomes"] == 0
    with pytest.raises(RequestError) as error:
        report(store, [{"nrs_t1": 4}], lines=[7])
    assert error.value.problems[0].row == 7


@pytest.mark.parametrize("raw", [None, {}, [], "text", [{"nrs_t1": 1}] * 501])
def test_what_is_no_list_of_reports_is_refused(store: RecordStore, raw: object) -> None:
    with pytest.raises(RequestError, match="the report"):
        report(store, raw)


def test_no_name_that_several_estimates_begin_with_is_guessed(store: RecordStore) -> None:
    one, other = make_estimates(2)
    object.__setattr__(one, "request_id", "a" * 31 + "1")
    object.__setattr__(other, "request_id", "a" * 31 + "2")
    store.write([one, other])
    with pytest.raises(RequestError) as error:
        report(store, [{"request_id": "a" * 20, "nrs_t1": 4}])
    assert error.value.problems[0].got == "what several begin with"


def test_what_can_be_reported_is_the_contract_s() -> None:
    assert set(OUTCOMES) == {
        "nrs_t1",
        "success_t1",
        "nrs_t2",
        "success_t2",
        "follow_up_weeks",
        "relief_weeks",
    }


def test_the_whole_number_of_one_of_a_batch_is_its_own(store: RecordStore) -> None:
    asked = make_estimates(12)
    for place, one in enumerate(asked, start=1):
        object.__setattr__(one, "request_id", f"{'b' * 32}.{place}")
    store.write(asked)
    done = report(store, [{"request_id": one.request_id, "nrs_t1": 4} for one in asked])
    assert done == [one.request_id for one in asked]
    with pytest.raises(RequestError) as error:
        report(store, [{"request_id": "b" * 32, "nrs_t1": 4}])
    assert error.value.problems[0].got == "what several begin with"


@pytest.mark.parametrize("odd", ["\ud800" * 12, "\0" * 12, "a" * 12 + "\n", "\u00e4" * 12])
def test_no_letters_of_a_number_or_a_pseudonym_are_a_failure(
    either_store: RecordStore, odd: str
) -> None:
    either_store.write(make_estimates(1))
    for name in ("request_id", "patient_id"):
        with pytest.raises(RequestError) as error:
            report(either_store, [{name: odd, "nrs_t1": 4}])
        assert [problem.column for problem in error.value.problems] == [name]


def test_unknown_is_no_pseudonym(store: RecordStore, asked: list[RecordedEstimate]) -> None:
    with pytest.raises(RequestError) as error:
        report(store, [{"patient_id": "unknown", "nrs_t1": 4}])
    assert error.value.problems[0].got == "neither"


def test_of_several_courses_none_is_guessed(store: RecordStore) -> None:
    asked = [
        replace(one, inputs={"patient": {"course_number": course}, "panel": None})
        for one, course in zip(make_estimates(3), ("1", 1, 2), strict=True)
    ]
    store.write(asked[:2])
    assert report(store, [{"patient_id": "P-0417", "nrs_t1": 4}]) == [asked[1].request_id]
    store.write(asked[2:])
    with pytest.raises(RequestError) as error:
        report(store, [{"patient_id": "P-0417", "nrs_t2": 4}])
    (problem,) = error.value.problems
    assert (problem.column, problem.got) == ("patient_id", "a patient of 2 courses")
    number = asked[0].request_id
    assert report(store, [{"request_id": number, "nrs_t2": 4}]) == [number]


def test_what_is_no_number_is_told(store: RecordStore, asked: list[RecordedEstimate]) -> None:
    number = asked[0].request_id
    with pytest.raises(RequestError) as error:
        report(store, [{"request_id": number, "nrs_t1": float("nan"), "success_t1": "yes"}])
    assert [problem.column for problem in error.value.problems] == ["nrs_t1"]
