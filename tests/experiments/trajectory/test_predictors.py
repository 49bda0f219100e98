"""Regressions of pain at a later week: worked by hand, and on a planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.trajectory.predictors import compute_regressions
from features.cohort.weekly import WeeklyScores
from features.dictionary.contract import CONTRACT
from features.errors import InputError


def make_weekly(nrs: np.ndarray, **baseline: np.ndarray) -> WeeklyScores:
    """One score per patient, at week 12."""
    n = len(nrs)
    table = pd.DataFrame({"treated": np.arange(n) % 2.0, "nrs_t0": np.nan} | baseline)
    scores = pd.DataFrame({"patient": np.arange(n), "week": 12, "nrs": nrs})
    return WeeklyScores(scores, table, CONTRACT, ("placebo", "ketamine"), synthetic=True)


def row_of(table: pd.DataFrame, name: str) -> pd.Series:
    return table[table["variable"] == name].iloc[0]


def test_one_variable_is_ordinary_least_squares() -> None:
    rng = np.random.default_rng(1)
    age = rng.normal(45, 10, 30)
    nrs = 2 + 0.1 * age + rng.normal(size=30)
    age[3] = np.nan
    row = row_of(compute_regressions(make_weekly(nrs, age_years=age)).univariable, "age_years")
    known = ~np.isnan(age)
    line = stats.linregress(age[known], nrs[known])
    reach = stats.t.ppf(0.975, 27) * line.stderr
    assert row["n"] == 29
    assert row["b"] == pytest.approx(line.slope)
    assert row["p_value"] == pytest.approx(line.pvalue)
    assert [row["low"], row["high"]] == pytest.approx([line.slope - reach, line.slope + reach])
    assert row["sd"] == pytest.approx(np.std(age[known], ddof=1))


def test_a_category_has_one_p_value_and_a_row_for_each_further_level() -> None:
    site = np.repeat([0.0, 1, 2], 8)
    nrs = np.concatenate([np.full(8, 4.0), np.full(8, 5.0), np.full(8, 7.0)])
    nrs += np.tile([-0.5, 0.5], 12)
    table = compute_regressions(make_weekly(nrs, affected_site=site)).univariable
    rows = table[table["variable"] == "affected_site"]
    assert rows["level"].tolist() == ["lower (against upper)", "both (against upper)"]
    assert rows["b"].tolist() == pytest.approx([1, 3])
    expected = stats.f_oneway(nrs[:8], nrs[8:16], nrs[16:]).pvalue
    assert rows["p_value"].tolist() == pytest.approx([expected] * 2)


def test_multivariable_model_holds_what_the_paper_put_in() -> None:
    rng = np.random.default_rng(2)
    n = 200
    pri, noise = rng.normal(27, 11, n), rng.normal(40, 5, n)
    age, sex = rng.normal(45, 12, n), rng.integers(0, 2, n).astype(float)
    treated = np.arange(n) % 2
    nrs = 3 + 0.07 * pri - 1.5 * treated + rng.normal(size=n)
    found = compute_regressions(make_weekly(nrs, mcgill_pri=pri, tsk=noise, age_years=age, sex=sex))
    assert row_of(found.univariable, "tsk")["p_value"] > 0.10
    # The arm, age and sex whatever they do, and PRI for its p value; nrs_t0 is unknown.
    assert set(found.multivariable["variable"]) == {"treated", "age_years", "sex", "mcgill_pri"}
    assert found.parameters == 4
    assert found.left_out == ("Pain before treatment (NRS)",)
    pri_row = row_of(found.multivariable, "mcgill_pri")
    assert pri_row["low"] < 0.07 < pri_row["high"]
    assert row_of(found.multivariable, "treated")["b"] == pytest.approx(-1.5, abs=0.6)


def test_an_effect_that_differs_between_the_arms_is_found_as_such() -> None:
    rng = np.random.default_rng(3)
    n = 300
    pri, tsk = rng.normal(27, 11, n), rng.normal(40, 5, n)
    treated = np.arange(n) % 2
    nrs = 5 - 0.1 * pri * treated + rng.normal(size=n)
    table = compute_regressions(make_weekly(nrs, mcgill_pri=pri, tsk=tsk)).interactions
    assert row_of(table, "mcgill_pri")["low"] < -0.1 < row_of(table, "mcgill_pri")["high"]
    assert row_of(table, "mcgill_pri")["p_value"] < 1e-6
    assert row_of(table, "tsk")["p_value"] > 0.05
    assert "treated" not in set(table["variable"])


def test_what_another_variable_already_tells_is_left_out_and_named() -> None:
    rng = np.random.default_rng(4)
    age = rng.normal(45, 10, 40)
    weight = 2 * age - 10
    nrs = age / 10 + rng.normal(size=40)
    found = compute_regressions(make_weekly(nrs, age_years=age, weight_kg=weight))
    assert found.multivariable["variable"].tolist() == ["treated", "age_years"]
    assert "Body weight" in found.left_out


def test_a_variable_tied_to_the_arm_has_no_interaction() -> None:
    nrs = np.random.default_rng(5).normal(5, 1, 20)
    opioid = np.arange(20) % 2.0
    table = compute_regressions(make_weekly(nrs, opioid=opioid)).interactions
    assert np.isnan(row_of(table, "opioid")[["b", "p_value"]].astype(float)).all()


def test_weeks_without_enough_scores_are_refused() -> None:
    weekly = make_weekly(np.arange(10.0) % 7, age_years=np.arange(30.0, 40))
    assert compute_regressions(weekly).week == 12
    with pytest.raises(InputError, match="a week with at least 6 scores, of 12"):
        compute_regressions(weekly, week=11)
