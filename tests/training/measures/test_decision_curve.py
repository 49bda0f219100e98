import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.places import SHARED
from training.measures.decision_curve import (
    COARSE,
    FINE,
    Decisions,
    compute_decision_curve,
    compute_net_benefit_gain,
    compute_threshold_table,
    join_net_benefit,
    make_thresholds,
)


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
    # Theirs compare with treating all; where none is the better, that is not the yardstick.
    nobody = np.minimum(everyone["net_benefit"], 0).to_numpy() / (thresholds / (1 - thresholds))
    expected = model["net_intervention_avoided"] + 100 * nobody
    np.testing.assert_allclose(ours["avoided_per_100"], expected, atol=1e-8)


@pytest.mark.parametrize(
    ("risks", "avoided"),
    [
        # At 0.6 (odds 1.5), 2 of 5 respond: treating all is worth (2 - 3 x 1.5) / 5 = -0.5, none 0.
        ([0.0] * 5, 0.0),  # as treating none: 33 per 100 fewer courses than all, no merit of it
        ([0.9] * 5, -100 * 0.5 / 1.5),  # as treating all
        ([0.9, 0.9, 0.0, 0.0, 0.0], 100 * 0.4 / 1.5),  # tells them apart
    ],
)
def test_what_is_avoided_is_compared_with_treating_none_where_that_is_better(
    risks: list[float], avoided: float
) -> None:
    row = compute_decision_curve([1, 1, 0, 0, 0], risks, [0.6], n_bootstrap=0, seed=1).iloc[0]
    assert row["treat_all"] == pytest.approx(-0.5)
    assert row["avoided_per_100"] == pytest.approx(avoided)


@settings(max_examples=40)
@given(st.integers(0, 100_000), st.floats(0.02, 0.98))
def test_a_model_that_treats_all_or_none_never_avoids_more_than_the_better_of_them(
    seed: int, cut: float
) -> None:
    rng = np.random.default_rng(seed)
    y, risk = rng.integers(0, 2, 30), rng.random(30)
    for constant in (0.0, 1.0):
        row = compute_decision_curve(y, np.full(30, constant), [cut], n_bootstrap=20, seed=1)
        assert row["avoided_per_100"][0] <= 1e-9
        assert row["avoided_per_100_high"][0] <= 1e-9
    found = compute_decision_curve(y, risk, [cut], n_bootstrap=0, seed=1).iloc[0]
    gain = Decisions(pd.DataFrame(), found.to_frame().T).least_gain
    assert found["avoided_per_100"] * cut / (1 - cut) / 100 == pytest.approx(gain)


@settings(max_examples=25)
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


@pytest.mark.parametrize(
    ("between", "step", "expected"),
    [
        ((0.33, 0.62), COARSE, [0.33, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.62]),
        ((0.2, 0.7), COARSE, [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7]),
        ((0.31, 0.34), COARSE, [0.31, 0.34]),
        ((0.5, 0.5), COARSE, [0.5]),
        ((0.47, 0.47), COARSE, [0.47]),
        ((0.93, 1.0), COARSE, [0.93, 0.95, 1.0]),
        ((0.333, 0.36), FINE, [0.333, 0.34, 0.35, 0.36]),
    ],
)
def test_thresholds_are_both_ends_and_the_multiples_between(
    between: tuple[float, float], step: float, expected: list[float]
) -> None:
    assert make_thresholds(between, step) == expected


@pytest.mark.parametrize("between", [(0.62, 0.33), (-0.1, 0.5), (0.5, 1.1)])
def test_a_range_that_is_none_is_refused(between: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="low <= high"):
        make_thresholds(between, COARSE)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([COARSE, FINE]))
def test_thresholds_of_any_range_are_in_order_within_it(a: float, b: float, step: float) -> None:
    low, high = sorted((a, b))
    found = make_thresholds((low, high), step)
    assert found[0] == round(low, 6)
    assert found[-1] == round(high, 6)
    assert found == sorted(set(found))
    assert np.diff(found).max(initial=0) <= step + 1e-6


# ---------------------------------------------------------------- gain, and shares at a threshold


def test_the_gain_in_net_benefit_is_the_difference_of_two_curves() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(50) < 0.5).astype(float)
    before, after = rng.random((2, 50)), rng.random((2, 50))
    gain = compute_net_benefit_gain(
        y, before, after, [0.3, 0.6], sample_weight=np.ones(50), n_bootstrap=100, seed=0
    )
    first, second = (
        compute_decision_curve(y, p, [0.3, 0.6], n_bootstrap=100, seed=0)["net_benefit"]
        for p in (before, after)
    )
    np.testing.assert_allclose(gain["clinical"], first)
    np.testing.assert_allclose(gain["difference"], second - first)
    assert np.all((gain["low"] <= gain["difference"]) & (gain["difference"] <= gain["high"]))


def test_threshold_table_by_hand() -> None:
    # At 0.5: 0.5 counts as positive. Cases 0.5, 0.7 and 0.2; controls 0.6, 0.1 and 0.3.
    y, p = [1, 1, 1, 0, 0, 0], [0.5, 0.7, 0.2, 0.6, 0.1, 0.3]
    row = compute_threshold_table(y, p, [0.5]).iloc[0]
    assert row["share_positive"] == pytest.approx(3 / 6)
    for name in ("sensitivity", "specificity", "ppv", "npv"):
        assert row[name] == pytest.approx(2 / 3)
        # Wilson, 2 of 3: 0.2077 to 0.9385
        assert row[f"{name}_low"] == pytest.approx(0.20766, abs=5e-5)
        assert row[f"{name}_high"] == pytest.approx(0.93851, abs=5e-5)


def test_threshold_table_weighs_patients() -> None:
    row = compute_threshold_table(
        [1, 1, 0, 0], [0.9, 0.1, 0.9, 0.1], [0.5], sample_weight=[3, 1, 1, 1]
    ).iloc[0]
    assert row["sensitivity"] == pytest.approx(3 / 4)
    assert row["ppv"] == pytest.approx(3 / 4)
    assert row["npv"] == pytest.approx(1 / 2)
    # effective number of cases 16 / 10 = 1.6, events 1.2
    centre, half = 0.75 + 3.841459 / 3.2, 1.959964 * np.sqrt(0.1875 / 1.6 + 3.841459 / (4 * 2.56))
    assert row["sensitivity_low"] == pytest.approx((centre - half) / (1 + 3.841459 / 1.6))


def test_thresholds_that_leave_nobody_are_missing() -> None:
    table = compute_threshold_table([1, 0], [0.4, 0.3], [0, 1])
    assert table["sensitivity"].to_list() == [1, 0]
    assert np.isnan(table["npv"][0])
    assert np.isnan(table["ppv"][1])


def test_threshold_table_averages_repeats() -> None:
    row = compute_threshold_table([1, 0], [[0.9, 0.1], [0.1, 0.1]], [0.5]).iloc[0]
    assert row["sensitivity"] == pytest.approx(0.5)
    assert row["ppv"] == pytest.approx(1)


@pytest.mark.parametrize("threshold", [1.01, -0.01, np.nan])
def test_one_threshold_outside_the_unit_interval_is_enough_to_be_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="thresholds"):
        compute_threshold_table([1, 0], [0.4, 0.3], [0.5, threshold])


def test_the_least_gain_is_over_the_better_of_treating_all_and_none() -> None:
    curve = pd.DataFrame(
        {"net_benefit": [0.30, 0.10], "treat_all": [0.25, -0.2], "treat_none": [0.0, 0.0]}
    )
    assert Decisions(pd.DataFrame(), curve).least_gain == pytest.approx(0.05)


def test_draws_hold_the_net_benefit_of_the_same_resamples() -> None:
    rng = np.random.default_rng(3)
    y, p = (rng.random(80) < 0.4).astype(float), rng.random((2, 80))
    weight = rng.uniform(1, 2, 80)
    resampled = {"sample_weight": weight, "n_bootstrap": 300, "seed": 7}
    draws = pd.DataFrame({"auc": np.arange(301.0)})
    found = join_net_benefit(draws, y, p, (0.32, 0.41), **resampled)  # type: ignore[arg-type]
    assert found.columns.tolist() == [
        "auc",
        *(f"net_benefit_{cut}" for cut in ("0.32", "0.35", "0.4", "0.41")),
    ]
    curve = compute_decision_curve(y, p, [0.32, 0.35, 0.4, 0.41], **resampled)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.iloc[0, 1:], curve["net_benefit"])
    for end, share in (("low", 2.5), ("high", 97.5)):
        expected = np.percentile(found.iloc[1:, 1:], share, axis=0)
        np.testing.assert_allclose(curve[f"net_benefit_{end}"], expected)


def test_of_many_patients_thresholds_are_looked_at_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    p = rng.uniform(size=(2, 80))
    y = (rng.random(80) < p[0]).astype(float)
    weight, cuts = rng.uniform(0.5, 2.0, 80), make_thresholds((0.1, 0.5), COARSE)

    def tell() -> list[pd.DataFrame]:
        table = compute_threshold_table(y, p, cuts, sample_weight=weight)
        curve = compute_decision_curve(y, p, cuts, sample_weight=weight, n_bootstrap=5, seed=1)
        return [table, curve]

    together = tell()
    monkeypatch.setattr("training.measures.decision_curve._CELLS", 160)
    for whole, parts in zip(together, tell(), strict=True):
        pd.testing.assert_frame_equal(parts, whole, rtol=1e-12)
