import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t

from features.arrays import FloatArray
from training.measures.discrimination import compute_auc, compute_auc_delong
from training.measures.pooling.sites import compute_pooled_sites, compute_site_table
from training.measures.recalibration import compute_calibration


def _simulate(sizes: list[int], seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(0.0, 1.0, sum(sizes)))
    sites = np.repeat([f"site {i}" for i in range(len(sizes))], sizes)
    return (rng.random(sum(sizes)) < p).astype(float), p, sites


def test_each_site_has_its_own_numbers() -> None:
    y, p, sites = _simulate([80, 120], 1)
    y[:3] = np.nan
    table = compute_site_table(y, p, sites).set_index("site")
    assert table.index.tolist() == ["site 1", "site 0"]  # largest first
    assert table.loc["site 0", ["n", "unknown"]].tolist() == [77, 3]
    one = sites == "site 1"
    row = table.loc["site 1"]
    auc, _, _, variance = compute_auc_delong(y[one], p[one])
    assert row["auc"] == pytest.approx(auc)
    assert row["auc_se"] == pytest.approx(np.sqrt(variance) / (auc * (1 - auc)))
    assert row["auc_low"] == pytest.approx(expit(logit(auc) - 1.959964 * row["auc_se"]))
    assert row["o_e"] == pytest.approx(y[one].sum() / p[one].sum())
    # binomial: the variance of ln O is (1 - share) / O
    assert row["o_e_se"] == pytest.approx(np.sqrt((1 - y[one].mean()) / y[one].sum()))
    slope = compute_calibration(y[one], p[one]).slope
    assert row["slope"] == pytest.approx(slope.estimate)
    # the profile-likelihood interval is the normal one, nearly, at this size
    assert row["slope_low"] == pytest.approx(slope.low, abs=0.05)
    assert row["slope_high"] == pytest.approx(slope.high, abs=0.05)


def test_sites_under_ten_of_a_class_are_not_estimable_but_counted() -> None:
    y = np.concatenate([np.repeat([1.0, 0.0], [9, 40]), np.repeat([1.0, 0.0], [40, 10])])
    p = np.random.default_rng(0).uniform(0.2, 0.8, 99)
    table = compute_site_table(y, p, np.repeat(["a", "b"], [49, 50])).set_index("site")
    assert table.loc["a", "note"].startswith("not estimable: 9 events and 40 non-events")
    assert table.loc["a", ["n", "events"]].tolist() == [49, 9]
    assert np.isnan(table.loc["a", "auc"]) and np.isfinite(table.loc["b", "auc"])
    pooled = compute_pooled_sites(table.reset_index())
    assert pooled["sites"].tolist() == [1, 1, 1]
    assert pooled["estimate"].isna().all()
    assert pooled["note"].str.contains("fewer than two sites").all()


def test_what_has_no_estimate_is_named() -> None:
    y = np.repeat([1.0, 0.0], [20, 20])
    perfect = compute_site_table(y, np.where(y == 1, 0.8, 0.3), np.repeat("a", 40)).iloc[0]
    assert perfect["note"] == "not estimable: AUC, calibration slope"
    assert perfect["o_e"] == pytest.approx(20 / 22)
    flat = compute_site_table(y, np.full(40, 0.4), np.repeat("a", 40)).iloc[0]
    assert flat["note"] == "not estimable: AUC, calibration slope"
    assert flat["o_e"] == pytest.approx(20 / 16)


def test_patients_without_a_site_are_left_out() -> None:
    y, p, sites = _simulate([60, 60], 2)
    sites[:30] = ""
    assert compute_site_table(y, p, sites)["n"].tolist() == [60, 30]


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_weights_are_those_of_the_metrics(seed: int) -> None:
    y, p, sites = _simulate([70], seed)
    weight = np.random.default_rng(seed).uniform(1, 3, 70)
    row = compute_site_table(y, p, sites, sample_weight=weight).iloc[0]
    assert row["auc"] == pytest.approx(compute_auc(y, p, sample_weight=weight))
    assert row["o_e"] == pytest.approx((weight @ y) / (weight @ p))
    calibration = compute_calibration(y, p, sample_weight=weight)
    assert row["slope"] == pytest.approx(calibration.slope.estimate)
    # The scale of the weights carries no information.
    same = compute_site_table(y, p, sites, sample_weight=7 * weight).iloc[0]
    for name in ("auc_se", "o_e_se", "slope_se"):
        assert row[name] == pytest.approx(same[name])


def test_standard_errors_are_those_of_repeated_sampling() -> None:
    rows = pd.concat([compute_site_table(*_simulate([200], seed)) for seed in range(300)])
    for measure, to in (("auc", logit), ("o_e", np.log), ("slope", np.asarray)):
        spread = float(np.std(to(rows[measure].to_numpy())))
        assert rows[f"{measure}_se"].mean() == pytest.approx(spread, rel=0.15)


def test_pooling_is_on_the_scale_of_each_measure() -> None:
    table = pd.DataFrame(
        {
            "site": ["a", "b", "c"],
            "auc": [0.6, 0.7, 0.8],
            "auc_se": [0.2, 0.2, 0.2],
            "o_e": [0.8, 1.0, 1.25],
            "o_e_se": [0.1, 0.1, 0.1],
            "slope": [1.0, 1.0, 1.0],
            "slope_se": [0.1, 0.2, 0.3],
        }
    )
    pooled = compute_pooled_sites(table)
    # equal variances: the mean of the logits; tau2 = their variance less 0.04
    x = logit(np.array([0.6, 0.7, 0.8]))
    tau2 = x.var(ddof=1) - 0.04
    assert pooled.loc["auc", "estimate"] == pytest.approx(expit(x.mean()))
    assert pooled.loc["auc", "tau2"] == pytest.approx(tau2)
    spread = np.sqrt((0.04 + tau2) / 3 + tau2)
    reach = t.ppf(0.975, 1) * spread
    assert pooled.loc["auc", "prediction_low"] == pytest.approx(expit(x.mean() - reach))
    assert pooled.loc["auc", "prediction_high"] == pytest.approx(expit(x.mean() + reach))
    assert pooled.loc["o_e", "estimate"] == pytest.approx(1.0)  # ln 0.8 = -ln 1.25
    assert pooled.loc["slope", ["estimate", "tau2", "i2"]].tolist() == pytest.approx([1, 0, 0])
    # sites that agree have the usual standard error, with t on 2 degrees of freedom
    half = t.ppf(0.975, 2) / np.sqrt(100 + 25 + 1 / 0.09)
    assert pooled.loc["slope", ["low", "high"]].tolist() == pytest.approx([1 - half, 1 + half])
    # Hartung and Knapp: the spread of the sites about their mean, t on 2 degrees of freedom
    half = t.ppf(0.975, 2) * x.std(ddof=1) / np.sqrt(3)
    ends = pooled.loc["auc", ["low", "high"]].to_numpy(float)
    np.testing.assert_allclose(ends, expit([x.mean() - half, x.mean() + half]))


def test_two_sites_have_a_mean_and_no_prediction_interval() -> None:
    pooled = compute_pooled_sites(compute_site_table(*_simulate([90, 90], 4)))
    assert pooled["estimate"].notna().all() and pooled["prediction_low"].isna().all()
    assert (pooled["note"] == "no prediction interval: fewer than three sites").all()
