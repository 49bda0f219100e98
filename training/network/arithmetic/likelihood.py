"""What a centre's patients say of the coefficients, as numbers that are sums over patients.

A centre tells the log-likelihood of its own outcomes at agreed coefficients, and how it rises and
bends there. The penalty is no centre's: whoever combines the centres adds it, so that one sharing
serves every penalty and every choice of centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from features.arrays import BoolArray, FloatArray

__all__ = ["Point", "expand_likelihood", "find_penalised_mode", "update_curvature"]

_TOLERANCE = 1e-10
_MAX_STEPS = 500
_LONGEST_MOVE = 1.5
"""As in :mod:`training.fitting.solvers`: a Newton step cut so always lowers the loss."""


@dataclass(frozen=True, eq=False)
class Point:
    """A log-likelihood and its expansion to second order around one place.

    Parameters
    ----------
    at : ndarray of shape (1 + n_columns,)
        Intercept and coefficients, log-odds per unit of the column.
    value : float
        Log-likelihood there, in nats; at most 0.
    gradient : ndarray of shape (1 + n_columns,)
        Its first derivatives.
    curvature : ndarray of shape (1 + n_columns, 1 + n_columns)
        Minus its second derivatives: symmetric, no eigenvalue below 0.
    """

    at: FloatArray
    value: float
    gradient: FloatArray
    curvature: FloatArray

    def take(self, columns: BoolArray) -> Point:
        """Return the expansion in some columns, the others' coefficients held at 0.

        Parameters
        ----------
        columns : ndarray of bool of shape (n_columns,)
            Those that stay.
        """
        kept = np.append(True, columns)
        moved = np.where(kept, 0.0, -self.at)  # from where it was expanded to where they are 0
        gradient = self.gradient - self.curvature @ moved
        value = self.value + float((self.gradient - self.curvature @ moved / 2) @ moved)
        curvature = self.curvature[np.ix_(kept, kept)]
        return Point(self.at[kept], value, gradient[kept], curvature)

    def widen(self, columns: BoolArray, at: FloatArray) -> Point:
        """Return the expansion among more columns, of which it tells nothing.

        Parameters
        ----------
        columns : ndarray of bool of shape (n_wider,)
            Which of them it is of.
        at : ndarray of shape (1 + n_wider,)
            Where all of them stood when it was computed.
        """
        told = np.append(True, columns)
        gradient, curvature = np.zeros(len(told)), np.zeros((len(told), len(told)))
        gradient[told] = self.gradient
        curvature[np.ix_(told, told)] = self.curvature
        return Point(np.asarray(at, dtype=np.float64), self.value, gradient, curvature)

    @property
    def pull(self) -> FloatArray:
        """The linear term (1 + n_columns,) of the expansion as a function of the coefficients."""
        return np.asarray(self.gradient + self.curvature @ self.at)

    @property
    def slopes(self) -> FloatArray:
        """The curvature (n_columns, n_columns) of the coefficients once the intercept is free."""
        across = self.curvature[1:, 0]
        return np.asarray(self.curvature[1:, 1:] - np.outer(across, across) / self.curvature[0, 0])

    def estimate(self, coef: FloatArray) -> float:
        """Return the log-likelihood that the expansion gives coefficients (1 + n_columns,)."""
        moved = coef - self.at
        return self.value + float((self.gradient - self.curvature @ moved / 2) @ moved)


def expand_likelihood(
    Z: FloatArray, y: FloatArray, at: FloatArray, offset: FloatArray | float = 0.0
) -> Point:
    """Return the log-likelihood of outcomes, expanded around coefficients.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Design matrix without the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    at : ndarray of shape (1 + n_columns,)
        Intercept and coefficients.
    offset : ndarray of shape (n,) or float
        Known part of the log-odds.
    """
    design = np.column_stack([np.ones(len(y)), Z])
    margin = design @ at + offset
    risk = expit(margin)
    value = -float(np.sum(np.logaddexp(0.0, margin) - y * margin))
    curvature = (design * (risk * (1 - risk))[:, np.newaxis]).T @ design
    return Point(np.asarray(at, dtype=np.float64), value, (y - risk) @ design, curvature)


def find_penalised_mode(Z: FloatArray, y: FloatArray, precision: FloatArray) -> FloatArray:
    """Return the coefficients of highest penalised likelihood.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Design matrix without the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1; both present where the intercept's precision is 0.
    precision : ndarray of shape (1 + n_columns,)
        Of the normal prior with mean 0 of the intercept (0: it is free) and of each coefficient.

    Raises
    ------
    ArithmeticError
        If the steps do not come to rest.
    """
    design = np.column_stack([np.ones(len(y)), Z])
    beta = np.zeros(design.shape[1])
    rate = float(np.clip(np.mean(y), 0.01, 0.99))
    beta[0] = logit(rate) if precision[0] == 0 else 0.0
    for _ in range(_MAX_STEPS):
        here = expand_likelihood(Z, y, beta)
        hessian = here.curvature + np.diag(precision)
        step = np.linalg.solve(hessian, here.gradient - precision * beta)
        reach = float(np.abs(design @ step).max())
        beta = beta + step * min(1.0, _LONGEST_MOVE / max(reach, _LONGEST_MOVE))
        if reach < _TOLERANCE:
            return np.asarray(beta)
    raise ArithmeticError("penalised logistic regression did not converge")


def update_curvature(curvature: FloatArray, moved: FloatArray, fell: FloatArray) -> FloatArray:
    """Return a curvature that agrees with how a gradient has changed.

    The update of Broyden, Fletcher, Goldfarb and Shanno (Nocedal and Wright 2006,
    doi:10.1007/978-0-387-40065-5, chapter 6): it stays symmetric and positive.

    Parameters
    ----------
    curvature : ndarray of shape (m, m)
        As it was before the move.
    moved : ndarray of shape (m,)
        Change of the coefficients.
    fell : ndarray of shape (m,)
        By how much the gradient fell with it.

    Returns
    -------
    ndarray of shape (m, m)
        `curvature` itself where the move was so small that rounding hides what it tells.
    """
    foreseen = curvature @ moved
    straight, along = float(moved @ foreseen), float(moved @ fell)
    if straight <= 0 or not 0.5 < along / straight < 2.0:
        return curvature
    return np.asarray(
        curvature - np.outer(foreseen, foreseen) / straight + np.outer(fell, fell) / along
    )
