"""Is a patient like those of the training cohort? Ranks against the training values.

A rank holds for three patients as for three hundred and for any shape of distribution, where an
index over ten bins (a "population stability index") needs hundreds. The model's background holds
the training values of each predictor, shuffled column by column: who has several unusual values is
seen, who has an unusual combination of usual ones is not.

References
----------
Vovk, Gammerman and Shafer 2022, doi:10.1007/978-3-031-06649-8 (conformal p values); Fisher's sum
of their logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray
from serving.monitoring.charts import ShareBefore

__all__ = ["UNLIKE", "compute_rank_p", "compute_typicality"]

UNLIKE = 0.1
"""About so many of the training cohort itself would be called unlike it."""


@dataclass(frozen=True, eq=False)
class Typicality:
    """Who is unlike the training cohort, and in what.

    Parameters
    ----------
    p : ndarray, shape (n, n_predictors)
        How unusual each value is, from :func:`compute_rank_p`; NaN where it is not known.
    unlike : ndarray of bool, shape (n,)
        Whether the values together are more unusual than in all but :data:`UNLIKE` of the
        training cohort.
    reference : ShareBefore
        How many of the training cohort are so by the same measure, each against the others.
    """

    p: FloatArray
    unlike: BoolArray
    reference: ShareBefore


def compute_rank_p(
    x: FloatArray,
    before: FloatArray,
    *,
    ordered: bool,
    among: bool = False,
    ends: tuple[float, float] = (np.nan, np.nan),
) -> FloatArray:
    """Return how unusual values are among those of before.

    Parameters
    ----------
    x : ndarray, shape (n,)
        New values; NaN is passed through.
    before : ndarray, shape (m,)
        Values of before; NaN is left out.
    ordered : bool
        Whether they are numbers: then a value is unusual at either end. Else it is as unusual as
        its category is rare.
    among : bool
        Whether each of `x` is itself one of `before`, and to be held against the others.
    ends : tuple of float
        Of numbers, between which values those of before truly lay, where the outermost in `before`
        are means of a few, as in a model's background. Who lies beyond such a mean but within the
        ends is one of the few.

    Returns
    -------
    ndarray, shape (n,)
        In (0, 1]: the share, each value itself counted in, of values as unusual or more. No value
        is impossible among few: the lowest is 1 / (m + 1), or 2 / (m + 1) of numbers.

    Examples
    --------
    >>> compute_rank_p(np.array([0.0, 5.0]), np.arange(1.0, 10.0), ordered=True).round(2).tolist()
    [0.2, 1.0]
    """
    known = np.sort(before[~np.isnan(before)])
    m = len(known) + 1 - among
    if ordered and len(known):
        low, high = ends
        x = np.where((low <= x) & (x <= high), np.clip(x, known[0], known[-1]), x)
    if ordered:
        below = np.searchsorted(known, x, side="right") + 1 - among
        above = len(known) - np.searchsorted(known, x, side="left") + 1 - among
        found = np.minimum(1.0, 2 * np.minimum(below, above) / m)
    else:
        values, counts = np.unique(known, return_counts=True)
        own = (known[None, :] == x[:, None]).sum(axis=1) + 1 - among
        others = np.where(values[None, :] == x[:, None], 0, counts[None, :])
        found = (np.where(others <= own[:, None], others, 0).sum(axis=1) + own) / m
    return np.where(np.isnan(x), np.nan, found)


def compute_typicality(
    X: FloatArray,
    background: FloatArray,
    *,
    ordered: tuple[bool, ...],
    n_training: int,
    ends: FloatArray,
) -> Typicality:
    """Compare patients with the training cohort.

    Parameters
    ----------
    X : ndarray, shape (n, n_predictors)
        Their predictors, NaN where not known.
    background : ndarray, shape (n_background, n_predictors)
        Of the model: each column the training values at evenly spread quantiles, in any order,
        the few outermost of a number replaced by their mean.
    ordered : tuple of bool
        Which predictors are numbers.
    n_training : int
        Patients behind the background, which may repeat or skip some of their values.
    ends : ndarray, shape (n_predictors, 2)
        As :func:`compute_rank_p` takes them, for each predictor.
    """
    of_training = np.empty_like(background)
    p = np.empty_like(X)
    for j, is_number in enumerate(ordered):
        column = _thin(background[:, j], n_training)
        of_training[:, j] = compute_rank_p(background[:, j], column, ordered=is_number, among=True)
        low, high = (float(end) for end in ends[j])
        p[:, j] = compute_rank_p(X[:, j], column, ordered=is_number, ends=(low, high))
    limit = float(np.quantile(_add_up(of_training), 1 - UNLIKE, method="higher"))
    # A new patient counted in: so often, at most, is one of the same kind beyond that many.
    share = float((np.sum(_add_up(of_training) > limit) + 1) / (len(of_training) + 1))
    return Typicality(p, _add_up(p) > limit, ShareBefore(share * n_training, n_training))


def _thin(column: FloatArray, n: int) -> FloatArray:
    """Return as many values as there were patients, where the background repeats them."""
    known = np.sort(column[~np.isnan(column)])
    if n >= len(known):
        return known
    return np.asarray(known[((np.arange(n) + 0.5) / n * len(known)).astype(np.intp)])


def _add_up(p: FloatArray) -> FloatArray:
    """Return Fisher's sum; a value that is not known is taken as the middle one."""
    # To 9 decimals: sums of the same terms in another order must not be told apart.
    return np.asarray(np.round(-np.log(np.where(np.isnan(p), 1.0, p)).sum(axis=1), 9))
