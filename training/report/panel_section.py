"""What a panel adds, in words, tables and one picture: a section of the study's report."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from training.document.document import Block, Bullets, Picture, Section, Table
from training.document.words import number, percent, with_interval
from training.evaluation.panel import PanelEvaluation
from training.evaluation.verdict import make_panel_size_text, make_panel_verdict
from training.panel.procedure import PanelProcedure
from training.report.panel_plots import plot_selection
from training.report.tables import (
    make_assays_table,
    make_panel_candidates_table,
    make_panel_value_table,
)

__all__ = ["describe_panel", "make_panel_section"]

_SHOWN = 15
_Q_LIMIT = 0.05


def _make_value_section(panel: PanelEvaluation) -> list[Block]:
    value = pd.concat(panel.value, names=["horizon"]).reset_index()
    blocks: list[Block] = [make_panel_value_table(value)]
    if panel.net_benefit:
        together = pd.concat(panel.net_benefit, names=["horizon"])
        blocks.append(
            Table.from_rows(
                "panel_net_benefit",
                "Net benefit at the study's thresholds.",
                together.reset_index(level=0).reset_index(drop=True),
                {
                    "": lambda r: r.horizon.upper(),
                    "treat from": lambda r: percent(r.threshold),
                    "clinical": lambda r: number(r.clinical, 3),
                    "clinical + panel": lambda r: number(r.panel, 3),
                    "difference": lambda r: with_interval(r.difference, r.low, r.high, 3),
                },
            )
        )
    return blocks


def _describe_few_assays(panel: PanelEvaluation) -> str:
    assays = panel.assays
    few = assays[assays["q_value"] <= _Q_LIMIT]
    fewer = "none"
    if len(few):
        fewer = f"{len(few)} ({', '.join(few['assay'].head(_SHOWN))}"
        fewer += " and others)" if len(few) > _SHOWN else ")"
    by_chance = ""
    if panel.stability is not None:
        by_chance = (
            f" On half samples {panel.stability.n_selected:.1f} assays were selected on average; "
            f"of those selected in at least 75% of them at most "
            f"{number(panel.stability.bound_false(0.75))} are expected by chance."
        )
    return (
        f"Single assays with a false discovery rate of at most 5% beside the clinical estimate, "
        f"of {len(assays)}: {fewer}.{by_chance}"
    )


def _make_assays_section(panel: PanelEvaluation) -> list[Block]:
    assays = panel.assays
    return [
        _describe_few_assays(panel),
        make_assays_table(
            f"Single assays beside the clinical estimate: the {min(len(assays), _SHOWN)} with the "
            "smallest p values. All are in the CSV file.",
            assays.head(_SHOWN),
            assays,
        ),
        Picture(
            "panel_selection",
            "How often each assay is selected: by the lasso on complementary half samples of all "
            "patients (Meinshausen and Buehlmann 2010; Shah and Samworth 2013), and into the "
            "sub-models of the cross-validation. An assay that matters is selected nearly always; "
            "a picture without such an assay says that other patients would have given another "
            "list.",
            "dots of selection shares by assay",
            partial(plot_selection, assays),
            "Stability of the selection",
        ),
    ]


def make_panel_section(
    panel: PanelEvaluation, procedure: PanelProcedure, *, clinical: int
) -> Section:
    """Return the section on the panel.

    Parameters
    ----------
    panel : PanelEvaluation
        What was found.
    procedure : PanelProcedure
        How it was looked for.
    clinical : int
        Clinical parameters.
    """
    c = panel.counts
    people = [
        f"{c['panels']} panels of {c['assays']} assays; {c['without_course']} belong to no "
        f"eligible patient of the cohort; {c['known']} patients with a panel have a known outcome, "
        f"{c['events']} of them responders."
    ]
    if c["unknown_timing"]:
        people.append(
            f"{c['unknown_timing']} samples: it is not known that they were taken before the "
            "infusion. What is measured later may be its effect."
        )
    blocks: list[Block] = [f"{make_panel_verdict(panel)}"]
    people.append(make_panel_size_text(panel, clinical))
    if panel.found == "too_few":
        return Section("MicroRNA panel", (*blocks, Bullets(tuple(people))))
    people += [
        f"{c['kept']} assays are detected in at least {procedure.min_detected:.0%} of the samples "
        f"and are candidates; {c['not_normalised']} samples could not be normalised; "
        f"{c['folds']} folds"
        + (f", {c['failed']} of which could not normalise" if c["failed"] else "")
        + ".",
        "In each fold: normalisation, and the average over what the panel may add to the clinical "
        "log-odds, by evidence. The mean risk stays that of the clinical estimate. The global test "
        f"(p at most {procedure.max_p:g}) is made once, on all patients: where it was passed, the "
        "differences look a little better than they are.",
    ]
    if panel.keeps_model:
        people.append(
            "The 95% interval of an estimate with the panel counts that other assays could be the "
            "right ones, but not that the panel was kept because it did well in these patients: "
            "in simulated cohorts it holds the true risk somewhat less often than 95% "
            "(docs/panel.md)."
        )
    return Section(
        "MicroRNA panel",
        (
            *blocks,
            Bullets(tuple(people)),
            *_make_value_section(panel),
            make_panel_candidates_table(panel.candidates),
            *_make_assays_section(panel),
        ),
    )


def describe_panel(panel: PanelEvaluation, clinical: int) -> dict[str, Any]:
    """Return what was found as values, for the run's results; no row belongs to a patient."""
    return {
        "done": True,
        "found": panel.found,
        "verdict": make_panel_verdict(panel),
        "counts": panel.counts,
        "sample_size": {
            "verdict": panel.size,
            "parameters_borne": panel.affordable,
            "text": make_panel_size_text(panel, clinical),
        },
        "added_value": panel.value,
        "net_benefit": panel.net_benefit,
        "candidates": panel.candidates,
        "assays": panel.assays,
    }
