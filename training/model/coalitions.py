"""Coalitions and orders of players: the arithmetic below an explanation."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import comb

from features.arrays import BoolArray, FloatArray, IntArray

__all__ = [
    "compute_shapley_values",
    "draw_orders",
    "label_coalitions",
    "share_before",
    "shapley_weights",
]


@lru_cache(maxsize=16)
def shapley_weights(k: int) -> FloatArray:
    """Return the matrix (2**k, k) that turns the worth of coalitions into Shapley values.

    Coalition c holds predictor j when bit j of c is set. A predictor's value is its mean gain
    on joining, over all orders: a coalition of s others goes before it in a share
    1 / (k * comb(k - 1, s)) of the orders.
    """
    holds = (np.arange(2**k)[:, np.newaxis] >> np.arange(k) & 1).astype(bool)
    size = holds.sum(axis=1)
    share = 1.0 / (k * comb(k - 1, np.arange(k)))
    joined = np.append(0.0, share)[size]
    before = np.append(share, 0.0)[size]
    weights = np.where(holds, joined[:, np.newaxis], -before[:, np.newaxis])
    weights.flags.writeable = False  # shared by every caller
    return np.asarray(weights)


@lru_cache(maxsize=16)
def _pair_coalitions(k: int) -> tuple[IntArray, FloatArray]:
    """Return the coalitions with and without each player, and in what share of orders they meet."""
    number = np.arange(2**k)
    without = np.stack([number[number >> j & 1 == 0] for j in range(k)])
    both = np.stack([without | 1 << np.arange(k)[:, np.newaxis], without])
    size = (without[..., np.newaxis] >> np.arange(k) & 1).sum(axis=2)
    return both, 1.0 / (k * comb(k - 1, size))


def compute_shapley_values(worth: FloatArray) -> FloatArray:
    """Return Shapley values from what all coalitions of k players are worth.

    Parameters
    ----------
    worth : ndarray of shape (..., 2**k)
        Of any number of games. Bit j of a coalition's number tells whether player j is in it.

    Returns
    -------
    ndarray of shape (..., k)
        Exactly 0 for a player who never changes anything.
    """
    k = worth.shape[-1].bit_length() - 1
    both, share = _pair_coalitions(k)
    found = worth.take(both, axis=-1)
    return np.asarray(np.add.reduce((found[..., 0, :, :] - found[..., 1, :, :]) * share, axis=-1))


def label_coalitions(rows: IntArray, holds: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the first index of each distinct (row, coalition), and which of them each is."""
    label, first = rows, np.arange(len(rows))
    for start in range(0, holds.shape[1], 32):
        part = holds[:, start : start + 32]
        bits = part @ (1 << np.arange(part.shape[1]))
        _, first, label = np.unique(label << 32 | bits, return_index=True, return_inverse=True)
    return first, label


@lru_cache(maxsize=16)
def share_before(k: int) -> FloatArray:
    """Return, of all orders, the share (2**k,) in which exactly a coalition stands before a player.

    The player is one beside k others; coalition c holds the other j when bit j of c is set.
    """
    n_before = (np.arange(2**k)[:, np.newaxis] >> np.arange(k) & 1).sum(axis=1)
    share = (1.0 / ((k + 1) * comb(k, np.arange(k + 1))))[n_before]
    share.flags.writeable = False
    return np.asarray(share)


def draw_orders(n_players: int, *, n_pairs: int, rng: np.random.Generator) -> IntArray:
    """Draw orders of players 0 .. n_players - 1.

    Returns
    -------
    ndarray of int of shape (2 * n_pairs, n_players)
        Each order is followed by its reverse.
    """
    drawn = rng.permuted(np.tile(np.arange(n_players), (n_pairs, 1)), axis=1)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(2 * n_pairs, n_players)
