"""Counts that follow from others: what totals that are told leave for somebody to work out.

Totals of overlapping patients give away, by subtraction, parts that are nowhere written: patients
seen at T2 less responders seen at T2 are the non-responders. Parts under the limit must follow from
no sum or difference of what is told (the linear sensitivity of linked tables, Hundepool 2012,
Statistical Disclosure Control, doi:10.1002/9781118348239).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.fitting.response import TrainingData
from training.network.arithmetic.risk_groups import group_risks, list_members
from training.network.content import OutcomeShare, RiskGroup, ShareContent

__all__ = ["hide_derived", "is_derived", "leave_out_seen"]

_WITHHELD = "its counts, beside those of the first outcome, would tell of fewer than {} patients"
_SAME = 1e-9


def is_derived(told: Sequence[BoolArray], *, cell: int) -> bool:
    """Return whether a number of patients under the limit follows from totals.

    Parameters
    ----------
    told : sequence of ndarray of bool of shape (n_patients,)
        Of each total that is told, who counts in it.
    cell : int
        Fewest patients that may be told of.

    Returns
    -------
    bool
        Whether sums and differences of the totals give the number of some 1 to cell - 1 patients
        whom no total tells apart.

    Examples
    --------
    >>> everyone, women = np.ones(12, dtype=bool), np.arange(12) < 9
    >>> is_derived([everyone, women], cell=5), is_derived([everyone], cell=5)
    (True, False)
    """
    if not told or not len(told[0]):
        return False
    parts, sizes = np.unique(np.array(told, dtype=np.float64), axis=1, return_counts=True)
    _, size, axes = np.linalg.svd(parts, full_matrices=True)
    # A sum of parts follows from the totals where nothing that they leave open changes it.
    left_open = axes[int(np.sum(size > _SAME)) :]
    few = sizes < cell
    return _is_any_open(left_open[:, few], sizes[few], cell)


def _is_any_open(left_open: FloatArray, sizes: IntArray, cell: int) -> bool:
    """Return whether one to four parts, fewer patients than may be told of, are left open by none.

    With a limit of 5 these are all sums that can be too small. Each part is drawn to a point of the
    plane, so that a sum that is zero in all directions is one whose point is the origin.
    """
    away = np.exp(1j * np.arange(len(left_open)) ** 2) @ left_open
    pairs, both = away[:, np.newaxis] + away, sizes[:, np.newaxis] + sizes
    allowed = np.triu(both < cell, 1)
    if np.any(np.abs(away) < _SAME) or np.any(allowed & (np.abs(pairs) < _SAME)):
        return True
    for i, j in np.argwhere(allowed).tolist():
        rest = slice(j + 1, None)
        three = (np.abs(pairs[i, j] + away[rest]) < _SAME) & (both[i, j] + sizes[rest] < cell)
        four = np.abs(pairs[i, j] + pairs[rest, rest]) < _SAME
        if three.any() or np.any(
            four & allowed[rest, rest] & (both[i, j] + both[rest, rest] < cell)
        ):
            return True
    return False


def leave_out_seen(data: TrainingData, *, cell: int, seed: int) -> TrainingData:
    """Return patients of whom not just a few responders are unseen at the second horizon.

    Where 1 to cell - 1 responders are, their number would follow from the counts of both outcomes.
    As many others as are wanting, drawn at random from those who kept and those who lost their
    response in proportion, then count as unseen with them: that costs the second outcome a few
    patients; to withhold it would cost all of them.

    Parameters
    ----------
    data : TrainingData
        The centre's patients.
    cell : int
        Fewest patients that may be told of.
    seed : int
        Of the draw. The same in every round, so that the same patients count in all of them.
    """
    if not data.has_kept:
        return data
    first, second = data.horizons
    unseen = int(((data.y[first] == 1) & np.isnan(data.kept)).sum())
    lost, held = (np.flatnonzero(data.kept == value) for value in (0, 1))
    wanting = cell - unseen
    if not 0 < unseen < cell or len(lost) + len(held) <= wanting:
        return data
    of_lost = round(wanting * len(lost) / (len(lost) + len(held)))
    of_lost = min(of_lost, max(0, len(lost) - cell))  # both can still be told of
    of_lost = max(of_lost, wanting - len(held))
    rng = np.random.default_rng(seed)
    drawn = rng.choice(lost, of_lost, replace=False), rng.choice(held, wanting - of_lost, False)
    left = np.concatenate(drawn)
    kept, later = data.kept.copy(), data.y[second].copy()
    kept[left], later[left] = np.nan, np.nan
    return replace(data, kept=kept, y={**data.y, second: later})


def hide_derived(
    told: ShareContent, data: TrainingData, *, cell: int, risks: Mapping[str, FloatArray]
) -> ShareContent:
    """Return a share without counts from which a number under the limit follows.

    Parameters
    ----------
    told : ShareContent
        Of any round: what is hidden in one is hidden in all, evaluation included.
    data : TrainingData
        The patients that it is of.
    cell : int
        Fewest patients that may be told of.
    risks : mapping of str to ndarray of shape (n_patients,)
        By horizon, those by which an evaluation has grouped the patients.

    Returns
    -------
    ShareContent
        Hidden are, where they would give something away, first events and then patients at the
        second horizon, and its evaluation; if that is not enough, the second outcome. Groups of an
        evaluation are joined until nothing follows from those of both horizons.
    """
    if not data.has_kept:
        return told
    first, second = data.horizons
    sure = [np.ones(len(data), dtype=bool), ~np.isnan(data.y[first])]
    if _is_told(told, "response"):
        sure.append(data.y[first] == 1)
    if _is_told(told, "kept"):
        both = [~np.isnan(data.kept), data.kept == 1]
        if is_derived([*sure, *both], cell=cell):
            hidden = OutcomeShare(n=None, events=None, withheld=_WITHHELD.format(cell))
            told = told.model_copy(update={"outcomes": {**told.outcomes, "kept": hidden}})
        else:
            sure += both
    known, events = ~np.isnan(data.y[second]), data.y[second] == 1
    gone: dict[str, None] = {}
    if is_derived([*sure, known], cell=cell):
        gone = {"n": None, "events": None, "unknown": None}
    elif is_derived([*sure, known, events], cell=cell):
        gone = {"events": None}
    if not gone:
        return _join_groups(told, data, [*sure, known, events], cell=cell, risks=risks)
    counts = {
        horizon: count.model_copy(update=gone) if horizon == second else count
        for horizon, count in told.counts.items()
    }
    evaluation = {horizon: one for horizon, one in told.evaluation.items() if horizon != second}
    told = told.model_copy(update={"counts": counts, "evaluation": evaluation})
    told_of = sure if "n" in gone else [*sure, known]
    return _join_groups(told, data, told_of, cell=cell, risks=risks)


def _join_groups(
    told: ShareContent,
    data: TrainingData,
    totals: Sequence[BoolArray],
    *,
    cell: int,
    risks: Mapping[str, FloatArray],
) -> ShareContent:
    """Return a share whose groups of risk, of both horizons and beside its totals, are safe.

    Each horizon's are of enough patients; but the same patients are in those of the other one too.
    """
    evaluation, members = {}, list(totals)
    for horizon, one in told.evaluation.items():
        y, p = data.y[horizon], risks[horizon]
        known = ~np.isnan(y)
        for limit in range(cell, cell + len(y), cell):
            groups = group_risks(y[known], p[known], limit=limit)
            bins = list_members(groups, y, p)
            if not is_derived([*members, *bins], cell=cell):
                break  # at the latest where there are none
        members += bins
        joined = [RiskGroup.model_validate(group) for group in groups]
        evaluation[horizon] = one.model_copy(update={"groups": joined})
    return told.model_copy(update={"evaluation": evaluation})


def _is_told(told: ShareContent, name: str) -> bool:
    outcome = told.outcomes.get(name)
    return outcome is not None and outcome.n is not None
