import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from training.model.solvers import fit_elastic_net_path, fit_ridge_path

PRIOR_SD = (0.1, 0.6, 2.0)
INVERSE_PENALTY = (0.03, 0.25, 1.0)


def _draw(n: int, p: int, seed: int, *, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    y = (rng.random(n) < expit(0.5 + slope * Z[:, 0])).astype(float)
    y[:2] = 0.0, 1.0
    return Z, y


def test_ridge_is_what_scikit_learn_finds() -> None:
    Z, y = _draw(80, 6, 0)
    for sd, beta in zip(PRIOR_SD, fit_ridge_path(Z, y, prior_sd=PRIOR_SD), strict=True):
        model = LogisticRegression(C=sd**2, solver="newton-cholesky", tol=1e-10).fit(Z, y)
        assert beta[0] == pytest.approx(model.intercept_[0], abs=1e-7)
        assert beta[1:] == pytest.approx(model.coef_[0], abs=1e-7)


def test_elastic_net_is_what_scikit_learn_finds_where_any_predictor_stays() -> None:
    Z, y = _draw(80, 6, 1)
    path = fit_elastic_net_path(Z, y, inverse_penalty=INVERSE_PENALTY[1:], l1_share=0.5)
    for c, beta in zip(INVERSE_PENALTY[1:], path, strict=True):
        model = LogisticRegression(
            C=c, l1_ratio=0.5, solver="saga", tol=1e-10, max_iter=100_000, random_state=0
        ).fit(Z, y)
        assert beta[0] == pytest.approx(model.intercept_[0], abs=1e-5)
        assert beta[1:] == pytest.approx(model.coef_[0], abs=1e-5)


def test_an_elastic_net_that_drops_everything_is_the_prevalence() -> None:
    Z, y = _draw(60, 4, 2)
    beta = fit_elastic_net_path(Z, y, inverse_penalty=[1e-3], l1_share=0.5)[0]
    assert not beta[1:].any()
    assert beta[0] == pytest.approx(logit(y.mean()), abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(6, 60), p=st.integers(1, 70), seed=st.integers(0, 10**6), slope=st.floats(0, 30)
)
def test_ridge_is_at_rest_under_any_separation(n: int, p: int, seed: int, slope: float) -> None:
    # The gradient of the penalised loss is 0: Z'(p - y) + coef / sd^2 = 0, and the mean risk is
    # the observed share, for the intercept is free.
    Z, y = _draw(n, p, seed, slope=slope)
    for sd, beta in zip(PRIOR_SD, fit_ridge_path(Z, y, prior_sd=PRIOR_SD), strict=True):
        residual = expit(beta[0] + Z @ beta[1:]) - y
        assert residual.sum() == pytest.approx(0, abs=1e-5)
        assert Z.T @ residual + beta[1:] / sd**2 == pytest.approx(np.zeros(p), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(6, 60), p=st.integers(1, 30), seed=st.integers(0, 10**6), slope=st.floats(0, 10)
)
def test_elastic_net_cannot_be_improved(n: int, p: int, seed: int, slope: float) -> None:
    # With g = Z'(p - y) + coef / (2 C): g = -sign(coef) / (2 C) where a coefficient stays, and
    # |g| <= 1 / (2 C) where it is dropped.
    Z, y = _draw(n, p, seed, slope=slope)
    path = fit_elastic_net_path(Z, y, inverse_penalty=INVERSE_PENALTY, l1_share=0.5)
    for c, beta in zip(INVERSE_PENALTY, path, strict=True):
        residual, coef = expit(beta[0] + Z @ beta[1:]) - y, beta[1:]
        gradient = Z.T @ residual + 0.5 * coef / c
        stays = coef != 0
        assert residual.sum() == pytest.approx(0, abs=1e-4)
        assert gradient[stays] == pytest.approx(-0.5 * np.sign(coef[stays]) / c, abs=1e-4)
        assert (np.abs(gradient[~stays]) <= 0.5 / c + 1e-4).all()
