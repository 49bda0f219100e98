import numpy as np
import pandas as pd
import pytest

from features.panel.cells import HIGHEST_CT, LOWEST_CT, find_ceiling, holds_ct, parse_numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("24.5", 24.5),
        ("24,5", 24.5),
        ("35", 35.0),
        ("-1", -1.0),
        ("3.1e1", 31.0),
        ("2,21E+01", 22.1),
        ("inf", np.nan),
        ("nan", np.nan),
        ("1,234.5", np.nan),
        ("24.5 cycles", np.nan),
    ],
)
def test_a_number_is_digits_with_a_point_or_a_comma(text: str, number: float) -> None:
    np.testing.assert_array_equal(parse_numbers(pd.Series([text], dtype="str")), [number])


@pytest.mark.parametrize(
    ("cells", "answer"),
    [(["MNA", "24.5"], True), (["", "Undetermined"], True), (["MNA", ""], False), ([], False)],
)
def test_a_column_with_a_ct_is_told_from_one_without(cells: list[str], answer: bool) -> None:
    assert holds_ct(np.array(cells, dtype=object)) is answer


@pytest.mark.parametrize(
    ("ct", "ceiling"),
    [
        ([24.0, 35.0, 35.0, 35.0], 35.0),
        ([24.0, 35.0, 35.0], None),  # two may share it by chance
        ([24.0, 35.5, 35.5, 35.5], None),  # an instrument stops after a whole cycle
        ([24.0, 30.0, 30.0, 30.0], 30.0),
        ([24.0, 29.0, 29.0, 29.0], None),
        ([], None),
    ],
)
def test_a_ceiling_is_the_whole_cycle_at_which_values_pile_up(
    ct: list[float], ceiling: float | None
) -> None:
    assert find_ceiling(np.array(ct)) == ceiling


def test_what_can_be_a_ct() -> None:
    # A call of 3 cycles would mean as much RNA as a whole well of pure product; no run goes on
    # for more than 60.
    assert (LOWEST_CT, HIGHEST_CT) == (3.0, 60.0)
