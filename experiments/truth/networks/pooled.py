"""The network's procedure with all patients' rows in one place: every fit exact, nothing estimated.

What the rounds of files can only estimate on the way, the model made without a centre at every
setting, is fitted here to rows. What is decided from it, and how, is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit

from experiments.truth.networks.peers import CentreRows
from features.arrays import BoolArray, FloatArray
from training.fitting.blending import compute_log_loss
from training.fitting.procedure import Procedure
from training.fitting.solvers import fit_intercept

__all__ = ["PooledRows", "compute_loss_at_home", "fit_pooled_rows", "fit_with_intercepts"]

_TOLERANCE = 1e-12
_MAX_STEPS = 200
_LONGEST_MOVE = 1.5


class PooledRows(NamedTuple):
    """What the procedure came to.

    Parameters
    ----------
    bends : bool
        Whether the bent columns take part.
    prior_sd : float
        Chosen prior standard deviation of the coefficients.
    weight : float
        Of the model beside the prevalence.
    intercepts : ndarray of shape (n_centres,)
        Of the whole model, in log-odds.
    coef : ndarray of shape (n_columns,)
        Of the whole model: not yet drawn in by the weight; 0 for columns that take no part.
    """

    bends: bool
    prior_sd: float
    weight: float
    intercepts: FloatArray
    coef: FloatArray


def fit_with_intercepts(
    centres: Sequence[CentreRows], precision: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the mode of logistic regression with a free intercept for each centre.

    Parameters
    ----------
    centres : sequence of CentreRows
        All of the same columns.
    precision : ndarray of shape (p,)
        Prior precision of each coefficient, at least 0.

    Returns
    -------
    intercepts, coef : ndarray of shapes (n_centres,) and (p,)
        In log-odds.

    Raises
    ------
    ArithmeticError
        If Newton's steps do not come to rest.
    """
    k = len(centres)
    where = np.repeat(np.arange(k), [len(rows.y) for rows in centres])
    design = np.column_stack([np.eye(k)[where], np.concatenate([rows.Z for rows in centres])])
    y = np.concatenate([rows.y for rows in centres])
    penalty = np.append(np.zeros(k), precision)
    beta = np.zeros(design.shape[1])
    for _ in range(_MAX_STEPS):
        risk = expit(design @ beta)
        curvature = (design * (risk * (1 - risk))[:, np.newaxis]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, design.T @ (y - risk) - penalty * beta)
        reach = float(np.abs(design @ step).max())
        beta = beta + step * min(1.0, _LONGEST_MOVE / max(reach, _LONGEST_MOVE))
        if reach < _TOLERANCE:
            return beta[:k], beta[k:]
    raise ArithmeticError("logistic regression with the centres' intercepts did not converge")


def compute_loss_at_home(margin: FloatArray, y: FloatArray) -> float:
    """Return the log loss, in nats over all patients, of log-odds with an intercept of their own.

    Parameters
    ----------
    margin : ndarray of shape (n,)
        Log-odds without an intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    """
    return float(compute_log_loss(margin + fit_intercept(margin, float(y.mean())), y).sum())


def fit_pooled_rows(
    centres: Sequence[CentreRows],
    straight: BoolArray,
    *,
    prior_sds: Sequence[float],
    bends: bool = True,
    strength: float = Procedure.prior_strength,
) -> PooledRows:
    """Choose columns, penalty and weight by leaving out each centre, then fit all rows.

    Parameters
    ----------
    centres : sequence of CentreRows
        In all columns of the agreed basis.
    straight : ndarray of bool of shape (n_columns,)
        Which of them are straight.
    prior_sds : sequence of float
        Tried, in log-odds per unit of the column.
    bends : bool
        Whether all columns are tried beside the straight ones.
    strength : float
        Price of a spread of one in the log-odds, in nats, as in
        :func:`training.fitting.blending.fit_weights`.
    """
    everything = np.ones(len(straight), dtype=bool)
    best: tuple[float, bool, float, list[FloatArray]] | None = None
    for bent in (False, True) if bends else (False,):
        columns = everything if bent else straight
        for sd in prior_sds:
            margins = _leave_each_out(centres, columns, sd)
            loss = sum(
                compute_loss_at_home(margin, rows.y)
                for margin, rows in zip(margins, centres, strict=True)
            )
            if best is None or loss < best[0]:
                best = loss, bent, sd, margins
    assert best is not None, "there is a prior to try"
    _, bent, sd, margins = best
    columns = everything if bent else straight
    kept = [CentreRows(rows.Z[:, columns], rows.y) for rows in centres]
    intercepts, coef = fit_with_intercepts(kept, np.full(int(columns.sum()), sd**-2.0))
    full = np.zeros(len(straight))
    full[columns] = coef
    return PooledRows(bent, sd, _find_weight(margins, centres, strength), intercepts, full)


def _leave_each_out(
    centres: Sequence[CentreRows], columns: BoolArray, prior_sd: float
) -> list[FloatArray]:
    """Return each centre's log-odds, without an intercept, by the model made without it."""
    kept = [CentreRows(rows.Z[:, columns], rows.y) for rows in centres]
    precision = np.full(int(columns.sum()), prior_sd**-2.0)
    return [
        rows.Z @ fit_with_intercepts(kept[:k] + kept[k + 1 :], precision)[1]
        for k, rows in enumerate(kept)
    ]


def _find_weight(
    margins: Sequence[FloatArray], centres: Sequence[CentreRows], strength: float
) -> float:
    away = [margin - margin.mean() for margin in margins]
    spread = float(np.sqrt(np.mean(np.concatenate(away) ** 2)))

    def objective(weight: float) -> float:
        losses = (
            compute_loss_at_home(weight * margin, rows.y)
            for margin, rows in zip(margins, centres, strict=True)
        )
        return sum(losses) + strength * spread * weight

    found = minimize_scalar(objective, bounds=(0.0, 1.0), method="bounded")
    return min((0.0, 1.0, float(found.x)), key=objective)
