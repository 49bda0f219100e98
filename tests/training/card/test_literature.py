"""What a model says beside what is published."""

import pytest

from tests.training.helpers.cards import small_results
from training.card.literature import (
    compare_base_rates,
    compute_shares,
    describe_predictors,
    find_contradictions,
)
from training.store.results import Results


def _moved_by(**moved: float) -> Results:
    results = small_results()
    results["importance"] = [
        {"predictor": name, "horizon": "t1", "mean_absolute_contribution": value}
        for name, value in moved.items()
    ]
    results["study"]["horizons"] = ["t1"]
    return Results.model_validate(results)


def test_shares_add_up_to_one_and_fall() -> None:
    # 0.06 of 0.08 is 75%
    assert compute_shares(_moved_by(opioid=0.02, nrs_t0=0.06), "t1") == pytest.approx(
        {"nrs_t0": 0.75, "opioid": 0.25}
    )


def test_a_constant_model_contradicts_nothing() -> None:
    results = _moved_by(disease_duration_years=0.0, opioid=0.0)
    assert compute_shares(results, "t1") == {}
    assert find_contradictions(results) == []


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"disease_duration_years": 0.05, "nrs_t0": 0.05}, "disease duration (50%"),
        ({"disease_duration_years": 0.02, "nrs_t0": 0.08}, ""),  # 20%, and not the first
        ({"disease_duration_years": 0.025, "nrs_t0": 0.075}, "disease duration (25%"),
        # 24% each but the first of many
        ({"hads_depression": 0.24, "a": 0.2, "b": 0.2, "c": 0.18, "d": 0.18}, "depression"),
        ({"hads_depression": 0.15, "hads_anxiety": 0.15, "nrs_t0": 0.7}, "anxiety"),
        ({"planned_dose_mg_h": 0.5, "nrs_t0": 0.5}, "by dose (50%"),
        ({"nrs_t0": 0.9, "opioid": 0.1}, ""),
        ({"antidepressant": 0.9, "opioid": 0.1}, ""),  # a drug is no depression
    ],
)
def test_ranking_by_what_the_trial_found_without_effect_is_said(
    moved: dict[str, float], said: str
) -> None:
    found = find_contradictions(_moved_by(**moved))
    assert len(found) == (1 if said else 0)
    assert said in "".join(found)
    if said:
        assert "10.1016/j.pain.2009.06.023" in found[0]


def test_published_rates_stand_beside_the_cohorts_own() -> None:
    rows = compare_base_rates(Results.model_validate(small_results()))
    published = [row for row in rows if row.n == 47]
    # Mangnus 2021: 29 of 47 at T1
    assert published[0].events == 29
    assert [row.what for row in rows if row.source == "the run"] == ["this cohort"] * 2


def test_another_condition_has_no_literature_here() -> None:
    found = small_results()
    found["study"]["condition"] = "sciatica"
    results = Results.model_validate(found)
    assert compare_base_rates(results) == []
    assert describe_predictors(results) == []
    assert find_contradictions(results) == []


def test_a_predictor_that_the_model_does_not_have_is_told_so() -> None:
    results = Results.model_validate(small_results())
    rows = {row.matter: row for row in describe_predictors(results)}
    assert rows["McGill pain rating index"].shares == {"t1": None, "t2": None}
    assert rows["pain medication"].shares["t1"] is not None
