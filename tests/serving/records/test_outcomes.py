from __future__ import annotations

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
