"""The patients by the values of one column, in a cohort's report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.description.groups import GroupDescription
from features.dictionary.outcome_words import name_horizon
from features.shares import FEWEST
from training.document.document import Block, Table, each_row
from training.document.words import number, percent, percent_range

__all__ = ["make_groups_section", "summarise_groups"]

_CAUTION = (
    "Groups that no lot has made differ in more than their name: what stands here is no effect of "
    "it, and nothing is tested. Of many columns that are tried, one always seems to tell patients "
    f"apart. A value that fewer than {FEWEST} patients have is not named."
)


def summarise_groups(groups: GroupDescription, *, condition: str) -> list[str]:
    """Return the rates of each group in one sentence for each horizon."""
    sentences = []
    for horizon in ("t1", "t2"):
        rows = groups.rates[groups.rates["rate"] == horizon]
        if rows.empty:
            continue
        told = "; ".join(f"{row.group}: {_tell_rate(row)}" for row in each_row(rows))
        the = "the " if horizon == "t2" and condition == "CRPS" else ""
        when = f"{the}{name_horizon(horizon, condition)}"
        sentences.append(f"Responders at {when} by {groups.label}: {told}.")
    return sentences


def _tell_rate(row: Any) -> str:
    if np.isnan(row.n):
        return "too few"
    return (
        f"{row.events:.0f}/{row.n:.0f} ({percent(row.share)}, 95% "
        f"{percent_range(row.low, row.high)})"
    )


def make_groups_section(groups: GroupDescription) -> tuple[Block, ...]:
    """Return the blocks of the groups: who they are, their rates, their scores, their tables."""
    sizes = groups.sizes.rename(
        columns={
            "group": groups.label,
            **{f"known_{h}": f"{h.upper()} known" for h in ("t1", "t2")},
        }
    )
    note = "Mean (SD), median [Q1, Q3] or n (% of the known)."
    if groups.left_out:
        note += (
            f" Left out, for fewer than {FEWEST} known values in a group: "
            f"{', '.join(groups.left_out)}."
        )
    tables = [
        Table(
            name,
            caption,
            frame.rename(columns={"characteristic": "", "all": "all of them"}),
            note,
            frame,
        )
        for name, caption, frame in (
            ("by_patients", f"Patients before treatment, by {groups.label}.", groups.baseline),
            ("by_treatment", f"Treatment and its course, by {groups.label}.", groups.treatment),
        )
        if len(frame) > 1
    ]
    return (
        Table("by_sizes", f"Eligible patients by {groups.label}.", sizes, _CAUTION, groups.sizes),
        *([_make_rates(groups)] if len(groups.rates) else []),
        *([_make_scores(groups)] if len(groups.scores) else []),
        *tables,
    )


def _make_rates(groups: GroupDescription) -> Table:
    rates = groups.rates.assign(words=groups.rates["outcome"].str.split(": ").str[0])
    return Table.from_rows(
        "by_rates",
        f"Responder rates by {groups.label}.",
        rates.sort_values("rate", key=lambda keys: keys.map(_place_rates(rates)), kind="stable"),
        {
            "rate": "words",
            groups.label: "group",
            "patients": lambda r: "" if np.isnan(r.events) else f"{r.events:.0f}/{r.n:.0f}",
            "share": lambda r: "too few" if np.isnan(r.share) else percent(r.share),
            "95% interval": lambda r: "" if np.isnan(r.low) else percent_range(r.low, r.high),
            "if the unknown were all non- or all responders": lambda r: (
                "" if np.isnan(r.lowest) else percent_range(r.lowest, r.highest)
            ),
        },
        "95% intervals by Wilson's method, of each group by itself (of sustained response: delta "
        "method). Two intervals that overlap do not show that the groups are alike.",
        groups.rates,
    )


def _place_rates(rates: pd.DataFrame) -> dict[str, int]:
    """Return the order in which the rates first come, so that groups stand below each other."""
    return {name: place for place, name in enumerate(dict.fromkeys(rates["rate"]))}


def _make_scores(groups: GroupDescription) -> Table:
    return Table.from_rows(
        "by_scores",
        f"Scores by {groups.label}.",
        groups.scores,
        {
            groups.label: "group",
            "time": lambda r: r.time.upper(),
            "scores": lambda r: f"{r.n} of {r.of}",
            "median [Q1, Q3]": lambda r: (
                "too few" if np.isnan(r.median) else f"{r.median:g} [{r.q1:g}, {r.q3:g}]"
            ),
            "mean (SD)": lambda r: (
                "" if np.isnan(r.mean) else f"{number(r.mean, 1)} ({number(r.sd, 1)})"
            ),
        },
    )
