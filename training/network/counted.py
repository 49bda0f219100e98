"""Counts that follow from others: what totals that are told leave for somebody to work out.

Totals of overlapping patients give away, by subtraction, parts that are nowhere written: patients
seen at T2 less responders seen at T2 are the non-responders. Parts under the limit must follow from
no sum or difference of what is told (the linear sensitivity of linked tables, Hundepool 2012,
Statistical Disclosure Control, doi:10.1002/9781118348239).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from features.arrays import BoolArray
from training.fitting.response import TrainingData
from training.network.content import OutcomeShare, ShareContent

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
    for chosen in product((0.0, 1.0), repeat=len(sizes)):
        part = np.array(chosen)
        if 0 < part @ sizes < cell:
            weights = np.linalg.lstsq(parts.T, part, rcond=None)[0]
            if np.abs(parts.T @ weights - part).max() < _SAME:
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


def hide_derived(told: ShareContent, data: TrainingData, *, cell: int) -> ShareContent:
    """Return a share without counts from which a number under the limit follows.

    Parameters
    ----------
    told : ShareContent
        Of any round: what is hidden in one is hidden in all, evaluation included.
    data : TrainingData
        The patients that it is of.
    cell : int
        Fewest patients that may be told of.

    Returns
    -------
    ShareContent
        Hidden are, where they would give something away, first events and then patients at the
        second horizon, and its evaluation; if that is not enough, the second outcome.
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
        return told
    counts = {
        horizon: count.model_copy(update=gone) if horizon == second else count
        for horizon, count in told.counts.items()
    }
    evaluation = {horizon: one for horizon, one in told.evaluation.items() if horizon != second}
    return told.model_copy(update={"counts": counts, "evaluation": evaluation})


def _is_told(told: ShareContent, name: str) -> bool:
    outcome = told.outcomes.get(name)
    return outcome is not None and outcome.n is not None
