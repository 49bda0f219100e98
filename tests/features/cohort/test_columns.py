"""Columns read at once say what each row says alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.cohort.cohort import parse_record
from features.cohort.columns import parse_rows
from features.dictionary.contract import CONTRACT

CELLS: dict[str, Sequence[str]] = {
    "patient_id": ["A", "B", " C ", "", "unknown", "#REF!"],
    "nrs_t0": ["", "7", "7,5", "7.5", "1,500", "1.500", "11", "x", "NA", "7\u200b", "1e1"],
    "age_years": ["", "40", "200", "17.5", "unknown", "1980"],
    "disease_duration_years": ["", "3", "0,5", "41.5", "-1", "1 200"],
    "sex": ["female", "MALE", "", "x", "0"],
    "crps_type": ["1", "2.0", "unspecified", "unknown", "3"],
    "opioid": ["", "yes", "no", "True", "2"],
    "strong_opioid": ["", "yes", "no"],
    "medication_atc": ["", "none", "N02AX02", "n06aa09; N02AX02", "N02", "??", "none;N02"],
    "site": ["", "north", "none", "#N/A"],
}


@given(
    st.lists(
        st.fixed_dictionaries({n: st.sampled_from(c) for n, c in CELLS.items()}),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 1000),
)
def test_each_row_is_refused_or_read_as_it_is_alone(rows: list[dict[str, str]], start: int) -> None:
    places = range(start, start + len(rows))
    table, problems = parse_rows(pd.DataFrame(rows, index=places, dtype="str"), CONTRACT)
    for at, raw in enumerate(rows):
        record, alone = parse_record(raw)
        number = start + at + 1
        found = {(p.column, p.expected, p.got, p.action) for p in problems if p.row == number}
        wanted = {(p.column, p.expected, p.got, p.action) for p in alone}
        if record.get("patient_id", "") is None:
            nobody = CONTRACT["patient_id"].problem("an empty cell")
            wanted.add((nobody.column, nobody.expected, nobody.got, nobody.action))
        assert found == wanted
        for name in table:
            value, expected = table[name].iloc[at], record.get(name)
            assert value == expected or (expected is None and pd.isna(value))
        assert {name for name, value in record.items() if value is not None} <= set(table)


def test_problems_come_in_order_and_with_the_number_of_their_row() -> None:
    raw = pd.DataFrame({"patient_id": ["A", "", "C"], "nrs_t0": ["8", "12", "x"]}, index=[7, 9, 12])
    table, problems = parse_rows(raw, CONTRACT)
    assert [(p.row, p.column) for p in problems] == [
        (10, "patient_id"),
        (10, "nrs_t0"),
        (13, "nrs_t0"),
    ]
    np.testing.assert_array_equal(table["nrs_t0"], [8.0, np.nan, np.nan])
