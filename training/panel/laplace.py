"""Small logistic models of assays beside an offset, hundreds at once, with their evidence.

Every model has a free intercept and normal priors of one standard deviation on its coefficients.
Its evidence (the probability of the outcomes, averaged over the prior) is Laplace's approximation
at the mode; what one more assay, or two, would add to it is told from the mode's gradient, without
a fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray, IntArray

__all__ = ["Subsets", "compute_gains", "compute_pair_gains", "fit_subsets"]


_STEPS = 100
_TOLERANCE = 1e-4
"""Log-odds; the last step is still taken, so that modes are far nearer than that."""
_LONGEST_MOVE = 1.5
"""Log-odds; why, is told in :mod:`training.fitting.solvers`."""
_NUMBERS = 4_000_000
"""Numbers that are held at once: so many models are fitted together."""


@dataclass(frozen=True, eq=False)
class Subsets:
    """Models of some assays each, all of one size.

    Parameters
    ----------
    columns : ndarray of int of shape (n_models, size)
        The assays of each.
    scale : ndarray of shape (n_models,)
        Prior standard deviation of each model's coefficients.
    mode : ndarray of shape (n_models, 1 + size)
        Intercept and coefficients.
    precision : ndarray of shape (n_models, 1 + size, 1 + size)
        Of the posterior around the mode.
    log_evidence : ndarray of shape (n_models,)
        Laplace's, in nats; the intercept's flat prior adds the same constant to all.
    risk : ndarray of shape (n_models, n)
        Of each patient at the mode.
    """

    columns: IntArray
    scale: FloatArray
    mode: FloatArray
    precision: FloatArray
    log_evidence: FloatArray
    risk: FloatArray

    def take(self, models: IntArray) -> Subsets:
        """Return some of the models."""
        return Subsets(*(value[models] for value in vars(self).values()))


def fit_subsets(
    Z: FloatArray, y: FloatArray, offset: FloatArray, columns: IntArray, scale: FloatArray
) -> Subsets:
    """Fit models of one size.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Standardised assays.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Known part of the log-odds.
    columns : ndarray of int of shape (n_models, size)
        Of `Z`; a size of 0 is a model of the offset alone.
    scale : ndarray of shape (n_models,)
        Prior standard deviation of the coefficients, above 0.

    Raises
    ------
    ArithmeticError
        If the steps do not come to rest.
    """
    together = max(1, _NUMBERS // (len(y) * (1 + columns.shape[1])))
    parts = [
        _fit_together(Z, y, offset, columns[i : i + together], scale[i : i + together])
        for i in range(0, len(columns), together)
    ]
    if len(parts) == 1:
        return parts[0]
    values = zip(*(vars(part).values() for part in parts), strict=True)
    return Subsets(*(np.concatenate(value) for value in values))


def _make_designs(Z: FloatArray, columns: IntArray) -> FloatArray:
    """Return (n_models, 1 + size, n): the intercept's ones, and the assays' values."""
    ones = np.ones((len(columns), 1, len(Z)))
    return np.concatenate([ones, Z.T[columns]], axis=1)


def _fit_together(
    Z: FloatArray, y: FloatArray, offset: FloatArray, columns: IntArray, scale: FloatArray
) -> Subsets:
    """Newton's method, a step cut where it would move any log-odds by more than 1.5."""
    design = _make_designs(Z, columns)
    size = columns.shape[1]
    penalty = np.repeat(scale[:, np.newaxis] ** -2.0, 1 + size, axis=1)
    penalty[:, 0] = 0.0
    diagonal = np.arange(1 + size)
    mode = np.zeros(penalty.shape)
    for _ in range(_STEPS):
        margin = offset + (mode[:, np.newaxis] @ design)[:, 0]
        risk = expit(margin)
        weighted = design * (risk * (1 - risk))[:, np.newaxis]
        precision = weighted @ design.transpose(0, 2, 1)
        precision[:, diagonal, diagonal] += penalty
        gradient = (design @ (y - risk)[:, :, np.newaxis])[:, :, 0] - penalty * mode
        step = np.linalg.solve(precision, gradient[:, :, np.newaxis])[:, :, 0]
        reach = np.abs((step[:, np.newaxis] @ design)[:, 0]).max(axis=1, keepdims=True)
        if reach.max() < _TOLERANCE:
            break
        mode += step * np.minimum(1.0, _LONGEST_MOVE / np.maximum(reach, _LONGEST_MOVE))
    else:
        raise ArithmeticError("models of few assays did not converge")
    fit = np.sum(y * margin - np.logaddexp(0.0, margin), axis=1)
    prior = -0.5 * np.sum(penalty * mode**2, axis=1) - size * np.log(scale)
    log_evidence = fit + prior - 0.5 * np.linalg.slogdet(precision)[1]
    return Subsets(columns, scale, mode + step, precision, log_evidence, risk)


def _compute_gain(square: FloatArray, variance: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the log evidence that a coefficient adds, from its squared score and variance."""
    return np.asarray(0.5 * square / (variance + scale**-2.0) - 0.5 * np.log1p(scale**2 * variance))


def compute_gains(Z: FloatArray, y: FloatArray, subsets: Subsets) -> FloatArray:
    """Return about how much log evidence each assay would add to each model.

    From the quadratic that the log likelihood has at the model's mode; -inf for an assay that the
    model holds.

    Returns
    -------
    ndarray of shape (n_models, n_assays)
    """
    risk = subsets.risk
    weighted = _make_designs(Z, subsets.columns) * (risk * (1 - risk))[:, np.newaxis]
    shared = weighted @ Z
    # What of an assay's variance the model's own columns leave.
    own = np.sum(shared * np.linalg.solve(subsets.precision, shared), axis=1)
    variance = np.maximum((risk * (1 - risk)) @ Z**2 - own, 0.0)
    gains = _compute_gain(((y - risk) @ Z) ** 2, variance, subsets.scale[:, np.newaxis])
    np.put_along_axis(gains, subsets.columns, -np.inf, axis=1)
    return gains


def compute_pair_gains(
    Z: FloatArray, y: FloatArray, risk: FloatArray, *, scale: float
) -> FloatArray:
    """Return about how much log evidence each pair of assays adds to the offset alone.

    Two assays that tell nothing one by one can tell much by their difference, so that all pairs
    are looked at, not those of the best assays only.

    Parameters
    ----------
    Z, y : ndarray
        As in :func:`fit_subsets`.
    risk : ndarray of shape (n,)
        By the offset and an intercept.
    scale : float
        Prior standard deviation of the coefficients.

    Returns
    -------
    ndarray of shape (n_assays, n_assays)
        Symmetric, -inf on the diagonal, in single precision.
    """
    weight = risk * (1 - risk)
    centered = Z - (weight @ Z) / weight.sum()
    score = ((y - risk) @ centered).astype(np.float32)
    root = (centered * np.sqrt(weight)[:, np.newaxis]).astype(np.float32)
    shared = root.T @ root
    variance = np.diag(shared) + np.float32(scale**-2)
    # Halved score' V^-1 score less halved log det V, for each 2 x 2 matrix V.
    determinant = np.multiply.outer(variance, variance) - shared**2
    gain = np.multiply.outer(score**2, variance)
    gain = gain + gain.T - 2 * shared * np.multiply.outer(score, score)
    gain = gain / determinant - np.log(determinant) - np.float32(4 * np.log(scale))
    np.fill_diagonal(gain, -np.inf)
    return np.asarray(0.5 * gain)
