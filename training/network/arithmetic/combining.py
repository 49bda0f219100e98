"""Centres' log-likelihoods added up, less one penalty: the estimate of all their patients.

The sum of quadratic expansions has its highest place in closed form. Where every centre was
expanded around its own penalised mode, that is Bayesian federated inference (Jonker 2024,
doi:10.1002/sim.10072): one round. Where all were expanded around one common place, it is one
Newton step on the rows of all patients, so that a few more rounds give what all rows in one place
would have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray
from training.network.arithmetic.likelihood import Point

__all__ = ["Combined", "Intercepts", "combine_points"]


@dataclass(frozen=True)
class Intercepts:
    """What holds for the centres' intercepts.

    Parameters
    ----------
    common : bool
        Whether there is one for all of them; else each has its own.
    precision : float
        Of the normal prior with mean 0; 0: free.
    """

    common: bool = False
    precision: float = 0.0


@dataclass(frozen=True, eq=False)
class Combined:
    """The estimate of all centres' patients.

    Parameters
    ----------
    intercepts : ndarray of shape (n_centres,)
        Log-odds, in the centres' order; all the same where there is one for all.
    coef : ndarray of shape (n_columns,)
        Log-odds per unit of the column.
    covariance : ndarray of shape (n_intercepts + n_columns, n_intercepts + n_columns)
        Of the intercepts (one, where there is one for all) and the coefficients.
    """

    intercepts: FloatArray
    coef: FloatArray
    covariance: FloatArray

    def at(self, centre: int) -> FloatArray:
        """Return intercept and coefficients (1 + n_columns,) at a centre."""
        return np.append(self.intercepts[centre], self.coef)


def combine_points(
    points: Sequence[Point], precision: FloatArray, intercepts: Intercepts | None = None
) -> Combined:
    """Return where the sum of the centres' expansions, less the penalty, is highest.

    Parameters
    ----------
    points : sequence of Point
        One for each centre, in the same columns.
    precision : ndarray of shape (n_columns,)
        Of the normal prior with mean 0 of each coefficient, above 0.
    intercepts : Intercepts or None
        None: each centre has its own, free.

    Raises
    ------
    numpy.linalg.LinAlgError
        If an intercept that is free is told by nobody's outcome.
    """
    intercepts = intercepts or Intercepts()
    curvature = np.stack([point.curvature for point in points])
    pull = np.stack([point.pull for point in points])
    if intercepts.common:
        curvature, pull = curvature.sum(axis=0, keepdims=True), pull.sum(axis=0, keepdims=True)
    # An intercept meets the slopes and no other one: given the slopes, each is found by itself,
    # so that a hundred centres take a hundred times what one takes, not a million times.
    own = curvature[:, 0, 0] + intercepts.precision
    if not np.all(own > 0):
        raise np.linalg.LinAlgError("an intercept is told by nobody's outcome")
    ties = curvature[:, 0, 1:] / own[:, np.newaxis]
    slopes = curvature[:, 1:, 1:].sum(axis=0) - ties.T @ curvature[:, 0, 1:] + np.diag(precision)
    spread = np.linalg.inv((slopes + slopes.T) / 2)
    coef = spread @ (pull[:, 1:].sum(axis=0) - ties.T @ pull[:, 0])
    found = pull[:, 0] / own - ties @ coef
    across = -ties @ spread
    covariance = np.block([[np.diag(1 / own) - across @ ties.T, across], [across.T, spread]])
    return Combined(
        intercepts=np.repeat(found, len(points)) if intercepts.common else found,
        coef=coef,
        covariance=(covariance + covariance.T) / 2,
    )
