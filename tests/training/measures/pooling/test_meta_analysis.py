from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, t
from statsmodels.stats.meta_analysis import combine_effects

from tests.training.helpers.bcg import make_bcg_effects
from training.measures.pooling.meta_analysis import (
    compute_forest,
    compute_pooled_effect,
    compute_pooled_proportion,
)


@pytest.fixture(scope="module")
def bcg() -> tuple[np.ndarray, np.ndarray]:
    return make_bcg_effects()


def test_bcg_trials_pool_as_in_metafor(bcg: tuple[np.ndarray, np.ndarray]) -> None:
    # R 4.2.2, metafor, rma(method = "DL"); its prediction interval takes the normal quantile.
    pooled = compute_pooled_effect(*bcg, prediction="normal")
    assert pooled.estimate == pytest.approx(-0.71411722, abs=1e-8)
    assert pooled.standard_error == pytest.approx(0.17874209, abs=1e-8)
    assert pooled.tau2 == pytest.approx(0.30876026, abs=1e-8)
    assert pooled.q == pytest.approx(152.23300808, abs=1e-8)
    assert pooled.i2 == pytest.approx(92.117347, abs=1e-6)
    assert pooled.prediction_interval == pytest.approx((-1.858154, 0.429919), abs=1e-6)
    assert pooled.weights.sum() == pytest.approx(1)


def test_prediction_interval_by_t_is_wider_by_the_ratio_of_quantiles(
    bcg: tuple[np.ndarray, np.ndarray],
) -> None:
    pooled = compute_pooled_effect(*bcg)
    assert pooled.prediction_interval is not None
    low, high = pooled.prediction_interval
    # t on 11 degrees of freedom is 2.200985 against 1.959964; half width by normal 1.1440365.
    assert (high - low) / 2 == pytest.approx(1.1440365 * 2.200985 / 1.959964, abs=1e-5)


def test_paule_mandel_meets_its_own_equation(bcg: tuple[np.ndarray, np.ndarray]) -> None:
    effects, variances = bcg
    pooled = compute_pooled_effect(effects, variances, method="pm")
    # Its tau2 is where the weighted sum of squares equals k - 1.
    squares = np.sum((effects - pooled.estimate) ** 2 / (variances + pooled.tau2))
    assert squares == pytest.approx(12)
    assert pooled.tau2 == pytest.approx(0.3181, abs=5e-5)  # metafor, rma(method = "PM")


def test_restricted_likelihood_and_hartung_knapp_are_those_of_metafor(
    bcg: tuple[np.ndarray, np.ndarray],
) -> None:
    # metafor's documentation, rma(yi, vi): tau2 0.3132, I2 92.22%, -0.7145 (-1.0669 to -0.3622);
    # with test = "knha" a standard error of 0.1808 and -1.1084 to -0.3206, p 0.0019
    plain = compute_pooled_effect(*bcg, method="reml")
    assert plain.tau2 == pytest.approx(0.3132, abs=5e-5)
    assert plain.i2 == pytest.approx(92.22139, abs=1e-4)
    assert plain.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert plain.interval == pytest.approx((-1.0669, -0.3622), abs=5e-5)
    adjusted = compute_pooled_effect(*bcg, method="reml", interval="hartung_knapp")
    assert adjusted.estimate == plain.estimate
    assert adjusted.standard_error == pytest.approx(0.1808, abs=5e-5)
    assert adjusted.interval == pytest.approx((-1.1084, -0.3206), abs=5e-5)
    assert adjusted.p_value == pytest.approx(0.0019, abs=5e-5)


@given(st.integers(0, 10_000), st.integers(3, 12))
def test_hartung_knapp_is_that_of_statsmodels_and_never_narrower(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    variances = rng.uniform(0.05, 1, k)
    effects = rng.normal(0, np.sqrt(variances + 0.5))
    usual = compute_pooled_effect(effects, variances)
    assume(usual.tau2 > 0)  # statsmodels does not cut it off at 0
    found = compute_pooled_effect(effects, variances, interval="hartung_knapp")
    other = combine_effects(effects, variances, method_re="chi2")
    adjusted = max(float(other.sd_eff_w_re_hksj), usual.standard_error)
    assert found.standard_error == pytest.approx(adjusted)
    half = (found.interval[1] - found.interval[0]) / 2
    assert half == pytest.approx(t.ppf(0.975, k - 1) * found.standard_error)
    assert found.interval[0] <= usual.interval[0] and usual.interval[1] <= found.interval[1]


def test_with_five_studies_hartung_knapp_holds_its_level_and_the_normal_interval_does_not() -> None:
    # Studies of very unlike sizes, whose true effects have an SD of 0.3 about 0.9.
    rng, errors, hits = np.random.default_rng(8), np.array([0.1, 0.15, 0.2, 0.3, 0.5]), []
    for _ in range(400):
        effects = 0.9 + rng.normal(0, 0.3, 5) + rng.normal(0, errors)
        both = (
            compute_pooled_effect(effects, errors**2, method="reml", interval=interval).interval  # type: ignore[arg-type]
            for interval in ("hartung_knapp", "normal")
        )
        hits.append([low <= 0.9 <= high for low, high in both])
    adjusted, normal = np.mean(hits, axis=0)
    assert adjusted >= 0.93 and normal <= 0.92


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_restricted_likelihood_is_at_its_highest(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    variances = rng.exponential(1, k) + 1e-3
    effects = rng.normal(0, np.sqrt(variances + rng.choice([0, 0.1, 5])))
    tau2 = compute_pooled_effect(effects, variances, method="reml").tau2

    def log_likelihood(between: float) -> float:
        # of k effects less their mean: normal, with the determinant of the weights in it
        covariance = np.diag(variances + between)
        contrast = np.eye(k)[1:] - np.eye(k)[:1]  # effects less the first
        return float(
            multivariate_normal(np.zeros(k - 1), contrast @ covariance @ contrast.T).logpdf(
                contrast @ effects
            )
        )

    highest = log_likelihood(tau2)
    for other in [0.0, *(tau2 * np.geomspace(0.01, 100, 25)), *np.geomspace(1e-4, 100, 25)]:
        assert log_likelihood(other) <= highest + 1e-9


def test_two_studies_worked_by_hand() -> None:
    # Effects 0 and 2, variances 1 and 1: fixed mean 1, Q = 2, C = 2 - 2/2 = 1, tau2 = 1.
    # Weights 1/2 each: mean 1, SE sqrt(1) = 1, I2 = (2 - 1) / 2.
    pooled = compute_pooled_effect([0, 2], [1, 1])
    assert (pooled.estimate, pooled.standard_error) == pytest.approx((1, 1))
    assert (pooled.tau2, pooled.q, pooled.i2) == pytest.approx((1, 2, 50))
    assert pooled.interval == pytest.approx((1 - 1.959964, 1 + 1.959964), abs=1e-6)
    assert pooled.prediction_interval is None


@pytest.mark.parametrize("method", ["dl", "pm", "reml"])
def test_studies_that_agree_are_pooled_as_one(method: str) -> None:
    # Q below its degrees of freedom: a negative tau2 would turn weights round.
    pooled = compute_pooled_effect([1.0, 1.1, 0.9], [1, 2, 4], method=method)  # type: ignore[arg-type]
    assert (pooled.tau2, pooled.i2) == (0, 0)
    assert pooled.weights == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert pooled.estimate == pytest.approx((4 * 1.0 + 2 * 1.1 + 0.9) / 7)


EFFECTS = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 10)), min_size=3, max_size=12).map(
    lambda pairs: tuple(np.array(pairs).T)
)


@given(studies=EFFECTS, shift=st.floats(-3, 3), method=st.sampled_from(["dl", "pm", "reml"]))
def test_pooling_does_not_depend_on_order_and_follows_a_shift(
    studies: tuple[np.ndarray, np.ndarray], shift: float, method: str
) -> None:
    effects, variances = studies
    pooled = compute_pooled_effect(effects, variances, method=method)  # type: ignore[arg-type]
    moved = compute_pooled_effect(effects[::-1] + shift, variances[::-1], method=method)  # type: ignore[arg-type]
    assert moved.estimate == pytest.approx(pooled.estimate + shift, abs=1e-6)
    assert moved.tau2 == pytest.approx(pooled.tau2, rel=1e-6, abs=1e-6)
    assert min(effects) - 1e-9 <= pooled.estimate <= max(effects) + 1e-9
    assert pooled.prediction_interval is not None
    assert pooled.prediction_interval[0] <= pooled.interval[0] + 1e-9
    assert pooled.interval[1] <= pooled.prediction_interval[1] + 1e-9


COUNTS = st.lists(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=3,
    max_size=10,
).map(lambda pairs: tuple(np.array(pairs).T))


@given(studies=COUNTS, scale=st.sampled_from(["raw", "logit", "freeman_tukey"]))
def test_pooled_share_is_a_share_inside_its_intervals(
    studies: tuple[np.ndarray, np.ndarray], scale: str
) -> None:
    pooled = compute_pooled_proportion(*studies, scale=scale)  # type: ignore[arg-type]
    assert pooled.prediction_interval is not None
    (low, high), (lowest, highest) = pooled.interval, pooled.prediction_interval
    ends = [0, lowest, low, pooled.rate, high, highest, 1]
    assert all(a <= b + 1e-9 for a, b in pairwise(ends))
    assert pooled.used.all()


@given(studies=COUNTS, scale=st.sampled_from(["logit", "freeman_tukey"]))
def test_counting_the_others_gives_the_other_share(
    studies: tuple[np.ndarray, np.ndarray], scale: str
) -> None:
    events, n = studies
    pooled = compute_pooled_proportion(events, n, scale=scale)  # type: ignore[arg-type]
    others = compute_pooled_proportion(n - events, n, scale=scale)  # type: ignore[arg-type]
    assert others.rate == pytest.approx(1 - pooled.rate, abs=1e-6)


@pytest.mark.parametrize("scale", ["raw", "logit", "freeman_tukey"])
def test_equal_shares_pool_to_that_share(scale: str) -> None:
    pooled = compute_pooled_proportion([12, 12, 12], [40, 40, 40], scale=scale)  # type: ignore[arg-type]
    # The double arcsine is taken back exactly only where n is equal, as here.
    assert pooled.rate == pytest.approx(0.3, abs=1e-3 if scale == "freeman_tukey" else 1e-9)


def test_study_without_variance_is_dropped_only_without_correction() -> None:
    # Two studies of 10 of 20: the mean is 0.5; the third, 0 of 4, has no variance.
    dropped = compute_pooled_proportion([10, 10, 0], [20, 20, 4], scale="raw", correction=0)
    assert dropped.used.tolist() == [True, True, False]
    assert dropped.rate == pytest.approx(0.5)
    kept = compute_pooled_proportion([10, 10, 0], [20, 20, 4], scale="raw", correction=0.5)
    assert kept.used.all()
    assert kept.rate < 0.4


def test_logit_pooling_by_hand() -> None:
    # 10/20 and 5/20 have log odds 0 and -ln 3, variances 1/10 + 1/10 and 1/5 + 1/15.
    # Q = (ln 3)^2 / (0.2 + 4/15) = 2.58632; C = 8.75 - 39.0625 / 8.75 = 4.28571 with weights 5
    # and 3.75; tau2 = 1.58632 / 4.28571 = 0.370141. The new weights are 1.753952 and 1.570332:
    # mean = -ln 3 * 1.570332 / 3.324284 = -0.518965.
    pooled = compute_pooled_proportion([10, 5], [20, 20])
    assert pooled.effect.q == pytest.approx(2.58632, abs=1e-5)
    assert pooled.effect.tau2 == pytest.approx(0.370141, abs=1e-5)
    assert pooled.effect.estimate == pytest.approx(-0.518965, abs=1e-5)
    assert pooled.rate == pytest.approx(1 / (1 + np.exp(0.518965)), abs=1e-6)


def test_forest_gives_each_study_with_wilson_interval_and_weight() -> None:
    table = pd.DataFrame({"study": ["a", "b", "c"], "events": [29.0, 19, 0], "n": [47, 40, 4]})
    pooled = compute_pooled_proportion(table["events"], table["n"], scale="raw", correction=0)
    forest = compute_forest(table, pooled)
    # Wilson 95%: 29/47 47.4 to 74.2, 19/40 32.9 to 62.5.
    assert forest["low"].tolist()[:2] == pytest.approx([0.474, 0.329], abs=5e-4)
    assert forest["high"].tolist()[:2] == pytest.approx([0.742, 0.625], abs=5e-4)
    assert forest["rate"].tolist() == pytest.approx([29 / 47, 19 / 40, 0])
    assert forest["weight"].sum() == pytest.approx(1)
    assert forest["weight"].tolist()[2] == 0


def test_impossible_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 studies, got 1"):
        compute_pooled_effect([1], [1])
    with pytest.raises(ValueError, match="variances above 0"):
        compute_pooled_effect([1, 2], [1, 0])
    with pytest.raises(ValueError, match="events from 0 to n"):
        compute_pooled_proportion([5, 3], [4, 10])
    with pytest.raises(ValueError, match="at least 2 studies, got 1"):
        compute_pooled_proportion([0, 3], [4, 10], scale="raw", correction=0)
