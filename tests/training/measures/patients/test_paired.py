"""Two measurements in the same patients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measures.patients.paired import compute_paired_table, compute_signed_rank

response = st.sampled_from([0.0, 1.0, np.nan])


def test_exact_mcnemar_test() -> None:
    # 6 changes, all one way: 2 / 2^6 = 0.03125. 1 against 5: 2 (1 + 6) / 2^6 = 0.21875.
    t1, t2 = np.array([1.0] * 6), np.array([0.0] * 6)
    assert compute_paired_table(t1, t2).p_value == pytest.approx(0.03125)
    t1[0], t2[0] = 0, 1
    assert compute_paired_table(t1, t2).p_value == pytest.approx(0.21875)
    assert compute_paired_table(t1, t1).p_value == 1


def test_exact_signed_rank_test_with_ties_and_unchanged_pairs() -> None:
    # Four falls by 1 and none up: 2 of the 2^4 signs are as extreme, however many did not change.
    before = np.array([9.0] * 4 + [8.0] * 16 + [np.nan])
    after = np.array([8.0] * 4 + [8.0] * 16 + [5.0])
    assert compute_signed_rank(before, after) == (20, 0.0, pytest.approx(0.125))
    n, statistic, p_value = compute_signed_rank(before[4:], after[4:])
    assert n == 16
    assert np.isnan([statistic, p_value]).all()


@given(st.lists(st.tuples(response, response), min_size=1, max_size=30))
def test_paired_table_counts_every_patient_once_and_forgets_their_order(
    pairs: list[tuple[float, float]],
) -> None:
    t1, t2 = np.array(pairs).T
    table = compute_paired_table(t1, t2)
    assert table.n == int((~np.isnan(t1) & ~np.isnan(t2)).sum())
    assert compute_paired_table(t1[::-1], t2[::-1]) == table
    assert 0 < table.p_value <= 1
    # Exchanging the times exchanges those who changed, and nothing else.
    swapped = compute_paired_table(t2, t1)
    assert (swapped.lost, swapped.gained) == (table.gained, table.lost)
    assert swapped.p_value == pytest.approx(table.p_value)
