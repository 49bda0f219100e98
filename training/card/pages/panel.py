"""The section of a card on the microRNA panel; only where the run had one."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from training.card.schema import Body
from training.document.document import Block, Bullets
from training.document.words import capital
from training.report.tables import (
    make_assays_table,
    make_panel_candidates_table,
    make_panel_value_table,
)
from training.store.optional.panel_found import PanelAssay, PanelResults

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
    value = [
        SimpleNamespace(horizon=horizon, **row.model_dump())
        for horizon, table in panel.added_value.items()
        for row in table
    ]
    if value:
        blocks.append(make_panel_value_table(value))
    if panel.candidates:
        blocks.append(make_panel_candidates_table(panel.candidates))
    return blocks + _make_assays_blocks(panel.assays, served=served)


def _make_assays_blocks(assays: Sequence[PanelAssay], *, served: bool) -> list[Block]:
    chosen = [row for row in assays if row.coefficient]
    q_values = [row.q_value for row in assays if row.q_value is not None]
    low = sum(q <= _FALSE_DISCOVERY for q in q_values)
    found = (
        f"Single assays with a false discovery rate of at most {_FALSE_DISCOVERY:.0%} beside the "
        f"clinical estimate: {low} of {len(assays)}."
    )
    if not assays:
        return []
    if not chosen or not served:
        return [found]
    caption = "Assays in the sub-model"
    if len(chosen) > _MOST_ASSAYS:
        caption += f", {_MOST_ASSAYS} of {len(chosen)}"
    return [found, make_assays_table(caption, chosen[:_MOST_ASSAYS])]
