"""The published responder rates and pain scores of Zhao 2018, pooled again.

Zhao 2018 prints 69% responders (95% interval 53 to 84) at the end of treatment and 58% (41 to 75)
at 1 to 3 months. The studies that its text names give other numbers. The printed ones come back
with the anaesthetic study of Kiefer 2008 in, whose "93.5%" reads like mean relief and which the
text says was left out, and with the one study dropped in which nobody responded: a share of zero
has no variance on the raw scale, and falls out of such a pooling by itself.
:func:`compute_published_pooling` shows both beside each other.

References
----------
Zhao 2018, doi:10.1007/s11916-018-0664-x.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from features.published.studies import PainScore, PublishedStudy
from training.measures.pooling.meta_analysis import (
    PooledProportion,
    Scale,
    compute_pooled_proportion,
)

__all__ = [
    "Horizon",
    "compute_pain_changes",
    "compute_published_pooling",
    "compute_responders",
    "describe_pooled",
]

Horizon = Literal["immediate", "1-3 months"]
Selection = Literal["as_stated", "as_reproduced"]
Counts = Literal["events", "percent", "whole_percent"]

_SLIPPED_IN = "kiefer-2008-anaesthetic"
_DROPPED = "kiefer-2008-pilot"


def compute_responders(
    studies: Iterable[PublishedStudy],
    *,
    horizon: Horizon,
    selection: Selection = "as_stated",
    counts: Counts = "events",
) -> pd.DataFrame:
    """Lay out the responder counts that Zhao 2018 pooled.

    Parameters
    ----------
    studies : iterable of PublishedStudy
        As :func:`features.published.studies.read_studies` gives them.
    horizon : {"immediate", "1-3 months"}
        End of treatment, or 1 to 3 months later.
    selection : {"as_stated", "as_reproduced"}
        The studies that the text names, or those that give the printed result: with the
        anaesthetic study of Kiefer 2008 and without its pilot of 4 patients.
    counts : {"events", "percent", "whole_percent"}
        The nearest whole number of patients; n times the printed percentage; the same with the
        percentage rounded half up to a whole one.

    Returns
    -------
    DataFrame
        Columns `study` (reference in short), `key`, `events`, `n`; one row a study.
    """
    rows = []
    for study in studies:
        row = study.zhao
        if row is None:
            continue
        if horizon == "immediate":
            share = row.immediate
            named = row.cited_for_immediate and not row.said_left_out_of_immediate
        else:
            share, named = row.follow_up, row.cited_for_follow_up
        if selection == "as_reproduced":
            named = (named or study.key == _SLIPPED_IN) and study.key != _DROPPED
        if share is None or not named:
            continue
        events = {
            "events": float(share.events),
            "percent": share.percent / 100 * row.n,
            "whole_percent": np.floor(share.percent + 0.5) / 100 * row.n,
        }[counts]
        label = f"{study.reference.study} {study.reference.year}"
        rows.append({"study": label, "key": study.key, "events": events, "n": row.n})
    return pd.DataFrame(rows)


def compute_published_pooling(
    studies: Iterable[PublishedStudy], *, counts: Counts = "percent"
) -> pd.DataFrame:
    """Pool the responders of Zhao 2018 on every scale, from both sets of studies.

    Parameters
    ----------
    studies : iterable of PublishedStudy
        As :func:`features.published.studies.read_studies` gives them.
    counts : {"events", "percent", "whole_percent"}
        As in :func:`compute_responders`.

    Returns
    -------
    DataFrame
        Columns `horizon`, `selection`, `scale`, `correction` (NaN where the scale has none),
        `studies` (in the set), `used` (with weight), `rate`, `low`, `high`, `prediction_low`,
        `prediction_high` (shares in [0, 1]), `tau2` (on the scale), `q`, `i2` (percent).
    """
    studies = tuple(studies)
    ways: tuple[tuple[Scale, float], ...] = (
        ("raw", 0.0),
        ("raw", 0.5),
        ("logit", 0.5),
        ("freeman_tukey", np.nan),
    )
    rows = []
    for horizon, selection in product(get_args(Horizon), get_args(Selection)):
        table = compute_responders(studies, horizon=horizon, selection=selection, counts=counts)
        set_ = {"horizon": horizon, "selection": selection}
        for scale, correction in ways:
            pooled = compute_pooled_proportion(
                table["events"], table["n"], scale=scale, correction=correction
            )
            way = {"scale": scale, "correction": correction}
            rows.append(set_ | way | describe_pooled(pooled))
    return pd.DataFrame(rows).drop(columns="q_p_value")


def describe_pooled(pooled: PooledProportion) -> dict[str, Any]:
    """Return a pooled share as a row of a table.

    `studies` (in the set), `used` (with weight), `rate`, `low`, `high`, `prediction_low`,
    `prediction_high` (shares in [0, 1]), `tau2` (on the scale), `q`, `q_p_value`, `i2` (percent).
    """
    low, high = pooled.prediction_interval or (np.nan, np.nan)
    effect = pooled.effect
    return {
        "studies": len(pooled.used),
        "used": int(pooled.used.sum()),
        "rate": pooled.rate,
        "low": pooled.interval[0],
        "high": pooled.interval[1],
        "prediction_low": low,
        "prediction_high": high,
        "tau2": effect.tau2,
        "q": effect.q,
        "q_p_value": effect.q_p_value,
        "i2": effect.i2,
    }


def compute_pain_changes(
    studies: Iterable[PublishedStudy], *, reread: Collection[str] = ()
) -> pd.DataFrame:
    """Standardise the change of the pain score in each study, as Zhao 2018 did.

    The score before and after is treated as if it came from two groups of n patients each, which
    ignores that they are the same patients; Cohen's d with variance 2 / n + d^2 / (4 n).

    Parameters
    ----------
    studies : iterable of PublishedStudy
        As :func:`features.published.studies.read_studies` gives them.
    reread : collection of str
        Keys of studies whose spreads are taken for what they are in our reading. All others are
        taken as SDs, as in the paper, also where they are standard errors, which inflates d.

    Returns
    -------
    DataFrame
        Columns `study`, `key`, `n`, `effect` (end minus baseline over the pooled SD; negative is
        relief) and `variance`; one row for each study with scores.

    Raises
    ------
    ValueError
        If `reread` names no study.
    """
    studies = tuple(studies)
    unknown = set(reread) - {study.key for study in studies}
    if unknown:
        raise ValueError(f"reread: expected keys of studies, got {', '.join(sorted(unknown))}")
    rows = []
    for study in studies:
        row = study.zhao
        if row is None or row.baseline is None or row.end is None:
            continue
        again = study.key in reread
        before, after = (_sd(score, row.n, reread=again) for score in (row.baseline, row.end))
        change = (row.end.mean - row.baseline.mean) / np.sqrt((before**2 + after**2) / 2)
        label = f"{study.reference.study} {study.reference.year}"
        variance = float(2 / row.n + change**2 / (4 * row.n))
        rows.append((label, study.key, row.n, float(change), variance))
    return pd.DataFrame(rows, columns=["study", "key", "n", "effect", "variance"])


def _sd(score: PainScore, n: int, *, reread: bool) -> float:
    is_error = reread and score.spread_read_as == "SEM"
    return score.spread * float(np.sqrt(n)) if is_error else score.spread
