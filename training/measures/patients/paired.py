"""Tests of two measurements in the same patients.

References
----------
McNemar 1947, doi:10.1007/BF02295996. Wilcoxon 1945, doi:10.2307/3001968.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from features.arrays import FloatArray

__all__ = ["PairedTable", "compute_paired_table", "compute_signed_rank"]


@dataclass(frozen=True)
class PairedTable:
    """Who responded at T1 and at T2, of the patients whose response is known at both.

    Attributes
    ----------
    both, lost, gained, neither : int
        Responders at T1 and T2; at T1 only; at T2 only; at neither.
    p_value : float
        Exact McNemar test, two-sided: of the patients who changed, whether as many gained a
        response as lost it. 1 where nobody changed.
    """

    both: int
    lost: int
    gained: int
    neither: int
    p_value: float

    @property
    def n(self) -> int:
        """Patients whose response is known at both times."""
        return self.both + self.lost + self.gained + self.neither


def compute_paired_table(t1: FloatArray, t2: FloatArray) -> PairedTable:
    """Cross the responses at two times.

    Parameters
    ----------
    t1, t2 : ndarray of shape (n,)
        1 responder, 0 nonresponder, NaN unknown, as seen at each time.

    Returns
    -------
    PairedTable
    """
    both = int(((t1 == 1) & (t2 == 1)).sum())
    lost = int(((t1 == 1) & (t2 == 0)).sum())
    gained = int(((t1 == 0) & (t2 == 1)).sum())
    neither = int(((t1 == 0) & (t2 == 0)).sum())
    changed = lost + gained
    p_value = stats.binomtest(lost, changed).pvalue if changed else 1.0
    return PairedTable(both, lost, gained, neither, float(p_value))


def compute_signed_rank(before: FloatArray, after: FloatArray) -> tuple[int, float, float]:
    """Compare pairs of scores by Wilcoxon's signed ranks.

    Parameters
    ----------
    before, after : ndarray of shape (n,)
        Scores; pairs with NaN are left out.

    Returns
    -------
    n : int
        Complete pairs, those without a change among them.
    statistic : float
        The smaller sum of ranks; NaN where no pair changed.
    p_value : float
        Two-sided; pairs without a change carry no rank. Exact where 13 pairs or fewer changed
        (ties included), or 50 without ties; else the normal approximation with tie correction.
        NaN where no pair changed.
    """
    change = (after - before)[~np.isnan(after - before)]
    # Left in, zeros would make scipy count the sample as larger than it is, and approximate.
    moved = change[change != 0]
    if not len(moved):
        return len(change), np.nan, np.nan
    result = stats.wilcoxon(moved)
    return len(change), float(result.statistic), float(result.pvalue)
