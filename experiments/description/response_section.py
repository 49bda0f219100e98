"""The response in a cohort's report: both horizons together, the rates, what labels rest on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.description.description import CohortDescription
from experiments.description.plots import plot_rates
from features.published.rates import BASE_RATES
from training.document.document import Block, Picture, Table
from training.document.words import p_equals, percent, percent_range
from training.measures.patients.paired import PairedTable

__all__ = ["make_response_section"]

_SOURCES = {
    "score": "score alone",
    "both": "score and the record's wording",
    "wording": "the record's wording alone",
}


def make_response_section(d: CohortDescription, *, beside_published: bool) -> tuple[Block, ...]:
    """Return the blocks on response, beside published rates; none where no outcome is known."""
    if not d.horizons:
        return ()
    paired = () if d.paired is None else (_make_paired_table(d.paired),)
    return (*paired, *_make_rates(d, beside_published=beside_published), _make_provenance(d))


def _make_paired_table(p: PairedTable) -> Table:
    counts = pd.DataFrame(
        {
            "": ["T1: responder", "T1: nonresponder", "all"],
            "T2: responder": [p.both, p.gained, p.both + p.gained],
            "T2: nonresponder": [p.lost, p.neither, p.lost + p.neither],
            "all": [p.both + p.lost, p.gained + p.neither, p.n],
        }
    )
    values = {name: getattr(p, name) for name in ("both", "lost", "gained", "neither", "n")}
    return Table(
        "response_t1_t2",
        f"Response at T1 and T2 in the {p.n} patients in whom both are known. Exact "
        f"McNemar test: {p_equals(p.p_value)}.",
        counts,
        f"{p.lost + p.gained} patients changed: {p.lost} lost a response, {p.gained} "
        "gained one. The test asks whether the one happens as often as the other.",
        pd.DataFrame([values | {"mcnemar_exact_p": p.p_value}]),
    )


def _make_rates(d: CohortDescription, *, beside_published: bool) -> tuple[Block, ...]:
    published = {rate.key: rate for rate in BASE_RATES} if beside_published else {}
    rates = d.rates.assign(
        published=[published[key].rate if key in published else np.nan for key in d.rates["rate"]],
        words=d.rates["outcome"].str.split(": ").str[0],
    )
    columns: dict[str, str | Callable[[Any], object]] = {
        "rate": "outcome",
        "patients": lambda r: "" if np.isnan(r.events) else f"{r.events:.0f}/{r.n:.0f}",
        "share": lambda r: percent(r.share),
        "95% interval": lambda r: percent_range(r.low, r.high),
        "if the unknown were all non- or all responders": lambda r: (
            "" if np.isnan(r.lowest) else percent_range(r.lowest, r.highest)
        ),
    }

    def beside(row: Any) -> str:
        rate = published.get(row.rate)
        return "" if rate is None else f"{rate.events}/{rate.n} ({percent(rate.rate)})"

    if published:
        columns["Mangnus 2021"] = beside
    note = (
        "95% intervals by Wilson's method (the last row: delta method). Without a comparison group "
        "these rates hold whatever placebo and time would have done."
    )
    return (
        Table.from_rows(
            "rates", "Responder rates.", rates, columns, note, rates.drop(columns="words")
        ),
        Picture(
            "rates",
            "Responder rates with 95% intervals"
            + (", beside the published counts (diamonds)." if published else "."),
            "Dot plot of the responder rates in the table above.",
            lambda: plot_rates(rates, title="Responder rates"),
        ),
    )


def _make_provenance(d: CohortDescription) -> Table:
    return Table.from_rows(
        "provenance",
        "What the labels rest on.",
        d.provenance,
        {
            "horizon": lambda r: r.horizon.upper(),
            "label rests on": lambda r: _SOURCES[r.source],
            "responders": "responders",
            "nonresponders": "nonresponders",
        },
        "A label that rests on wording alone is softer than one with a score.",
    )
