"""Numbers as people read them."""

from types import SimpleNamespace

import pytest

from training.document.words import estimate, number, with_interval


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.625, 2, "0.62"),
        (-0.5, 1, "−0.5"),
        (-0.001, 2, "0.00"),  # no minus before what is written as nothing
        (3.0, 0, "3"),
        (float("nan"), 2, "–"),
    ],
)
def test_a_number_has_its_digits_a_true_minus_and_a_dash_for_nothing(value, digits, text):
    assert number(value, digits) == text


def test_an_interval_is_left_out_where_a_limit_is_not_known():
    assert with_interval(0.62, 0.48, 0.74) == "0.62 (0.48 to 0.74)"
    assert with_interval(0.62, float("nan"), 0.74) == "0.62"
    assert with_interval(0.62, 0.48, float("nan")) == "0.62"
    assert with_interval(-1.25, -2.0, 0.5, 1) == "−1.2 (−2.0 to 0.5)"


def test_a_row_is_read_by_the_name_of_its_columns():
    row = SimpleNamespace(auc=0.7, auc_low=0.6, auc_high=0.8)
    assert estimate(row, "auc") == "0.70 (0.60 to 0.80)"
