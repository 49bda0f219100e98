from __future__ import annotations

import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from features.errors import InputError, Problem
from serving.estimate.rows import decode_value, read_part, read_whole


def make(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str", index=[3, 4, 8])


RAW = make(
    patient_id=["A", "B", "C"],
    nrs_t0=["7,5", "1,500", "x"],
    medication_atc=["N02AB03", "", "none"],
    nrs_t1=["3", "??", "4"],
    baseline_complete=["2", "2", "2"],
)


def test_a_whole_file_tells_what_a_part_cannot() -> None:
    whole, part = read_whole(RAW, CONTRACT), read_part(RAW, [], CONTRACT)
    assert whole.table["nrs_t0"].tolist()[:2] == [7.5, 1.5]
    assert [p.row for p in whole.problems] == [9]
    assert [p.row for p in part.problems] == [5, 9]
    for rows in (whole, part):
        assert rows.table.index.tolist() == [4, 5, 9]
        assert rows.given == ("patient_id", "nrs_t0", "medication_atc")
        assert rows.table["strong_opioid"].tolist()[0] == 1.0


def test_rows_that_fit_no_table_are_among_the_problems_in_order() -> None:
    misfit = Problem("fields", "3, as in the header", "2", 6)
    assert [p.row for p in read_part(RAW, [misfit], CONTRACT).problems] == [5, 6, 9]
    assert read_part(pd.DataFrame(), [misfit], CONTRACT).problems == [misfit]


@pytest.mark.parametrize("read", [read_whole, lambda raw, d: read_part(raw, [], d)])
def test_headings_that_are_none_of_a_cohort_are_refused(read: object) -> None:
    with pytest.raises(InputError) as caught:
        read(RAW.drop(columns="patient_id").assign(agee="4"), CONTRACT)  # type: ignore[operator]
    assert {p.column for p in caught.value.problems} == {"patient_id", "agee"}


def test_a_cut_keeps_each_problem_with_its_row() -> None:
    parts = list(read_part(RAW, [], CONTRACT).cut(2))
    assert [part.table.index.tolist() for part in parts] == [[4, 5], [9]]
    assert [[p.row for p in part.problems] for part in parts] == [[5], [9]]


def test_values_are_written_as_a_request_has_them() -> None:
    found = [
        decode_value(CONTRACT[name], value)
        for name, value in (
            ("opioid", 1.0),
            ("nrs_t0", float("nan")),
            ("site", "north"),
            ("site", float("nan")),
        )
    ]
    assert found == ["yes", None, "north", None]
