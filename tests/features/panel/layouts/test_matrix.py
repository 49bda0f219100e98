"""A matrix of Ct values, either way round."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.files.delimiter import DELIMITERS
from features.panel.layouts.matrix import parse_matrix
from features.panel.layouts.raw_panel import Layout, RawPanel
from tests.features.helpers.panels import WIDE


def _parse(
    text: str,
    *,
    layout: Layout = "auto",
    samples: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
) -> RawPanel:
    return parse_matrix(
        text, name="m.csv", stem="m", layout=layout, samples=samples, ignore=set(ignore)
    )


def _cells(raw: RawPanel) -> dict[tuple[str, str], str]:
    wells = raw.wells
    return dict(zip(zip(wells["sample"], wells["assay"], strict=True), wells["cell"], strict=True))


SMALL = {
    ("S1", "hsa-miR-1-3p"): "24.5",
    ("S1", "hsa-miR-2-5p"): "Undetermined",
    ("S2", "hsa-miR-1-3p"): "25",
    ("S2", "hsa-miR-2-5p"): "",
}


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,24.5,Undetermined\nS2,25,\n", "samples_in_rows"),
        ("\thsa-miR-1-3p\thsa-miR-2-5p\nS1\t24.5\tUndetermined\nS2\t25\t\n", "samples_in_rows"),
        # R leaves the corner out.
        ("hsa-miR-1-3p;hsa-miR-2-5p\nS1;24.5;Undetermined\nS2;25;\n", "samples_in_rows"),
        ("assay,S1,S2\nhsa-miR-1-3p,24.5,25\nhsa-miR-2-5p,Undetermined,\n", "samples_in_columns"),
        ("\n ,S1,S2\nhsa-miR-1-3p,24.5,25\n\nhsa-miR-2-5p,Undetermined,\n", "samples_in_columns"),
    ],
)
def test_both_ways_round_give_the_same_wells(text: str, layout: str) -> None:
    raw = _parse(text)
    assert _cells(raw) == SMALL
    assert (raw.layout, raw.problems, dict(raw.left_out)) == (layout, (), {})
    assert set(raw.wells["plate"]) == {"m"}
    assert set(raw.wells["flag"]) == set(raw.wells["platform"]) == {""}


def test_names_of_samples_tell_the_way_round_where_no_heading_does() -> None:
    text = "x,a,b\nS1,20,21\nS2,22,23\n"
    assert _parse(text, samples=("S1", "S2", "S3")).layout == "samples_in_rows"
    turned = "x,S1,S2\na,20,21\nb,22,23\n"
    assert _parse(turned, samples=("S1", "S2")).layout == "samples_in_columns"
    with pytest.raises(InputError, match="say --format samples_in_rows") as caught:
        _parse(text)
    assert caught.value.problems[0].got == "no sign"
    with pytest.raises(InputError, match="--format"):
        _parse(text, samples=("S1",))  # one of the samples is not known
    assert _parse(text, layout="samples_in_columns").layout == "samples_in_columns"


def test_signs_that_contradict_each_other_are_told() -> None:
    with pytest.raises(InputError) as caught:
        _parse("sample,S1,S2\nhsa-miR-1-3p,20,21\nhsa-miR-2-5p,22,23\n")
    assert caught.value.problems[0].got == "contradicting signs"


def test_half_of_the_names_is_no_sign() -> None:
    with pytest.raises(InputError) as caught:
        _parse("x,hsa-miR-1-3p,U6\nS1,20,21\nS2,22,23\n")
    assert caught.value.problems[0].got == "no sign"


def test_columns_without_a_ct_or_to_ignore_are_left_out_and_counted() -> None:
    header, *rows = WIDE.splitlines()
    lines = [header.replace(",", ",ward,code,", 1), *(r.replace(",", ",east,1,", 1) for r in rows)]
    raw = _parse("\n".join(lines), ignore=("code",))
    assert dict(raw.left_out) == {"column without a Ct: ward": 1, "column to ignore: code": 1}
    assert len(raw.wells) == 3 * 4
    assert raw.problems == ()


def test_a_column_to_ignore_that_is_not_there_is_a_problem() -> None:
    raw = _parse(WIDE, ignore=("nix", "also"))
    assert [problem.column for problem in raw.problems] == ["also", "nix"]


def test_a_row_without_a_name_is_a_problem() -> None:
    raw = _parse("sample,hsa-miR-1-3p\nS1,20\n,21\n,22\n")
    [problem] = raw.problems
    assert (problem.column, problem.got) == ("sample", "2 empty cells")


def test_every_line_of_another_length_is_told() -> None:
    with pytest.raises(InputError, match=r"m\.csv is not a table") as caught:
        _parse("sample,hsa-miR-1-3p\nS1,20,21\n\nS2\nS3,23\n")
    assert [(p.column, p.got) for p in caught.value.problems] == [("line 2", "3"), ("line 4", "1")]


@pytest.mark.parametrize("text", ["", "sample,hsa-miR-1-3p\n", "sample\nS1\n"])
def test_what_is_no_matrix_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="neither a long export nor a matrix"):
        _parse(text)


LONG = [
    "Id,miRNA,ct_mean\n1,hsa-miR-21-5p,20.1\n1,hsa-miR-16-5p,25.3\n",
    "Id,miRNA,level\n11,hsa-miR-21-5p,20.1\n12,hsa-miR-21-5p,25.3\n",
    "miRNA,Id,level\nhsa-miR-21-5p,11,20.1\nhsa-miR-21-5p,12,25.3\n",
    "miRNA,person,level\nhsa-miR-21-5p,P1,20.1\nhsa-miR-21-5p,P2,25.3\n",
    "person,which,level\nP1,hsa-miR-21-5p,20.1\nP2,hsa-miR-21-5p,25.3\n",
    "sample,level\nP1,20.1\nP2,25.3\n",
    "sample,which,level\nP1,GAPDH,20.1\nP1,ACTB,25.3\n",
    "P1;hsa-miR-21-5p;20,1\nP1;hsa-miR-16-5p;25,3\n",
    "assay,Ct\nhsa-miR-21-5p,20.1\n",
    # Without headings.
    "hsa-miR-21-5p,P1,20.1\nhsa-miR-16-5p,P1,25.3\n",
    "hsa-miR-21-5p,P1,20\nhsa-miR-16-5p,P1,25.3\n",
    "U6;P1;20,1\nhsa-miR-16-5p;P1;25,3\nhsa-miR-17-5p;P1;25,3\n",
]


@pytest.mark.parametrize("text", LONG)
def test_a_long_table_is_no_matrix(text: str) -> None:
    with pytest.raises(InputError) as caught:
        _parse(text)
    [problem] = caught.value.problems
    assert "headings for the sample (Sample, Sample Name" in problem.expected
    assert "--columns sample=...,assay=...,ct=..." in problem.action
    assert "--format" not in problem.action


@pytest.mark.parametrize("text", [text for text in LONG if "sample,level" not in text])
def test_nor_is_it_one_when_the_user_says_so(text: str) -> None:
    with pytest.raises(InputError, match="--columns"):
        _parse(text, layout="samples_in_rows")


def test_several_rows_of_one_sample_that_differ_are_no_replicates() -> None:
    text = "sample,visit,hsa-miR-1-3p,hsa-miR-2-5p\nS1,T0,20,21\nS1,T1,22,23\n"
    with pytest.raises(InputError, match="one row for each sample") as caught:
        _parse(text)
    assert caught.value.problems[0].got.startswith(
        "several rows of one sample that differ in visit"
    )


@pytest.mark.parametrize(
    "text",
    [
        "sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,20,21\nS2,22,23\nS1,26,27\n",
        "sample,visit,hsa-miR-1-3p,hsa-miR-2-5p\nS1,T0,20,21\nS1,T0,26,27\nS2,T0,22,23\n",
        "assay,S1,S2,S1\nhsa-miR-1-3p,20,22,26\nhsa-miR-2-5p,21,23,27\n",
    ],
)
def test_a_sample_that_a_matrix_has_twice_is_one_only_where_a_design_says_so(text: str) -> None:
    [problem] = _parse(text).problems
    assert problem.got == "several for S1"
    assert "--design" in problem.action
    raw = _parse(text, samples=("S1", "S2"))
    assert raw.problems == ()
    assert raw.notes == ("taken as replicates, since the matrix has them several times: S1",)
    assert len(raw.wells) == 6


def test_controls_may_stand_in_several_rows() -> None:
    raw = _parse("sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,20,21\nNTC,35,36\nNTC,37,38\n")
    assert raw.problems == ()


def test_an_assay_that_a_matrix_has_twice_is_told() -> None:
    raw = _parse("sample,hsa-miR-1-3p,U6,U6\nS1,20,21,21.4\n")
    assert raw.notes == ("taken as replicates, since the matrix has them several times: U6",)


def test_an_assay_may_stand_in_several_lines_each_with_its_place() -> None:
    raw = _parse("assay,place,S1,S2\nhsa-miR-1-3p,A1,20,21\nhsa-miR-1-3p,A2,22,23\n")
    assert raw.layout == "samples_in_columns"
    assert raw.wells["cell"].tolist() == ["20", "21", "22", "23"]


def test_the_delimiter_is_not_looked_for_in_quotes() -> None:
    text = 'sample;"hsa-miR-16-5p, FAM";"hsa-miR-21-5p, FAM"\nP01;22,1;23,4\n'
    for layout in ("auto", "samples_in_rows"):
        assert _cells(_parse(text, layout=layout)) == {
            ("P01", "hsa-miR-16-5p, FAM"): "22,1",
            ("P01", "hsa-miR-21-5p, FAM"): "23,4",
        }


@pytest.mark.parametrize(
    "heading", ["age", "Age years", "BMI", "visit", "patient_id", "id", "Plate"]
)
def test_what_is_known_of_a_patient_is_no_assay(heading: str) -> None:
    raw = _parse(f"sample,{heading},hsa-miR-1-3p,hsa-miR-2-5p\nS1,44,20,21\nS2,51,22,23\n")
    [problem] = raw.problems
    assert problem.column == heading
    assert "--ignore" in problem.action
    assert set(raw.wells["assay"]) == {"hsa-miR-1-3p", "hsa-miR-2-5p"}


def test_rows_and_columns_that_sum_up_others_are_left_out() -> None:
    text = "sample,hsa-miR-1-3p,Mean\nS1,20,20\nS2,22,22\nMean,21,21\nSD,1.4,1.4\nMax,22,22\n"
    raw = _parse(text)
    assert _cells(raw) == {("S1", "hsa-miR-1-3p"): "20", ("S2", "hsa-miR-1-3p"): "22"}
    assert dict(raw.left_out) == {
        "line below the results": 3,
        "column that sums up others: Mean": 1,
    }


def test_numbers_of_lines_before_the_samples_and_columns_without_a_name_are_no_data() -> None:
    text = ",sample,hsa-miR-1-3p,hsa-miR-2-5p,hsa-miR-3-3p,\n10,S1,20,21,22,31\n11,S2,23,24,25,32\n"
    raw = _parse(text)
    assert set(raw.wells["sample"]) == {"S1", "S2"}
    assert set(raw.wells["assay"]) == {"hsa-miR-1-3p", "hsa-miR-2-5p", "hsa-miR-3-3p"}
    assert dict(raw.left_out) == {"column without a name": 1}


def test_a_word_for_the_format_is_only_advised_where_the_table_may_have_it() -> None:
    with pytest.raises(InputError) as caught:
        _parse("sample,S1,S2\nhsa-miR-1-3p,20,21\nhsa-miR-2-5p,22,23\n")
    assert "--format" in caught.value.problems[0].action
    with pytest.raises(InputError, match="tell the columns"):
        _parse("x,a,b\nS1,20,21\nS2,22,23\n")


_TEXTS = st.sampled_from(
    ["hsa-miR-16-5p", "hsa-miR-16-5p, FAM", "hsa-let-7a-5p; FAM", 'miR-21 "old"', "U6\tsnRNA"]
)


@given(
    st.sampled_from(DELIMITERS),
    st.sampled_from(".,"),
    st.lists(_TEXTS, min_size=1, max_size=4, unique=True),
    st.integers(1, 4),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_a_matrix_is_read_back_whatever_its_delimiter_decimals_and_quotes(
    delimiter: str, decimal: str, assays: list[str], n_samples: int, quoting: int
) -> None:
    assays = ["hsa-miR-1-3p", "hsa-miR-2-5p", *(f"hsa-miR-9-5p {name}" for name in assays)]
    values = {
        (f"P{i}", assay): f"{20 + i + j / 10:.1f}".replace(".", decimal)
        for i in range(n_samples)
        for j, assay in enumerate(assays)
    }
    rows = [
        ["sample", *assays],
        *([f"P{i}", *(values[f"P{i}", assay] for assay in assays)] for i in range(n_samples)),
    ]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=quoting).writerows(rows)
    assert _cells(_parse(buffer.getvalue())) == values


def test_a_block_of_other_lines_below_an_empty_one_is_no_more_of_the_matrix() -> None:
    text = "sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,20,21\nS2,22,23\n"
    raw = _parse(f"{text}\nRQ by run,1\nnormalised\n")
    assert raw.wells.equals(_parse(text).wells)
    assert dict(raw.left_out) == {"line below the results": 2}
    with pytest.raises(InputError, match="is not a table"):
        _parse(f"{text}\nRQ by run,1\nS3,24,25\n")


def test_titles_above_a_matrix_are_passed_over() -> None:
    for title in ("Results of the run\n\n", "Results of the run,,\n"):
        raw = _parse(f"{title}sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,24.5,Undetermined\nS2,25,\n")
        assert _cells(raw) == SMALL
        assert dict(raw.left_out) == {"line above the results": 1}
    with pytest.raises(InputError, match="is not a table") as caught:
        _parse("Results\n\nsample,hsa-miR-1-3p\nS1,20,21\nS2,22\n")
    assert caught.value.problems[0].column == "line 4"


def test_a_matrix_is_found_below_lines_with_fields() -> None:
    table = ",hsa-miR-1-3p,hsa-miR-2-5p\nS1,20,21\nS2,22,23\n"
    raw = _parse(f"Chip Run Info,a.bml,136\nThreshold,0.65\n\n{table}")
    assert raw.layout == "samples_in_rows"
    assert set(raw.wells["sample"]) == {"S1", "S2"}
    assert dict(raw.left_out) == {"line above the results": 2}


def test_wells_may_stand_before_the_assays() -> None:
    text = "Well,miRNA,S1,S2\nA1,hsa-miR-1-3p,24.5,25\nA2,hsa-miR-2-5p,Undetermined,\n"
    raw = _parse(text)
    assert _cells(raw) == SMALL
    assert dict(raw.left_out) == {"column without a Ct: Well": 1}
    for long in (
        "Well,miRNA,value\n1,hsa-miR-1-3p,20\n2,hsa-miR-2-5p,21\n",
        "Id,miRNA,one,two\n1,hsa-miR-1-3p,20,21\n2,hsa-miR-2-5p,21,22\n",
    ):
        with pytest.raises(InputError, match="--columns"):
            _parse(long)


def test_samples_below_a_line_of_sums_are_not_lost() -> None:
    text = "sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,20,21\nMean,20,21\nMax,20,21\n"
    assert _parse(text).problems == ()
    [problem] = _parse(f"{text}S2,22,23\nMean,22,23\n").problems
    assert problem.got == "1 lines with other names: S2"


def test_no_format_is_advised_for_a_table_without_numbers() -> None:
    with pytest.raises(InputError) as caught:
        _parse("one,two,three\na,b,c\nd,e,f\n")
    assert "--format" not in caught.value.problems[0].action


@pytest.mark.parametrize("corner", ["id", "sample"])
def test_numbers_of_lines_stand_before_any_heading_of_samples(corner: str) -> None:
    raw = _parse(f"x,{corner},hsa-miR-1-3p,hsa-miR-2-5p\n1,P1,22,23\n2,P2,24,25\n")
    assert set(raw.wells["sample"]) == {"P1", "P2"}
    assert set(raw.wells["assay"]) == {"hsa-miR-1-3p", "hsa-miR-2-5p"}


def test_a_delimiter_at_the_end_of_each_row_shifts_nothing() -> None:
    text = "sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,24.5,Undetermined,\nS2,25,,\n"
    assert _cells(_parse(text)) == SMALL
    # A heading of samples names its own column: something else is missing.
    with pytest.raises(InputError, match="is not a table"):
        _parse("sample,hsa-miR-1-3p,hsa-miR-2-5p\nS1,20,21,22\nS2,23,24,25\n")
