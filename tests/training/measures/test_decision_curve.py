import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.places import SHARED
from training.measures.decision_curve import compute_decision_curve


@pytest.fixture(scope="module")
def df_binary() -> pd.DataFrame:
    path = SHARED / "data" / "dcurves_df_binary" / "df_binary.csv"
    if not path.exists():
        pytest.skip("the decision-curve data of ../shared/data are not here")
    return pd.read_csv(path)


def test_net_benefit_by_hand() -> None:
    # At 0.25 (odds 1/3) risks 0.6, 0.25 and 0.3 are treated: 2 respond, 1 does not.
    # (2 - 1/3) / 5; all: (2 - 3/3) / 5; avoided: the difference 2/15 over the odds, per 100
    row = compute_decision_curve(
        [1, 1, 0, 0, 0], [0.6, 0.25, 0.3, 0.1, 0.2], [0.25], n_bootstrap=0, seed=1
    ).iloc[0]
    assert row["net_benefit"] == pytest.approx(1 / 3)
    assert row["treat_all"] == pytest.approx(1 / 5)
    assert row["treat_none"] == 0
    assert row["avoided_per_100"] == pytest.approx(40)
    assert np.isnan(row["net_benefit_low"])


@pytest.mark.parametrize(
    ("threshold", "treat_all", "model", "family_history"),
    [
        # R's dcurves on its own simulated data, 750 rows, 105 events
        (0.05, 0.094737, 0.105544, 0.025614),
        (0.10, 0.044444, 0.087407, 0.018519),
        (0.20, -0.075, 0.067333, 0.001667),
        (0.35, -0.323077, 0.050154, -0.033333),
    ],
)
def test_net_benefit_agrees_with_r(
    df_binary: pd.DataFrame, threshold: float, treat_all: float, model: float, family_history: float
) -> None:
    for column, expected in (("cancerpredmarker", model), ("famhistory", family_history)):
        row = compute_decision_curve(
            df_binary["cancer"], df_binary[column], [threshold], n_bootstrap=0, seed=1
        ).iloc[0]
        assert row["net_benefit"] == pytest.approx(expected, abs=1e-6)
        assert row["treat_all"] == pytest.approx(treat_all, abs=1e-6)


def test_the_whole_curve_agrees_with_dcurves(df_binary: pd.DataFrame) -> None:
    dcurves = pytest.importorskip("dcurves", reason="dcurves is not installed")
    thresholds = np.arange(1, 99) / 100
    theirs = dcurves.dca(
        data=df_binary,
        outcome="cancer",
        modelnames=["cancerpredmarker"],
        thresholds=thresholds,
        nper=100,
    ).set_index("model")
    ours = compute_decision_curve(
        df_binary["cancer"], df_binary["cancerpredmarker"], thresholds, n_bootstrap=0, seed=1
    )
    model, everyone = theirs.loc["cancerpredmarker"], theirs.loc["all"]
    np.testing.assert_allclose(ours["net_benefit"], model["net_benefit"], atol=1e-12)
    np.testing.assert_allclose(ours["treat_all"], everyone["net_benefit"], atol=1e-12)
    np.testing.assert_allclose(
        ours["avoided_per_100"], model["net_intervention_avoided"], atol=1e-8
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_weights_are_repetitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, 2, 20), rng.random(20)
    counts = rng.integers(0, 4, 20)
    counts[0] = 1
    rows = np.repeat(np.arange(20), counts)
    cuts = [0.1, 0.4, 0.7]
    weighted = compute_decision_curve(y, p, cuts, sample_weight=counts, n_bootstrap=0, seed=1)
    repeated = compute_decision_curve(y[rows], p[rows], cuts, n_bootstrap=0, seed=1)
    pd.testing.assert_frame_equal(weighted, repeated)


def test_intervals_are_those_of_resampled_patients() -> None:
    rng = np.random.default_rng(3)
    y, p = rng.integers(0, 2, 60).astype(float), rng.random(60)
    y[:5] = np.nan
    known = ~np.isnan(y)
    counts = np.random.default_rng(9).multinomial(55, np.full(55, 1 / 55), size=200)
    draws = []
    for count in counts:
        rows = np.repeat(np.flatnonzero(known), count)
        row = compute_decision_curve(y[rows], p[rows], [0.3], n_bootstrap=0, seed=1).iloc[0]
        draws.append(row[["net_benefit", "treat_all", "avoided_per_100"]].to_numpy(float))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    row = compute_decision_curve(y, p, [0.3], n_bootstrap=200, seed=9).iloc[0]
    for i, name in enumerate(("net_benefit", "treat_all", "avoided_per_100")):
        assert row[f"{name}_low"] == pytest.approx(low[i])
        assert row[f"{name}_high"] == pytest.approx(high[i])


def test_repeats_are_averaged() -> None:
    y, p = [1, 0, 1], np.array([[0.9, 0.8, 0.1], [0.9, 0.1, 0.9]])
    first, second, both = (
        compute_decision_curve(y, rows, [0.5], n_bootstrap=0, seed=1)["net_benefit"][0]
        for rows in (p[0], p[1], p)
    )
    assert both == pytest.approx((first + second) / 2)


def test_at_threshold_zero_everyone_is_treated_and_nothing_is_avoided() -> None:
    row = compute_decision_curve([1, 0, 0], [0.2, 0.0, 0.4], [0.0], n_bootstrap=5, seed=1).iloc[0]
    assert row["net_benefit"] == row["treat_all"] == pytest.approx(1 / 3)
    assert np.isnan(row["avoided_per_100"])


@pytest.mark.parametrize("threshold", [1.0, 1.1, -0.01, np.nan])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    # At 1 the odds have no bound: without the check the curve would hold infinite values.
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"must lie in \[0, 1\)"):
        compute_decision_curve([1, 0], [0.2, 0.3], [0.5, threshold], n_bootstrap=0, seed=1)
