"""What each well says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.panel.layouts.raw_panel import Layout, RawPanel
from features.panel.readings import find_ceilings, mark_detected, read_cells


def _wells(*cells: str, flags: tuple[str, ...] = ()) -> pd.DataFrame:
    n = len(cells)
    frame = {"sample": [f"P{i}" for i in range(n)], "assay": [f"miR-{i}" for i in range(n)]}
    told = list(flags) or [""] * n
    return pd.DataFrame({**frame, "cell": list(cells), "flag": told}, dtype="str").assign(file=0)


def _read(wells: pd.DataFrame, layout: Layout = "long", empty: str = "non_detect"):  # type: ignore[no-untyped-def]
    raw = RawPanel(wells, layout, Counter(), ())
    return read_cells(wells, [raw], [Path("f.csv")], empty)


def test_a_cell_is_a_ct_or_nothing_seen() -> None:
    wells, counts, problems = _read(
        _wells("22,5", "2,21E+01", "No Ct", "", "38", flags=("", "OK", "", "", "a;No Amp"))
    )
    np.testing.assert_array_equal(wells["ct"], [22.5, 22.1, np.nan, np.nan, np.nan])
    assert wells["flag"].tolist() == ["", "", "", "", "a;No Amp"]
    assert dict(counts) == {"word": 1, "empty": 1, "flag": 1}
    assert problems == []
    assert len(_read(_wells("22", "-"), empty="not_measured")[0]) == 1


@pytest.mark.parametrize(
    ("layout", "name", "advised"),
    [
        ("samples_in_columns", "f.csv, P1", True),
        ("samples_in_rows", "f.csv, miR-1", True),
        ("long", "f.csv, miR-1", False),
    ],
)
def test_a_wrong_cell_is_told_by_its_column(layout: Layout, name: str, advised: bool) -> None:
    [problem] = _read(_wells("22", "0,05"), layout)[2]
    assert (problem.column, problem.got) == (name, "'0,05' (1)")
    assert ("--ignore" in problem.action) is advised
    assert "relative expression" in problem.action


def test_of_one_sample_and_of_an_assay_in_all_samples_the_assay_is_told() -> None:
    one = _wells("high", "22").assign(sample="P1")
    assert _read(one, "samples_in_columns")[2][0].column == "f.csv, miR-0"
    row = _wells("high", "high", "22").assign(assay=["miR-0", "miR-0", "miR-1"])
    assert _read(row, "samples_in_columns")[2][0].column == "f.csv, miR-0"


def test_many_columns_of_wrong_cells_are_one_problem() -> None:
    [problem] = _read(_wells(*["0.5"] * 60))[2]
    assert problem.column == "f.csv, 60 columns or assays"
    assert problem.got == "'0.5' (60)"
    [other] = _read(_wells("high", "22"))[2]
    assert other.action == ""


def test_a_value_at_the_ceiling_is_no_detection() -> None:
    wells = _read(_wells("22", "35", "35", "35"))[0]
    limits = find_ceilings(wells, None)
    assert limits == {0: (35.0, "found")}
    counts = Counter[str]()
    marked = mark_detected(wells, limits, counts)
    assert marked["detected"].tolist() == [True, False, False, False]
    assert counts["ceiling"] == 3
    assert find_ceilings(wells, 33.0) == {0: (33.0, "given")}
