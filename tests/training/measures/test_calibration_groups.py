"""Groups of patients of similar risk, counted by hand."""

import numpy as np
import pytest

from training.measures.calibration_groups import compute_calibration_groups


@pytest.mark.parametrize(
    ("n", "groups"), [(9, 1), (19, 1), (20, 2), (29, 2), (99, 9), (100, 10), (250, 10)]
)
def test_groups_hold_at_least_ten_and_are_at_most_ten(n: int, groups: int) -> None:
    y = np.resize([0.0, 1.0], n)
    table = compute_calibration_groups(y, np.linspace(0, 1, n)[None, :])
    assert len(table) == groups
    assert table["n"].sum() == n


def test_observed_and_predicted_are_compared_in_order_of_risk() -> None:
    # Ten patients at 0.2 with 3 events and ten at 0.7 with 8, in mixed order.
    y = np.array([1.0] * 3 + [0.0] * 7 + [1.0] * 8 + [0.0] * 2)
    p = np.array([0.2] * 10 + [0.7] * 10)
    order = np.random.default_rng(0).permutation(20)
    table = compute_calibration_groups(y[order], np.stack([p[order] - 0.1, p[order] + 0.1]))
    np.testing.assert_allclose(table["predicted"], [0.2, 0.7])
    np.testing.assert_allclose(table["observed"], [0.3, 0.8])
    # Wilson: (0.3 + 1.96^2/20) / (1 + 1.96^2/10) -+ ... = 0.108 to 0.603
    assert table["low"][0] == pytest.approx(0.108, abs=5e-4)
    assert table["high"][0] == pytest.approx(0.603, abs=5e-4)


def test_unknown_outcomes_are_left_out() -> None:
    y = np.array([1.0] * 10 + [np.nan] * 30)
    table = compute_calibration_groups(y, np.full((2, 40), 0.5))
    assert table[["observed", "n"]].to_numpy().tolist() == [[1.0, 10.0]]
