import csv
import io
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.files.delimiter import DELIMITERS
from features.panel.layouts.exports import parse_file
from features.panel.layouts.raw_panel import Layout
from features.panel.layouts.text import decode_text, read_text
from tests.features.helpers.panels import QUANTSTUDIO, SDS, WIDE


def _parse(
    text: str,
    layout: Layout = "auto",
    samples: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    encoding: str = "utf-8",
):  # type: ignore[no-untyped-def]
    return parse_file(
        decode_text(text.encode(encoding), name="file.txt"),
        name="file.txt",
        stem="file",
        layout=layout,
        samples=samples,
        ignore=ignore,
    )


def test_an_sds_export_is_read_below_its_preamble() -> None:
    raw = _parse(SDS)
    assert raw.layout == "long"
    wells = raw.wells
    assert wells["sample"].tolist() == ["S1"] * 4 + ["S2"] * 3
    assert wells["cell"].tolist()[:3] == ["24.5", "Undetermined", "18.0"]
    assert wells["flag"].tolist()[:3] == ["Passed", "Flagged", "Passed;HSD"]
    assert set(wells["plate"]) == {"Card A", "Card B"}
    assert set(wells["platform"]) == {"SDS 2.3"}
    assert raw.problems == ()
    assert dict(raw.left_out) == {
        "well omitted in the instrument's software": 1,
        "well of a control or a standard, not of a sample (NTC)": 1,
        "well without a name of sample or assay": 1,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_quantstudio_export_is_read_from_its_results(encoding: str) -> None:
    raw = _parse(QUANTSTUDIO, encoding=encoding)
    assert raw.wells["cell"].tolist() == ["24,5", "24,7", "Undetermined", "38,1", ""]
    assert raw.wells["flag"].tolist()[1:4] == ["Amp;HIGHSD", "No Amp", "No Amp"]
    assert set(raw.wells["plate"]) == {"Plate 7"}
    assert set(raw.wells["platform"]) == {"QuantStudio(TM) 7 Flex System"}
    assert dict(raw.left_out) == {"line below the results": 1}


def test_a_comma_separated_export_with_hashes_is_read() -> None:
    text = (
        "# Experiment Name: Run 3\n# Instrument: QS5\n\n"
        '"Well","Sample","Target","Task","Cq"\n"A1","S1","hsa-miR-1-3p","UNKNOWN","30.1"\n'
    )
    raw = _parse(text)
    assert raw.wells.iloc[0].tolist() == ["S1", "hsa-miR-1-3p", "30.1", "", "Run 3", "QS5", "A1"]


def test_several_plates_in_one_text_keep_their_names() -> None:
    second = QUANTSTUDIO.replace("Plate 7", "Plate 8").replace("S1", "S2")
    raw = _parse(QUANTSTUDIO + second)
    assert raw.wells.groupby("sample")["plate"].unique().map(list).to_dict() == {
        "S1": ["Plate 7"],
        "S2": ["Plate 8"],
    }


def test_a_line_that_is_cut_off_is_a_problem_and_not_left_out() -> None:
    cut = SDS[: SDS.index("\thsa-miR-21-000397\tTarget\t36.25")]
    raw = _parse(cut)
    assert [problem.column for problem in raw.problems] == ["line 14"]


@pytest.mark.parametrize("layout", ["auto", "samples_in_rows"])
def test_a_matrix_with_samples_in_rows_is_read(layout: Layout) -> None:
    raw = _parse(WIDE, layout)
    assert raw.layout == "samples_in_rows"
    assert raw.wells.iloc[1].tolist()[:3] == ["S1", "hsa-miR-21-5p", "35"]
    assert len(raw.wells) == 12


def test_the_other_way_round_gives_the_same_wells() -> None:
    rows = [line.split(",") for line in WIDE.splitlines()]
    turned = "\n".join("\t".join(row) for row in zip(*rows, strict=True))
    raw = _parse(turned.replace("sample", "", 1))
    assert raw.layout == "samples_in_columns"
    same = ["sample", "assay", "cell"]
    left = _parse(WIDE).wells[same].sort_values(same).reset_index(drop=True)
    assert raw.wells[same].sort_values(same).reset_index(drop=True).equals(left)


def test_the_corner_that_r_leaves_out_is_put_back() -> None:
    raw = _parse("hsa-miR-1-3p\thsa-miR-2-3p\nS1\t20\t21\nS2\t22\t23\n")
    assert raw.wells["sample"].tolist() == ["S1", "S1", "S2", "S2"]


def test_names_of_samples_tell_which_way_round_a_matrix_is() -> None:
    text = "x,S1,S2\nGAPDH,20,21\nACTB,22,23\n"
    with pytest.raises(InputError, match="--format samples_in_rows"):
        _parse(text)
    assert _parse(text, samples=("S1", "S2")).layout == "samples_in_columns"


def test_signs_that_contradict_each_other_are_not_weighed() -> None:
    with pytest.raises(InputError, match="which way round"):
        _parse("gene,hsa-miR-1-3p,hsa-miR-2-3p\nS1,20,21\n")


def test_columns_without_a_ct_and_columns_to_ignore_are_left_out() -> None:
    text = "sample,group,age,hsa-miR-1-3p\nS1,a,44,20\nS2,b,51,21\n"
    raw = _parse(text, "samples_in_rows", ignore=("age",))
    assert raw.wells["assay"].tolist() == ["hsa-miR-1-3p"] * 2
    assert set(raw.left_out) == {"column without a Ct: group", "column to ignore: age"}
    wrong = _parse(text, "samples_in_rows", ignore=("agee",))
    assert [problem.column for problem in wrong.problems] == ["agee", "age"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample,hsa-miR-1-3p\nS1,20,21\nS2,20\n", "not a table"),
        ("one line\n", "neither a long export nor a matrix"),
        ("Sample\tTarget\tCt\n", "no well of a sample"),
    ],
)
def test_what_is_no_panel_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _parse(text)


def test_an_export_in_windows_letters_is_read() -> None:
    text = "Sample\tTarget\tCt\t\u0394Rn\nM\u00fcller\thsa-miR-1-3p\t20\t1\n".replace("\u0394", "d")
    assert _parse(text, encoding="cp1252").wells["sample"].tolist() == ["M\u00fcller"]


def test_invisible_characters_are_passed_over_and_told() -> None:
    raw = _parse("Sample\tTarget\tCt\nP\u200b1\thsa-miR-1-3p\u00a0\t20\nP1\tU6\t21\n")
    assert set(raw.wells["sample"]) == {"P1"}
    assert set(raw.wells["assay"]) == {"hsa-miR-1-3p", "U6"}
    assert raw.notes == ("1 lines of file.txt have invisible characters, which were passed over",)


def test_a_table_with_unknown_headings_names_those_that_are_understood() -> None:
    with pytest.raises(InputError, match="Sample Name, Sample ID") as caught:
        _parse("Id,miRNA,ct_mean\n1,hsa-miR-21-5p,20.1\n1,hsa-miR-16-5p,25.3\n")
    assert "--columns sample=...,assay=...,ct=..." in str(caught.value)
    assert "Id, miRNA, ct_mean" in caught.value.report()
    with pytest.raises(InputError, match="--columns"):
        _parse("Id,miRNA,ct_mean\n1,hsa-miR-21-5p,20.1\n", "long")


def test_999_of_a_biomarks_heat_map_is_no_ct() -> None:
    raw = _parse("Chip Run Info,a.bml,1\n\n,hsa-miR-1-3p,hsa-miR-2-3p\nP1,12.3,999\nP2,13,14\n")
    assert raw.wells["cell"].tolist() == ["12.3", "No Ct", "13", "14"]


_ASSAYS = st.sampled_from(
    [
        "hsa-miR-16-5p",
        "hsa-miR-16-5p, FAM",
        "hsa-let-7a-5p; FAM",
        'miR-21 "old"',
        "U6\tsnRNA",
        "U6|a",
    ]
)
_WELLS = st.lists(
    st.tuples(st.sampled_from(["P1", "M\u00fcller", "P, 3", "0;7"]), _ASSAYS, st.integers(50, 600)),
    min_size=1,
    max_size=6,
    unique_by=lambda well: well[:2],
)


@given(
    _WELLS,
    st.sampled_from(DELIMITERS),
    st.sampled_from(".,"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    st.sampled_from(["", "Experiment Name,Plate 7\n\n", "# Instrument Type: QS5\n"]),
)
def test_a_long_export_is_read_back_whatever_its_delimiter_quotes_decimals_and_encoding(
    wells: list[tuple[str, str, int]],
    delimiter: str,
    decimal: str,
    quoting: Literal[0, 1, 2],
    encoding: str,
    above: str,
) -> None:
    rows = [(s, a, f"{ct / 10:.1f}".replace(".", decimal)) for s, a, ct in wells]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerows([("Sample Name", "Target Name", "Ct"), *rows])
    text = read_text((above + buffer.getvalue()).encode(encoding), name="f").text
    raw = parse_file(text, name="f", stem="f")
    assert (
        list(zip(raw.wells["sample"], raw.wells["assay"], raw.wells["cell"], strict=True)) == rows
    )
    assert raw.problems == ()
