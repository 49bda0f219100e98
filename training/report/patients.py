"""Who are the patients, and for whom does it hold? Sections on the cohort, its parts and gaps."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from training.document.document import Block, Bullets, Picture, Section, Table, each_row
from training.document.words import OF_A_CONSTANT, number, share_with_interval
from training.evaluation.evaluation import Evaluation
from training.evaluation.judgement import Judgement
from training.evaluation.verdict import judge_sizes
from training.fitting.weighting import describe_weighting
from training.measures.subgroups import MIN_PER_CLASS
from training.report.plots import plot_subgroups
from training.report.shares import tell_patients_share
from training.report.tables import (
    make_bounds_table,
    make_flow_table,
    make_power_table,
    make_size_table,
    make_subgroups_table,
    stack_horizons,
)
from training.study.study import Description

__all__ = [
    "format_rate",
    "make_missing_section",
    "make_patients_section",
    "make_size_section",
    "make_subgroups_section",
]


_SEEN = {"characteristic": "", "smd": "difference (SMD, 95%)", "by_chance": "above 0.1 by luck"}


def format_rate(counts: dict[str, float]) -> str:
    """Return a share of responders with its interval, in percent."""
    return share_with_interval(*(counts.get(name) for name in ("base_rate", "low", "high")))


def make_patients_section(description: Description) -> Section:
    """Return how the patients came to be those judged, and how many responded."""
    labels: dict[str, Any] = description.labels.counts()
    outcomes = description.study.outcomes
    shares = [f"{h.upper()}: {tell_patients_share(description, h)}" for h in description.counts]
    blocks: list[Block] = [
        make_flow_table(description.flow),
        Bullets(tuple(f"{horizon.upper()}: {words}" for horizon, words in outcomes.items())),
        Table.from_rows(
            "outcomes",
            "Outcomes.",
            [(h, description.counts[h], labels[h]) for h in description.study.horizons],
            {
                "horizon": lambda r: r[0].upper(),
                "known": lambda r: f"{r[1]['n']:.0f}",
                "responders": lambda r: f"{r[1]['events']:.0f}",
                "base rate (95% interval)": lambda r: format_rate(r[1]),
                "responders per parameter": lambda r: number(
                    r[1]["events"] / description.parameters, 1
                ),
                "by score": lambda r: r[2]["score"],
                "by wording": lambda r: r[2]["wording"],
                "by both": lambda r: r[2]["both"],
            },
            f"Base rate: the share of responders. {'. '.join(shares)}.",
        ),
    ]
    if description.notices:
        blocks.append(Bullets(description.notices))
    return Section("Patients and outcomes", tuple(blocks))


def make_size_section(description: Description, evaluation: Evaluation | None = None) -> Section:
    """Return what sample there was, what a development study needs, and what this one could find.

    The last is told where a procedure was judged.
    """
    sizes = description.verdicts
    sizes = sizes if evaluation is None else judge_sizes(evaluation, sizes)
    blocks: list[Block] = [make_size_table(sizes)]
    if evaluation is not None and evaluation.power:
        found = {h: list(each_row(table)) for h, table in evaluation.power.items()}
        values = stack_horizons(evaluation.power)
        blocks.append(make_power_table(found, sizes, values))
    return Section("Sample size", tuple(blocks))


def make_subgroups_section(evaluation: Evaluation) -> Section:
    """Return how the procedure does in parts of the cohort."""
    blocks: list[Block] = [
        "By sex, age, duration, site and medication, as set before the results were seen. "
        "Differences between parts of a small cohort are mostly chance; a part that does as well "
        "as the others shows only that no gross difference was seen."
    ]
    for horizon, found in evaluation.judgements.items():
        name, table = horizon.upper(), found.subgroups
        ranked = not found.spread.constant
        blocks.append(
            make_subgroups_table(
                horizon,
                table,
                MIN_PER_CLASS,
                "Parts of one or two patients are left out. Intervals lack the variance of "
                "refitting.",
                ranked=ranked,
            )
        )
        if ranked:
            blocks.append(
                Picture(
                    f"subgroups_{horizon}",
                    f"AUC and observed : expected by part of the cohort, {name} "
                    "(responders/known).",
                    f"Subgroups at {name}.",
                    partial(plot_subgroups, table),
                    f"Parts of the cohort, {name}",
                )
            )
    return Section("Parts of the cohort", tuple(blocks))


def make_missing_section(description: Description, evaluation: Evaluation) -> Section:
    """Return who has no known outcome, and how far they could move the result."""
    judged = evaluation.judgements
    unknown = {horizon: found.bounds.attrs["unknown"] for horizon, found in judged.items()}
    study = description.study
    weights = describe_weighting(study.weighting, study.horizons)
    blocks: list[Block] = [f"Weights: {weights}."] if weights else []
    for horizon, found in judged.items():
        name, whom = horizon.upper(), "all eligible patients"
        if horizon == "t2" and description.data.has_kept:
            whom = "responders at T1"
        if found.seen is not None:
            blocks.append(
                Table(
                    f"seen_{horizon}",
                    f"Patients whose {name} is known beside those whose {name} is not, among "
                    f"{whom}.",
                    found.seen.rename(columns=_SEEN),
                    "Difference: standardised, with its 95% interval. Above 0.1 those seen are "
                    "usually called unlike those not seen; groups of these sizes show as much by "
                    "luck alone as often as the next column says. "
                    "Variables known of fewer than three patients in either group are left out.",
                    found.seen,
                )
            )
        elif unknown[horizon]:
            blocks.append(
                f"{name}: of {whom}, too few have a known outcome, or too few have none, for the "
                "one group to be described beside the other."
            )
    plain = " Not weighted." if weights else ""
    told = {horizon: _take_told(found).reset_index() for horizon, found in judged.items()}
    bounds = make_bounds_table(
        [(h, unknown[h], row) for h, table in told.items() for row in each_row(table)],
        "Lowest and highest over everyone, whatever the unknown outcomes are and for whatever "
        "reason they are missing: from no responder among them to all, and for each number in "
        f"between those with the highest or lowest cross-validated probabilities.{plain} "
        "The share of responders here is of the patients whose outcome is known, or of all. "
        "An AUC averaged over repeats can still pass its ends by a hundredth or two.",
        stack_horizons(told),
    )
    return Section("Patients without a known outcome", (*blocks, bounds))


def _take_told(found: Judgement) -> pd.DataFrame:
    """Return the bounds of those measures that say something of the model."""
    bounds = found.bounds
    return bounds[bounds.index.isin(OF_A_CONSTANT)] if found.spread.constant else bounds
