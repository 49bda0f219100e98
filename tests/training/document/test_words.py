"""Numbers as people read them."""

from types import SimpleNamespace

import numpy as np
import pytest

from training.document.words import (
    capital,
    estimate,
    estimate_share,
    join,
    number,
    number_range,
    p_equals,
    p_value,
    percent,
    percent_range,
    with_interval,
)


@pytest.mark.parametrize(
    ("p", "table", "sentence"),
    [
        (0.03125, "0.031", "p = 0.031"),
        (0.0009, "<0.001", "p < 0.001"),
        (1.0, "1.000", "p = 1.000"),
        (np.nan, "–", "p = –"),
    ],
)
def test_p_values_are_printed_as_papers_do(p: float, table: str, sentence: str) -> None:
    assert (p_value(p), p_equals(p)) == (table, sentence)


def test_halves_of_a_percent_go_up() -> None:
    # 19/40 is 47.5% and 29/40 is 72.5%: papers print 48 and 73.
    assert [percent(n / 40) for n in (19, 29, 0, 40)] == ["48%", "73%", "0%", "100%"]
    assert percent(0.6170, decimals=1) == "61.7%"
    assert percent(np.nan) == "–"
    assert percent(None) == "–"


def test_a_number_has_a_true_minus_and_no_minus_before_zero() -> None:
    assert [number(value) for value in (-1.234, -0.001, 0.005, None, np.nan)] == [
        "−1.23",
        "0.00",
        "0.01",
        "–",
        "–",
    ]
    assert number(12.5, 0) == "12"  # Python rounds to even


def test_intervals_are_told_with_their_estimate_or_not_at_all() -> None:
    row = SimpleNamespace(auc=0.625, auc_low=0.48, auc_high=0.74)
    assert estimate(row, "auc") == "0.62 (0.48 to 0.74)"
    assert estimate_share(row, "auc") == "63% (48% to 74%)"
    assert with_interval(-0.1234, -0.2, 0.3, 3) == "−0.123 (−0.200 to 0.300)"
    assert with_interval(0.5, np.nan, 0.7) == "0.50"
    assert with_interval(None, None, None) == "–"
    assert with_interval(np.nan, 0.1, 0.2) == "–"
    assert number_range(0.1, np.nan) == percent_range(None, 0.2) == "–"
    assert percent_range(0.1234, 0.5, 1) == "12.3% to 50.0%"


def test_lists_and_sentences() -> None:
    assert [join(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert capital("aB c") == "AB c"
    assert capital("") == ""
