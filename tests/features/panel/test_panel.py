from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.panel.design import parse_design
from features.panel.panel import Panel, apply_ceiling, combine_wells, encode_plates, to_matrix
from tests.features.helpers.panels import WIDE, make_panel, write


def _wells(ct: list[float | None], **columns: list[object]) -> pd.DataFrame:
    n = len(ct)
    values = pd.array([np.nan if value is None else value for value in ct], dtype="float64")
    return pd.DataFrame(
        {
            "sample": ["S1"] * n,
            "assay": ["a"] * n,
            "ct": values,
            "detected": [value is not None for value in ct],
            "ceiling": [40.0] * n,
            "flag": [""] * n,
            "plate": ["p"] * n,
            "platform": [""] * n,
        }
        | columns
    )


@pytest.mark.parametrize(
    ("ct", "combined", "spread"),
    [
        ([30.0], 30.0, np.nan),
        ([30.0, 31.0], 30.5, 1.0),
        ([30.0, None], 30.0, np.nan),  # half of the wells
        ([30.0, None, None], np.nan, np.nan),
        ([30.0, 32.0, None], 31.0, 2.0),
        ([None, None], np.nan, np.nan),
    ],
)
def test_a_cell_is_detected_when_half_of_its_wells_are(
    ct: list[float | None], combined: float, spread: float
) -> None:
    row = combine_wells(_wells(ct)).iloc[0]
    np.testing.assert_equal(row["ct"], combined)
    np.testing.assert_equal(row["spread"], spread)
    assert row["detected"] == (not np.isnan(combined))
    assert row["replicates"] == len(ct)


def test_flags_and_plates_of_wells_are_joined_and_the_lowest_ceiling_holds() -> None:
    wells = _wells(
        [36.0, 37.0], flag=["HIGHSD;NOISE", "NOISE"], plate=["p1", "p2"], ceiling=[40.0, 35.0]
    )
    row = combine_wells(wells).iloc[0]
    assert (row["flag"], row["plate"], row["ceiling"]) == ("HIGHSD;NOISE", "p1+p2", 35.0)
    assert not row["detected"]


@given(st.permutations(range(8)))
@settings(max_examples=25)
def test_the_order_of_wells_does_not_matter(order: list[int]) -> None:
    wells = _wells(
        [20.0, 21, None, 23, 24, None, None, 27],
        sample=["S1", "S1", "S2", "S2"] * 2,
        assay=["a", "b"] * 4,
    )
    keys = ["sample", "assay"]
    expected = combine_wells(wells).sort_values(keys).reset_index(drop=True)
    got = combine_wells(wells.iloc[order]).sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(got, expected)


def test_a_non_detect_stands_at_the_ceiling_and_what_was_not_measured_is_nan(
    tmp_path: Path,
) -> None:
    panel = make_panel(tmp_path)
    matrix = to_matrix(panel, assays=["hsa-miR-451a", "hsa-miR-99a-5p", "hsa-miR-21-5p"])
    np.testing.assert_array_equal(
        matrix.ct, [[19.5, np.nan, 35.0], [24.0, np.nan, 33.5], [25.0, np.nan, 35.0]]
    )
    assert matrix.patients == ("S1", "S2", "S3")
    assert matrix.plates == ("made",) * 3
    assert matrix.ceiling == 35.0


def test_panels_with_different_ceilings_are_seen_at_the_lowest(tmp_path: Path) -> None:
    first = make_panel(tmp_path).table
    second = first.assign(ceiling=40.0, sample="S9", patient_id="S9").head(4)
    second.loc[0, ["ct", "detected"]] = [38.0, True]
    matrix = to_matrix(Panel(pd.concat([first, second], ignore_index=True)))
    assert matrix.ceiling == 35.0
    assert matrix.ct[3, 0] == 35.0


def test_non_detects_of_a_shorter_run_are_not_those_of_a_longer_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="non-detects at 40 cycles or more"):
        to_matrix(make_panel(tmp_path), ceiling=40.0)


def test_a_lower_ceiling_makes_more_non_detects(tmp_path: Path) -> None:
    table = apply_ceiling(make_panel(tmp_path).table, 25.0)
    assert int(table["detected"].sum()) == 3  # 24.5, 19.5 and 24.0
    assert table["ct"].max() < 25.0


def test_a_patient_with_two_samples_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"sample": ["S1", "S2", "S3"], "patient_id": ["P1", "P1", "P2"]}, dtype="str"
    )
    panel = make_panel(tmp_path, design=parse_design(table))
    with pytest.raises(InputError, match="one sample for each patient"):
        to_matrix(panel)


def test_plates_of_a_patient_are_joined_and_coded_by_what_is_known(tmp_path: Path) -> None:
    write(tmp_path, WIDE, "made.csv")
    panel = make_panel(tmp_path)
    table = panel.table.copy()
    table.loc[table.index[:2], "plate"] = "another"
    matrix = to_matrix(Panel(table))
    assert matrix.plates == ("another+made", "made", "made")
    np.testing.assert_array_equal(encode_plates(matrix.plates, ["x", "made"]), [np.nan, 1.0, 1.0])


def test_simulated_patients_are_marked(tmp_path: Path) -> None:
    assert make_panel(tmp_path, WIDE.replace("S2", "SYN-2")).synthetic
    assert not make_panel(tmp_path).synthetic


def test_the_digest_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    panel = make_panel(tmp_path)
    turned = Panel(panel.table.iloc[::-1].reset_index(drop=True))
    assert turned.sha256 == panel.sha256
    changed = Panel(panel.table.assign(ct=panel.table["ct"] + 1))
    assert changed.sha256 != panel.sha256
