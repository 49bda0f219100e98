"""What two columns of a basis do together."""

from __future__ import annotations

import numpy as np

from features.arrays import FloatArray, IntArray

__all__ = ["NO_PAIRS", "add_products", "compute_pair_margin", "take_columns"]

NO_PAIRS: IntArray = np.empty((0, 2), dtype=np.intp)


def compute_pair_margin(Z: FloatArray, pairs: IntArray, coef: FloatArray) -> FloatArray:
    """Return what products of columns add to the log-odds.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Rows of a basis.
    pairs : ndarray of int of shape (n_pairs, 2)
        The two columns of each product.
    coef : ndarray of shape (n_pairs,)
        Log-odds per unit of the product.

    Returns
    -------
    ndarray of shape (n,)
        The same for a row alone and among others.
    """
    # `take` and not an index: rows stay whole in memory, and a sum over one keeps its bits.
    left, right = pairs.T
    products = Z.take(left, axis=1) * Z.take(right, axis=1) * coef
    return np.asarray(np.add.reduce(products, axis=1))


def add_products(Z: FloatArray, pairs: IntArray) -> FloatArray:
    """Return what a model's numbers belong to: 1, the columns of its basis, and their products.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Rows of a basis.
    pairs : ndarray of int of shape (n_pairs, 2)
        The two columns of each product.

    Returns
    -------
    ndarray of shape (n, 1 + n_columns + n_pairs)
        Rows whole in memory.
    """
    n, n_columns = Z.shape
    rows = np.empty((n, 1 + n_columns + len(pairs)))
    rows[:, 0], rows[:, 1 : 1 + n_columns] = 1.0, Z
    if len(pairs):
        left, right = pairs.T
        products = rows[:, 1 + n_columns :]
        np.multiply(Z.take(left, axis=1), Z.take(right, axis=1), out=products)
    return rows


def take_columns(rows: FloatArray, pairs: IntArray) -> FloatArray:
    """Return the columns (n, n_columns) among what :func:`add_products` made with `pairs`."""
    return rows[:, 1 : rows.shape[1] - len(pairs)]
