"""What training learns of missing values, and the rows that stand for "not knowing"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from features.arrays import FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.bayes.directions import list_blocks
from training.fitting.bayes.effects import Effects, count_effects, gather_effects
from training.fitting.ends import blur_ends
from training.model.gaps import Gaps, compute_normal_scores

__all__ = [
    "N_BACKGROUND",
    "N_FILLS",
    "count_filled_effects",
    "count_fillings",
    "fill_rows",
    "find_margins",
    "learn_gaps",
    "make_background",
    "make_filled_effects",
]

N_FILLS = 20
"""In how many ways the gaps of a training patient are filled."""
N_BACKGROUND = 100
"""Rows of the background that stand for "not knowing", and ways in which a gap is filled when a
model is served. Every :data:`N_FILLS` of them, in their order, are spread over the margins."""
_MOST_ROWS = 40_000
_SMALLEST = 1e-3
"""Smallest eigenvalue of a correlation: pairs that were seen together in different patients may
contradict each other."""


def make_background(
    X: FloatArray, predictors: Sequence[Variable], *, rng: np.random.Generator
) -> FloatArray:
    """Return background rows that are nobody: each column permuted on its own, and rounded.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Training rows, NaN where missing.
    predictors : sequence of Variable
        Their precision is what values are rounded to.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (100, n_predictors)
        Margins of the known values, at evenly spread quantiles, each number's ends blurred; no
        association between columns. NaN throughout where none is known.
    """
    background = np.full((N_BACKGROUND, X.shape[1]), np.nan)
    even = (np.arange(N_BACKGROUND) + 0.5) / N_BACKGROUND
    for j, variable in enumerate(predictors):
        known = np.sort(X[~np.isnan(X[:, j]), j])
        if not len(known):
            continue
        if variable.is_numeric:
            known = blur_ends(known)
        values = known[(even * len(known)).astype(np.intp)]
        if variable.is_numeric:
            values = np.round(values / variable.precision) * variable.precision
        # Neighbours go to different blocks of rows, each of which gets one of every few.
        blocks = rng.permuted(values.reshape(N_FILLS, -1), axis=1)
        background[:, j] = rng.permuted(blocks, axis=0).T.ravel()
    return background


def learn_gaps(X: FloatArray, predictors: Sequence[Variable]) -> Gaps:
    """Return how missing values are filled, learnt from patients; nothing is drawn at random.

    Correlations of normal scores are drawn in toward 0 as far as their own errors ask for;
    Schaefer and Strimmer 2005, doi:10.2202/1544-6115.1175.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    predictors : sequence of Variable
        In the order of the columns.
    """
    values = make_background(X, predictors, rng=np.random.default_rng(0))
    # Sums over patients, of pairs of predictors that are known together.
    pairs, sums, products, squares = np.zeros((4, X.shape[1], X.shape[1]))
    for rows in list_blocks(len(X)):
        scores = compute_normal_scores(X[rows], values)
        known = (~np.isnan(scores)).astype(np.float64)
        scores = np.nan_to_num(scores)
        pairs += known.T @ known
        sums += scores.T @ known
        products += scores.T @ scores
        squares += (scores**2).T @ known
    mean = np.divide(sums, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    together = products - pairs * mean * mean.T
    spread = squares - pairs * mean**2
    scale = np.sqrt(np.maximum(spread * spread.T, 0.0))
    seen = (pairs > 2) & (scale > 1e-9 * np.maximum(pairs, 1.0))
    found = np.divide(together, scale, out=np.zeros_like(scale), where=seen)
    np.fill_diagonal(found, 0.0)
    np.fill_diagonal(seen, False)
    # Where nothing goes together, a correlation's variance is 1 / (pairs - 1).
    error = np.sum((1 - found[seen] ** 2) ** 2 / (pairs[seen] - 1))
    square = np.sum(found[seen] ** 2)
    share = max(1 - error / square, 0.0) if square > 0 else 0.0
    size, axes = np.linalg.eigh(np.eye(len(found)) + share * found)
    whole = (axes * np.maximum(size, _SMALLEST)) @ axes.T
    unit = np.sqrt(np.diag(whole))
    return Gaps(values, whole / np.outer(unit, unit))


def count_fillings(X: FloatArray) -> IntArray:
    """Return in how many ways the gaps of training patients are filled.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.

    Returns
    -------
    ndarray of int of shape (n,)
        1 of a patient without gaps, :data:`N_FILLS` of each other; of very many fewer, but 2.
    """
    open_ = np.asarray(np.isnan(X).any(axis=1))
    n_fills = int(np.clip(_MOST_ROWS // max(int(open_.sum()), 1), 2, N_FILLS))
    return np.where(open_, n_fills, 1)


def fill_rows(X: FloatArray, gaps: Gaps, counts: IntArray) -> FloatArray:
    """Return training patients with their gaps filled in several ways.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    gaps : Gaps
        How they are filled.
    counts : ndarray of int of shape (n,)
        In how many ways each, from :func:`count_fillings`; of these patients, or of more.

    Returns
    -------
    ndarray of shape (n_rows, n_predictors)
        As many rows of each patient, one patient after the other.
    """
    open_ = counts > 1
    rows = np.repeat(X, counts, axis=0)
    if open_.any():
        filled = gaps.fill(X[open_], n_fills=int(counts.max()))
        rows[np.repeat(open_, counts)] = filled.reshape(-1, X.shape[1])
    return rows


def make_filled_effects(basis: PredictorBasis, X: FloatArray, gaps: Gaps) -> Effects:
    """Return the columns of patients whose gaps are filled in several ways.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted on them.
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    gaps : Gaps
        How gaps are filled.
    """
    return gather_effects(basis, *_fill_blocks(basis, X, gaps))


def count_filled_effects(basis: PredictorBasis, X: FloatArray, gaps: Gaps) -> int:
    """Return how many columns :func:`make_filled_effects` makes, none of which is made."""
    return count_effects(basis, *_fill_blocks(basis, X, gaps))


def _fill_blocks(
    basis: PredictorBasis, X: FloatArray, gaps: Gaps
) -> tuple[IntArray, Callable[[slice], FloatArray]]:
    """Return how many rows patients have, and the way to the rows of some of them."""
    counts = count_fillings(X)

    def expand(some: slice) -> FloatArray:
        return basis.expand(fill_rows(X[some], gaps, counts[some]))

    return counts, expand


def find_margins(
    judge: Callable[[FloatArray], FloatArray], X: FloatArray, gaps: Gaps | None
) -> FloatArray:
    """Return the log-odds of patients, one for each way in which their gaps are filled.

    Where a mean risk is wanted, it is the mean of their risks: that of mean log-odds is another.

    Parameters
    ----------
    judge : callable
        Raw predictors (m, n_predictors) to log-odds (m,).
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    gaps : Gaps or None
        How gaps are filled; None: as `judge` does.

    Returns
    -------
    ndarray of shape (n, n_fills)
        One column where there is nothing to fill.
    """
    if gaps is None or not np.isnan(X).any():
        return judge(X)[:, np.newaxis]
    rows = gaps.fill(X, n_fills=N_FILLS)
    return judge(rows.reshape(-1, X.shape[1])).reshape(rows.shape[:2])
