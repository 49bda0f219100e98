"""The directions in which a Bayesian model is solved, and sums over patients along them.

A column of the design with its prior variance is a direction: along it the prior is standard
normal. Of a few thousand patients all directions are held at once. Of more, their rows are taken a
block at a time and scaled on the way, so that beside the design nothing of its size lies in memory,
and a block stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotri, dtrtrs

from features.arrays import FloatArray

__all__ = [
    "INTERCEPT_SD",
    "compute_gram",
    "factor",
    "find_directions",
    "list_blocks",
    "solve_lower",
]

INTERCEPT_SD = 10.0
"""Prior standard deviation of the intercept, in log-odds: next to nothing is known of it."""
_JITTER = 1e-9
_ROWS = 4096
"""Patients of a block, and up to whom all of them are one."""


class _Directions(Protocol):
    """_Directions along which the prior is standard normal.

    Attributes
    ----------
    count : int
        How many.
    """

    count: int

    def sum_up(self, information: FloatArray, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the information along the directions, and the sum of a pull along each.

        Parameters
        ----------
        information, pull : ndarray of shape (n,)
            Of each patient.

        Returns
        -------
        gram : ndarray of shape (count, count)
            The upper triangle counts.
        pulled : ndarray of shape (count,)
        """

    def move(self, place: FloatArray) -> FloatArray:
        """Return the log-odds (n,) of the patients at a place (count,)."""

    def find_variance(self, lower: FloatArray) -> FloatArray:
        """Return the variance (n,) of the log-odds, given the lower factor of the precision."""


class _Whole:
    """All directions of all patients, held at once."""

    def __init__(self, design: FloatArray, prior: FloatArray) -> None:
        self._factor = factor(design, prior)
        self.count = self._factor.shape[1]

    def sum_up(self, information: FloatArray, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
        gram = dsyrk(1.0, (self._factor * np.sqrt(information)[:, np.newaxis]).T, lower=True)
        return np.asarray(gram.T), pull @ self._factor

    def move(self, place: FloatArray) -> FloatArray:
        return np.asarray(self._factor @ place)

    def find_variance(self, lower: FloatArray) -> FloatArray:
        half = solve_lower(lower, self._factor.T)
        return np.asarray(np.einsum("ij,ij->j", half, half))


class _Blocks:
    """The columns of many patients, of which each block is scaled when it is needed."""

    def __init__(self, design: FloatArray, prior: FloatArray) -> None:
        self._design, self._root = design, np.sqrt(prior)
        self.count = len(prior)

    def sum_up(self, information: FloatArray, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
        gram = compute_gram(self._design, information)
        scaled = gram * self._root * self._root[:, np.newaxis]
        return scaled, self._root * (pull @ self._design)

    def move(self, place: FloatArray) -> FloatArray:
        return np.asarray(self._design @ (self._root * place))

    def find_variance(self, lower: FloatArray) -> FloatArray:
        found = np.tril(dpotri(lower, lower=True)[0])
        covariance = found + np.tril(found, -1).T
        covariance *= self._root * self._root[:, np.newaxis]
        variance = np.empty(len(self._design))
        for rows in list_blocks(len(variance)):
            block = self._design[rows]
            variance[rows] = np.einsum("ij,ij->i", block @ covariance, block)
        return variance


def find_directions(design: FloatArray, prior: FloatArray) -> _Directions:
    """Return the directions of a model.

    Parameters
    ----------
    design : ndarray of shape (n, n_columns)
        With a column of ones for the intercept.
    prior : ndarray of shape (n_columns,)
        Prior variances, above 0.
    """
    if len(design) <= max(_ROWS, design.shape[1]):
        return _Whole(design, prior)
    return _Blocks(design, prior)


def list_blocks(n: int, *, at_once: int | None = None) -> Iterator[slice]:
    """Yield the blocks of so many rows, `at_once` in each; one of them where there are few."""
    step = at_once or _ROWS
    for start in range(0, n, step):
        yield slice(start, start + step)


def compute_gram(design: FloatArray, information: FloatArray) -> FloatArray:
    """Return the upper triangle of the columns' products, summed over weighted patients.

    Parameters
    ----------
    design : ndarray of shape (n, n_columns)
        Its rows are read a block at a time.
    information : ndarray of shape (n,)
        Weight of each row, at least 0.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        0 below the diagonal.
    """
    gram = np.zeros((design.shape[1], design.shape[1]), order="F")
    root = np.sqrt(information)
    for rows in list_blocks(len(design)):
        block = design[rows] * root[rows, np.newaxis]
        gram = dsyrk(1.0, block.T, beta=1.0, c=gram, lower=True, overwrite_c=True)
    return np.asarray(gram.T)


def solve_lower(lower: FloatArray, right: FloatArray) -> FloatArray:
    """Return what a lower triangular matrix makes `right` of."""
    # LAPACK itself: the checks around it cost more than a system of so few patients.
    return np.asarray(dtrtrs(lower, right, lower=True)[0])


def factor(design: FloatArray, prior: FloatArray) -> FloatArray:
    """Return the narrower of two matrices whose square is the prior covariance of the log-odds.

    Parameters as in :func:`find_directions`.
    """
    scaled = design * np.sqrt(prior)
    if scaled.shape[1] <= len(scaled):
        return np.asarray(scaled)
    covariance = scaled @ scaled.T
    covariance.reshape(-1)[:: len(covariance) + 1] += _JITTER * INTERCEPT_SD**2
    return np.asarray(np.linalg.cholesky(covariance))
