from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import beta

from features.dictionary.contract import CONTRACT
from training.fitting.interval import (
    N_DRAWS,
    PRIOR_SD,
    fit_constant_working_model,
    fit_working_model,
)

PREDICTORS = (CONTRACT["nrs_t0"], CONTRACT["opioid"])


def _draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(2, 11, n), rng.integers(0, 2, n)]).astype(float)
    return X, (rng.random(n) < expit(0.8 * (X[:, 0] - 6) - X[:, 1])).astype(float)


def test_draws_are_those_of_the_normal_approximation() -> None:
    X, y = _draw(150, 0)
    working = fit_working_model(X, y, PREDICTORS, rng=np.random.default_rng(1))
    Z = working.basis.expand(X)
    design = np.column_stack([np.ones(len(y)), Z])
    center = working.draws.mean(axis=0)
    # At the mode the gradient of log likelihood plus log prior is 0.
    gradient = design.T @ (y - expit(design @ center)) - np.r_[0, center[1:]] / PRIOR_SD**2
    risk = expit(design @ center)
    information = (design.T * (risk * (1 - risk))) @ design
    information[1:, 1:] += np.eye(2) / PRIOR_SD**2
    covariance = np.linalg.inv(information)
    error = np.sqrt(np.diag(covariance) / N_DRAWS)
    assert (np.abs(covariance @ gradient) < 5 * error).all()
    found = np.cov(working.draws.T)
    assert found == pytest.approx(covariance, abs=0.1 * float(np.diag(covariance).max()))


def test_the_same_seed_gives_the_same_draws() -> None:
    X, y = _draw(60, 2)
    first, second = (
        fit_working_model(X, y, PREDICTORS, rng=np.random.default_rng(3)).draws for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("events", "n"), [(19, 25), (6, 6), (0, 9)])
def test_a_share_is_drawn_from_jeffreys_posterior(events: int, n: int) -> None:
    y = np.array([1.0] * events + [0.0] * (n - events))
    X = np.column_stack([np.arange(n) % 11, np.arange(n) % 2]).astype(float)
    working = fit_constant_working_model(X, y, PREDICTORS, rng=np.random.default_rng(4))
    drawn = expit(working.draws[:, 0])
    for level in (0.1, 0.5, 0.9):
        expected = beta(events + 0.5, n - events + 0.5).ppf(level)
        share = float(np.mean(drawn <= expected))
        # The standard error of a share of 2000 draws is at most 0.011.
        assert share == pytest.approx(level, abs=0.045)
    assert not working.draws[:, 1:].any()


def test_more_patients_narrow_the_draws() -> None:
    spreads = []
    for n in (50, 200, 800):
        X, y = _draw(n, 5)
        working = fit_working_model(X, y, PREDICTORS, rng=np.random.default_rng(6))
        spreads.append(float(logit(working.probabilities(X[:1])).std()))
    # Four times the patients: about half the spread.
    assert spreads[0] > 1.4 * spreads[1] > 1.4**2 * spreads[2]


def test_the_same_share_for_everyone_is_drawn_for_every_patient() -> None:
    X, y = _draw(40, 7)
    working = fit_constant_working_model(X, y, PREDICTORS, rng=np.random.default_rng(8))
    assert working.draws.shape == (2000, 1 + len(working.basis.groups_))
    drawn = working.probabilities(X[:3])
    assert drawn.shape == (2000, 3)
    np.testing.assert_allclose(np.ptp(drawn, axis=1), 0, atol=1e-12)
    assert np.isfinite(working.draws).all()


class _Extremes:
    """Draws a share of 0 or 1, as a beta distribution near an end does once it is rounded."""

    def beta(self, a: float, b: float, size: int) -> np.ndarray:
        return np.arange(size) % 2.0


def test_a_share_drawn_at_its_end_has_finite_log_odds() -> None:
    # An infinite one would leave the interval of every patient without a number.
    X, y = _draw(6, 7)
    rng: Any = _Extremes()
    working = fit_constant_working_model(X, y, PREDICTORS, rng=rng)
    assert working.draws[:2, 0] == pytest.approx([-27.631, 27.631], abs=1e-3)  # logit of 1e-12


def test_nothing_bent_is_followed_unless_it_is_asked_for() -> None:
    X, y = _draw(60, 9)
    for follow in (0.0, 0.4):
        options = {"follow": follow} if follow else {}
        working = fit_working_model(X, y, PREDICTORS, rng=np.random.default_rng(1), **options)
        assert working.follow == follow


def test_the_prior_is_normal_with_standard_deviation_one() -> None:
    # One patient of each class with the same predictors: the likelihood says nothing of the
    # slopes, and their draws are those of the prior.
    assert PRIOR_SD == 1.0
    X, y = np.array([[5.0, 1.0], [5.0, 1.0]]), np.array([0.0, 1.0])
    working = fit_working_model(X, y, PREDICTORS, rng=np.random.default_rng(11))
    # The standard error of a standard deviation of 2000 draws is 0.016.
    assert working.draws[:, 1:].std(axis=0) == pytest.approx([1, 1], abs=0.07)
