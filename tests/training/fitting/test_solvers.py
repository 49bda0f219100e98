import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from training.fitting.solvers import (
    compute_precision,
    draw_normal,
    fit_elastic_net,
    fit_intercept,
    fit_ridge,
)

PRIOR_SD = (0.1, 0.6, 2.0)
INVERSE_PENALTY = np.array([0.03, 0.25, 1.0])


def _draw(n: int, p: int, seed: int, *, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    y = (rng.random(n) < expit(0.5 + slope * Z[:, 0])).astype(float)
    y[:2] = 0.0, 1.0
    return Z, y


def test_ridge_is_what_scikit_learn_finds() -> None:
    Z, y = _draw(80, 6, 0)
    for sd, beta in zip(PRIOR_SD, fit_ridge(Z, y, prior_sd=PRIOR_SD), strict=True):
        model = LogisticRegression(C=sd**2, solver="newton-cholesky", tol=1e-10).fit(Z, y)
        assert beta[0] == pytest.approx(model.intercept_[0], abs=1e-7)
        assert beta[1:] == pytest.approx(model.coef_[0], abs=1e-7)


@pytest.mark.parametrize("together", [True, False])
def test_elastic_net_is_what_scikit_learn_finds_where_any_predictor_stays(together: bool) -> None:
    Z, y = _draw(80, 6, 1)
    path = fit_elastic_net(Z, y, penalty=1 / INVERSE_PENALTY[1:], l1_share=0.5, together=together)
    for c, beta in zip(INVERSE_PENALTY[1:], path, strict=True):
        model = LogisticRegression(
            C=c, l1_ratio=0.5, solver="saga", tol=1e-10, max_iter=100_000, random_state=0
        ).fit(Z, y)
        assert beta[0] == pytest.approx(model.intercept_[0], abs=1e-5)
        assert beta[1:] == pytest.approx(model.coef_[0], abs=1e-5)


def test_an_elastic_net_that_drops_everything_is_the_prevalence() -> None:
    Z, y = _draw(60, 4, 2)
    beta = fit_elastic_net(Z, y, penalty=np.array([1e3]), l1_share=0.5)[0]
    assert not beta[1:].any()
    assert beta[0] == pytest.approx(logit(y.mean()), abs=1e-6)


@settings(max_examples=40)
@given(
    n=st.integers(6, 60), p=st.integers(1, 70), seed=st.integers(0, 10**6), slope=st.floats(0, 30)
)
def test_ridge_is_at_rest_under_any_separation(n: int, p: int, seed: int, slope: float) -> None:
    # The gradient of the penalised loss is 0: Z'(p - y) + coef / sd^2 = 0, and the mean risk is
    # the observed share, for the intercept is free.
    Z, y = _draw(n, p, seed, slope=slope)
    for sd, beta in zip(PRIOR_SD, fit_ridge(Z, y, prior_sd=PRIOR_SD), strict=True):
        residual = expit(beta[0] + Z @ beta[1:]) - y
        assert residual.sum() == pytest.approx(0, abs=1e-5)
        assert Z.T @ residual + beta[1:] / sd**2 == pytest.approx(np.zeros(p), abs=1e-5)


@settings(max_examples=25)
@given(
    n=st.integers(6, 60),
    p=st.integers(1, 30),
    seed=st.integers(0, 10**6),
    slope=st.floats(0, 10),
    together=st.booleans(),
)
def test_elastic_net_cannot_be_improved(
    n: int, p: int, seed: int, slope: float, together: bool
) -> None:
    # With g = Z'(p - y) + coef / (2 C): g = -sign(coef) / (2 C) where a coefficient stays, and
    # |g| <= 1 / (2 C) where it is dropped.
    Z, y = _draw(n, p, seed, slope=slope)
    path = fit_elastic_net(Z, y, penalty=1 / INVERSE_PENALTY, l1_share=0.5, together=together)
    for c, beta in zip(INVERSE_PENALTY, path, strict=True):
        residual, coef = expit(beta[0] + Z @ beta[1:]) - y, beta[1:]
        gradient = Z.T @ residual + 0.5 * coef / c
        stays = coef != 0
        assert residual.sum() == pytest.approx(0, abs=1e-4)
        assert gradient[stays] == pytest.approx(-0.5 * np.sign(coef[stays]) / c, abs=1e-4)
        assert (np.abs(gradient[~stays]) <= 0.5 / c + 1e-4).all()


@pytest.mark.parametrize("mean", [0.01, 0.3, 0.62, 0.999])
def test_the_shifted_margin_has_the_wanted_mean(mean: float) -> None:
    margin = 4 * np.random.default_rng(7).normal(size=25)
    shift = fit_intercept(margin, mean)
    assert expit(margin + shift).mean() == pytest.approx(mean, abs=1e-11)
    assert fit_intercept(np.zeros(3), 0.25) == pytest.approx(logit(0.25))


def test_the_mean_can_be_of_risks_that_a_last_step_has_changed() -> None:
    margin = np.random.default_rng(7).normal(size=25)
    shift = fit_intercept(margin, 0.4, finish=lambda m: 0.1 + 0.5 * expit(m))
    assert np.mean(0.1 + 0.5 * expit(margin + shift)) == pytest.approx(0.4, abs=1e-11)


@pytest.fixture
def beside() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    Z, offset = rng.normal(size=(60, 20)), rng.normal(size=60)
    return Z, (rng.random(60) < expit(offset + Z[:, 0])).astype(float), offset


def test_the_net_beside_an_offset_is_at_its_optimum(beside: tuple[np.ndarray, ...]) -> None:
    Z, y, offset = beside
    penalty = np.array([12.0, 6.0, 3.0])
    path = fit_elastic_net(Z, y, penalty=penalty, l1_share=0.5, offset=offset)
    for beta, strength in zip(path, penalty, strict=True):
        residual, coef = y - expit(offset + beta[0] + Z @ beta[1:]), beta[1:]
        gradient = Z.T @ residual - 0.5 * strength * coef
        on = coef != 0
        assert residual.sum() == pytest.approx(0, abs=1e-5)
        assert gradient[on] == pytest.approx(0.5 * strength * np.sign(coef[on]), abs=1e-5)
        assert np.all(np.abs(gradient[~on]) <= 0.5 * strength + 1e-5)


def test_a_row_without_weight_is_as_good_as_left_out(beside: tuple[np.ndarray, ...]) -> None:
    Z, y, offset = beside
    weights = np.ones((60, 2))
    weights[::3, 1] = 0.0
    left = weights[:, 1] > 0
    both = fit_elastic_net(
        Z, y, penalty=np.full(2, 3.0), l1_share=1.0, offset=offset, row_weights=weights
    )
    alone = fit_elastic_net(
        Z[left], y[left], penalty=np.array([3.0]), l1_share=1.0, offset=offset[left]
    )
    assert both[1] == pytest.approx(alone[0], abs=1e-6)
    assert both[0] != pytest.approx(alone[0], abs=0.01)


def test_an_offset_is_taken_as_it_is(beside: tuple[np.ndarray, ...]) -> None:
    # With the true column in the offset there is nothing left for it to explain twice: fitting
    # beside offset + 2 z gives the coefficient beside offset, less 2.
    Z, y, offset = beside
    (mode,) = fit_ridge(Z[:, :1], y, prior_sd=[1e4], offset=offset)
    (moved,) = fit_ridge(Z[:, :1], y, prior_sd=[1e4], offset=offset + 2 * Z[:, 0])
    assert moved[1] == pytest.approx(mode[1] - 2, abs=1e-6)


def test_the_precision_is_the_curvature_of_the_loss_at_the_mode(
    beside: tuple[np.ndarray, ...],
) -> None:
    Z, y, offset = beside[0][:, :2], *beside[1:]
    (mode,) = fit_ridge(Z, y, prior_sd=[0.5], offset=offset)

    def loss(beta: np.ndarray) -> float:
        margin = offset + beta[0] + Z @ beta[1:]
        prior = np.sum(beta[1:] ** 2) / (2 * 0.5**2)
        return float(np.sum(np.logaddexp(0, margin) - y * margin) + prior)

    steps = 1e-3 * np.eye(3)
    curvature = [
        [
            (loss(mode + a + b) - loss(mode + a - b) - loss(mode - a + b) + loss(mode - a - b))
            / 4e-6
            for b in steps
        ]
        for a in steps
    ]
    precision = compute_precision(Z, mode, prior_sd=0.5, offset=offset)
    assert precision == pytest.approx(np.array(curvature), abs=1e-3)


def test_draws_have_the_mode_and_the_precision_asked_for() -> None:
    precision = np.array([[4.0, 1.0], [1.0, 2.0]])
    draws = draw_normal(np.array([1.0, -2.0]), precision, 200_000, rng=np.random.default_rng(0))
    assert draws.mean(axis=0) == pytest.approx([1, -2], abs=0.01)
    assert np.cov(draws.T) == pytest.approx(np.linalg.inv(precision), abs=0.01)
