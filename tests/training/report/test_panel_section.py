"""What a panel adds, in words and tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.document.document import Bullets, Picture, Section, Table
from training.evaluation.panel import PanelEvaluation
from training.measures.sample_size.verdict import compute_size_verdict
from training.panel.procedure import PanelProcedure
from training.panel.stability import Stability
from training.report.panel_section import describe_panel, make_panel_section


def _make_row(first: float, second: float, change: tuple[float, float, float]) -> dict[str, float]:
    difference, low, high = change
    shares = {"first": first, "second": second}
    ends = {f"{name}_{end}": v + d for name, v in shares.items() for end, d in _ENDS}
    return {**shares, **ends, "difference": difference, "low": low, "high": high}


_ENDS = (("low", -0.01), ("high", 0.01))
_COUNTS = {
    "panels": 90,
    "without_course": 3,
    "in_cohort": 87,
    "known": 80,
    "events": 50,
    "not_normalised": 2,
    "unknown_timing": 0,
    "assays": 20,
    "kept": 18,
    "folds": 10,
    "failed": 0,
}


def _make_assays(n_few: int, n: int = 20) -> pd.DataFrame:
    """Return assays of which the first `n_few` reach a false discovery rate of exactly 5%."""
    few = np.arange(n) < n_few
    return pd.DataFrame(
        {
            "assay": [f"miR-{i}" for i in range(n)],
            "odds_ratio": 0.5,
            "low": 0.25,
            "high": 0.75,
            "p_value": np.where(few, 0.0004, 0.3),
            "q_value": np.where(few, 0.05, 0.0501),
            "detected": 0.9,
            "half_samples": 0.8,
            "folds": 0.7,
            "coefficient": np.where(np.arange(n) == 1, -0.25, 0.0),
        }
    )


def _make_panel(**changes: Any) -> PanelEvaluation:
    value = pd.DataFrame(
        [_make_row(0.61, 0.72, (0.11, 0.02, 0.2)), _make_row(0.24, 0.2, (-0.04, -0.07, -0.01))],
        index=pd.Index(["auc", "brier"], name="metric"),
    )
    benefit = pd.DataFrame(
        {
            "threshold": [0.4],
            "clinical": [0.31],
            "panel": [0.352],
            "difference": [0.042],
            "low": [-0.001],
            "high": [0.09],
        }
    )
    candidates = pd.DataFrame(
        {
            "candidate": ["elastic_net"],
            "label": ["Elastic net"],
            "weight": [0.4],
            "mean_weight": [0.3],
            "share_used": [0.9],
            "auc": [0.66],
            "share_constant": [0.1],
        }
    )
    values: dict[str, Any] = {
        "counts": _COUNTS,
        "found": "found",
        "reason": "",
        "size": compute_size_verdict(80, 50, 21, horizon="T1"),
        "affordable": 3,
        "value": {"t1": value, "t2": value},
        "net_benefit": {"t1": benefit, "t2": benefit},
        "candidates": candidates,
        "assays": _make_assays(2),
        "stability": Stability(np.full(20, 0.1), n_selected=2.0, n_halves=100),
    }
    return PanelEvaluation(**{**values, **changes})


def _make_section(**changes: Any) -> Section:
    return make_panel_section(_make_panel(**changes), PanelProcedure(), clinical=1)


def _find_tables(section: Section) -> dict[str, Table]:
    return {block.name: block for block in section.blocks if isinstance(block, Table)}


def _read_points(section: Section) -> str:
    (points,) = (block for block in section.blocks if isinstance(block, Bullets))
    return "\n".join(points.items)


def test_the_section_begins_with_its_verdict_and_holds_every_part() -> None:
    section = _make_section()
    assert str(section.blocks[0]).startswith("MicroRNA panel: added value found")
    assert list(_find_tables(section)) == [
        "panel_added_value",
        "panel_net_benefit",
        "panel_candidates",
        "panel_assays",
    ]
    (picture,) = [block for block in section.blocks if isinstance(block, Picture)]
    assert picture.name == "panel_selection" and picture.png.startswith(b"\x89PNG")


def test_both_estimates_and_their_difference_stand_in_a_row_by_horizon() -> None:
    tables = _find_tables(_make_section())
    rows = tables["panel_added_value"].rows
    assert [row[:5] for row in rows] == [
        (h, name, *numbers)
        for h in ("T1", "T2")
        for name, *numbers in (
            ("AUC", "0.61 (0.60 to 0.62)", "0.72 (0.71 to 0.73)", "0.110 (0.020 to 0.200)"),
            (
                "Brier score",
                "0.24 (0.23 to 0.25)",
                "0.20 (0.19 to 0.21)",
                "−0.040 (−0.070 to −0.010)",
            ),
        )
    ]
    assert tables["panel_net_benefit"].rows == [
        (h, "40%", "0.310", "0.352", "0.042 (−0.001 to 0.090)") for h in ("T1", "T2")
    ]
    assert tables["panel_candidates"].rows == [
        ("Elastic net", "0.40", "0.30", "90%", "0.66", "10%")
    ]


def test_without_thresholds_there_is_no_net_benefit() -> None:
    assert "panel_net_benefit" not in _find_tables(_make_section(net_benefit={}))


def test_an_assay_stands_with_its_odds_ratio_and_the_csv_holds_all_of_them() -> None:
    table = _find_tables(_make_section())["panel_assays"]
    assert len(table.rows) == 15 and len(table.data) == 20
    ratio = "0.50 (0.25 to 0.75)"
    assert table.rows[1] == ("miR-1", ratio, "<0.001", "0.050", "90%", "80%", "70%", "−0.25")
    # A coefficient of 0 is an assay that the model has not got: a dash, no number.
    assert table.rows[2] == ("miR-2", ratio, "0.300", "0.050", "90%", "80%", "70%", "–")


@pytest.mark.parametrize(
    ("n_few", "told"),
    [
        (0, "of 20: none."),
        (2, "of 20: 2 (miR-0, miR-1)."),
        (15, "miR-13, miR-14)."),
        (16, "of 20: 16 (miR-0, miR-1, miR-2"),
        (16, "miR-13, miR-14 and others)."),
    ],
)
def test_assays_up_to_a_false_discovery_rate_of_5_percent_are_named(n_few: int, told: str) -> None:
    texts = [b for b in _make_section(assays=_make_assays(n_few)).blocks if isinstance(b, str)]
    assert told in texts[-1]


def test_what_chance_alone_selects_is_told_where_it_is_known() -> None:
    # Meinshausen and Buehlmann's bound at 0.75 of 20 assays, 2 selected: 2^2 / (0.5 * 20) = 0.4
    told = "2.0 assays were selected on average; of those selected in at least 75% of them at most"
    assert f"{told} 0.40 are expected by chance" in str(_make_section().blocks)
    assert "by chance" not in str(_make_section(stability=None).blocks[-3])


def test_the_patients_behind_it_are_counted() -> None:
    text = _read_points(_make_section())
    assert "90 panels of 20 assays; 3 belong to no eligible patient" in text
    assert "80 patients with a panel have a known outcome, 50 of them responders" in text
    assert "18 assays are detected in at least 25% of the samples" in text
    assert "2 samples could not be normalised; 10 folds." in text
    assert "p at most 0.05" in text
    assert "where it was passed, the differences look a little better than they are" in text
    assert "not known that they were taken before the infusion" not in text


@pytest.mark.parametrize(
    ("count", "told"),
    [
        ("unknown_timing", "4 samples: it is not known that they were taken before the infusion"),
        ("failed", "10 folds, 4 of which could not normalise."),
    ],
)
def test_what_went_wrong_is_counted(count: str, told: str) -> None:
    assert told in _read_points(_make_section(counts={**_COUNTS, count: 4}))


@pytest.mark.parametrize("found", ["found", "not_shown"])
def test_an_interval_that_is_too_narrow_is_told_with_a_sub_model(found: str) -> None:
    assert "not that the panel was kept because it did well" in _read_points(
        _make_section(found=found)
    )


def test_without_a_sub_model_there_is_no_interval_to_warn_of() -> None:
    section = _make_section(found="nothing", reason="the panel did no better out of fold")
    assert "nothing was found" in str(section.blocks[0])
    assert "its assays were selected" not in _read_points(section)


def test_too_few_patients_are_described_and_nothing_else() -> None:
    section = _make_section(
        found="too_few", reason="7 nonresponders have a panel", counts={**_COUNTS, "known": 20}
    )
    verdict, points = section.blocks
    assert "described only. 7 nonresponders have a panel." in str(verdict)
    assert isinstance(points, Bullets) and len(points.items) == 2
    assert "20 patients with a panel" in points.items[0] and "Sample size" in points.items[1]


def test_the_results_tell_what_was_found_without_the_fit() -> None:
    panel = _make_panel()
    told = describe_panel(panel, clinical=1)
    assert told["done"] and told["found"] == "found"
    assert "beside 1 of the clinical predictors, 2 assays" in told["sample_size"]["text"]
    assert told["sample_size"]["parameters_borne"] == 3
    assert told["sample_size"]["verdict"] == panel.size
    assert told["added_value"] == panel.value and told["net_benefit"] == panel.net_benefit
    # `fitted` belongs to patients.
    assert "fitted" not in told and "stability" not in told
    alone = describe_panel(replace(panel, size=None), clinical=1)
    assert alone["sample_size"]["text"] == "Only one outcome was seen: no size can be given."
