from __future__ import annotations

import numpy as np
import pytest

from training.model.quantiles import compute_quantiles

POINTS = [0.0, 0.025, 0.5, 0.7, 0.975, 1.0]


@pytest.mark.parametrize("n_draws", [1, 2, 40, 401, 2000])
def test_they_are_numpys_to_the_last_bit(n_draws: int) -> None:
    draws = np.random.default_rng(n_draws).random((n_draws, 5))
    found = compute_quantiles(draws, POINTS)
    np.testing.assert_array_equal(found, np.quantile(draws, POINTS, axis=0))


def test_a_quantile_worked_by_hand() -> None:
    # 5 draws: the place of 0.3 is 0.3 * 4 = 1.2, so 2 + 0.2 * (4 - 2)
    draws = np.array([[8.0], [2.0], [16.0], [1.0], [4.0]])
    assert compute_quantiles(draws, [0.3])[0, 0] == pytest.approx(2.4)
