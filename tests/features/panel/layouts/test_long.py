"""Long exports, as each instrument writes them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.panel.layouts.headings import parse_columns
from features.panel.layouts.long import parse_long
from features.panel.layouts.raw_panel import RawPanel
from tests.features.panel.test_words import CONTROL_ROLES, SAMPLE_ROLES

CFX = """,Well,Fluor,Target,Content,Sample,Cq,Cq Mean
,A01,FAM,hsa-miR-16-5p,Unkn-01,P1,22.1,22.1
,A02,FAM,hsa-miR-16-5p,NTC,,38.0,38
,A03,FAM,hsa-miR-16-5p,Std-01,,20.0,20
,A04,FAM,hsa-miR-16-5p,Neg Ctrl,N,NaN,0
"""
LC480 = """Experiment: run 1  Selected Filter: SYBR Green I / HRM Dye (465-510)
Include\tColor\tPos\tName\tCp\tConcentration\tStandard\tStatus
True\t255\tA1\tP1\t27.23\t\t0\t
True\t255\tA2\tP2\t\t\t0\t
True\t255\tA3\tS 1000\t20.1\t1E3\t1000\t
False\t255\tA4\tP3\t20.1\t\t0\t
True\t255\tA5\tP4\t39.1\t\t0\t> - Late Cp call
"""
LC96 = """Position\tSample Name\tGene Name\tCq\tCall\tExcluded\tSample Type\tStandard\tCq Mean
A1\tP1\thsa-miR-16-5p\t22.3\tPositive\t\tUnknown\t-\t22.2
A2\tP1\thsa-miR-16-5p\t22.1\tPositive\tTrue\tUnknown\t-\t22.2
A3\tP2\thsa-miR-16-5p\t-\tNegative\t\tUnknown\t-\t
A4\tW\thsa-miR-16-5p\t-\tNegative\t\tNegative Control\t-\t
"""
BIOMARK = r"""Chip Run Info,C:\runs\ChipRun.bml,1361995085,96.96 (136x),GE 96x96,ROX,EvaGreen
Application Version,4.1.2
Quality Threshold,0.65


Experiment Information,Experiment Information,Experiment Information,,EvaGreen,,EvaGreen,,,User
Chamber,Sample,Sample,Sample,EvaGreen,EvaGreen,Ct,Ct,Ct,Ct,Defined
ID,Name,Type,rConc,Name,Type,Value,Quality,Call,Threshold,Comments
S96-A01,P1,Unknown,1,hsa-miR-16-5p,Test,12.3,0.98,Pass,0.01,
S96-A02,P1,Unknown,1,hsa-miR-21-5p,Test,999,0,Fail,0.01,
S96-A03,P1,Unknown,1,hsa-miR-23a-3p,Test,18.2,0.1,Fail,0.01,
S95-A01,NTC,NTC,1,hsa-miR-16-5p,Test,999,0,Fail,0.01,
"""
ROTOR_GENE = """"Quantitation Report"

"Quantitative analysis of Cycling A.Green (hsa-miR-16-5p)"
"No.","Colour","Name","Type","Ct","Given Conc (Copies)","% Var"
"1","Red","P1","Unknown","22.35","",""
"2","Red","P2","Unknown","","",""
"3","Red","N","NTC","","",""

"Quantitative analysis of Cycling A.Yellow (hsa-miR-21-5p)"
"No.","Colour","Name","Type","Ct","Given Conc (Copies)","% Var"
"1","Red","P1","Unknown","25.35","",""
"2","Red","S","Standard","20","1000",""
"""


def _read(
    text: str, *, stem: str = "run 1", columns: str = "", keep_unnamed: bool = False
) -> RawPanel:
    chosen: Mapping[str, str] | None = parse_columns(columns) if columns else None
    raw = parse_long(text, name="f", stem=stem, chosen=chosen, keep_unnamed=keep_unnamed)
    assert raw is not None
    return raw


def _cells(raw: RawPanel) -> list[tuple[str, str, str]]:
    wells = raw.wells
    return list(zip(wells["sample"], wells["assay"], wells["cell"], strict=True))


def test_a_cfx_export_has_its_controls_left_out() -> None:
    raw = _read(CFX)
    assert _cells(raw) == [("P1", "hsa-miR-16-5p", "22.1")]
    assert set(raw.wells["well"]) == {"A1"}
    control = "well of a control or a standard, not of a sample"
    assert raw.left_out == {
        f"{control} (NTC)": 1,
        f"{control} (Std)": 1,
        f"{control} (Neg Ctrl)": 1,
    }


def test_a_lightcycler_480_file_is_named_after_its_assay() -> None:
    raw = _read(LC480, stem="hsa-miR-16-5p")
    assert _cells(raw) == [
        ("P1", "hsa-miR-16-5p", "27.23"),
        ("P2", "hsa-miR-16-5p", ""),
        ("P4", "hsa-miR-16-5p", "39.1"),
    ]
    assert raw.wells["flag"].tolist() == ["", "", "> - Late Cp call"]
    assert raw.left_out == {
        "well of a control or a standard, not of a sample (Standard)": 1,
        "well omitted in the instrument's software": 1,
    }


def test_or_the_user_tells_its_assay() -> None:
    raw = _read(LC480, columns="sample=Name,assay=hsa-miR-16-5p,ct=Cp")
    assert raw.wells.equals(_read(LC480, stem="hsa-miR-16-5p").wells.assign(plate="run 1"))
    with pytest.raises(InputError, match="does not say which: name it after the assay"):
        _read(LC480)


def test_a_lightcycler_96_export_is_read() -> None:
    raw = _read(LC96)
    assert _cells(raw) == [("P1", "hsa-miR-16-5p", "22.3"), ("P2", "hsa-miR-16-5p", "-")]
    assert sum(raw.left_out.values()) == 2


def test_a_biomark_table_is_read_below_its_two_lines_of_headings() -> None:
    raw = _read(BIOMARK)
    assert _cells(raw) == [("P1", "hsa-miR-16-5p", "12.3"), ("P1", "hsa-miR-21-5p", "No Ct")]
    assert set(raw.wells["plate"]) == {"1361995085"}
    assert set(raw.wells["platform"]) == {"BioMark"}
    assert raw.left_out == {
        "well that the instrument calls failed": 1,
        "well of a control or a standard, not of a sample (NTC)": 1,
    }


def test_a_rotor_gene_report_has_a_table_for_each_assay() -> None:
    raw = _read(ROTOR_GENE)
    assert _cells(raw) == [
        ("P1", "hsa-miR-16-5p", "22.35"),
        ("P2", "hsa-miR-16-5p", ""),
        ("P1", "hsa-miR-21-5p", "25.35"),
    ]


@pytest.mark.parametrize(
    "below",
    [
        "\nSample,Target,Mean Ct,RQ\nP1,hsa-miR-16-5p,22,1.0\nP2,hsa-miR-16-5p,23,0.5\n",
        "Sample,Target,RQ\nP1,hsa-miR-16-5p,1\nP2,hsa-miR-16-5p,21.5\n",
        "\nAverages\nP1,hsa-miR-16-5p,22\n",
        "Mean,hsa-miR-16-5p,22.5\nSD,hsa-miR-16-5p,7.1\n",
        ",,\nMean,,22.5\n",
        "\nP1 against P2,,fold,change,0.5\n",
    ],
)
def test_what_sums_up_the_wells_ends_the_table(below: str) -> None:
    wells = "Sample,Target,Ct\nP1,hsa-miR-16-5p,22\nP2,hsa-miR-16-5p,23\n"
    raw = _read(wells + below)
    assert raw.wells.equals(_read(wells).wells)
    assert raw.problems == ()
    assert sum(raw.left_out.values()) == len(below.strip("\n").splitlines())


def test_a_well_below_the_end_is_a_problem_and_not_lost() -> None:
    text = "Well,Sample,Target,Ct\nA1,P1,hsa-miR-16-5p,22\n\nseen by me\nA2,P2,hsa-miR-16-5p,23\n"
    [problem] = _read(text).problems
    assert (problem.column, problem.got) == ("line 5", "a well")


def test_empty_lines_between_wells_end_nothing() -> None:
    text = "Well,Sample,Target,Ct\nA1,P1,hsa-miR-16-5p,22\n\n\nA2,,,\n\nA3,P2,hsa-miR-16-5p,23\n"
    assert _read(text).wells["sample"].tolist() == ["P1", "P2"]


def test_a_table_without_headings_is_read_by_numbers() -> None:
    rows = "P1;hsa-miR-16-5p;22,1\nP1;hsa-miR-21-5p;Undetermined\n"
    columns = "sample=1,assay=2,ct=3"
    expected = [("P1", "hsa-miR-16-5p", "22,1"), ("P1", "hsa-miR-21-5p", "Undetermined")]
    assert _cells(_read(rows, columns=columns)) == expected
    above = _read(f"who;which;how much\n{rows}", columns=columns)
    assert _cells(above) == expected
    assert above.left_out == {"line above the results": 1}


def test_columns_that_are_not_there_are_told() -> None:
    with pytest.raises(InputError, match="as headings of one line"):
        _read("Id,miRNA,level\n1,hsa-miR-16-5p,22\n", columns="sample=Id,assay=miRNA,ct=Ct")


def test_wells_without_a_sample_are_kept_only_where_a_design_tells_them_by_place() -> None:
    text = "Well,Sample,Target,Ct\nA1,,hsa-miR-16-5p,22\nA2,P2,hsa-miR-16-5p,23\n"
    assert _read(text).wells["well"].tolist() == ["A2"]
    assert _read(text, keep_unnamed=True).wells["well"].tolist() == ["A1", "A2"]


def test_a_role_that_is_not_known_is_told() -> None:
    text = "Sample,Target,Ct,Task\nP1,hsa-miR-16-5p,22,Mystery\nP2,hsa-miR-16-5p,22,UNKNOWN\n"
    assert _read(text).notes == (
        "roles of wells that are not known were taken for samples: Mystery (1)",
    )


def test_without_headings_there_is_no_long_export() -> None:
    assert parse_long("sample,hsa-miR-1-3p\nS1,20\n", name="f", stem="f") is None


_ROLE_HEADINGS = ("Task", "Content", "Sample Type", "Type", "Role", "Well Type", "sample_type")


@given(
    st.sampled_from(_ROLE_HEADINGS),
    st.lists(st.sampled_from((*CONTROL_ROLES, *SAMPLE_ROLES)), min_size=1, max_size=8),
    st.sampled_from("\t;,"),
)
def test_a_control_is_left_out_whatever_column_tells_its_role(
    heading: str, roles: list[str], delimiter: str
) -> None:
    rows = [["Sample", "Target", heading, "Ct"], ["P0", "hsa-miR-16-5p", "Unknown", "22"]]
    rows += [[f"P{i}", "hsa-miR-16-5p", role, "22"] for i, role in enumerate(roles, start=1)]
    raw = _read("\n".join(delimiter.join(row) for row in rows))
    kept = [f"P{i}" for i, role in enumerate(roles, start=1) if role in SAMPLE_ROLES]
    assert raw.wells["sample"].tolist() == ["P0", *kept]
    assert sum(raw.left_out.values()) == len(roles) - len(kept)


@pytest.mark.parametrize("heading", ["Visit", "Time point", "date", "Day"])
def test_two_visits_of_one_name_are_not_averaged(heading: str) -> None:
    text = f"Sample,{heading},Target,Ct\nP1,T0,hsa-miR-16-5p,22\nP1,T1,hsa-miR-16-5p,26\n"
    [problem] = _read(text).problems
    assert problem.got == "several for P1"
    assert _read(text.replace("T1", "T0")).problems == ()


def test_a_run_is_a_plate() -> None:
    text = "Run,Sample,Target,Ct\nA,P1,hsa-miR-16-5p,22\nB,P1,hsa-miR-16-5p,26\n"
    assert _read(text).wells["plate"].tolist() == ["A", "B"]


def test_a_well_that_stands_twice_is_of_two_plates() -> None:
    # The mean, 24.1, would be that of two people.
    one = "Well,Sample,Target,Ct\nA1,Sample 1,hsa-miR-21-5p,22.1\nA1,Sample 1,U6,20\n"
    [problem] = _read(f"{one}\nWell,Sample,Target,Ct\nA01,Sample 1,hsa-miR-21-5p,26.1\n").problems
    assert (problem.column, problem.got) == (
        "well",
        "1 more, the first hsa-miR-21-5p in A1 of run 1",
    )
    assert "a column Plate" in problem.action
    assert _read(one).problems == ()
    named = "Plate,Well,Sample,Target,Ct\nA,A1,S1,hsa-miR-21-5p,22.1\nB,A1,S2,hsa-miR-21-5p,26.1\n"
    assert _read(named).problems == ()


GERMAN = """Instrumententyp;QuantStudio 5

[Ergebnisse]
Well;Wellposition;Auslassen;Probenname;Zielname;Aufgabe;CT;CT-Mittelwert;Amp-Status
1;A1;falsch;P1;hsa-miR-16-5p;UNBEKANNT;22,5;22,5;Amp
2;A2;wahr;P2;hsa-miR-16-5p;UNBEKANNT;22,5;22,5;Amp
3;A3;falsch;P3;hsa-miR-16-5p;UNBEKANNT;Nicht bestimmt;;Keine Amp
4;A4;falsch;W;hsa-miR-16-5p;NEGATIVKONTROLLE;38;;Amp
"""


def test_german_headings_and_words_are_read() -> None:
    raw = _read(GERMAN)
    assert _cells(raw) == [
        ("P1", "hsa-miR-16-5p", "22,5"),
        ("P3", "hsa-miR-16-5p", "Nicht bestimmt"),
    ]
    assert set(raw.wells["platform"]) == {"QuantStudio 5"}
    assert raw.notes == ()
    assert sum(raw.left_out.values()) == 2
    cfx = ";Vertiefung;Fluor;Ziel;Inhalt;Probe;Cq;Cq-Mittelwert\n;A01;FAM;U6;Unbek;P1;22,1;22,1\n"
    assert _cells(_read(cfx)) == [("P1", "U6", "22,1")]
    # In English a probe is an assay.
    assert _cells(_read("Sample,Target,Probe,Ct\nP1,U6,x,22\n")) == [("P1", "U6", "22")]


@pytest.mark.parametrize(
    ("mark", "kept"), [("X", False), ("True", False), ("outlier", False), ("-", True), ("No", True)]
)
def test_a_well_is_excluded_by_whatever_mark_stands_there(mark: str, kept: bool) -> None:
    raw = _read(f"Sample,Target,Ct,Excluded\nP1,U6,20,{mark}\nP2,U6,21,\n")
    assert raw.wells["sample"].tolist() == (["P1", "P2"] if kept else ["P2"])


@pytest.mark.parametrize("heading", ["Threshold Cycle (C(t))", "Ct value", "Cq-Wert", "Ct (dRn)"])
def test_a_ct_has_many_headings(heading: str) -> None:
    assert _cells(_read(f"Sample,Target,{heading}\nP1,U6,22\n")) == [("P1", "U6", "22")]


def test_lines_above_the_results_may_have_any_sign_between_their_fields() -> None:
    raw = _read(BIOMARK.replace(",", ";"))
    assert set(raw.wells["plate"]) == {"1361995085"}


def test_a_sample_below_a_line_of_sums_is_not_lost() -> None:
    text = "Sample,Target,Ct\nP1,U6,22\nMean,U6,22\nSD,U6,7\nP2,U6,23\n"
    [problem] = _read(text).problems
    assert (problem.column, problem.got) == ("line 5", "a well")


def test_decimal_commas_between_commas_are_told() -> None:
    rows = "P1,hsa-miR-16-5p,22,1\nP2,hsa-miR-16-5p,23,4\n"
    [problem] = _read(rows, columns="sample=1,assay=2,ct=3").problems
    assert problem.got.endswith("behind it: 22,1")
    [first, _] = _read(f"Sample,Target,Ct\n{rows}").problems
    assert "decimal commas have to stand in quotes" in first.action


def test_a_heading_above_two_columns_is_a_question() -> None:
    text = "Sample,Target,Cq,Cq\nS1,hsa-miR-16-5p,22.1,23.1\n"
    [problem] = _read(text).problems
    assert (problem.column, problem.got) == ("Cq", "several")
    assert _cells(_read(text, columns="sample=1,assay=2,ct=4")) == [("S1", "hsa-miR-16-5p", "23.1")]


@pytest.mark.parametrize(
    ("cell", "flags"),
    [
        ("HIGHSD, No Amp", "HIGHSD;No Amp"),
        ("NOAMP|EXPFAIL", "NOAMP;EXPFAIL"),
        ("N/A", "N/A"),
        ("a / b", "a;b"),
    ],
)
def test_a_cell_may_hold_several_flags(cell: str, flags: str) -> None:
    raw = _read(f'Sample,Target,Ct,Flags\nP1,U6,38,"{cell}"\n')
    assert raw.wells["flag"].tolist() == [flags]


@pytest.mark.parametrize("mark", ["x", "Ja", "Y", "TRUE"])
def test_a_flag_is_raised_by_whatever_says_yes(mark: str) -> None:
    raw = _read(f"Sample,Target,Ct,NOAMP\nP1,U6,38,{mark}\nP2,U6,22,N\nP3,U6,22,0.9\n")
    assert raw.wells["flag"].tolist() == ["NOAMP", "", ""]


def test_a_delta_ct_is_no_ct_wherever_it_stands() -> None:
    text = "Sample,Target,\u0394C\u0442,C\u0442,\u0394\u0394C\u0442\nP1,U6,4.5,22,1\n"
    raw = _read(text)
    assert _cells(raw) == [("P1", "U6", "22")]
    assert raw.problems == ()
    assert parse_long("Sample,Target,\u0394Ct\nP1,U6,4.5\n", name="f", stem="f") is None


@pytest.mark.parametrize(
    ("columns", "got"),
    [
        ("sample=1,assay=2,ct=9", "3 fields in the longest line"),
        ("sample=1,assay=3,ct=2", "'hsa-miR-16-5p' there"),
    ],
)
def test_numbers_of_columns_that_hold_no_ct_are_told(columns: str, got: str) -> None:
    with pytest.raises(InputError) as caught:
        _read("P1;hsa-miR-16-5p;22,1\nP2;hsa-miR-16-5p;23\n", columns=columns)
    assert caught.value.problems[0].got == got


def test_a_line_break_in_quotes_loses_no_well() -> None:
    text = 'Sample,Target,Ct,Note\nP0,U6,21,\n"P\n1",U6,22,"a\nb"\nP2,U6,23,\n'
    assert [cells[::2] for cells in _cells(_read(text))] == [
        ("P0", "21"),
        ("P 1", "22"),
        ("P2", "23"),
    ]
    stray = 'Sample\tTarget\tCt\nP0\tU6 5"\t21\nP1\tU6\t22\n'
    assert _cells(_read(stray)) == [("P0", 'U6 5"', "21"), ("P1", "U6", "22")]
