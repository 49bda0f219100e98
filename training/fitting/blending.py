"""How the candidates and the prevalence are combined, and the blend recalibrated.

Weights are convex and found from out-of-fold log loss, with a prior toward the prevalence that
charges a candidate for how far it spreads patients' risks, not for being there: a candidate that
overfits spreads them far and pays for it, a heavily penalised one is not shrunk a second time.
Combination is on the log-odds scale: a convex combination of margins is again one additive
model, so the blend can be explained exactly and each weight shrinks it toward the prevalence.
scikit-learn's stacking fits one more model on the margins instead: its weights are not convex, and
it has no such price.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from features.arrays import FloatArray, IntArray
from training.fitting.resampling import make_folds
from training.fitting.solvers import fit_intercept

__all__ = [
    "compute_log_loss",
    "fit_isotonic",
    "fit_recalibration_slope",
    "fit_weights",
    "price_spread",
]


_NEGLIGIBLE = 1e-3
_SAME = 1e-9
"""Log-odds within which a candidate says of every patient what the prevalence says."""


def compute_log_loss(margin: FloatArray, y: FloatArray) -> FloatArray:
    """Return the log loss of each row, in nats, from log-odds (any shape ending in n)."""
    return np.asarray(np.logaddexp(0.0, margin) - y * margin)


def price_spread(away: FloatArray, *, strength: float) -> FloatArray:
    """Return what the whole weight of each candidate costs, in nats.

    Parameters
    ----------
    away : ndarray of shape (n_candidates, n_rows)
        Out-of-fold log-odds less those of the prevalence.
    strength : float
        Nats per unit standard deviation of the log-odds, at least 0.
    """
    return np.asarray(strength * away.std(axis=1))


def fit_weights(
    margins: FloatArray, base: FloatArray, y: FloatArray, *, n_patients: float, strength: float
) -> FloatArray:
    """Find convex weights of candidates; what is left over is the prevalence's.

    Minimises the out-of-fold log loss summed over patients, plus each candidate's price
    (:func:`price_spread`) times its weight: an exponential prior on the spread of the blend.
    A candidate that says what the prevalence says gets none: the loss does not depend on its
    weight, so that an optimiser would leave it where it started, and take it from the others.

    Parameters
    ----------
    margins : ndarray of shape (n_candidates, n_rows)
        Out-of-fold log-odds.
    base : ndarray of shape (n_rows,)
        Out-of-fold log-odds of the prevalence.
    y : ndarray of shape (n_rows,)
        Outcome, 0 or 1. With repeated inner cross-validation each patient stands in several rows.
    n_patients : float
        Number of patients behind the rows; the loss counts each patient once.
    strength : float
        Nats per unit standard deviation of the log-odds, at least 0.

    Returns
    -------
    ndarray of shape (n_candidates,)
        Each at least 0, their sum at most 1.
    """
    away = margins - base
    tells = np.abs(away).max(axis=1, initial=0.0) > _SAME
    weights = np.zeros(len(margins))
    if tells.any():
        weights[tells] = _minimise_loss(
            away[tells], base, y, n_patients=n_patients, strength=strength
        )
    return weights


def _minimise_loss(
    away: FloatArray, base: FloatArray, y: FloatArray, *, n_patients: float, strength: float
) -> FloatArray:
    """Return the weights of candidates of which each moves somebody."""
    n_candidates = len(away)
    price = price_spread(away, strength=strength)
    share = n_patients / len(y)

    def objective(weights: FloatArray) -> tuple[float, FloatArray]:
        margin = base + weights @ away
        loss = share * float(compute_log_loss(margin, y).sum()) + float(price @ weights)
        return loss, share * (away @ (expit(margin) - y)) + price

    found = minimize(
        objective,
        np.full(n_candidates, 0.5 / n_candidates),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_candidates,
        constraints=[
            {
                "type": "ineq",
                "fun": lambda weights: 1.0 - weights.sum(),
                "jac": lambda weights: -np.ones(n_candidates),
            }
        ],
        options={"maxiter": 200, "ftol": 1e-9},
    )
    weights = np.clip(found.x, 0.0, 1.0)
    weights[weights < _NEGLIGIBLE] = 0.0
    return np.asarray(weights / max(1.0, float(weights.sum())))


def fit_recalibration_slope(margin: FloatArray, y: FloatArray) -> float:
    """Return the recalibration slope of out-of-fold log-odds, kept within [0, 1].

    A slope of 1 leaves the log-odds as they are, 0 means that they carry nothing and everyone
    gets the prevalence. In small weak cohorts a free slope is often negative and would turn the
    ranking round; a slope above 1 would undo the shrinkage.

    Parameters
    ----------
    margin : ndarray of shape (n_rows,)
        Out-of-fold log-odds.
    y : ndarray of shape (n_rows,)
        Outcome, 0 or 1.
    """
    if np.ptp(margin) < 1e-9:
        return 1.0
    center = float(margin.mean())
    spread = margin - center

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        intercept, slope = parameters
        moved = intercept + slope * spread
        residual = expit(moved) - y
        gradient = np.array([residual.mean(), (residual * spread).mean()])
        return float(compute_log_loss(moved, y).mean()), gradient

    found = minimize(
        objective,
        np.array([center, 0.5]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), (0.0, 1.0)],
        options={"ftol": 1e-12, "gtol": 1e-9},
    )
    return float(np.clip(found.x[1], 0.0, 1.0))


_ISOTONIC_FROM = 1000
"""Events (and non-events) from which isotonic recalibration is tried."""


def fit_isotonic(
    margin: FloatArray,
    y_rows: FloatArray,
    y: FloatArray,
    groups: IntArray,
    *,
    rng: np.random.Generator,
) -> IsotonicRegression | None:
    """Recalibrate monotonically, where there is plenty of data and it helps out of fold.

    Where the blend is right already, its steps cost more than a thousand events can pay.
    """
    if min(np.sum(y), np.sum(1 - y)) < _ISOTONIC_FROM:
        return None
    risk = expit(margin + fit_intercept(margin, float(np.mean(y))))
    # Never 0 or 1: a step without an event does not mean that there can be none.
    bounds = {"y_min": 1 / (len(y) + 2), "y_max": 1 - 1 / (len(y) + 2)}
    isotonic = IsotonicRegression(out_of_bounds="clip", **bounds)
    folds = np.tile(
        make_folds(y.astype(np.intp), groups, n_folds=5, rng=rng), len(margin) // len(y)
    )
    moved = np.empty_like(risk)
    for fold in range(5):
        test = folds == fold
        moved[test] = isotonic.fit(risk[~test], y_rows[~test]).predict(risk[test])
    if (
        compute_log_loss(logit(moved), y_rows).mean()
        >= compute_log_loss(logit(risk), y_rows).mean()
    ):
        return None
    return isotonic.fit(risk, y_rows)
