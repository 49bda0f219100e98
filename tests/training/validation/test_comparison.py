from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dictionary.eligibility import CRPS_ELIGIBILITY, Eligibility
from features.dictionary.rule import RULES
from features.errors import NotEnoughData
from tests.training.helpers.cohorts import write_cohort
from training.evaluation.design import make_design
from training.fitting.cross_validation import cross_validate
from training.measures.differences import compare_draws
from training.measures.performance import compute_cv_draws, compute_cv_performance
from training.study.settings import Study, read_study
from training.study.study import read_description
from training.validation.comparison import compare_studies, compute_draws, compute_evaluation_key

STUDY = """
name = "plain"
seed = 4
[population]
description = "simulated"
[treatment]
description = "simulated"
[cohort]
file = "c.csv"
[outcome]
horizons = ["t1"]
[predictors]
names = {names}
[procedure]
candidates = ["ridge"]
inner_repeats = 1
[resampling]
repeats = 2
bootstrap = 200
"""


def _draws(seed: int, n: int = 101, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, 2)) + shift, columns=["auc", "brier"])


# ---------------------------------------------------------------- differences


@settings(max_examples=20)
@given(st.integers(0, 1000), st.floats(-2, 2))
def test_a_pair_that_differs_by_a_constant_differs_by_it_for_sure(
    seed: int, constant: float
) -> None:
    first = _draws(seed)
    table = compare_draws(first, first + constant, paired=True)
    for column in ("difference", "low", "high"):
        np.testing.assert_allclose(table[column], constant, atol=1e-12)
    # Without pairs the same numbers leave it open: 1.96 sqrt(2) standard deviations either way.
    apart = compare_draws(first, first + constant, paired=False)
    np.testing.assert_allclose(apart["difference"], constant, atol=1e-12)
    assert (apart["high"] - apart["low"] > 3).all()


def test_the_interval_is_that_of_the_differences() -> None:
    first, second = _draws(1), _draws(2, shift=0.5)
    table = compare_draws(first, second, paired=True)
    low, high = np.percentile((second - first)["auc"][1:], [2.5, 97.5])
    assert table.loc["auc", ["low", "high"]].tolist() == pytest.approx([low, high])
    assert table.loc["auc", "difference"] == pytest.approx(second["auc"][0] - first["auc"][0])
    mirrored = compare_draws(second, first, paired=True)
    np.testing.assert_allclose(mirrored["low"], -table["high"])
    np.testing.assert_allclose(mirrored["difference"], -table["difference"])


def test_only_common_metrics_and_possible_resamples_count() -> None:
    first, second = _draws(1), _draws(2).rename(columns={"brier": "other"})
    second.loc[3, "auc"] = np.nan
    table = compare_draws(first, second, paired=True)
    assert table.index.tolist() == ["auc"] and table.loc["auc", "n_failed"] == 1
    with pytest.raises(ValueError, match="equal numbers of resamples, got 100, 50"):
        compare_draws(first, _draws(1, 51), paired=True)
    assert len(compare_draws(first, _draws(3, 51), paired=False)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"cohort_sha256": "b" * 64},
        {"rule": "fall50"},
        {"horizons": ("t1",)},
        {"seed": 2},
        {"eligibility": Eligibility(minimum={"age_years": 18})},
        {"design": "10 x 5"},
        {"n_bootstrap": 100},
        {"weighting": "none"},
    ],
)
def test_the_key_changes_with_whatever_decides_who_is_resampled(change: dict[str, object]) -> None:
    same = {
        "cohort_sha256": "a" * 64,
        "eligibility": CRPS_ELIGIBILITY,
        "rule": "fall30",
        "horizons": ("t1", "t2"),
        "weighting": "follow_up",
        "design": "20 x 5",
        "n_bootstrap": 500,
        "seed": 1,
    }
    assert compute_evaluation_key(**same) == compute_evaluation_key(**same)  # type: ignore[arg-type]
    assert compute_evaluation_key(**same) != compute_evaluation_key(**{**same, **change})  # type: ignore[arg-type]


# ---------------------------------------------------------------- studies


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_cohort(tmp_path / "c.csv", 120, seed=3)
    (tmp_path / "one.toml").write_text(STUDY.format(names='["nrs_t0"]'))
    (tmp_path / "two.toml").write_text(STUDY.format(names='["nrs_t0", "opioid"]'))
    return tmp_path


def _studies(folder: Path) -> tuple[Study, Study]:
    return read_study(folder / "one.toml"), read_study(folder / "two.toml")


def test_two_studies_of_a_cohort_are_compared_in_pairs(folder: Path) -> None:
    one, two = _studies(folder)
    found = compare_studies(one, two, names=("one", "two"))
    assert found.paired and found.notes == () and list(found.tables) == ["t1"]
    table = found.tables["t1"]
    results = []
    for study in (one, two):
        data = read_description(study).data
        out = cross_validate(data, study.procedure, n_folds=5, n_repeats=2, seed=4)
        arguments = (data.y["t1"], out.predictions["t1"], out.folds)
        resampled = {"base_predictions": out.base["t1"], "n_bootstrap": 200, "seed": 4}
        results.append(compute_cv_draws(*arguments, **resampled))
        performance = compute_cv_performance(*arguments, **resampled)
        np.testing.assert_allclose(
            compute_draws(data, out, make_design(study))["t1"].iloc[0],
            performance["estimate"],
            atol=1e-6,
        )
    away = results[1] - results[0]
    np.testing.assert_allclose(table["difference"], away.iloc[0], atol=2e-6)
    np.testing.assert_allclose(
        table["low"], np.nanpercentile(away.iloc[1:], 2.5, axis=0), atol=2e-6
    )
    same = compare_studies(one, one, names=("one", "one"))
    assert (same.tables["t1"][["difference", "low", "high"]] == 0).all(axis=None)


def test_delong_stands_beside_the_bootstrap_and_agrees_with_it(folder: Path) -> None:
    found = compare_studies(*_studies(folder), names=("one", "two"))
    test, row = found.delong["t1"], found.tables["t1"].loc["auc"]
    assert (test.first, test.second) == pytest.approx((row["first"], row["second"]), abs=2e-6)
    assert test.high - test.low == pytest.approx(row["high"] - row["low"], rel=0.25)
    assert found.net_benefit == {}  # no thresholds were set


def test_net_benefit_is_compared_at_the_thresholds_that_both_set(folder: Path) -> None:
    one, two = _studies(folder)
    one, two = replace(one, thresholds=(0.3, 0.5)), replace(two, thresholds=(0.4, 0.6))
    found = compare_studies(one, two, names=("one", "two"))
    table = found.net_benefit["t1"]
    assert table.index.tolist() == [0.4, 0.45, 0.5]
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()
    np.testing.assert_allclose(table["difference"], table["second"] - table["first"], atol=1e-9)
    data = read_description(one).data
    out = cross_validate(data, one.procedure, n_folds=5, n_repeats=2, seed=4)
    treated = (out.predictions["t1"] >= 0.4).mean(axis=0)
    y = data.y["t1"]
    by_hand = np.nanmean(treated * (y - (1 - y) * 0.4 / 0.6))
    assert table.loc[0.4, "first"] == pytest.approx(by_hand, abs=1e-5)
    assert "net_benefit_0.4" not in found.tables["t1"].index


def test_the_second_study_is_run_with_the_seed_of_the_first(folder: Path) -> None:
    one, two = _studies(folder)
    found = compare_studies(one, replace(two, seed=99), names=("one", "two"))
    assert found.paired and "seed and the resampling of one" in found.notes[0]
    pd.testing.assert_frame_equal(
        found.tables["t1"], compare_studies(one, two, names=("one", "two")).tables["t1"]
    )


def test_studies_of_other_patients_or_outcomes_are_not_paired(folder: Path) -> None:
    one, two = _studies(folder)
    other = replace(two, rule=RULES["fall50"], cohort=write_cohort(folder / "d.csv", 120, seed=9))
    found = compare_studies(one, other, names=("one", "two"))
    assert not found.paired
    assert found.reason == "the studies differ in cohort file and responder rule"
    assert found.delong == {}
    few = replace(two, cohort=write_cohort(folder / "e.csv", 12, seed=9))
    with pytest.raises(NotEnoughData, match="two: "):
        compare_studies(one, few, names=("one", "two"))
