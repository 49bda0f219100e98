import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measures.patients.standardised_difference import (
    compute_chance_beyond,
    compute_smd_interval,
)


def _difference_of_shares(first: np.ndarray, second: np.ndarray, levels: int) -> float:
    """Mahalanobis distance of two groups' shares, the first level left out."""
    shares = [np.bincount(g, minlength=levels)[1:] / len(g) for g in (first, second)]
    spread = np.mean([np.diag(p) - np.outer(p, p) for p in shares], axis=0)
    away = shares[1] - shares[0]
    return float(np.sqrt(away @ np.linalg.solve(spread, away)))


def test_the_chance_by_hand() -> None:
    # 1/17 + 1/135 = 0.06623, its root 0.2574; a normal deviate beyond 0.1 / 0.2574 = 0.3886: 0.698.
    assert compute_chance_beyond(17, 135) == pytest.approx(0.698, abs=5e-4)
    # Two halves of 400: the root of 2/200 is 0.1, beyond one standard error: 0.3173.
    assert compute_chance_beyond(200, 200) == pytest.approx(0.3173, abs=5e-5)
    # Three levels: exp(-0.01 / 0.01 / 2) = 0.6065.
    assert compute_chance_beyond(200, 200, n_levels=3) == pytest.approx(np.exp(-0.5))


def test_the_chance_is_what_groups_of_one_population_show() -> None:
    rng = np.random.default_rng(0)
    beyond = {1: 0, 2: 0, 3: 0}
    for _ in range(3000):
        first, second = rng.normal(size=30), rng.normal(size=90)
        pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
        beyond[1] += abs(second.mean() - first.mean()) / pooled > 0.1
        for levels in (2, 3):
            draws = rng.integers(0, levels, 120)
            beyond[levels] += _difference_of_shares(draws[:30], draws[30:], levels) > 0.1
    assert beyond[1] / 3000 == pytest.approx(compute_chance_beyond(30, 90), abs=0.03)
    for levels in (2, 3):
        expected = compute_chance_beyond(30, 90, n_levels=levels)
        assert beyond[levels] / 3000 == pytest.approx(expected, abs=0.03)


def test_the_interval_by_hand() -> None:
    # d 0.5, 20 and 30: 1/20 + 1/30 + 0.25/100 = 0.085833; 1.96 x 0.29297 = 0.57421.
    assert compute_smd_interval(0.5, 20, 30) == pytest.approx((-0.07421, 1.07421), abs=1e-5)
    low, high = compute_smd_interval(0.5, 20, 30, n_levels=2)
    assert (low, high) == (0.0, pytest.approx(1.07421, abs=1e-5))


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("levels", [None, 2, 4])
def test_intervals_hold_the_truth(levels: int | None, shift: float) -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(500):
        if levels is None:
            true, (first, second) = shift, (rng.normal(size=25), shift + rng.normal(size=60))
            pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
            found = float((second.mean() - first.mean()) / pooled)
        else:
            p, q = (np.full(levels, 1 / levels) for _ in range(2))
            q[0] += shift / levels
            q[1] -= shift / levels
            spread = np.mean([np.diag(s[1:]) - np.outer(s[1:], s[1:]) for s in (p, q)], axis=0)
            away = q[1:] - p[1:]
            true = float(np.sqrt(away @ np.linalg.solve(spread, away)))
            groups = (rng.choice(levels, 50, p=p), rng.choice(levels, 90, p=q))
            found = _difference_of_shares(*groups, levels)
        sizes = (25, 60) if levels is None else (50, 90)
        low, high = compute_smd_interval(found, *sizes, n_levels=levels)
        held += low <= true <= high
    # Shares of 0.5 and 0.9 lie far apart for the normal approximation: 91% in 1,000 draws.
    assert held / 500 > (0.88 if shift == 0.8 else 0.92)


@given(
    st.floats(0, 3),
    st.integers(3, 400),
    st.integers(3, 400),
    st.one_of(st.none(), st.integers(2, 6)),
)
def test_the_interval_holds_the_estimate_and_narrows_with_patients(
    difference: float, first: int, second: int, levels: int | None
) -> None:
    low, high = compute_smd_interval(difference, first, second, n_levels=levels)
    assert low <= difference <= high
    assert levels is None or low >= 0
    wider = compute_smd_interval(difference, first, 4 * second, n_levels=levels)
    assert wider[1] - wider[0] <= high - low + 1e-9 or levels is not None
    assert wider[1] <= high
    chance = compute_chance_beyond(first, second, n_levels=levels or 2)
    assert compute_chance_beyond(second, first, n_levels=levels or 2) == pytest.approx(chance)
    assert compute_chance_beyond(first, 4 * second, n_levels=levels or 2) <= chance <= 1
