"""What a reader must hold against a model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.helpers.cards import small_results
from training.card.limitations import list_limitations, list_rules, rate_analysis
from training.store.found import UpdatedOutcome, UpdateFacts
from training.store.results import Results
from training.store.statements import tell_interval


def _results(**changes: Any) -> Results:
    return Results.model_validate(small_results() | changes)


def _other_patients() -> dict[str, Any]:
    return {"done": True, "text": "in 50 others", "o_e": {"t1": 1.0, "t2": 1.0}, "rows": []}


def test_rules_are_told_with_those_they_left_out_and_outcomes_are_no_rules() -> None:
    flow = [
        {"step": "identified", "remaining": 100, "excluded": 0, "unknown_kept": 0},
        {"step": "Age: at least 18 years", "remaining": 90, "excluded": 10, "unknown_kept": 1},
        {"step": "Infusion drug: s_ketamine", "remaining": 90, "excluded": 0, "unknown_kept": 0},
        {"step": "outcome known at T1", "remaining": 80, "excluded": 10, "unknown_kept": 0},
    ]
    assert list_rules(_results(flow=flow)) == [
        "Age: at least 18 years (10 left out)",
        "Infusion drug: S-ketamine",
    ]


def test_the_first_sentence_is_that_the_patients_are_simulated() -> None:
    told = list_limitations(_results())
    assert told[0] == "The patients are simulated: nothing here is evidence about patients."
    real = small_results()["cohort"] | {"synthetic": False}
    assert list_limitations(_results(cohort=real))[0] == _results().verdict[0]


@pytest.mark.parametrize(
    ("n", "events", "parameters", "words"),
    [
        # The smaller class counts: 30 responders for 5 parameters are 6 each.
        (80, 30, 5, "T1: 30 patients in the smaller class for 5 parameters, 6.0 each."),
        (80, 50, 5, "T1: 30 patients in the smaller class for 5 parameters, 6.0 each."),
        (99, 49, 5, "T1: 49 patients in the smaller class for 5 parameters, 9.8 each."),
        (100, 50, 5, ""),  # 10 each
        (200, 9, 0, "T1: 9 patients in the smaller class for 0 parameters, 9.0 each."),
        (200, 10, 0, ""),
    ],
)
def test_few_patients_for_each_parameter_are_told(
    n: int, events: int, parameters: int, words: str
) -> None:
    counts = small_results()["counts"]
    counts["t1"] |= {"n": n, "events": events}
    told = list_limitations(_results(counts=counts, parameters=parameters))
    found = [text for text in told if text.startswith("T1:") and "smaller class" in text]
    assert [text.partition(" With")[0] for text in found] == ([words] if words else [])


def test_labels_by_wording_alone_are_counted_where_there_are_any() -> None:
    labels = small_results()["labels"]
    labels["t1"]["wording"], labels["t2"]["wording"] = 34, 0
    told = [t for t in list_limitations(_results(labels=labels)) if "wording alone" in t]
    assert told == ["T1: 34 labels rest on the record's wording alone."]


def test_other_hospitals_are_missed_until_there_is_a_validation() -> None:
    words = "No external validation"
    assert any(text.startswith(words) for text in list_limitations(_results()))
    told = list_limitations(_results(sites=_other_patients()))
    assert not any(text.startswith(words) for text in told)


def test_what_holds_for_every_model_and_the_runs_own_notices_come_last() -> None:
    told = list_limitations(_results(notices=["three rows were odd"]))
    assert told[-1] == "three rows were odd."
    assert any("no comparison group" in text for text in told)
    assert any("selected for treatment" in text for text in told)
    assert _results().verdict[0] in told


@pytest.mark.parametrize(
    ("enough", "high"), [((True, True), False), ((True, False), True), ((), True)]
)
def test_one_horizon_with_too_few_patients_is_enough_for_a_high_risk_of_bias(
    enough: tuple[bool, ...], high: bool
) -> None:
    sizes = small_results()["sample_size"]
    given = {h: sizes[h] | {"enough": e} for h, e in zip(sizes, enough, strict=False)}
    told = rate_analysis(_results(sample_size=given))
    assert ("at high risk of bias" in told) is high
    assert ("not rated by this software" in told) is not high


@pytest.mark.parametrize(
    ("method", "member", "centre", "expected"),
    [
        ("intercept", "network", "North", True),
        ("intercept", "network", "", True),  # updated again, its centre known from before
        ("intercept", "", "North", True),  # what it was made of could not be reached
        ("refit", "", "North", False),  # nothing is left of the network's
        ("intercept", "evidence", "", False),
    ],
)
def test_the_interval_of_a_model_that_became_one_centres_promises_nothing_elsewhere(
    method: str, member: str, centre: str, expected: bool
) -> None:
    told = _results()
    one = told.blend["response"].members[0].model_copy(update={"name": member})
    left = told.blend["response"].model_copy(update={"members": [one] if member else []})
    outcome = UpdatedOutcome(method=method, words="done", n=80, events=40)
    update = UpdateFacts(
        parent="a:1", parent_digest="d" * 64, alpha=0.05, outcomes={"response": outcome}
    ).model_copy(update={"centre": centre})
    results = told.model_copy(update={"update": update, "blend": {"response": left}})
    assert results.is_of_one_centre == expected
    own = tell_interval(by_evidence=False, at_one_centre=True)
    assert (own in list_limitations(results)) == expected
