from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from training.fitting.ends import blur_ends, find_all_ends, find_ends

AGE, YEARS, NRS = (CONTRACT[n] for n in ("age_years", "disease_duration_years", "nrs_t0"))


def test_the_end_of_few_patients_is_coarser_than_their_values() -> None:
    # Ages 23 to 78: an eighth of the range is 6.9, so that steps of 1, 2 and 5 years are tried.
    # Nobody but one is below 28, two above 70: 23 becomes 20, 78 becomes 80.
    ages = np.array([23, *range(28, 68), 71, 78], float)
    assert find_ends(ages, AGE) == (20, 80)
    # Durations 0.53 to 42.34 years: at most 5.2; five patients lie within the first year.
    years = np.array([0.53, 0.55, 0.6, 0.7, 0.9, *np.linspace(2, 30, 40), 42.34])
    assert find_ends(years, YEARS) == (0.5, 45)


def test_the_end_of_many_patients_is_theirs() -> None:
    scores = np.repeat([4.0, 5, 6, 7, 8, 9], 8)
    assert find_ends(scores, NRS) == (4, 9)
    # One patient alone has 2.5: to the precision, since two points would be a third of the range.
    assert find_ends(np.append(scores, 2.5), NRS) == (2, 9)


def test_no_end_lies_beyond_what_the_dictionary_allows() -> None:
    assert find_ends(np.array([0.2, 3, 9, 21, 59.9]), YEARS) == (0, 60)
    assert find_ends(np.array([np.nan, 4.0]), NRS) == (4, 4)


@given(st.lists(st.integers(18, 100), min_size=1, max_size=60))
def test_nobody_lies_beyond_the_ends_and_they_are_near(ages: list[int]) -> None:
    low, high = find_ends(np.array(ages, float), AGE)
    spread = max(1, (max(ages) - min(ages)) / 8)
    assert min(ages) - spread < low <= min(ages)
    assert max(ages) <= high < max(ages) + spread


def test_what_is_no_number_or_never_known_keeps_its_ends() -> None:
    X = np.array([[23.0, 1.0, np.nan], [64.0, 0.0, np.nan]])
    low, high = np.array([23.0, 0, np.nan]), np.array([64.0, 1, np.nan])
    found = find_all_ends(X, (AGE, CONTRACT["opioid"], NRS), low=low, high=high)
    np.testing.assert_array_equal(found, ([20, 0, np.nan], [65, 1, np.nan]))
    assert low[0] == 23  # what was given is left alone


@pytest.mark.parametrize(("n", "few"), [(3, 0), (8, 2), (20, 5), (200, 5)])
def test_blurring_keeps_the_mean_and_hides_the_ends(n: int, few: int) -> None:
    values = np.sort(np.random.default_rng(n).lognormal(size=n))
    blurred = blur_ends(values)
    assert blurred.mean() == pytest.approx(values.mean())
    assert len(set(blurred)) == n - 2 * max(few - 1, 0)
    assert np.array_equal(blurred[few : n - few], values[few : n - few])
    assert (np.diff(blurred) >= 0).all()
    if few:
        assert values[0] < blurred[0] and blurred[-1] < values[-1]
