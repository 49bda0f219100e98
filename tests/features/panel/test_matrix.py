"""A matrix of Ct values, either way round."""

from __future__ import annotations

import pytest

from features.errors import InputError
from features.panel.matrix import parse_matrix
from features.panel.raw_panel import Layout, RawPanel
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
