"""The described cohort as a report: what each table says, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.description.description import CohortDescription
from experiments.description.groups import GroupDescription
from experiments.description.groups_section import make_groups_section, summarise_groups
from experiments.description.plots import plot_attrition, plot_missing, plot_pain
from experiments.description.response_section import make_response_section
from features.dictionary.outcome_words import name_horizon
from features.shares import FEWEST
from training.document.document import Block, Bullets, Document, Picture, Section, Table, each_row
from training.document.words import number, p_equals, p_value, percent, percent_range

__all__ = ["make_description_report"]

_SYNTHETIC = "Simulated patients: every number here was made up by a program."
_INDENT = "\u2003"
_TREATMENT_NOTE = (
    "Effective dose, day of the first effect and weeks of relief exist only where there was an "
    "effect, and say nothing about who responds. Nothing in this table is known before admission."
)


def make_description_report(
    description: CohortDescription, *, name: str, beside_published: bool = True
) -> Document:
    """Lay a described cohort out.

    Parameters
    ----------
    description : CohortDescription
        From :func:`experiments.description.description.describe_cohort`.
    name : str
        What to call the cohort: the name of its file.
    beside_published : bool
        Whether its rates may stand beside those of Mangnus 2021: only for the same treatment,
        patients and responder rule.

    Returns
    -------
    Document
        Table 1 (patients), Table 2 (treatment), Table 3 (response at T1 and T2, where both are
        known) and the rest.
    """
    d = description
    rule = f"Responder: {d.rule}." if d.horizons else "No outcome is known."
    lead = (
        f"{d.rows} courses in the file, {d.eligible} of them eligible. {rule} Everything below is "
        "on the eligible courses. Nothing is a prediction."
    )
    sections = [
        Section("In short", (Bullets(_summarise(d)),)),
        Section("Patients", _make_patients(d)),
        Section("Treatment", _make_treatment(d)),
        Section("Response", make_response_section(d, beside_published=beside_published)),
        *([] if d.groups is None else [_section_by(d.groups)]),
        Section("Scores", _make_pain(d)),
        Section("Responders and nonresponders", _make_comparison(d)),
        Section("What is missing", _make_missing(d)),
        Section("Mean or median", _make_normality(d)),
    ]
    return Document(
        title=f"Cohort description: {name}",
        lead=lead,
        stamp=_SYNTHETIC if d.synthetic else "",
        sections=tuple(section for section in sections if section.blocks),
    )


def _section_by(groups: GroupDescription) -> Section:
    return Section(f"By {groups.label}", make_groups_section(groups))


def _rate(d: CohortDescription, key: str) -> str:
    row = next(row for row in each_row(d.rates) if row.rate == key)
    return (
        f"{row.events:.0f}/{row.n:.0f} ({percent(row.share)}, 95% interval "
        f"{percent_range(row.low, row.high)})"
    )


def _summarise(d: CohortDescription) -> tuple[str, ...]:
    sentences = [] if d.horizons else ["No outcome is known."]
    known = set(d.rates["rate"])
    for horizon in ("t1", "t2"):
        if horizon in known:
            the = "the " if horizon == "t2" and d.condition == "CRPS" else ""
            when = f"{the}{name_horizon(horizon, d.condition)}"
            sentences.append(f"Responders at {when}: {_rate(d, horizon)}.")
    if d.groups is not None:
        sentences += summarise_groups(d.groups, condition=d.condition)
    if d.paired is not None and d.paired.n:
        p = d.paired
        sentences.append(
            f"Of {p.n} patients whose response is known at both, {p.both} responded at both, "
            f"{p.lost} lost their response, {p.gained} gained one and {p.neither} responded at "
            f"neither (exact McNemar test, {p_equals(p.p_value)})."
        )
    for horizon in d.horizons:
        labels = {
            row.source: row.responders + row.nonresponders
            for row in each_row(d.provenance)
            if row.horizon == horizon
        }
        total, by_word = sum(labels.values()), labels["wording"]
        if by_word:
            sentences.append(
                f"{by_word} of {total} labels at {horizon.upper()} rest on the record's wording "
                "alone, without a score."
            )
    return (*sentences, *d.notices)


def _make_table_one(shown: pd.DataFrame) -> pd.DataFrame:
    names = {
        "characteristic": "",
        "missing": "missing",
        "all": "all patients",
        "smd": "difference (SMD, 95%)",
        "by_chance": "above 0.1 by luck",
        "p": "p",
    }
    return shown.rename(columns=names).replace({"<NA>": "", "nan": "", "None": ""})


def _make_patients(d: CohortDescription) -> tuple[Block, ...]:
    picture = Picture(
        "attrition",
        "From the courses in the file to those with a known response. A criterion whose value is "
        "not known excludes nobody.",
        "Flow diagram of the courses in the file, those excluded, and those with a known response.",
        lambda: plot_attrition(d.flow, d.rates, title="Attrition"),
    )
    note = "Missing: patients without a value; percentages are of the others."
    if d.left_out:
        note += (
            f" Left out, for fewer than {FEWEST} known values or because a drug class is known "
            f"only of those who take it, or only of those who do not: {', '.join(d.left_out)}."
        )
    table = Table(
        "patients", "Patients before treatment.", _make_table_one(d.baseline), note, d.baseline
    )
    return picture, table


def _make_side_effects(d: CohortDescription) -> pd.DataFrame:
    rows = []
    for i, row in enumerate(each_row(d.side_effects)):
        share = f"{100 * row.n / row.of:.1f}"
        if i == 0:
            rows.append(("Any side effect, n (%)", str(d.eligible - row.of), f"{row.n} ({share})"))
        elif row.of_any:
            cell = f"{row.n} ({share}; {100 * row.n / row.of_any:.1f})"
            rows.append((f"{_INDENT}{row.effect}, n (%; % of those with any)", "", cell))
    return pd.DataFrame(rows, columns=["characteristic", "missing", "all"])


def _make_treatment(d: CohortDescription) -> tuple[Block, ...]:
    effects = _make_side_effects(d)
    whole = pd.concat([d.treatment, effects], ignore_index=True)
    if len(whole) <= 1:
        return ()
    note = _TREATMENT_NOTE
    if len(effects):
        note += (
            " Side effects are counted by the words of the record: 0 means that no record names "
            "it. Papers take either all patients or those with any side effect as the whole."
        )
    return (Table("treatment", "Treatment and its course.", _make_table_one(whole), note, whole),)


def _make_pain(d: CohortDescription) -> tuple[Block, ...]:
    if d.pain.empty:
        return ()
    pain, crps = d.pain, d.condition == "CRPS"

    def known(text: str, otherwise: str = "") -> Callable[[Any], str]:
        return lambda row: otherwise if np.isnan(row.median) else text.format(r=row)

    table = Table.from_rows(
        "pain",
        f"Scores: {d.score.name_scale()}.",
        pain.assign(width=pain["q3"] - pain["q1"]),
        {
            "patients": "group",
            "time": lambda r: r.time.upper(),
            "scores": lambda r: f"{r.n} of {r.of}",
            "median [Q1, Q3]": known("{r.median:g} [{r.q1:g}, {r.q3:g}]", "too few"),
            "width of the IQR": known("{r.width:g}"),
            "mean (SD)": known("{r.mean:.1f} ({r.sd:.1f})"),
        },
        values=pain,
    )
    if pain["time"].nunique() == 1:
        return (table,)
    return (
        table,
        Picture(
            "pain",
            f"Median of {d.score.measure}; bars reach from the first to the third quartile.",
            f"Line chart of the median of {d.score.measure} before treatment, at "
            + ("discharge and at follow-up." if crps else "T1 and at T2."),
            lambda: plot_pain(pain, score=d.score, title="Scores over time", named=crps),
        ),
        Table.from_rows(
            "pain_tests",
            "Change of scores within patients.",
            d.pain_tests,
            {
                "comparison": "comparison",
                "patients": "group",
                "test": "test",
                "complete sets": "n",
                "p": lambda r: p_value(r.p_value),
            },
            "Each test uses the patients whose scores are complete for it, and their number is "
            "given. Responders are partly chosen by their change, so that a test within them "
            "shows that by construction. No correction for several tests.",
        ),
    )


def _make_comparison(d: CohortDescription) -> tuple[Block, ...]:
    if not d.horizons:
        return ()
    if d.comparison is None:
        return (f"Nothing to compare: no variable is known in {FEWEST} of either.",)
    horizon = d.horizons[0].upper()
    tests = int((d.comparison["p"] != "").sum())
    note = (
        "Difference: standardised mean difference, responders minus nonresponders (of shares: "
        "without a sign), with its 95% interval; under 0.1 is small, and groups of these sizes "
        "pass 0.1 by luck alone as often as the next column says. In a cohort of this "
        "size even a large difference "
        f"can miss p < 0.05, and of {tests} tests without any difference about {0.05 * tests:.1f} "
        "fall below it by chance. This is no search for predictors. (few): an expected count "
        "under 5."
    )
    return (
        Table(
            "responders",
            f"Patients before treatment, by response at {horizon}.",
            _make_table_one(d.comparison),
            note,
            d.comparison,
        ),
    )


def _make_missing(d: CohortDescription) -> tuple[Block, ...]:
    missing, crps = d.missing, d.condition == "CRPS"
    complete = missing.loc[missing["missing"] == 0, "label"].tolist()
    some = missing[missing["missing"] > 0]
    words = f"Complete: {', '.join(complete)}." if complete else ""
    if some.empty:
        return (words,)
    horizon = d.horizons[0].upper() if d.horizons else ""
    columns: dict[str, str | Callable[[Any], object]] = {
        "variable": "label",
        "missing": lambda r: f"{r.missing} of {r.of}",
        "share": lambda r: percent(r.share),
    }
    apart = ""
    if horizon:
        columns |= {
            f"in responders at {horizon}": lambda r: percent(r.responders),
            f"in nonresponders at {horizon}": lambda r: percent(r.nonresponders),
        }
        apart = (
            f" Where responders and nonresponders at {horizon} lie far apart, the patients seen "
            "are not like those not seen."
        )
    return (
        Picture(
            "missing",
            f"Missing values.{apart}",
            "Bar chart of the share of missing values by variable.",
            lambda: plot_missing(missing, groups=horizon, title="Missing values", named=crps),
        ),
        Table.from_rows("missing", "Missing values.", some, columns, words, missing),
    )


def _make_normality(d: CohortDescription) -> tuple[Block, ...]:
    table = Table.from_rows(
        "normality",
        "How numbers were summarised.",
        d.normality,
        {
            "variable": "label",
            "n": "n",
            "Shapiro-Wilk W": lambda r: number(r.w, 3),
            "p": lambda r: p_value(r.p_value),
            "summarised by": "summary",
        },
        "The median is taken where p < 0.05 or where there is no test. With few patients the test "
        "hardly ever rejects: a mean is no proof of a normal distribution.",
    )
    return (table,)
