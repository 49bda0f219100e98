"""What wells say that cannot be, or that may have been missed."""

from __future__ import annotations

import pandas as pd
import pytest

from features.panel.layouts.doubts import Doubts, find_split_decimals, find_twice
from features.panel.layouts.headings import Columns
from features.panel.layouts.long import parse_long
from features.panel.layouts.raw_panel import RawPanel


def _read(text: str) -> RawPanel:
    raw = parse_long(text, name="f", stem="run 1")
    assert raw is not None
    return raw


@pytest.mark.parametrize(
    "heading",
    ["Biological Set Name", "Condition", "Bio Group Name", "Visit", "Patient ID", "Tissue"],
)
def test_a_sample_has_one_value_of_what_tells_samples_apart(heading: str) -> None:
    text = f"Sample,{heading},Target,Ct\nP1,T0,U6,22\nP1,T1,U6,26\nP2,T0,U6,22\n"
    [problem] = _read(text).problems
    assert problem.got == "several for P1"
    assert _read(text.replace("T1", "T0")).problems == ()


@pytest.mark.parametrize("heading", ["Dye", "Fluor", "Reporter"])
def test_an_assay_has_one_dye(heading: str) -> None:
    text = f"Sample,{heading},Target,Ct\nP1,FAM,U6,22\nP1,VIC,U6,26\nP1,VIC,miR-16,22\n"
    [problem] = _read(text).problems
    assert problem.got == "several for U6"
    assert _read(text.replace("VIC", "FAM")).problems == ()


@pytest.mark.parametrize(
    ("heading", "word", "key"),
    [("Group", "NTC", "role"), ("Comment", "Std-01", "role"), ("Curve", "No Amp", "flag")],
)
def test_a_column_that_was_not_read_is_told_where_it_would_count(
    heading: str, word: str, key: str
) -> None:
    text = f"Sample,Target,Ct,{heading}\nP1,U6,22,\nX9,U6,38,{word}\n"
    [note] = _read(text).notes
    assert f"the column {heading} was not read" in note
    assert word in note and f"{key}={heading}" in note
    assert _read(text.replace(word, "seen by me")).notes == ()
    # What every well says is said of the run, as Standard is of its speed.
    assert _read(text.replace("22,\n", f"22,{word}\n")).notes == ()


def test_a_column_without_a_cell_on_a_line_is_passed_over() -> None:
    doubts = Doubts()
    columns = Columns("\t", 5, 0, 1, 2, times=((3, "visit"),), unused=((4, "Group"),))
    doubts.take(["P1", "U6", "22"], columns, "A", "P1", "U6")
    assert doubts.find_several() == []
    assert doubts.tell_unused() == ()


def test_a_well_twice_is_told_with_its_first_place() -> None:
    columns = ["plate", "well", "assay"]
    wells = pd.DataFrame([("A", "A1", "U6"), ("A", "A1", "U6"), ("A", "", "U6")], columns=columns)
    [problem] = find_twice(wells)
    assert problem.got == "1 more, the first U6 in A1 of A"
    assert find_twice(wells.assign(plate=["A", "B", "B"])) == []
    assert find_twice(wells.assign(well="")) == []


@pytest.mark.parametrize(
    ("rows", "split"),
    [
        ([["P1", "U6", "22", "1"], ["P2", "U6", "23", "45"]], True),
        ([["P1", "U6", "22", "1"], ["P2", "U6", "Undetermined"]], True),
        ([["P1", "U6", "22", "1"], ["P2", "U6", "23"]], False),
        ([["P1", "U6", "22", "1"], ["P2", "U6", "23.5", "2"]], False),
        ([["P1", "U6", "22", "A1"], ["P2", "U6", "23", "A2"]], False),
        ([["P1", "U6", "22"], ["P2", "U6", "23"]], False),
    ],
)
def test_decimals_behind_a_comma_are_not_lost(rows: list[list[str]], split: bool) -> None:
    assert bool(find_split_decimals(rows, 2)) is split
