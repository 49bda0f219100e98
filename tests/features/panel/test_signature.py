import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from features.panel.panel import PANEL_COLUMNS, Panel
from features.panel.signature import compute_signature


def make_panel(cells: dict[tuple[str, str], float | None], *, timing: str = "before") -> Panel:
    """Return a panel of cells by patient and assay; None is a non-detect at 35 cycles."""
    rows = [
        {
            "patient_id": patient,
            "sample": f"s-{patient}",
            "assay": assay,
            "ct": np.nan if ct is None else ct,
            "detected": ct is not None,
            "ceiling": 35.0,
            "flag": "",
            "replicates": 1,
            "spread": np.nan,
            "plate": "p1",
            "platform": "",
            "sample_date": pd.NaT,
            "timing": timing,
        }
        for (patient, assay), ct in cells.items()
    ]
    return Panel(pd.DataFrame(rows).astype(PANEL_COLUMNS))


CELLS = {
    ("a", "miR-1"): 30.0,
    ("a", "miR-16"): 20.0,
    ("a", "let-7"): 22.0,
    ("b", "miR-1"): None,
    ("b", "miR-16"): 21.0,
    ("b", "let-7"): 23.0,
    ("c", "miR-1"): 31.0,
    ("c", "miR-16"): None,
    ("c", "let-7"): 23.0,
    ("d", "miR-16"): 20.0,
    ("d", "let-7"): 20.0,
}


def test_each_assay_is_told_against_the_mean_of_the_references() -> None:
    panel = make_panel(CELLS)
    found = compute_signature(panel, {"mir_1": "miR-1"}, ["miR-16", "let-7"], ceiling=34)
    assert found["mir_1"].loc["a"] == 30 - 21
    assert found["mir_1"].loc["b"] == 34 - 22  # not detected: at the agreed ceiling
    assert np.isnan(found["mir_1"].loc["c"])  # a reference was not detected
    assert np.isnan(found["mir_1"].loc["d"])  # not measured


def test_what_is_not_in_the_panel_and_what_came_too_late_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        compute_signature(
            make_panel(CELLS, timing="after"), {"mir_1": "miR-1"}, ["miR-16", "let-9"], ceiling=34
        )
    text = str(caught.value)
    assert "let-9" in text
    assert "before the infusion began" in text
