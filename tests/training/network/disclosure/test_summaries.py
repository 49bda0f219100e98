"""What Table 1 may tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.network.disclosure.summaries import (
    hide_parts,
    hide_small,
    merge_bins,
    tell_categories,
    tell_number,
)

EDGES = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)


def test_a_count_under_the_limit_is_hidden() -> None:
    assert [hide_small(count, cell=5) for count in (0, 1, 4, 5, 40)] == [None, None, None, 5, 40]


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6), st.integers(2, 10))
def test_a_hidden_part_cannot_be_worked_out_of_the_total(counts: list[int], cell: int) -> None:
    told = hide_parts(counts, cell=cell)
    hidden = [count for count, shown in zip(counts, told, strict=True) if shown is None]
    assert all(shown is None or shown >= cell for shown in told)
    if min(counts) >= cell:
        assert not hidden
    elif sum(counts) >= cell:
        # what is hidden is known together: at least the limit, and of more than one part
        assert len(hidden) >= 2
        assert sum(hidden) >= cell


def test_few_missing_flags_do_not_follow_from_the_others() -> None:
    values = np.array([0.0] * 20 + [1.0] * 24 + [np.nan])
    told = tell_categories(values, 2, cell=5)
    assert told.counts == (None, 24)
    assert told.missing is None
    whole = tell_categories(values[:-1], 2, cell=5)
    assert whole.counts == (20, 24)
    many = tell_categories(np.append(values, [np.nan] * 4), 2, cell=5)
    assert (many.counts, many.missing) == ((20, 24), 5)


def test_bins_with_too_few_join_a_neighbour() -> None:
    # 1, 3, 6, 12 and 2 in the agreed bins: the first two and the third make 10, the last joins
    values = np.repeat([1.0, 3.0, 5.0, 7.0, 9.0], [1, 3, 6, 12, 2])
    bins = merge_bins(values, EDGES, fill=5.0, cell=5)
    assert bins.edges == (0.0, 6.0, 10.0)
    assert bins.counts == (10, 14)


def test_few_missing_numbers_do_not_follow_from_the_bins() -> None:
    values = np.append(np.full(20, 1.0), [np.nan] * 2)
    assert sum(merge_bins(values, EDGES, fill=7.0, cell=5).counts) == 22
    values = np.append(values, [np.nan] * 3)
    assert sum(merge_bins(values, EDGES, fill=7.0, cell=5).counts) == 20
    assert merge_bins(np.array([1.0, 2.0, 3.0]), EDGES, fill=7.0, cell=5).counts == ()


@given(
    st.lists(st.floats(-5, 15) | st.just(float("nan")), min_size=0, max_size=60), st.integers(2, 8)
)
def test_no_bin_is_under_the_limit_and_none_is_lost(values: list[float], cell: int) -> None:
    bins = merge_bins(np.array(values), EDGES, fill=5.0, cell=cell)
    assert all(count >= cell for count in bins.counts)
    if bins.counts:
        assert len(bins.edges) == len(bins.counts) + 1
        assert (bins.edges[0], bins.edges[-1]) == (EDGES[0], EDGES[-1])


def test_a_mean_is_rounded_to_less_than_its_error() -> None:
    values = np.array([7.0, 8, 9, 6, 7, 5, 8, 10, 4, 7] * 4)
    values[0] = 9.0  # mean 7.15, SD 1.72, error 0.27
    told = tell_number(values, cell=5)
    assert (told.n, told.missing) == (40, None)
    assert told.mean == pytest.approx(7.2)  # 7.15 in steps of 0.2
    assert told.sd == pytest.approx(1.8)


def test_a_mean_does_not_tell_the_last_one() -> None:
    rng = np.random.default_rng(3)
    open_ = []
    for _ in range(300):
        values = rng.normal(7, 1.5, 45)
        told = tell_number(values, cell=5)
        assert told.mean is not None
        open_.append(45 * told.mean - values[:-1].sum() - values[-1])
    assert np.std(open_) > 0.5 * 1.5


@pytest.mark.parametrize("missing", [1, 4])
def test_few_missing_are_told_neither_directly_nor_by_the_rest(missing: int) -> None:
    told = tell_number(np.append(np.arange(30.0), [np.nan] * missing), cell=5)
    assert (told.n, told.missing) == (None, None)
    assert told.mean is not None


def test_nothing_is_told_of_too_few_or_of_one_value() -> None:
    few = tell_number(np.array([1.0, 2, 3, 4]), cell=5)
    assert (few.n, few.mean, few.sd) == (None, None, None)
    same = tell_number(np.full(20, 3.0), cell=5)
    assert (same.n, same.mean, same.sd) == (20, None, None)
