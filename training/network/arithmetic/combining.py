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
    n_centres, n_columns = len(points), len(precision)
    n_intercepts = 1 if intercepts.common else n_centres
    size = n_intercepts + n_columns
    curvature, pull = np.zeros((size, size)), np.zeros(size)
    slopes = np.arange(n_intercepts, size)
    for place, point in enumerate(points):
        used = np.append(0 if intercepts.common else place, slopes)
        curvature[np.ix_(used, used)] += point.curvature
        pull[used] += point.pull
    prior = np.append(np.full(n_intercepts, intercepts.precision), precision)
    covariance = np.linalg.inv(curvature + np.diag(prior))
    found = covariance @ pull
    return Combined(
        intercepts=np.repeat(found[:1], n_centres) if intercepts.common else found[:n_centres],
        coef=found[n_intercepts:],
        covariance=(covariance + covariance.T) / 2,
    )
