import numpy as np
import pandas as pd
import pytest

from features.panel.cells import holds_ct, parse_numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("24.5", 24.5),
        ("24,5", 24.5),
        ("35", 35.0),
        ("-1", -1.0),
        ("3.1e1", 31.0),
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
