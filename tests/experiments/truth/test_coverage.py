"""Coverage by tenth of the true risk and among the rarest, worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.truth.coverage import TENTHS, assign_tenths, compute_coverage, compute_rarity


def test_twenty_patients_by_hand() -> None:
    # Two patients a tenth. The two lowest risks lie outside their intervals, and one in the top.
    risk = np.arange(20) / 20
    interval = np.column_stack([risk - 0.1, risk + 0.1])
    interval[[0, 1, 19]] += 0.5
    # The rarest tenth are two: patient 19, whose interval misses, and patient 5.
    rarity = np.where(np.isin(np.arange(20), [5, 19]), 9.0, 1.0)
    found = compute_coverage(risk, interval, rarity)
    assert found["coverage"] == pytest.approx(17 / 20)
    assert found["width"] == pytest.approx(0.2)
    assert [found[tenth] for tenth in TENTHS] == [0, *[1] * 8, 0.5]
    assert found["coverage_rarest"] == 0.5
    assert np.isnan(compute_coverage(risk, interval)["coverage_rarest"])


def test_patients_of_one_risk_are_one_tenth() -> None:
    # 94 of 100 have a risk of 0.3: the middle of them is at 47%, in the fifth tenth; the six others
    # are around 97%, in the last. Where all have one risk, they are in the middle.
    risk = np.repeat([0.3, 0.9], [94, 6])
    assert list(np.unique(assign_tenths(risk), return_counts=True)[1]) == [94, 6]
    interval = np.tile([0.2, 0.4], (100, 1))
    found = compute_coverage(risk, interval)
    assert (found["coverage_5"], found["coverage_10"]) == (1, 0)
    assert np.isnan([found[f"coverage_{tenth}"] for tenth in (1, 2, 3, 4, 6, 7, 8, 9)]).all()
    assert set(assign_tenths(np.full(7, 0.6))) == {5}


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1)), st.randoms())
def test_tenths_are_the_whole_whatever_the_risks(risk: np.ndarray, chance: object) -> None:
    tenths = assign_tenths(risk)
    assert ((tenths >= 0) & (tenths <= 9)).all()
    # Rising with the risk, equal for equals, and the same in any order of patients.
    order = np.argsort(risk)
    assert (np.diff(tenths[order]) >= 0).all()
    assert all(len(set(tenths[risk == value])) == 1 for value in set(risk))
    assert (assign_tenths(risk[::-1]) == tenths[::-1]).all()
    interval = np.column_stack([np.full(len(risk), 0.25), np.full(len(risk), 0.75)])
    found = compute_coverage(risk, interval)
    shares = np.bincount(tenths, minlength=10) / len(risk)
    by_tenth = np.array([found[tenth] for tenth in TENTHS])
    assert np.isnan(by_tenth[shares == 0]).all()
    assert np.nansum(by_tenth * shares) == pytest.approx(found["coverage"])


def test_rarity_is_the_distance_by_mahalanobis() -> None:
    # Four patients at (+-2, 0) and (0, +-1): variances 2 and 0.5, no covariance; with a quarter of
    # a patient 2.25 and 0.75. From the centre to (3, 0): 3 / 1.5 = 2; to (0, 3): 3 / sqrt 0.75.
    Z = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    found = compute_rarity(Z, np.array([[3.0, 0.0], [0.0, 3.0], [0.0, 0.0]]))
    assert found == pytest.approx([2.0, 3 / np.sqrt(0.75), 0.0])


def test_what_never_varied_in_the_cohort_is_rare() -> None:
    rng = np.random.default_rng(3)
    Z = np.column_stack([rng.normal(size=50), np.zeros(50)])
    usual, unseen = compute_rarity(Z, np.array([[2.0, 0.0], [0.0, 1.0]]))
    assert unseen > usual


def test_a_single_column_is_a_distance_too() -> None:
    assert compute_rarity(np.array([[-1.0], [1.0]]), np.array([[3.0]])) == pytest.approx(
        [3 / np.sqrt(1.5)]
    )
