import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import norm, truncnorm

from features.panel.censored import (
    VariancePrior,
    compute_expected,
    compute_hazard,
    fit_censored,
    fit_variance_prior,
)

PRIOR = VariancePrior(strength=4.0, variance=1.2)


def test_the_hazard_is_the_density_over_the_tail() -> None:
    # At 0: 0.3989423 / 0.5.
    assert compute_hazard(np.array([0.0]))[0] == pytest.approx(0.7978845608)
    x = np.array([-3.0, 1.0, 5.0])
    np.testing.assert_allclose(compute_hazard(x), norm.pdf(x) / norm.sf(x), rtol=1e-10)


def test_the_hazard_neither_under_nor_overflows() -> None:
    far = compute_hazard(np.array([-60.0, 60.0, 1e6]))
    assert far[0] == 0.0
    np.testing.assert_allclose(far[1:], [60.0, 1e6], rtol=1e-3)


@given(st.floats(20, 40), st.floats(0.1, 5), st.floats(20, 45))
def test_the_expectation_is_that_of_a_truncated_normal(
    mean: float, sd: float, limit: float
) -> None:
    got = float(compute_expected(np.array(mean), np.array(sd), np.array(limit)))
    assert got >= max(mean, limit) - 1e-9
    a = (limit - mean) / sd
    if a < 8:  # further out scipy's own number is not exact
        assert got == pytest.approx(truncnorm.mean(a, np.inf, loc=mean, scale=sd), rel=1e-6)


def test_without_non_detects_mean_and_variance_have_a_closed_form() -> None:
    Z = np.array([[1.0], [2.0], [6.0]])
    fit = fit_censored(Z, np.ones((3, 1), dtype=bool), prior=PRIOR)
    # SS about the mean 3 is 4 + 1 + 9 = 14; (14 + 4 x 1.2) / (3 + 4 - 1) = 3.1333.
    assert fit.mean[0] == pytest.approx(3.0)
    assert fit.sd[0] ** 2 == pytest.approx(18.8 / 6)


@pytest.mark.parametrize("seed", range(4))
def test_the_fit_is_the_maximum_of_the_penalised_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(34, 1.5, 20)
    limit = np.where(np.arange(20) < 10, 34.0, 34.8)  # limits may differ from sample to sample
    seen = values < limit
    Z = np.where(seen, values, limit)

    def loss(parameters: np.ndarray) -> float:
        mean, sd = parameters[0], np.exp(parameters[1])
        penalty = 3.0 * np.log(sd) + 4.0 * 1.2 / (2 * sd**2)
        return float(
            penalty - norm.logpdf(Z[seen], mean, sd).sum() - norm.logsf(Z[~seen], mean, sd).sum()
        )

    best = minimize(
        loss,
        [34.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000},
    )
    fit = fit_censored(Z[:, None], seen[:, None], prior=PRIOR)
    assert fit.mean[0] == pytest.approx(best.x[0], abs=1e-4)
    assert fit.sd[0] == pytest.approx(np.exp(best.x[1]), abs=1e-4)


def test_columns_are_fitted_as_if_alone_and_missing_values_are_left_out() -> None:
    rng = np.random.default_rng(0)
    Z = np.minimum(rng.normal(34, 1, (30, 3)), 34.5)
    seen = Z < 34.5
    together = fit_censored(Z, seen, prior=PRIOR)
    alone = fit_censored(Z[:, [1]], seen[:, [1]], prior=PRIOR)
    assert together.mean[1] == pytest.approx(alone.mean[0], abs=1e-7)
    longer = np.vstack([Z, np.full((5, 3), np.nan)])
    with_gaps = fit_censored(longer, np.vstack([seen, np.zeros((5, 3), dtype=bool)]), prior=PRIOR)
    np.testing.assert_allclose(with_gaps.mean, together.mean, atol=1e-7)


def test_a_column_without_a_detected_value_has_no_mean() -> None:
    Z = np.array([[35.0, 20.0], [35.0, 21.0]])
    fit = fit_censored(Z, Z < 35, prior=PRIOR)
    assert np.isnan(fit.mean[0]) and np.isnan(fit.sd[0])
    assert fit.mean[1] == pytest.approx(20.5)


def test_the_truth_comes_back_though_half_is_hidden() -> None:
    rng = np.random.default_rng(1)
    Z = np.minimum(rng.normal(35, 1.5, (4000, 8)), 35.0)
    fit = fit_censored(Z, Z < 35)
    np.testing.assert_allclose(fit.mean, 35.0, atol=0.15)
    np.testing.assert_allclose(fit.sd, 1.5, atol=0.15)


def test_a_mostly_hidden_assay_borrows_its_spread_from_the_others() -> None:
    rng = np.random.default_rng(2)
    Z = rng.normal(25, 1.0, (48, 40))
    Z[:, 0] = np.minimum(rng.normal(36, 1.0, 48), 35.0)
    fit = fit_censored(Z, Z < 35)
    assert fit.sd[0] == pytest.approx(1.0, abs=0.25)


def test_equal_variances_make_a_strong_prior_and_spread_ones_a_weak_one() -> None:
    df = np.full(400, 20.0)
    equal = fit_variance_prior(np.full(400, 2.0), df)
    assert equal.strength == 200.0
    # Smyth 2004: 1 / variance is chi-square with d0 degrees of freedom over d0 s0.
    rng = np.random.default_rng(0)
    true = 8 * 1.5 / rng.chisquare(8, 4000)
    drawn = true * rng.chisquare(20, 4000) / 20
    prior = fit_variance_prior(drawn, np.full(4000, 20.0))
    assert prior.strength == pytest.approx(8, rel=0.15)
    assert prior.variance == pytest.approx(1.5, rel=0.05)
