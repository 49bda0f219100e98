"""Who is in which fold.

All copies of a patient (a bootstrap sample holds some patients several times) stay on one side
of every split, and folds are balanced over the classes given. scikit-learn's StratifiedGroupKFold
keeps shares of classes about equal where groups allow; here each patient is of one class, and
counts in two folds never differ by more than one, which matters at a dozen events.
"""

from __future__ import annotations

import numpy as np

from features.arrays import IntArray

__all__ = ["make_bootstrap", "make_folds"]


def make_folds(
    strata: IntArray, groups: IntArray, *, n_folds: int, rng: np.random.Generator
) -> IntArray:
    """Return the fold of each row.

    Parameters
    ----------
    strata : ndarray of int of shape (n,)
        Class of each row, the same for all rows of a patient.
    groups : ndarray of int of shape (n,)
        Patient of each row.
    n_folds : int
        Number of folds, at least 2.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of int of shape (n,)
        From 0 to n_folds - 1. Within each class the numbers of patients in two folds differ by
        at most 1, and so do the numbers over all classes.
    """
    patients, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    order = rng.permutation(len(patients))
    # Deal the patients out class by class, like cards, without starting anew at each class.
    order = order[np.argsort(strata[first][order], kind="stable")]
    fold_of = np.empty(len(patients), dtype=np.intp)
    fold_of[order] = np.arange(len(patients)) % n_folds
    return np.asarray(rng.permutation(n_folds)[fold_of][inverse], dtype=np.intp)


def make_bootstrap(n: int, *, rng: np.random.Generator) -> IntArray:
    """Return the patients of one bootstrap sample: n positions drawn with replacement, sorted."""
    return np.sort(rng.integers(0, n, size=n)).astype(np.intp)
