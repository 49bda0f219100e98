"""Who responded: the rules, the horizons, and what each label rests on.

A label is 1, 0 or unknown. Unknown is never read as "no response". Each label carries its
provenance: what was known of the patient at that time, the pain score, the record's own wording,
or both.

The outcome at the first follow-up (T2) is *sustained response*: a responder at discharge (T1) who
still responds at T2. It can therefore never be more likely than response at T1.

References
----------
Mangnus 2021, doi:10.1111/papr.13056 (a fall of 2 points, or success in the record's words);
Zhao 2018, doi:10.1007/s11916-018-0664-x (a fall of 30%).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray, TextArray
from features.errors import InputError, Problem

__all__ = ["HORIZONS", "RULES", "Labels", "available_horizons", "label_responders", "make_labels"]


RULES: Mapping[str, str] = MappingProxyType(
    {
        "fall2_or_success": (
            "pain fell by at least 2 of 10 points from before treatment, or the record calls the "
            "treatment successful"
        ),
        "fall30": "pain fell by at least 30% from before treatment",
        "fall50": "pain fell by at least 50% from before treatment",
    }
)
"""The responder rules, in plain words. The relative rules look at the scores only."""

HORIZONS = (("t1",), ("t1", "t2"), ("t2",))
"""The sets of horizons that a study may ask for."""

_POINTS = 2.0
_SHARES = {"fall30": 0.30, "fall50": 0.50}
# 30% of 7 is 2.1, and 7 - 4.9 is a little less in binary arithmetic.
_TOLERANCE = 1e-9


def _check_rule(rule: str) -> None:
    if rule not in RULES:
        raise InputError("rule", [Problem("rule", "one of " + ", ".join(RULES), repr(rule))])


def _uses_wording(rule: str) -> bool:
    return rule not in _SHARES


def label_responders(
    nrs_t0: FloatArray, nrs_t: FloatArray, success: FloatArray, *, rule: str
) -> tuple[FloatArray, TextArray]:
    """Label each patient at one time, compared with before treatment.

    Parameters
    ----------
    nrs_t0, nrs_t : ndarray of shape (n,)
        Pain score before treatment and at that time, 0 to 10; NaN where missing.
    success : ndarray of shape (n,)
        1 where the record calls the treatment successful, 0 where not, NaN where it is silent.
    rule : str
        A key of :data:`RULES`.

    Returns
    -------
    labels : ndarray of shape (n,)
        1 responder, 0 nonresponder, NaN unknown. Under "fall2_or_success" either the score or
        the wording makes a responder, whatever the other says; no label needs both. A relative
        fall from a score of 0 does not exist: such a patient is no responder.
    provenance : ndarray of str, shape (n,)
        What was known: "score", "wording", "both" or "none". Labels that rest on the wording
        alone are softer than those with a score.

    Raises
    ------
    InputError
        If there is no such rule.
    """
    _check_rule(rule)
    before, after, wording = (np.asarray(a, dtype=np.float64) for a in (nrs_t0, nrs_t, success))
    scored = ~np.isnan(before) & ~np.isnan(after)
    worded = ~np.isnan(wording) if _uses_wording(rule) else np.zeros(before.shape, dtype=np.bool_)
    needed = _POINTS if _uses_wording(rule) else _SHARES[rule] * before
    fell = scored & (before - after >= needed - _TOLERANCE)
    if not _uses_wording(rule):
        fell &= before > 0
    response = fell | (worded & (wording == 1))
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
    rule : str
        The responder rule, a key of :data:`RULES`.
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
        Whether the score before treatment is too low for the rule: under 2 points for the
        points rule (only the wording can make a responder), 0 for the relative rules.
    t2_after_t1_no : ndarray of bool
        Whether T2 says response after T1 said none. Counted as no sustained response, and to be
        looked at: it was not seen in Mangnus 2021, it is not impossible.
    """

    rule: str
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


def _missing_columns(table: pd.DataFrame, *, rule: str, horizon: str) -> list[str]:
    """Return the columns to add before a horizon can be labelled; any one way is enough."""

    def known(column: str) -> bool:
        return column in table and bool(table[column].notna().any())

    scores = ["nrs_t0", f"nrs_{horizon}"]
    if all(known(column) for column in scores):
        return []
    if _uses_wording(rule) and known(f"success_{horizon}"):
        return []
    return [column for column in scores if not known(column)]


def available_horizons(table: pd.DataFrame, *, rule: str) -> tuple[str, ...]:
    """Return the horizons that a table has any outcome for; empty when there is none.

    Parameters
    ----------
    table : DataFrame
        Encoded values, as a Cohort holds them.
    rule : str
        A key of :data:`RULES`.
    """
    _check_rule(rule)
    return tuple(h for h in ("t1", "t2") if not _missing_columns(table, rule=rule, horizon=h))


def make_labels(table: pd.DataFrame, *, rule: str, horizons: Sequence[str]) -> Labels:
    """Label every row of a cohort.

    Parameters
    ----------
    table : DataFrame
        Encoded values, as a Cohort holds them: `nrs_t0` and `nrs_t1`, `success_t1`, `nrs_t2`,
        `success_t2` where there are any.
    rule : str
        A key of :data:`RULES`.
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
        If there is no such rule or set of horizons, or a horizon has no outcome at all.
    """
    _check_rule(rule)
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
    too_low = before < _POINTS - _TOLERANCE if _uses_wording(rule) else before == 0
    return Labels(
        rule=rule,
        horizons=asked,
        t1=t1,
        t2=sustained if both else t2_seen,
        kept=np.where(t1 == 1, t2_seen, np.nan) if both else nothing[0],
        provenance_t1=provenance_t1,
        provenance_t2=provenance_t2,
        cannot_meet=too_low,
        t2_after_t1_no=(t1 == 0) & (t2_seen == 1),
    )
