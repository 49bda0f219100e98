"""Shapley weights against a count over all orders."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest

from training.model.coalitions import (
    compute_shapley_values,
    draw_orders,
    label_coalitions,
    shapley_weights,
    share_before,
)


def shapley_by_hand(worth: np.ndarray, k: int) -> np.ndarray:
    """Average each player's gain on joining over all orders."""
    values = np.zeros(k)
    for order in permutations(range(k)):
        coalition = 0
        for player in order:
            values[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    return values / factorial(k)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_weights_give_the_mean_gain_over_all_orders(k: int) -> None:
    worth = np.random.default_rng(k).normal(size=2**k)
    np.testing.assert_allclose(worth @ shapley_weights(k), shapley_by_hand(worth, k))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_values_are_the_mean_gain_and_exactly_nothing_without_any(k: int) -> None:
    worth = np.random.default_rng(k).normal(size=(2, 2**k))
    found = compute_shapley_values(worth)
    np.testing.assert_allclose(found, [shapley_by_hand(game, k) for game in worth], atol=1e-14)
    idle = compute_shapley_values(np.concatenate([worth, worth], axis=1))
    np.testing.assert_allclose(idle[:, :k], found, atol=1e-14)
    np.testing.assert_array_equal(idle[:, k], 0.0)


def test_weights_are_shared_and_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        shapley_weights(3)[0, 0] = 1.0


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_share_of_orders_in_which_a_coalition_stands_before_a_player(k: int) -> None:
    counted = np.zeros(2**k)
    for order in permutations(range(k + 1)):  # the player is k
        counted[sum(1 << j for j in order[: order.index(k)])] += 1
    np.testing.assert_allclose(share_before(k), counted / factorial(k + 1))


def test_each_distinct_row_and_coalition_gets_one_label() -> None:
    rows = np.array([0, 0, 1, 1, 0])
    holds = np.zeros((5, 40), dtype=bool)  # more players than one 32-bit part holds
    holds[[1, 3], 39] = True
    first, label = label_coalitions(rows, holds)
    assert label[0] == label[4]
    assert len(set(label.tolist())) == len(first) == 4
    np.testing.assert_array_equal(label[first], np.arange(4))


def test_orders_come_in_pairs_of_opposites() -> None:
    orders = draw_orders(5, n_pairs=7, rng=np.random.default_rng(0))
    assert orders.shape == (14, 5)
    np.testing.assert_array_equal(orders[0::2], orders[1::2, ::-1])
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(5), (14, 1)))
