"""How many coefficients so many patients bear."""

import numpy as np
import pytest

from training.network.disclosure.families import allow_families, take_family

LINEAR = np.array([True, False, True, False, True, True, True])  # 5 straight, 2 bends


@pytest.mark.parametrize(
    ("n", "allowed"),
    [
        (25, ("straight", "bends")),  # 0.33 * 25 = 8.25 >= 8
        (24, ("straight",)),  # 7.92 < 8
        (19, ("straight",)),  # 6.27 >= 6
        (18, ()),  # 5.94 < 6
    ],
)
def test_a_third_of_the_patients_at_most(n: int, allowed: tuple[str, ...]) -> None:
    found = allow_families(n, ("straight", "bends"), LINEAR, parameters_share=0.33)
    assert found.families == allowed
    assert bool(found.reason) == (len(allowed) < 2)


def test_the_reason_says_what_is_shared_and_what_would_do() -> None:
    found = allow_families(24, ("straight", "bends"), LINEAR, parameters_share=0.33)
    assert "only straight is shared" in found.reason
    assert "at least 25 patients" in found.reason
    assert allow_families(25, ("bends",), LINEAR, parameters_share=0.33).reason == ""
    none = allow_families(7, ("straight",), LINEAR, parameters_share=0.33)
    assert "no slope of it is shared" in none.reason


def test_straight_leaves_the_bends_out() -> None:
    np.testing.assert_array_equal(take_family("straight", LINEAR), LINEAR)
    assert take_family("bends", LINEAR).all()
    with pytest.raises(ValueError, match="expected straight or bends"):
        take_family("curved", LINEAR)
