import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binomtest

from features.shares import _Z95, compute_product_of_shares, compute_wilson_interval, format_count


def test_wilson_interval_gives_the_published_examples() -> None:
    # Mangnus 2021, doi:10.1111/papr.13056: 29 of 47 at T1, 19 of 40 at T2; score interval
    low, high = compute_wilson_interval([29, 19], [47, 40])
    np.testing.assert_allclose(low, [0.474, 0.329], atol=5e-4)
    np.testing.assert_allclose(high, [0.742, 0.625], atol=5e-4)


@given(n=st.integers(1, 10**6), share=st.floats(0, 1))
def test_wilson_interval_is_that_of_scipy(n: int, share: float) -> None:
    events = round(share * n)
    expected = binomtest(events, n).proportion_ci(0.95, method="wilson")
    assert compute_wilson_interval(events, n) == pytest.approx(tuple(expected), abs=1e-14)


def test_the_interval_is_one_of_95_percent() -> None:
    assert _Z95 == ndtri(0.975)


def test_wilson_interval_without_patients_is_missing() -> None:
    assert np.isnan(compute_wilson_interval(0, 0)).all()


def test_product_of_shares_by_hand() -> None:
    # 1/2 and 1/2 of the known: 1/4; the variance of its logarithm is 1/2 / 2 + 1/2 / 1 = 3/4
    product = compute_product_of_shares(np.array([1, 1, 0, 0, np.nan]), np.array([1, np.nan, 0.0]))
    reach = np.exp(1.96 * np.sqrt(0.75))
    assert product == pytest.approx((0.25, 0.25 / reach, 1.0))


def test_numbers_below_the_fewest_are_not_told() -> None:
    assert [format_count(n) for n in (1, 2, 3)] == ["fewer than 3", "fewer than 3", "3"]
    assert format_count(1, exact=True) == "1"
