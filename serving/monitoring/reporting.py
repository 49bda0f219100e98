"""Which outcomes are due and not reported, how long reports take, and what could hide there.

Who is not reported is seldom a random part: those who fared badly do not come back, or those who
fared well. So the ratio is told with the lowest and the highest it could have with those who are
due (Horowitz and Manski 2000, doi:10.1080/01621459.2000.10473902).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.shares import FEWEST, compute_wilson_interval
from serving.monitoring.charts import O_E_WATCHED
from serving.monitoring.followed import Followed
from training.measures.observed_expected import compute_o_e

__all__ = ["DUE_DAYS", "compute_reporting", "find_due_days"]

DUE_DAYS: Mapping[str, int] = {"t1": 90, "t2": 180}
"""After how many days from the estimate an outcome is due: a wait for admission, the course, and
the visit. A study whose course is another says so (`ketresponse monitor --due t1=60`)."""


def find_due_days(due_days: Mapping[str, int], horizon: str) -> int:
    """Return after how many days an outcome is due; a horizon not named takes the longest."""
    return due_days.get(horizon, max([*due_days.values(), 0]))


def compute_reporting(
    followed: Followed, *, now: np.datetime64, due_days: Mapping[str, int] = DUE_DAYS
) -> pd.DataFrame:
    """Return how many outcomes are due, known and overdue, and what the overdue could change.

    Parameters
    ----------
    followed : Followed
        What was asked and became of it.
    now : datetime64
        The moment of the report.
    due_days : mapping of str to int
        By horizon, as :func:`find_due_days` reads it.

    Returns
    -------
    DataFrame
        Indexed by `horizon`: `estimates` in scope; `known` outcomes; `due`, estimates so old that
        an outcome should be there, or with one; `overdue` of them; `share`, `share_low`,
        `share_high` overdue of those due (Wilson's 95%); `days`, median from estimate to report
        (NaN without any), at a later horizon of those who had responded: of others nothing need be
        reported; `risk_known`, `risk_overdue`, mean estimates of both; `o_e` of the
        known; `o_e_none`, `o_e_all`, if none or all of the overdue responded; `could_hide`,
        whether a ratio beyond 0.7 or 1/0.7 is among those while that of the known is not. What
        would tell of one or two patients is NaN.
    """
    rows = []
    first = followed.horizons[0]
    for horizon in followed.horizons:
        risk, y = followed.risk[horizon], followed.outcome[horizon]
        asked, known = ~np.isnan(risk), followed.is_known(horizon)
        limit = np.timedelta64(find_due_days(due_days, horizon), "D")
        overdue = asked & ~known & (now - followed.at >= limit)
        due = int((known | overdue).sum())
        low, high = (float(end) for end in compute_wilson_interval(int(overdue.sum()), due))
        seen = known if horizon == first else known & (followed.outcome[first] == 1)
        waits = (followed.reported[horizon] - followed.at)[seen] / np.timedelta64(1, "D")
        both = float(risk[known | overdue].sum())
        observed = float(y[known].sum())
        bounds = [(observed + more) / both if due else np.nan for more in (0, int(overdue.sum()))]
        o_e = compute_o_e(y[known], risk[known]).estimate
        fine = O_E_WATCHED < o_e < 1 / O_E_WATCHED
        if 0 < known.sum() < FEWEST:
            o_e, bounds = np.nan, [np.nan, np.nan]
        rows.append(
            {
                "horizon": horizon,
                "estimates": int(asked.sum()),
                "known": int(known.sum()),
                "due": due,
                "overdue": int(overdue.sum()),
                "share": float(overdue.sum() / due) if due else np.nan,
                "share_low": low,
                "share_high": high,
                "days": float(np.median(waits)) if len(waits) >= FEWEST else np.nan,
                "risk_known": float(risk[known].mean()) if known.sum() >= FEWEST else np.nan,
                "risk_overdue": float(risk[overdue].mean()) if overdue.sum() >= FEWEST else np.nan,
                "o_e": o_e,
                "o_e_none": bounds[0],
                "o_e_all": bounds[1],
                "could_hide": bool(
                    fine and (bounds[0] <= O_E_WATCHED or bounds[1] >= 1 / O_E_WATCHED)
                ),
            }
        )
    return pd.DataFrame(rows).set_index("horizon")
