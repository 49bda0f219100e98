import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measures.spread import compute_spread


@pytest.mark.parametrize(
    ("estimates", "constant"),
    [
        ([0.58] * 5, True),
        ([0.576, 0.584], True),  # both read as 58%
        ([0.5749, 0.5751], True),  # read as 57% and 58%, and less than half a percent apart
        ([0.57, 0.58], False),
        ([0.58] * 58 + [0.70], False),  # one patient is told apart
    ],
)
def test_who_is_told_the_same_number_is_told_nothing(
    estimates: list[float], constant: bool
) -> None:
    assert compute_spread(np.array(estimates)).constant is constant


def test_nine_of_ten_lie_between_the_ends_which_are_whole_percents() -> None:
    found = compute_spread(np.linspace(0.0, 1.0, 101) * 0.5)  # 5th and 95th: 0.025 and 0.475
    assert (found.low, found.high, found.mean) == (0.02, 0.48, pytest.approx(0.25))


@given(st.lists(st.floats(0, 1), min_size=1))
def test_the_order_of_patients_does_not_matter_and_the_ends_hold_the_middle(
    estimates: list[float],
) -> None:
    found = compute_spread(np.array(estimates))
    again = compute_spread(np.array(estimates[::-1]))
    assert (again.low, again.high, again.constant) == (found.low, found.high, found.constant)
    assert 0 <= found.low <= found.high <= 1
    assert compute_spread(np.full(3, estimates[0])).constant
