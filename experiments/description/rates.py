"""How many responded, by each denominator that papers use."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.shares import compute_product_of_shares, compute_wilson_interval

__all__ = ["compute_rates"]


def compute_rates(response: dict[str, FloatArray], *, n: int) -> pd.DataFrame:
    """Count the responders among `n` patients.

    Parameters
    ----------
    response : dict of str to ndarray, shape (n,)
        By horizon 1, 0, or NaN where the response is not known.
    n : int
        Patients.

    Returns
    -------
    DataFrame
        Columns `rate` (short name), `outcome`, `events`, `n`, `share`, `low`, `high` (95%), and
        `lowest`, `highest`: the share of all patients if every unknown were a nonresponder, or a
        responder; NaN where that is not meant.
    """
    rows: list[tuple[str, str, FloatArray, bool]] = [
        (h, f"responder at {h.upper()}, of those whose {h.upper()} is known", response[h], True)
        for h in response
    ]
    if len(response) == 2:
        t1, t2 = response["t1"], response["t2"]
        rows += [
            (
                "t1_if_seen_at_t2",
                "responder at T1, of those whose T1 and T2 are known",
                np.where(np.isnan(t2), np.nan, t1),
                False,
            ),
            (
                "kept",
                "still a responder at T2, of the responders at T1 whose T2 is known",
                np.where(t1 == 1, t2, np.nan),
                False,
            ),
        ]
    found: list[tuple[object, ...]] = []
    for key, outcome, values, is_whole in rows:
        known, events = int((~np.isnan(values)).sum()), int(np.nansum(values))
        if not known:
            continue
        low, high = map(float, compute_wilson_interval(events, known))
        ends = (events / n, (events + n - known) / n) if is_whole else (np.nan, np.nan)
        found.append((key, outcome, events, known, events / known, low, high, *ends))
    if len(response) == 2 and np.nansum(rows[-1][2]) > 0:
        share, low, high = compute_product_of_shares(response["t1"], rows[-1][2])
        words = (
            "sustained response at T2 (share at T1 times share kept): responders at T1 who were "
            "not seen at T2 are taken to be like those who were"
        )
        found.append(("sustained", words, np.nan, np.nan, share, low, high, np.nan, np.nan))
    return pd.DataFrame(
        found,
        columns=["rate", "outcome", "events", "n", "share", "low", "high", "lowest", "highest"],
    )
