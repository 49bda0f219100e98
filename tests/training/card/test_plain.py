"""The first lines of a card."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.helpers.cards import small_results
from training.card.plain import make_plain
from training.store.results import Results


def _results(horizon: str = "t1", **rows: dict[str, Any] | None) -> dict[str, Any]:
    """Return results in which measures of a horizon are changed, or taken away."""
    results = small_results()
    table = results["performance"][horizon]
    table["rows"] = [
        row | (rows.get(row["metric"], {}) or {})
        for row in table["rows"]
        if rows.get(row["metric"], {}) is not None
    ]
    return results


def _sure(results: dict[str, Any], horizon: str = "t1") -> str:
    told = make_plain(Results.model_validate(results)).how_sure
    [found] = [line for line in told if line.startswith("At ") and horizon.upper() in line[:40]]
    return found


def test_what_and_whom_come_from_the_study() -> None:
    results = small_results()
    plain = make_plain(Results.model_validate(results))
    outcomes = "; and ".join(results["study"]["outcomes"].values())
    assert plain.what == f"Before admission, the probability of {outcomes}."
    assert plain.whom == (
        "Patients like those it was made from: simulated adults. Treatment: S-ketamine."
    )
    # 51/87 is 59%; 51/87 x 30/41 is 43%
    assert plain.how_sure[0] == (
        "Behind it stand 90 patients: at discharge (T1) 59% had the outcome, 51 of 87 patients "
        "whose T1 is known; at first follow-up (T2) 43% had the outcome, 51 of 87 at T1, times 30 "
        "of the 41 responders at T1 who were seen at T2; not the 30 of 77 patients whose T2 is "
        "known, among whom those who failed at T1 count without being seen again."
    )


@pytest.mark.parametrize("horizon", ["t1", "t2"])
@pytest.mark.parametrize(("low", "chance"), [(0.51, False), (0.5, True), (0.3, True)])
def test_a_ranking_that_may_be_chance_is_told_to_be(horizon: str, low: float, chance: bool) -> None:
    told = _sure(_results(horizon, auc={"estimate": 0.7, "low": low, "high": 0.9}), horizon)
    assert f"in 70% of cases ({100 * low:.0f}% to 90%; 50% is a coin)" in told
    assert ("That cannot be told from chance." in told) is chance


@pytest.mark.parametrize("auc", [None, {"estimate": None}, {"low": None}])
def test_a_ranking_that_could_not_be_estimated_is_told(auc: dict[str, Any] | None) -> None:
    assert "whether it tells responders apart could not be estimated" in _sure(_results(auc=auc))


@pytest.mark.parametrize(
    ("skill", "shown"), [({"low": 0.01}, True), ({"low": 0.0}, False), ({"low": None}, False)]
)
def test_skill_is_shown_only_where_its_interval_lies_above_zero(
    skill: dict[str, Any], shown: bool
) -> None:
    results = _results(brier_skill=skill)
    assert "more accurate" not in _sure(results)  # the headline has said it
    results["headline"] = None
    told = _sure(results)
    assert ("more accurate than the share of responders alone" in told) is shown
    assert ("no evidence that it is more accurate" in told) is not shown
    if not shown:
        assert "share of responders, 59%." in told  # 51 of 87
    assert "no evidence" in _sure(_results(brier_skill=None) | {"headline": None})


def test_how_far_an_estimate_would_move_is_told_where_it_was_looked_at() -> None:
    results = small_results()
    results["instability"]["t1"]["mean_absolute_prediction_error"] = 0.123
    assert "typically differ by 12 percentage points" in _sure(results)
    results["instability"]["t1"]["mean_absolute_prediction_error"] = None
    assert "percentage points" not in _sure(results)
    del results["instability"]["t1"]
    assert "percentage points" not in _sure(results)


def test_other_hospitals_and_simulated_patients_are_spoken_of_where_it_is_so() -> None:
    results = small_results()
    plain = make_plain(Results.model_validate(results))
    assert plain.how_sure[-1].startswith("It has not been tried")
    assert plain.when_not[0] == "For any real patient: it was made from simulated ones."
    results["cohort"]["synthetic"] = False
    results["sites"] = {"done": True, "text": "in 50 others", "o_e": {}, "rows": []}
    plain = make_plain(Results.model_validate(results))
    assert not any("not been tried" in line for line in plain.how_sure)
    assert plain.when_not[0] == "To refuse treatment because an estimate is low."
    assert any("benefit" in line or "beyond placebo" in line for line in plain.when_not)
