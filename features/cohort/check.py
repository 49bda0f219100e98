"""A look through a cohort file: what must be put right, and what should be known beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.cohort.assumed import drop_assumed, list_lines
from features.cohort.cohort import read_cohort
from features.cohort.doubts import describe_cautions
from features.cohort.labelling import add_outcome_steps
from features.cohort.pseudonyms import find_alike, find_bare, find_totals
from features.cohort.study_rules import CRPS_RULES, StudyRules
from features.dictionary.medication import find_combination_drugs, find_unlisted
from features.dictionary.outcome import Labels, make_labels
from features.errors import InputError, Problem

__all__ = ["CheckReport", "check_cohort"]


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What a look at a cohort file brought up.

    Attributes
    ----------
    problems : tuple of Problem
        What must be put right. With any, all that follows is empty.
    rows : int
        Number of courses.
    synthetic : bool
        Whether any row is simulated.
    cleaned : int
        Cells and headings that held invisible characters, which were passed over.
    notes : tuple of str
        What else was passed over or made out in reading the file, in sentences.
    flags : tuple of (int, str, str)
        Line of the file, variable and what should be looked at; none of it stops anything.
    missing : dict of str to float
        Share of missing values of each column of the table, 0 to 1.
    unlisted_codes : dict of str to int
        Well-formed ATC codes that no drug class lists, with the number of rows.
    flow : DataFrame or None
        The attrition flow, see :meth:`Eligibility.select` and :func:`add_outcome_steps`, without
        the rules of which no course tells anything.
    labels : dict or None
        :meth:`Labels.counts` of the eligible rows; None where the file has no outcome.
    assumed : tuple of str
        What must be known of the rules of which no course tells anything; a sentence, or none.
    lines : tuple of str
        What a mapping says of them, below `[columns]`, where they hold for every course.
    """

    problems: tuple[Problem, ...]
    rows: int = 0
    synthetic: bool = False
    cleaned: int = 0
    notes: tuple[str, ...] = ()
    flags: tuple[tuple[int, str, str], ...] = ()
    missing: Mapping[str, float] = field(default_factory=dict)
    unlisted_codes: Mapping[str, int] = field(default_factory=dict)
    flow: pd.DataFrame | None = None
    labels: Mapping[str, Any] | None = None
    assumed: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def last_step(self) -> str:
        """The step after which no course is left; empty where some are."""
        if self.flow is None or self.flow["remaining"].iloc[-1]:
            return ""
        return str(self.flow.loc[self.flow["remaining"] == 0, "step"].iloc[0])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "ok": not self.problems,
            "problems": [vars(problem) for problem in self.problems],
            "rows": self.rows,
            "synthetic": self.synthetic,
            "cleaned": self.cleaned,
            "notes": list(self.notes),
            "flags": [
                {"row": row, "variable": name, "text": text} for row, name, text in self.flags
            ],
            "missing": dict(self.missing),
            "unlisted_codes": dict(self.unlisted_codes),
            "flow": [] if self.flow is None else self.flow.to_dict("records"),
            "labels": None if self.labels is None else dict(self.labels),
            "assumed": list(self.assumed),
            "mapping_lines": list(self.lines),
        }


def check_cohort(path: Path, rules: StudyRules = CRPS_RULES) -> CheckReport:
    """Look a cohort file through before anything is made of it.

    Parameters
    ----------
    path : Path
        CSV or Parquet with contract names.
    rules : StudyRules
        What is asked of it.

    Returns
    -------
    CheckReport
        The file's problems, or else what it holds and what should be looked at.

    Raises
    ------
    InputError
        If the file is no table at all, or the rule or horizons cannot be.
    """
    try:
        cohort = read_cohort(path, dictionary=rules.dictionary)
    except InputError as error:
        if not error.problems:
            raise
        return CheckReport(problems=error.problems)
    table, rows = cohort.table, cohort.rows
    settled = rules.eligibility.settle(table)
    eligible, flow = settled.select(table, dictionary=rules.dictionary)
    flow = drop_assumed(flow, settled, table)
    asked = rules.find_horizons(table)
    given = _find_codes(table)
    flags = _flag_combination_drugs(given) + _flag_pseudonyms(table)
    counts = None
    if asked:
        labels = make_labels(table, rule=rules.rule, horizons=asked)
        flags += _flag_labels(labels)
        labels = labels.select(table.index.isin(eligible.index))
        flow = add_outcome_steps(flow, labels)
        counts = labels.counts()
    unlisted = Counter[str]()
    for text, found in given.items():
        unlisted.update(dict.fromkeys(find_unlisted(text.split(";")), len(found)))
    return CheckReport(
        problems=(),
        rows=len(table),
        synthetic=cohort.synthetic,
        cleaned=cohort.cleaned,
        notes=cohort.notes,
        flags=tuple(sorted((rows[at], name, text) for at, name, text in flags)),
        missing={str(name): float(table[name].isna().mean()) for name in table},
        unlisted_codes=dict(unlisted.most_common()),
        flow=flow,
        labels=counts,
        assumed=describe_cautions(rules.eligibility, table, rules.dictionary),
        lines=list_lines(rules.eligibility, table, rules.dictionary),
    )


def _flag_labels(labels: Labels) -> list[tuple[int, str, str]]:
    late = "response at T2 after none at T1: counted as not sustained; check the record"
    low = "too near the best score for the score part of the rule to be met"
    return [(int(i), "nrs_t2", late) for i in np.flatnonzero(labels.t2_after_t1_no)] + [
        (int(i), "nrs_t0", low) for i in np.flatnonzero(labels.cannot_meet)
    ]


def _flag_pseudonyms(table: pd.DataFrame) -> list[tuple[int, str, str]]:
    alike = (
        "as another but for case, spaces, signs, leading zeros or letters of another alphabet: if "
        "they are one patient, write both in one way"
    )
    total = (
        "a word for totals, taken for a patient's initials: delete the line if it sums up others"
    )
    patients = table["patient_id"].tolist()
    flags = [(row, "patient_id", alike) for rows in find_alike(patients) for row in rows]
    flags += [
        (row, "patient_id", "nothing else is known: a note below the table?")
        for row in find_bare(table)
    ]
    return flags + [(row, "patient_id", total) for row in find_totals(patients)[1]]


def _find_codes(table: pd.DataFrame) -> dict[str, list[int]]:
    """Return each distinct list of ATC codes with the positions of its rows."""
    rows: dict[str, list[int]] = {}
    if "medication_atc" in table:
        for row, text in enumerate(table["medication_atc"].tolist()):
            if isinstance(text, str) and text != "none":
                rows.setdefault(text, []).append(row)
    return rows


def _flag_combination_drugs(given: Mapping[str, list[int]]) -> list[tuple[int, str, str]]:
    return [
        (
            row,
            "medication_atc",
            f"lists {', '.join(drugs)}: if infused in the same admission, say "
            "so in concurrent_infusion_drug",
        )
        for text, rows in given.items()
        if (drugs := find_combination_drugs(text.split(";")))
        for row in rows
    ]
