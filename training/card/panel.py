"""The section of a card on the microRNA panel; only where the run had one.

Read are, of ``results["panel"]``: `done`, `found`, `verdict`, `counts`, `sample_size` (`text`),
`added_value` by horizon (a row for each metric), `candidates` and `assays`, as
:func:`training.report.panel_section.describe_panel` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.card.blocks import Block, Bullets, make_grid
from training.card.cohort import Body
from training.card.words import METRICS, capital, is_done, number, percent

__all__ = ["has_panel", "show_panel"]

_MOST_ASSAYS = 15
_FALSE_DISCOVERY = 0.05


def has_panel(body: Body) -> bool:
    """Return whether the run looked at panels."""
    return is_done(body["results"].get("panel"))


def show_panel(body: Body) -> list[Block]:
    """Return whether the panel adds anything, in the same patients, and which assays.

    Parameters
    ----------
    body : mapping
        Of a card whose run :func:`has_panel`.
    """
    panel = body["results"]["panel"]
    counts = panel["counts"]
    served = "panel" in body["model"]["submodel"]
    who = (
        "Patients whose panel can be used are answered by a sub-model of clinical predictors and "
        "assays, all others by the clinical one; the answer says which of them spoke."
        if served
        else "Everyone is answered by the clinical model; a panel that is sent is not used."
    )
    blocks: list[Block] = [
        Bullets((panel["verdict"],), "" if panel["found"] == "found" else "warning"),
        f"{who} {counts['known']} patients with a panel have a known outcome, {counts['events']} "
        f"of them responders; {counts['assays']} assays.",
    ]
    if panel["sample_size"]["text"]:
        blocks.append(f"{capital(panel['sample_size']['text']).rstrip('.')}.")
    blocks += _show_value(panel["added_value"])
    if panel["candidates"]:
        rows = [
            (row["label"], number(row["weight"]), percent(row["share_used"]))
            for row in panel["candidates"]
        ]
        blocks.append(
            make_grid(
                "What the panel's score is made of",
                ("candidate", "weight", "folds in which it counted"),
                rows,
            )
        )
    return blocks + _show_assays(panel["assays"], served=served)


def _show_value(value: Mapping[str, Any]) -> list[Block]:
    rows = [
        (
            horizon.upper(),
            METRICS[row["metric"]][0],
            _tell(row, "first", "first_low", "first_high"),
            _tell(row, "second", "second_low", "second_high"),
            _tell(row, "difference", "low", "high", decimals=3),
        )
        for horizon, table in value.items()
        for row in table
    ]
    if not rows:
        return []
    note = (
        "The same patients, held out from both; 95% intervals by a bootstrap of patients, which "
        "lack the variance of refitting. An interval that holds 0 does not show that the "
        "panel adds anything."
    )
    heads = ("", "measure", "clinical", "clinical and panel", "difference")
    return [make_grid("With and without the panel", heads, rows, note)]


def _tell(row: Mapping[str, Any], estimate: str, low: str, high: str, *, decimals: int = 2) -> str:
    """Return an estimate with its interval; differences of scores need a third decimal."""
    if any(row[key] is None for key in (estimate, low, high)):
        return "not estimable"
    found, below, above = (number(row[key], decimals) for key in (estimate, low, high))
    return f"{found} ({below} to {above})"


def _show_assays(assays: list[Mapping[str, Any]], *, served: bool) -> list[Block]:
    chosen = [row for row in assays if row.get("coefficient")]
    rows = [
        (
            row["assay"],
            _tell(row, "odds_ratio", "low", "high"),
            number(row["q_value"], 3),
            percent(row["detected"]),
            percent(row["half_samples"]),
            percent(row["folds"]),
        )
        for row in chosen[:_MOST_ASSAYS]
    ]
    q_values = [row["q_value"] for row in assays if row["q_value"] is not None]
    low = sum(q <= _FALSE_DISCOVERY for q in q_values)
    found = (
        f"Single assays with a false discovery rate of at most {_FALSE_DISCOVERY:.0%} beside the "
        f"clinical estimate: {low} of {len(assays)}."
    )
    if not assays:
        return []
    if not rows or not served:
        return [found]
    heads = ("assay", "odds ratio per SD of ΔCt (95%)", "q", "detected", "half samples", "folds")
    note = (
        "A higher ΔCt is less of the microRNA. Half samples and folds: the share in which the "
        "assay was selected again; one that matters is selected nearly always."
    )
    title = "Assays in the sub-model"
    if len(chosen) > _MOST_ASSAYS:
        title += f", {_MOST_ASSAYS} of {len(chosen)}"
    return [found, make_grid(title, heads, rows, note)]
