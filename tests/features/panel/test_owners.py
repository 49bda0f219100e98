"""Whose each well is, and which wells are of one sample."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from features.panel.design import PanelDesign, parse_design
from features.panel.owners import Owners, find_owners

PATHS = [Path("in/a.txt"), Path("in/b.txt")]
WELLS = pd.DataFrame(
    [(0, "A", "S1", "A1"), (0, "A", "S1", "A2"), (0, "A", "S2", "A3"), (1, "B", "S1", "A1")],
    columns=["file", "plate", "sample", "well"],
)


def _design(text: str) -> PanelDesign:
    header, *rows = (line.split(",") for line in text.splitlines())
    return parse_design(pd.DataFrame(rows, columns=header, dtype="str"))


def _find(design: str = "", wells: pd.DataFrame = WELLS, controls: str = "ask") -> Owners:
    told = _design(design) if design else None
    return find_owners(wells, told, PATHS, controls=controls)


def _patients(found: Owners) -> list[str]:
    assert found.problems == []
    return [found.samples[label].patient_id if label else "" for label in found.label]


def test_one_name_on_two_plates_is_not_one_sample() -> None:
    [problem] = _find().problems
    assert problem.got == "1 on several: S1"
    assert "--design" in problem.action
    same_file = WELLS.assign(file=0)
    assert _find(wells=same_file).problems[0].got == "1 on several: S1"
    assert _find(wells=WELLS.iloc[:3]).label == ["S1", "S1", "S2"]


@pytest.mark.parametrize(
    "design",
    [
        "sample,patient_id\nS1,P1\nS2,P2",
        "sample,plate,patient_id\nS1,A,P1\nS2,A,P2\nS1,B,P1",
        "sample,file,patient_id\nS1,a.txt,P1\nS2,,P2\nS1,b,P1",
    ],
)
def test_unless_the_design_says_so(design: str) -> None:
    found = _find(design)
    assert _patients(found) == ["P1", "P1", "P2", "P1"]
    assert found.label == ["S1", "S1", "S2", "S1"]
    assert found.notes == [
        "1 samples stand on several plates or in several files: each is one sample, as the design "
        "file says"
    ]


@pytest.mark.parametrize(
    "design",
    [
        "sample,plate,patient_id\nS1,A,P1\nS2,A,P2\nS1,B,P3",
        "sample,file,patient_id\nS1,a.txt,P1\nS2,a,P2\nS1,in/b.txt,P3",
        "well,plate,patient_id\nA1,A,P1\na02,A,P1\nA3,A,P2\nA1,B,P3",
    ],
)
def test_or_tells_them_apart(design: str) -> None:
    found = _find(design)
    assert _patients(found) == ["P1", "P1", "P2", "P3"]
    assert len(set(found.label)) == 3
    assert found.notes == []


def test_a_name_of_two_patients_is_told_apart_by_the_patient() -> None:
    found = _find("sample,plate,patient_id\nS1,A,P1\nS2,A,P2\nS1,B,P3")
    assert found.label == ["S1 (P1)", "S1 (P1)", "S2", "S1 (P3)"]


def test_two_dates_of_one_patient_are_two_samples() -> None:
    found = _find(
        "sample,plate,patient_id,sample_date\nS1,A,P1,2026-01-05\nS2,A,P2,\nS1,B,P1,2026-01-06"
    )
    assert found.label == ["S1 (P1, 2026-01-05)"] * 2 + ["S2", "S1 (P1, 2026-01-06)"]
    assert found.samples["S1 (P1, 2026-01-06)"].sample_date == date(2026, 1, 6)


def test_a_sample_on_a_plate_that_the_design_lacks_is_a_problem() -> None:
    [problem] = _find("sample,plate,patient_id\nS1,A,P1\nS2,A,P2").problems
    assert problem.got == "1 without one: S1"


def test_two_rows_that_fit_one_sample_are_a_problem() -> None:
    [problem] = _find("sample,plate,patient_id\nS1,A,P1\nS1,,P3\nS2,,P2").problems
    assert problem.got == "several fit 1: S1"


def test_a_plate_that_no_file_has_is_what_to_call_it() -> None:
    found = _find("sample,plate,patient_id\nS1,card 7,P1\nS2,,P2", wells=WELLS.iloc[:3])
    assert _patients(found) == ["P1", "P1", "P2"]
    assert found.samples["S1"].plate == "card 7"
    # On two plates it may be a slip: neither of them is meant by that name.
    [problem] = _find("sample,plate,patient_id\nS1,card 7,P1\nS2,,P2").problems
    assert (problem.column, problem.got) == ("plate", "another one for 1: S1")


def test_an_empty_patient_leaves_a_sample_out_and_a_row_without_a_well_is_told() -> None:
    found = _find("sample,patient_id\nS1,\nS2,P2\nS9,P9")
    assert _patients(found) == ["", "", "P2", ""]
    assert found.left_out == {"no patient_id in the design file": 1}
    assert found.absent == 1


def test_wells_without_a_name_are_told_by_their_place() -> None:
    wells = pd.DataFrame(
        [(0, "A", "", "A1"), (0, "A", "", "B1")], columns=["file", "plate", "sample", "well"]
    )
    found = _find("well,patient_id\nA1,P1", wells=wells)
    assert found.label == ["P1", ""]
    assert found.notes == ["1 wells without a sample's name have no row: left out"]


def test_a_name_like_that_of_a_control_needs_a_word() -> None:
    wells = pd.DataFrame(
        [(0, "A", name, "") for name in ("P1", "NTC", "Water 2", "Control 3")],
        columns=["file", "plate", "sample", "well"],
    )
    [problem] = _find(wells=wells).problems
    assert problem.got == "2 that look like a control: NTC, Water 2"
    left_out = _find(wells=wells, controls="leave_out")
    assert _patients(left_out) == ["P1", "", "", "Control 3"]
    assert left_out.left_out == {"name looks like that of a control": 2}
    assert _patients(_find(wells=wells, controls="keep")) == ["P1", "NTC", "Water 2", "Control 3"]
    told = _find("sample,patient_id\nP1,P1\nNTC,\nWater 2,\nControl 3,P3", wells=wells)
    assert _patients(told) == ["P1", "", "", "P3"]


def test_a_control_on_every_plate_is_no_sample_on_several() -> None:
    wells = pd.DataFrame(
        [(0, "A", "NTC", ""), (1, "B", "NTC", ""), (0, "A", "P1", "")],
        columns=["file", "plate", "sample", "well"],
    )
    assert _patients(_find(wells=wells, controls="leave_out")) == ["", "", "P1"]
    assert len(_find(wells=wells).problems) == 1


@pytest.mark.parametrize("names", [("s1", "S1", "S 1"), ("001", "1"), ("P-01", "p1")])
def test_patients_who_differ_only_by_spelling_are_told_with_their_names(
    names: tuple[str, ...],
) -> None:
    wells = pd.DataFrame(
        [(0, "A", name, "") for name in (*names, "P2")], columns=["file", "plate", "sample", "well"]
    )
    shown = " / ".join(names)
    [note] = _find(wells=wells).notes
    assert note.endswith(f"are kept apart: {shown}")
    # A design that tells whose each sample is has settled it.
    rows = "\n".join(f"{name},P7" for name in names)
    assert _find(f"sample,patient_id\n{rows}\nP2,P2", wells=wells).notes == []
    rows = "\n".join(f"{name},Q{name}" for name in names)
    [note] = _find(f"sample,patient_id\n{rows}\nP2,P2", wells=wells).notes
    assert note.endswith(" / ".join(f"Q{name}" for name in names))


def test_a_row_that_is_spelt_otherwise_is_told() -> None:
    wells = pd.DataFrame([(0, "A", "S1", "")], columns=["file", "plate", "sample", "well"])
    [problem] = _find("sample,patient_id\ns-01,P1", wells=wells).problems
    assert problem.got == "1 without one: S1; spelt otherwise: 's-01' there for 'S1'"


@pytest.mark.parametrize("told", ["a.txt", "a", "/data/run 1/a.txt", "C:\\\\runs\\\\a.txt"])
def test_a_file_may_be_told_with_its_folder(told: str) -> None:
    wells = pd.DataFrame([(0, "A", "S1", "")], columns=["file", "plate", "sample", "well"])
    design = parse_design(
        pd.DataFrame([("S1", told, "P1")], columns=["sample", "file", "patient_id"])
    )
    found = find_owners(wells, design, [Path("a.txt")], controls="ask")
    assert found.problems == []
    assert found.samples["S1"].patient_id == "P1"
