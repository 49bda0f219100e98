"""Whether somebody's numbers follow from what was shared."""

import itertools

import numpy as np
import pytest

from features.arrays import FloatArray
from tests.training.helpers.disclosed import STEPS, agree_basis, draw_centre, share_rounds
from training.network.arithmetic.likelihood import expand_likelihood
from training.network.disclosure.families import take_family
from training.network.disclosure.solving import (
    SharedNumbers,
    SharedPoint,
    Unknowns,
    check_solvable,
    compute_point,
    compute_remaining,
    differentiate_point,
    find_unknowns,
)


def _remain(n: int, family: str, curvature: int) -> np.ndarray:
    X, y = draw_centre(n, seed=n)
    basis = agree_basis()
    return compute_remaining(X, basis, share_rounds(y, basis, family, curvature=curvature, seed=1))


def test_a_point_is_what_the_arithmetic_shares() -> None:
    X, y = draw_centre(30, seed=2)
    basis = agree_basis()
    Z, at = basis.expand(X), np.full(8, 0.2)
    point = SharedPoint(
        y, at, take_family("bends", basis.linear_), gradient=9, curvature=1, value=6
    )
    told = expand_likelihood(Z, y, at)
    upper = told.curvature[np.triu_indices(8)]
    expected = np.concatenate([[told.value], told.gradient, upper])
    np.testing.assert_allclose(compute_point(Z, point), expected)
    assert len(point.errors) == len(expected)


def test_a_point_tells_of_some_columns_only_where_others_count_untold() -> None:
    X, y = draw_centre(30, seed=2)
    basis = agree_basis()
    Z, at = basis.expand(X), np.linspace(-0.3, 0.4, 8)
    straight = take_family("straight", basis.linear_)
    point = SharedPoint(
        y, at, take_family("bends", basis.linear_), straight, gradient=9, curvature=1, value=6
    )
    own = np.append(at[0], at[1:][straight])
    told = expand_likelihood(Z[:, straight], y, own, Z[:, ~straight] @ at[1:][~straight])
    upper = told.curvature[np.triu_indices(len(own))]
    expected = np.concatenate([[told.value], told.gradient, upper])
    np.testing.assert_allclose(compute_point(Z, point), expected)
    assert len(point.errors) == len(expected)


@pytest.mark.parametrize(
    ("family", "told"), [("straight", "straight"), ("bends", "bends"), ("bends", "straight")]
)
def test_derivatives_are_those_of_small_differences(family: str, told: str) -> None:
    X, y = draw_centre(12, seed=4)
    y[0] = np.nan
    basis = agree_basis()
    columns = take_family(family, basis.linear_)
    at = np.linspace(-0.4, 0.6, 1 + int(columns.sum()))
    derived = take_family(told, basis.linear_)
    point = SharedPoint(y, at, columns, derived, gradient=9, curvature=1, value=6)
    unknowns = find_unknowns(X, basis)
    found = differentiate_point(basis.expand(X), point, unknowns)
    assert len(unknowns.patients) > 12
    for k, (i, j, spread) in enumerate(
        zip(unknowns.patients, unknowns.predictors, unknowns.spreads, strict=True)
    ):
        sides = []
        for sign in (1, -1):
            moved = X.copy()
            if j == 1:
                moved[i, j] = np.expm1(np.log1p(X[i, j]) + sign * 1e-5 * spread)
            else:
                moved[i, j] += sign * 1e-5 * spread
            sides.append(compute_point(basis.expand(moved), point))
        np.testing.assert_allclose(found[:, k], (sides[0] - sides[1]) / 2e-5, atol=1e-6)


def test_nothing_shared_leaves_everything_open() -> None:
    X, y = draw_centre(30, seed=5)
    basis = agree_basis()
    silent = SharedPoint(y, np.zeros(6), take_family("straight", basis.linear_))
    remaining = compute_remaining(X, basis, [silent])
    assert np.nanmin(remaining) == 1.0
    assert np.isnan(remaining[:, 2:]).all()


def test_curvature_with_one_decimal_keeps_numbers_and_with_nine_gives_them_away() -> None:
    assert np.nanmax(_remain(30, "straight", 1), axis=1).min() > 0.15
    assert np.nanmax(_remain(30, "bends", 1), axis=1).min() > 0.03
    assert np.nanmax(_remain(20, "bends", 9)) < 0.01


def test_more_patients_and_less_shared_leave_more_open() -> None:
    assert np.nanmedian(_remain(60, "bends", 1)) > np.nanmedian(_remain(30, "bends", 1))
    X, y = draw_centre(30, seed=30)
    basis = agree_basis()
    rounds = share_rounds(y, basis, "bends", curvature=1, seed=1)
    open_ = [compute_remaining(X, basis, rounds[:k]) for k in (1, 3, 5)]
    for before, after in itertools.pairwise(open_):
        assert (np.nan_to_num(before - after) >= -1e-9).all()


def test_what_is_missing_or_clipped_is_no_unknown() -> None:
    X, y = draw_centre(30, seed=6)
    basis = agree_basis().with_ends(np.array([3.0, 0, 0, 0, 0]), np.array([10.0, 40, 1, 1, 1]))
    X[:3, 0] = [np.nan, 10.0, 2.0]
    X[3, 0] = 7.0
    shared = share_rounds(y, basis, "straight", curvature=1, seed=1)
    remaining = compute_remaining(X, basis, shared)
    assert np.isnan(remaining[:3, 0]).all()
    assert not np.isnan(remaining[3, 0])


def test_two_outcomes_of_the_same_patients_tell_more_than_one() -> None:
    X, y = draw_centre(30, seed=7)
    basis = agree_basis()
    kept = np.where(y == 1, np.arange(30) % 2, np.nan)
    first = share_rounds(y, basis, "straight", curvature=3, seed=1)
    both = first + share_rounds(kept, basis, "straight", curvature=3, seed=2)
    alone, together = (compute_remaining(X, basis, shared) for shared in (first, both))
    assert np.nanmean(together[y == 1]) < np.nanmean(alone[y == 1]) - 0.02


def test_other_numbers_count_too() -> None:
    X, _ = draw_centre(30, seed=8)
    basis = agree_basis()

    def tell_first_two(unknowns: Unknowns) -> FloatArray:
        mine = (unknowns.patients == [[0], [1]]) & (unknowns.predictors == 1)
        return np.where(mine, unknowns.spreads, 0.0)

    pair = SharedNumbers(tell_first_two, decimals=6)
    remaining = compute_remaining(X, basis, [pair])
    assert (remaining[:2, 1] < 1e-4).all()
    assert (remaining[2:, 1] == 1.0).all()


def test_noise_leaves_everything_open() -> None:
    X, y = draw_centre(30, seed=9)
    basis = agree_basis()
    columns = take_family("bends", basis.linear_)
    point = SharedPoint(
        y, np.zeros(8), columns, gradient=9, curvature=9, gradient_noise=50, curvature_noise=50
    )
    assert np.nanmin(compute_remaining(X, basis, [point])) > 0.98


def test_a_round_that_gives_somebody_away_is_refused_without_saying_who() -> None:
    X, y = draw_centre(20, seed=20)
    basis = agree_basis()
    rounds = share_rounds(y, basis, "bends", curvature=9, seed=1)
    (reason,) = check_solvable(X, basis, rounds, remaining=0.05, cell=5)
    assert reason.startswith("20 of 20 patients would have no number left")
    assert "fewer rounds" in reason
    assert check_solvable(X, basis, rounds[3:], remaining=0.05, cell=5) == []


def test_a_step_of_the_scale_counts_as_known_below_its_size() -> None:
    X, y = draw_centre(45, seed=45)
    basis = agree_basis()
    rounds = share_rounds(y, basis, "straight", curvature=1, seed=1)
    assert check_solvable(X, basis, rounds, remaining=0.05, cell=5, steps=STEPS) == []
    coarse = np.array([1.0, 1.3, np.nan, np.nan, np.nan])  # years in steps of more than a year
    (reason,) = check_solvable(X, basis, rounds, remaining=0.05, cell=5, steps=coarse)
    assert "a step of its scale" in reason


def test_flags_alone_are_shared_only_where_each_group_is_large_enough() -> None:
    y = np.tile([0.0, 1.0], 40)
    X = np.column_stack([np.repeat([0.0, 1.0], 40), np.tile([0.0, 0.0, 1.0, 1.0], 20)])
    basis = agree_basis().__class__(categories={0: 2, 1: 2}).fit(X)
    point = SharedPoint(y, np.zeros(3), np.ones(2, dtype=bool), gradient=9, curvature=1)
    assert check_solvable(X, basis, [point], remaining=0.05, cell=5) == []
    X[0] = [1.0 - X[0, 0], X[0, 1]]
    assert check_solvable(X, basis, [point], remaining=0.05, cell=5) == []
    X[0:36:4] = [1.0, 0.0]
    (reason,) = check_solvable(X, basis, [point], remaining=0.05, cell=5)
    assert reason.startswith("1 of the 8 groups")


def test_a_number_of_few_values_is_a_category() -> None:
    X, y = draw_centre(45, seed=10)
    basis = agree_basis()
    steps = np.array([1.0, 2.0, np.nan, np.nan, np.nan])
    rounds = share_rounds(y, basis, "straight", curvature=1, seed=1)
    (reason,) = check_solvable(X, basis, rounds, remaining=0.05, cell=5, steps=steps)
    assert "coarse numbers tell how large each group is" in reason


@pytest.mark.parametrize("size", [1e160, 1e300, np.inf, np.nan])
def test_what_has_no_finite_derivative_counts_as_solved(size: float) -> None:
    X, y = draw_centre(30, seed=6)
    basis = agree_basis()
    silent = SharedPoint(y, np.zeros(6), take_family("straight", basis.linear_))

    def differentiate(unknowns: Unknowns) -> FloatArray:
        return np.full((2, len(unknowns.patients)), 1.0) * [[size], [1.0]]

    shared = [silent, SharedNumbers(differentiate, 2)]
    remaining = compute_remaining(X, basis, shared)
    assert not np.isnan(remaining[:, 0]).all()
    if np.isfinite(size):  # one sum, however large, is one equation
        assert np.nanmin(remaining) > 0.5
        assert check_solvable(X, basis, shared, remaining=0.05, cell=5) == []
        return
    (reason,) = check_solvable(X, basis, shared, remaining=0.05, cell=5)
    assert " of 30 patients would have no number left" in reason
    assert np.nanmax(remaining) == 0.0
