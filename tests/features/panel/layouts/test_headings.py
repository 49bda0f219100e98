"""Which column of a long export says what."""

from __future__ import annotations

import pytest

from features.errors import InputError
from features.files.delimiter import DELIMITERS
from features.panel.layouts.headings import (
    ASSAY_HEADINGS,
    CT_HEADINGS,
    SAMPLE_HEADINGS,
    find_chosen,
    is_value_heading,
    parse_columns,
    read_headings,
    reads_as_headings,
)
from features.panel.words import squeeze


def test_the_headings_that_are_looked_for_are_written_squeezed_and_mean_one_thing() -> None:
    known = (*SAMPLE_HEADINGS, *ASSAY_HEADINGS, *CT_HEADINGS)
    assert [squeeze(heading) for heading in known] == list(known)
    assert len(set(known)) == len(known)


@pytest.mark.parametrize(
    ("line", "sample", "assay", "ct"),
    [
        ("Well\tSample Name\tTarget Name\tTask\tC\u0442", 1, 2, 4),
        (",Well,Fluor,Target,Content,Sample,Biological Set Name,Cq,Cq Mean", 5, 3, 7),  # CFX
        ('"Sample";"Target; FAM";"Target";"Cq"', 0, 2, 3),
        ("Position\tSample Name\tGene Name\tCq\tExcluded", 1, 2, 3),  # LightCycler 96
        ("Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus", 3, None, 4),
        ("No.,Colour,Name,Type,Ct,Given Conc (Copies)", 2, None, 4),  # Rotor-Gene
    ],
)
def test_headings_tell_sample_assay_and_ct(
    line: str, sample: int, assay: int | None, ct: int
) -> None:
    found = read_headings(line, DELIMITERS)
    assert found is not None
    assert (found.sample, found.assay, found.ct) == (sample, assay, ct)


@pytest.mark.parametrize(
    "line",
    ["Sample,Target,Ct Mean,RQ", "Well,Cycle,Target Name,Rn", "Name,Age,Ct", "Id,miRNA,ct_mean"],
)
def test_other_headings_tell_nothing(line: str) -> None:
    assert read_headings(line, DELIMITERS) is None


def test_headings_in_two_lines_are_read_together() -> None:
    above = "Chamber,Sample,Sample,Sample,EvaGreen,EvaGreen,Ct,Ct,Ct"
    found = read_headings("ID,Name,Type,rConc,Name,Type,Value,Quality,Call", ",", above=above)
    assert found is not None
    assert (found.sample, found.assay, found.ct, found.call, found.roles) == (1, 4, 6, 8, (2,))
    probes = above.replace("EvaGreen", "FAM-MGB")
    assert read_headings("ID,Name,Type,rConc,Name,Type,Value,Quality,Call", ",", above=probes)


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        (["Sample Name", "Target Name", "RQ", "RQ Min"], True),
        (["", "Sample", "Mean Ct"], True),
        # A sample may be called Sample, and its role is Target.
        (["A1", "Sample", "hsa-miR-16-5p", "Target", "Undetermined"], False),
        (["Target", ""], False),
    ],
)
def test_a_line_of_headings_is_told_from_a_well(cells: list[str], answer: bool) -> None:
    assert reads_as_headings(cells) is answer


@pytest.mark.parametrize(
    ("heading", "answer"),
    [
        *((heading, True) for heading in ("ct_mean", "Mean Cq", "dCt", "value", "Ct", "RQ")),
        *((heading, False) for heading in ("CT-01", "S1", "hsa-miR-1-3p")),
    ],
)
def test_a_heading_of_values_is_known(heading: str, answer: bool) -> None:
    assert is_value_heading(heading) is answer


def test_columns_are_told_by_headings_that_may_hold_commas_and_signs() -> None:
    chosen = parse_columns("sample = Id, assay=miRNA, name,ct=Ct (mean)")
    assert chosen == {"sample": "Id", "assay": "miRNA, name", "ct": "Ct (mean)"}
    cells = ["Id", "miRNA, name", "Task", "Ct (mean)"]
    found = find_chosen(cells, chosen, ";", numbered=False)
    assert found is not None
    assert (found.sample, found.assay, found.ct, found.roles) == (0, 1, 3, (2,))
    assert find_chosen(cells[:3], chosen, ";", numbered=False) is None


def test_what_else_is_told_stands_above_the_headings() -> None:
    chosen = parse_columns("sample=Id,assay=miRNA,ct=X,plate=Card,well=Place,role=Kind,flag=Says")
    cells = ["Id", "miRNA", "X", "Card", "Place", "Kind", "Says", "Task", "Flag", "Plate", "Well"]
    found = find_chosen(cells, chosen, ",", numbered=False)
    assert found is not None
    assert (found.plate, found.well, found.roles, found.flags) == (3, 4, (5,), (6,))


def test_an_assay_that_is_no_heading_names_the_assay_of_the_file_if_it_is_one() -> None:
    chosen = parse_columns("sample=Name,assay=hsa-miR-16-5p,ct=Cp")
    found = find_chosen(["Name", "Cp"], chosen, "\t", numbered=False)
    assert found is not None
    assert (found.assay, found.name) == (None, "hsa-miR-16-5p")
    slip = parse_columns("sample=Name,assay=miRNAs,ct=Cp")
    assert find_chosen(["Name", "miRNA", "Cp"], slip, "\t", numbered=False) is None


def test_numbers_count_from_one() -> None:
    chosen = parse_columns("sample=1,assay=2,ct=3")
    found = find_chosen(["P1", "hsa-miR-16-5p", "22"], chosen, ",", numbered=True)
    assert found is not None
    assert (found.sample, found.assay, found.ct) == (0, 1, 2)
    assert find_chosen(["P1", "x"], chosen, ",", numbered=True) is None
    zero = parse_columns("sample=0,assay=2,ct=3")
    assert find_chosen(["P1", "hsa-miR-16-5p", "22"], zero, ",", numbered=True) is None


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("sample=Id,ct=Ct", ["--columns, assay"]),
        ("sampel=Id,assay=a,ct=Ct", ["--columns, sampel"]),
        ("sample=,assay=a,ct=Ct", ["--columns, sample"]),
        ("sample=Id,assay=a,ct=Ct,ct=Cq", ["--columns, ct"]),
        ("Id", ["--columns, Id"]),
    ],
)
def test_columns_that_are_told_wrongly_are_refused(text: str, columns: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_columns(text)
    assert [problem.column for problem in caught.value.problems] == columns
