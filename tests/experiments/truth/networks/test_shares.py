"""Centres that share, and what the rank test says of it."""

from itertools import pairwise

import numpy as np

from experiments.truth.networks.shares import Telling, draw_attacked, tabulate_least


def test_more_rounds_leave_less_open() -> None:
    table = tabulate_least((45,), centres=1)
    rounds = table[[str(k) for k in range(1, 7)]].to_numpy()
    assert (rounds[:-1, 0] > rounds[:-1, 5]).all()  # the last is solved in the first round
    straight, bends = (table[table.family == family] for family in ("straight", "bends"))
    assert (straight["3"].to_numpy()[:2] > bends["3"].to_numpy()[:2]).all()
    assert (rounds[table.told == "exact", 2] < 0.01).all()


def test_numbers_in_steps_are_drawn_in_steps() -> None:
    X = draw_attacked(20, Telling(rounds=1), steps=True, seed=1).X
    np.testing.assert_array_equal(X[:, 0], np.round(X[:, 0]))
    np.testing.assert_allclose(X[:, 1], np.round(X[:, 1], 1))


def test_what_is_told_is_rounded_and_comes_to_rest() -> None:
    centre = draw_attacked(20, Telling(rounds=5, gradient=(3, 4, 5, 6, 7)), seed=2)
    told = [point for point in centre.points if point.gradient is not None]
    assert [point.gradient for point in told] == 2 * [3, 4, 5, 6, 7]
    assert [point.curvature for point in told] == 2 * [1, 1, 1, None, None]
    moves = [np.abs(b.at - a.at).max() for a, b in pairwise(told[1:5])]
    assert moves == sorted(moves, reverse=True)
    np.testing.assert_array_equal(centre.told, np.round(centre.told, 7))
