"""The published evidence as a report, with what does not add up in it said in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.evidence.plots import PooledLine, plot_forest, plot_funnels
from experiments.evidence.pooling import Horizon, compute_published_pooling
from experiments.evidence.tables import (
    HORIZON_WORDS,
    compute_asymmetry,
    compute_base_rates,
    compute_forests,
    compute_funnels,
    compute_rate_comparison,
    compute_safety,
    compute_study_table,
)
from features.published.references import CHITNENI, MANGNUS, SIGTERMANS, ZHAO
from features.published.studies import PublishedStudy
from training.document.document import Block, Bullets, Document, Picture, Section, Table, each_row
from training.document.words import (
    ABSENT,
    number,
    p_equals,
    p_value,
    percent,
    percent_range,
    with_interval,
)

__all__ = ["make_evidence_report"]

_DRUGS = {"s_ketamine": "S-ketamine", "racemic_ketamine": "racemic", "unstated": "not known"}
_FLAGS = {
    "anaesthetic_dose": "anaesthetic dose",
    "under_18": "under 18",
    "mixed_pain": "not only CRPS",
}
_WHY = (
    "Zhao 2018 prints 69% (53 to 84) at the end of treatment and 58% (41 to 75) at 1 to 3 months. "
    "The studies that its text names do not give these numbers, on any scale tried here.",
    "Both come back to the digit once two studies change places. The anaesthetic study of Kiefer "
    "2008 must be in: the text says it was left out of the first rate and does not cite it for the "
    "second. Its 93.5% and 89.4% are no whole number of 20 patients, while its mean score fell by "
    "94%: they read like mean relief, not like a share of responders.",
    "The pilot study of Kiefer 2008, in which none of 4 patients responded, must be out. Nobody "
    "has to have decided that: a share of zero has no variance on the raw scale, and software "
    "that weights by the variance drops such a row without a word. So the one negative study "
    "is missing from the printed rates.",
    "With the studies as the text names them the rates lie near 62% and 52%. A new centre may "
    "expect almost anything at the end of treatment: the prediction interval reaches from about "
    "21% to 91%. It looks narrower at 1 to 3 months only because a handful of small studies cannot "
    "show how far centres differ.",
    "None of these rates is that of one treatment: the studies mix racemic and S-ketamine, low and "
    "anaesthetic doses, adults and adolescents, and count some patients of the Leiden trial more "
    "than once. Their responders have 30% less pain; those of Mangnus 2021 have 2 points less or "
    "a record that speaks of success. The two rules cross at a score of 6.7 before treatment.",
)


def make_evidence_report(studies: Sequence[PublishedStudy]) -> Document:
    """Lay the published evidence out, with every way of pooling, and every doubt about every study.

    Parameters
    ----------
    studies : sequence of PublishedStudy
        As :func:`features.published.studies.read_studies` gives them.
    """
    comparison = compute_rate_comparison(studies)
    sections = (
        Section("In short", (Bullets(_summarise(comparison)),)),
        Section("How many responded: the counts to hold beside an estimate", (_base_rates(),)),
        Section("The pooled rates in print, and why they differ", _pooled(studies, comparison)),
        Section("Do small studies show more?", _asymmetry(studies)),
        Section("Safety: facts, not predictions", (_safety(),)),
        Section("The studies, and what is doubtful in each", _studies(studies)),
    )
    sources = "; ".join(reference.text for reference in (MANGNUS, ZHAO, CHITNENI, SIGTERMANS))
    return Document(
        title="Ketamine in CRPS: the published evidence",
        lead=(
            "What is known of the response to ketamine infusions in Complex Regional Pain "
            f"Syndrome, recomputed from what is printed. Sources: {sources}."
        ),
        stamp="",
        sections=sections,
    )


def _summarise(comparison: pd.DataFrame) -> tuple[str, ...]:
    counts = [
        f"{row.events} of {row.n} at {row.key.upper()} ({percent(row.rate)}, 95% interval "
        f"{percent_range(row.low, row.high)})"
        for row in each_row(compute_base_rates())
        if row.key in ("t1", "t2")
    ]
    pooled = []
    for words in HORIZON_WORDS.values():
        ways = {row.way: row for row in each_row(comparison[comparison["horizon"] == words])}
        stated = ways["logit"]
        pooled.append(
            f"{percent(ways['printed'].rate)} in print {words}, {percent(stated.rate)} from the "
            f"studies that it names (a new centre may expect "
            f"{percent_range(stated.prediction_low, stated.prediction_high)})"
        )
    return (
        f"Responders in the one cohort of this treatment (Mangnus 2021): {' and '.join(counts)}.",
        f"Pooled rates of at least 30% relief: {'; '.join(pooled)}.",
        "No predictor of response that is known before admission has been validated.",
    )


def _base_rates() -> Table:
    return Table.from_rows(
        "base_rates",
        "Mangnus 2021: 48 adults with therapy-resistant CRPS, one centre, low-dose S-ketamine.",
        compute_base_rates(),
        {
            "outcome": "outcome",
            "patients": lambda r: f"{r.events}/{r.n}",
            "share": lambda r: percent(r.rate),
            "95% interval": lambda r: percent_range(r.low, r.high),
            "what to know": "note",
        },
        "These are the rates that stand beside an estimate of a CRPS model, with the training "
        "cohort's own. Intervals by Wilson's method.",
    )


def _pooled(studies: Sequence[PublishedStudy], comparison: pd.DataFrame) -> tuple[Block, ...]:
    def used(row: Any) -> str:
        everything = row.studies == row.used or np.isnan(row.used)
        return f"{row.studies}" if everything else f"{row.used:.0f} of {row.studies}"

    table = Table.from_rows(
        "pooled_rates",
        "Shares with at least 30% relief, pooled by random effects (DerSimonian-Laird).",
        comparison,
        {
            "responders": "horizon",
            "from": "words",
            "studies": used,
            "share": lambda r: percent(r.rate),
            "95% interval": lambda r: percent_range(r.low, r.high),
            "new centre (95%)": lambda r: percent_range(r.prediction_low, r.prediction_high),
            "I²": lambda r: percent(r.i2 / 100),
        },
        "New centre: prediction interval, where the rate of another centre is expected. Studies as "
        "stated are pooled from whole counts of responders; half a patient is added to a zero on "
        "the log-odds scale.",
    )
    blocks: list[Block] = [Bullets(_WHY), table]
    for (horizon, forest), words in zip(
        compute_forests(studies).items(), HORIZON_WORDS.values(), strict=True
    ):
        rates = comparison[comparison["horizon"] == words]
        blocks.append(_forest(forest, rates, horizon=horizon, words=words))
    blocks.append(_every_way(studies))
    return tuple(blocks)


def _forest(
    forest: pd.DataFrame, comparison: pd.DataFrame, *, horizon: Horizon, words: str
) -> Picture:
    ways = {row.way: row for row in each_row(comparison)}
    names = {
        "logit": "Studies as stated, log odds",
        "freeman_tukey": "Studies as stated, double arcsine",
        "raw": "Studies as stated, raw (zero row drops out)",
        "reproduced": "Raw, hollow study in, zero row out",
        "printed": "As printed in Zhao 2018",
    }
    lines = []
    for way, name in names.items():
        row, is_main = ways[way], way == "logit"
        prediction = (row.prediction_low, row.prediction_high) if is_main else None
        lines.append(PooledLine(name, row.rate, row.low, row.high, prediction, main=is_main))
    main = ways["logit"]
    heterogeneity = (
        f"Log odds: τ² = {main.tau2:.2f}, Q = {main.q:.1f} on {main.used - 1:.0f} df "
        f"({p_equals(main.q_p_value)}), I² = {main.i2:.0f}%. Orange: 95% prediction interval for a "
        f"new centre, {percent_range(main.prediction_low, main.prediction_high)}."
    )
    figure = plot_forest(forest, lines, title=f"Responders {words}", heterogeneity=heterogeneity)
    return Picture(
        f"forest_{words.replace(' ', '_')}",
        f"Shares of patients with at least 30% relief {words}: studies (Wilson intervals; area "
        "of a square by weight), and pooled in five ways. The hollow study is not among those that "
        "the paper names, though its printed rate holds it; its count is the whole number nearest "
        "to a percentage that is none."
        + (" Dahan 2011 is the Sigtermans 2009 trial." if horizon == "immediate" else ""),
        f"Forest plot of responder rates {words}.",
        lambda: figure,
    )


def _every_way(studies: Sequence[PublishedStudy]) -> Table:
    words = {"as_stated": "as stated", "as_reproduced": "as reproduced"}
    return Table.from_rows(
        "every_way",
        "The same pooling from the printed percentages, on every scale and from both sets.",
        compute_published_pooling(studies),
        {
            "responders": "horizon",
            "studies": lambda r: words[r.selection],
            "scale": lambda r: r.scale.replace("_", "-"),
            "added": lambda r: (
                ABSENT if np.isnan(r.correction) else f"{r.correction:g} on zero rows"
            ),
            "used": lambda r: f"{r.used} of {r.studies}",
            "share": lambda r: percent(r.rate, 1),
            "95% interval": lambda r: percent_range(r.low, r.high, 1),
            "I²": lambda r: f"{r.i2:.0f}%",
        },
        "As reproduced: the anaesthetic study of Kiefer 2008 in, its pilot of 4 out.",
    )


def _asymmetry(studies: Sequence[PublishedStudy]) -> tuple[Block, ...]:
    tests = compute_asymmetry(studies)
    is_pain = tests["effect"].str.startswith("standardised")
    table = Table.from_rows(
        "asymmetry",
        "Tests for a funnel that leans to one side.",
        tests,
        {
            "effect": "effect",
            "reading": "reading",
            "studies": "studies",
            "pooled (95% interval)": lambda r: (
                with_interval(r.pooled, r.low, r.high) if r.effect.startswith("standard") else ""
            ),
            "Egger p": lambda r: p_value(r.egger_p),
            "Begg p": lambda r: p_value(r.begg_p),
        },
    )
    blocks: list[Block] = [
        "The published analysis of pain scores finds that small studies show larger falls (Egger "
        "p = 0.008), and reads it as publication bias. Part of that is made by the print: six "
        "studies have spreads that are too small to be standard deviations, one of them a standard "
        "error by its own report. Taken as standard deviations, five of them make effects of about "
        "−5 to −23, which no treatment has. Read as standard errors, the asymmetry is no longer "
        "told from "
        "chance. With so few studies that is no proof of its absence either.",
        table,
    ]
    notes = [
        f"Egger {p_equals(row.egger_p)}\nBegg {p_equals(row.begg_p)}"
        for row in each_row(tests[is_pain])
    ]
    figure = plot_funnels(compute_funnels(studies), notes=notes, title="Change of pain, 13 studies")
    blocks.append(
        Picture(
            "funnel",
            "Standardised change of pain (end minus start; negative is relief) against its "
            "standard error. The dashed lines hold 95% of the studies where all share one "
            "effect.",
            "Three funnel plots of the change of pain by standard error.",
            lambda: figure,
        )
    )
    return tuple(blocks)


def _safety() -> Table:
    def placebo(row: Any) -> str:
        given = not np.isnan(row.placebo_n)
        return f"{row.placebo_events:.0f}/{row.placebo_n:.0f}" if given else ""

    return Table.from_rows(
        "safety",
        "Side effects with their counts.",
        compute_safety(),
        {
            "seen": "matter",
            "in whom": "setting",
            "patients": lambda r: f"{r.events}/{r.n} ({percent(r.rate)})",
            "placebo": placebo,
            "source": lambda r: r.source.split(",")[0],
            "note": "note",
        },
        "Context for people. No estimate of this software says anything on harm, or stands for a "
        "clearance.",
    )


def _studies(studies: Sequence[PublishedStudy]) -> tuple[Block, ...]:
    rows = compute_study_table(studies)

    def dose(row: Any) -> str:
        if np.isnan(row.mg_h_low):
            return ABSENT
        ends = dict.fromkeys(f"{end:.3g}" for end in (row.mg_h_low, row.mg_h_high))
        return "–".join(ends)

    def share(value: float) -> str:
        return ABSENT if np.isnan(value) else f"{value:g}%"

    def mind(row: Any) -> str:
        twins = [f"same patients as {names[key]}" for key in row.same_trial_as.split(";") if key]
        return "; ".join([words for flag, words in _FLAGS.items() if getattr(row, flag)] + twins)

    names = {row.key: f"{row.study} {row.year}" for row in each_row(rows)}
    table = Table.from_rows(
        "studies",
        "Every study of Zhao 2018 (15) and of Chitneni 2021 (14).",
        rows,
        {
            "study": lambda r: names[r.key],
            "drug": lambda r: _DRUGS.get(r.drug),
            "mg/h at 70 kg": dose,
            "n: Zhao, Chitneni": lambda r: f"{number(r.n_zhao, 0)}, {number(r.n_chitneni, 0)}",
            "end, printed": lambda r: share(r.immediate_percent),
            "1–3 months, printed": lambda r: share(r.follow_up_percent),
            "mind": mind,
            "DOI": "doi",
        },
        "Drug: what the papers at hand back, not what one review's column says.",
    )
    doubts = Bullets(
        tuple(
            f"{study.reference.study} {study.reference.year}: {' '.join(study.notes)}"
            for study in studies
        )
    )
    return table, doubts
