"""The section of a card on the microRNA panel; only where the run had one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.card.schema import Body
from training.document.document import Block, Bullets, make_table
from training.document.words import METRICS, capital, number, percent
from training.store.panel_found import AddedValueRow, PanelAssay, PanelResults
from training.store.part import Horizon

__all__ = ["make_panel_blocks"]

_MOST_ASSAYS = 15
_FALSE_DISCOVERY = 0.05


def make_panel_blocks(body: Body) -> list[Block]:
    """Return whether the panel adds anything, in the same patients, and which assays.

    Nothing where the run had no panel.
    """
    panel = body.results.panel
    if not isinstance(panel, PanelResults):
        return []
    counts = panel.counts
    served = "panel" in body.model.submodel
    who = (
        "Patients whose panel can be used are answered by a sub-model of clinical predictors and "
        "assays, all others by the clinical one; the answer says which of them spoke."
        if served
        else "Everyone is answered by the clinical model; a panel that is sent is not used."
    )
    blocks: list[Block] = [
        Bullets((panel.verdict,), "" if panel.found == "found" else "warning"),
        f"{who} {counts.known} patients with a panel have a known outcome, {counts.events} "
        f"of them responders; {counts.assays} assays.",
    ]
    if panel.sample_size.text:
        blocks.append(f"{capital(panel.sample_size.text).rstrip('.')}.")
    blocks += _make_value_blocks(panel.added_value)
    if panel.candidates:
        rows = [
            (row.label, number(row.weight), percent(row.share_used)) for row in panel.candidates
        ]
        blocks.append(
            make_table(
                "What the panel's score is made of",
                ("candidate", "weight", "folds in which it counted"),
                rows,
            )
        )
    return blocks + _make_assays_blocks(panel.assays, served=served)


def _make_value_blocks(value: Mapping[Horizon, Sequence[AddedValueRow]]) -> list[Block]:
    rows = [
        (
            horizon.upper(),
            METRICS[row.metric][0],
            _describe(row.first, row.first_low, row.first_high),
            _describe(row.second, row.second_low, row.second_high),
            _describe(row.difference, row.low, row.high, decimals=3),
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
    return [make_table("With and without the panel", heads, rows, note)]


def _describe(
    estimate: float | None, low: float | None, high: float | None, *, decimals: int = 2
) -> str:
    """Return an estimate with its interval; differences of scores need a third decimal."""
    if estimate is None or low is None or high is None:
        return "not estimable"
    found, below, above = (number(value, decimals) for value in (estimate, low, high))
    return f"{found} ({below} to {above})"


def _make_assays_blocks(assays: Sequence[PanelAssay], *, served: bool) -> list[Block]:
    chosen = [row for row in assays if row.coefficient]
    rows = [
        (
            row.assay,
            _describe(row.odds_ratio, row.low, row.high),
            number(row.q_value, 3),
            percent(row.detected),
            percent(row.half_samples),
            percent(row.folds),
        )
        for row in chosen[:_MOST_ASSAYS]
    ]
    q_values = [row.q_value for row in assays if row.q_value is not None]
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
    return [found, make_table(title, heads, rows, note)]
