"""Who responded: the horizons, and what each label rests on.

A label is 1, 0 or unknown. Unknown is never read as "no response". Each label carries its
provenance: what was known of the patient at that time, the pain score, the record's own wording,
or both.

The outcome at the first follow-up (T2) is *sustained response*: a responder at discharge (T1) who
still responds at T2. It can therefore never be more likely than response at T1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray, TextArray
from features.dictionary.rule import Rule
from features.errors import InputError, Problem

__all__ = ["HORIZONS", "Labels", "available_horizons", "label_responders", "make_labels"]


HORIZONS = (("t1",), ("t1", "t2"), ("t2",))
"""The sets of horizons that a study may ask for."""


def label_responders(
    before: FloatArray, after: FloatArray, success: FloatArray, *, rule: Rule
) -> tuple[FloatArray, TextArray]:
    """Label each patient at one time, compared with before treatment.

    Parameters
    ----------
    before, after : ndarray of shape (n,)
        Score before treatment and at that time, on the rule's scale; NaN where missing.
    success : ndarray of shape (n,)
        1 where the record calls the treatment successful, 0 where not, NaN where it is silent.
    rule : Rule
        The responder rule.

    Returns
    -------
    labels : ndarray of shape (n,)
        1 responder, 0 nonresponder, NaN unknown. Under a rule "or success" either the score or
        the wording makes a responder, whatever the other says; no label needs both.
    provenance : ndarray of str, shape (n,)
        What was known: "score", "wording", "both" or "none". Labels that rest on the wording
        alone are softer than those with a score.
    """
    before, after, wording = (np.asarray(a, dtype=np.float64) for a in (before, after, success))
    scored = ~np.isnan(after) & ~(np.isnan(before) & rule.compares)
    worded = ~np.isnan(wording) & rule.or_success
    response = (scored & rule.is_met(before, after)) | (worded & (wording == 1))
    labels = np.where(scored | worded, response.astype(np.float64), np.nan)
    provenance = np.select(
        [scored & worded, scored, worded], ["both", "score", "wording"], default="none"
    )
    return labels, provenance


@dataclass(frozen=True, eq=False)
class Labels:
    """The outcome labels of a table, row by row.

    Attributes
    ----------
    rule : Rule
        The responder rule.
    horizons : tuple of str
        What was asked for. The arrays of a horizon that was not are NaN and "none".
    t1 : ndarray of float
        Response at discharge: 1, 0, or NaN where unknown.
    t2 : ndarray of float
        With both horizons: response at T1 that is still there at T2. With "t2" alone: response
        at T2.
    kept : ndarray of float
        With both horizons: T2 among T1 responders whose T2 is known, else NaN.
    provenance_t1, provenance_t2 : ndarray of str
        What was known at that time: "score", "wording", "both" or "none".
    cannot_meet : ndarray of bool
        Whether the score before treatment is too near the best one for the rule: less than the
        points it asks for, or the best itself for a relative rule. Only the wording can then
        make a responder.
    t2_after_t1_no : ndarray of bool
        Whether T2 says response after T1 said none. Counted as no sustained response, and to be
        looked at: it was not seen in Mangnus 2021, it is not impossible.
    """

    rule: Rule
    horizons: tuple[str, ...]
    t1: FloatArray
    t2: FloatArray
    kept: FloatArray
    provenance_t1: TextArray
    provenance_t2: TextArray
    cannot_meet: BoolArray
    t2_after_t1_no: BoolArray

    def select(self, rows: BoolArray) -> Labels:
        """Return the labels of some rows.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,)
            Which rows to keep.
        """
        arrays: dict[str, Any] = {
            name: value[rows] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays)

    def counts(self) -> dict[str, int | dict[str, int]]:
        """Return how many labels there are of each sort.

        Returns
        -------
        dict
            `rows`, `cannot_meet` and `t2_after_t1_no`; and for each horizon (and `kept` with
            both) the numbers of `responders`, `nonresponders` and `unknown`, and of labels by
            provenance (`score`, `wording`, `both`, `none`). `kept` counts T1 responders only.
        """
        counts: dict[str, int | dict[str, int]] = {"rows": len(self.cannot_meet)}
        provenance = {"t1": self.provenance_t1, "t2": self.provenance_t2}
        for horizon in self.horizons:
            counts[horizon] = _count(getattr(self, horizon)) | {
                source: int((provenance[horizon] == source).sum())
                for source in ("score", "wording", "both", "none")
            }
        if self.horizons == ("t1", "t2"):
            counts["kept"] = _count(self.kept[self.t1 == 1])
        counts["cannot_meet"] = int(self.cannot_meet.sum())
        counts["t2_after_t1_no"] = int(self.t2_after_t1_no.sum())
        return counts


def _count(labels: FloatArray) -> dict[str, int]:
    return {
        "responders": int((labels == 1).sum()),
        "nonresponders": int((labels == 0).sum()),
        "unknown": int(np.isnan(labels).sum()),
    }


def _missing_columns(table: pd.DataFrame, *, rule: Rule, horizon: str) -> list[str]:
    """Return the columns to add before a horizon can be labelled; any one way is enough."""

    def known(column: str) -> bool:
        return column in table and bool(table[column].notna().any())

    scores = [*(["nrs_t0"] if rule.compares else []), f"nrs_{horizon}"]
    if all(known(column) for column in scores):
        return []
    if rule.or_success and known(f"success_{horizon}"):
        return []
    return [column for column in scores if not known(column)]


def available_horizons(table: pd.DataFrame, *, rule: Rule) -> tuple[str, ...]:
    """Return the horizons that a table has any outcome for; empty when there is none.

    Parameters
    ----------
    table : DataFrame
        Encoded values, as a Cohort holds them.
    rule : Rule
        The responder rule.
    """
    return tuple(h for h in ("t1", "t2") if not _missing_columns(table, rule=rule, horizon=h))


def make_labels(table: pd.DataFrame, *, rule: Rule, horizons: Sequence[str]) -> Labels:
    """Label every row of a cohort.

    Parameters
    ----------
    table : DataFrame
        Encoded values, as a Cohort holds them: `nrs_t0` and `nrs_t1`, `success_t1`, `nrs_t2`,
        `success_t2` where there are any.
    rule : Rule
        The responder rule.
    horizons : sequence of str
        ("t1",), ("t1", "t2") or ("t2",). The last is for a study without T1: T2 then stands for
        itself.

    Returns
    -------
    Labels
        With both horizons, sustained response at T2 is: 0 after no response at T1, whether T2
        was seen or not; what T2 says after response at T1, unknown if unseen; and with T1
        unknown, 0 where T2 says no and unknown where it says yes.

    Raises
    ------
    InputError
        If there is no such set of horizons, or a horizon has no outcome at all.
    """
    asked = tuple(horizons)
    if asked not in HORIZONS:
        words = " or ".join("+".join(choice) for choice in HORIZONS)
        raise InputError("horizons", [Problem("horizons", words, "+".join(asked) or "none")])
    problems = [
        Problem(
            column,
            f"the outcome at {horizon.upper()}",
            "no such column, or all empty",
            action=f"or leave {horizon} out of the horizons",
        )
        for horizon in asked
        for column in _missing_columns(table, rule=rule, horizon=horizon)
    ]
    if problems:
        raise InputError("outcomes", problems)

    def column(name: str) -> FloatArray:
        if name in table:
            return table[name].to_numpy(dtype=np.float64)
        return np.full(len(table), np.nan)

    before = column("nrs_t0")
    nothing = np.full(len(table), np.nan), np.full(len(table), "none")
    at = {
        horizon: label_responders(
            before, column(f"nrs_{horizon}"), column(f"success_{horizon}"), rule=rule
        )
        if horizon in asked
        else nothing
        for horizon in ("t1", "t2")
    }
    (t1, provenance_t1), (t2_seen, provenance_t2) = at["t1"], at["t2"]
    both = asked == ("t1", "t2")
    sustained = np.select([(t1 == 0) | (t2_seen == 0), t1 == 1], [0.0, t2_seen], default=np.nan)
    return Labels(
        rule=rule,
        horizons=asked,
        t1=t1,
        t2=sustained if both else t2_seen,
        kept=np.where(t1 == 1, t2_seen, np.nan) if both else nothing[0],
        provenance_t1=provenance_t1,
        provenance_t2=provenance_t2,
        cannot_meet=rule.has_no_room(before),
        t2_after_t1_no=(t1 == 0) & (t2_seen == 1),
    )
