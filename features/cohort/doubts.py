"""Whether scores look as if they were on another scale than the one that is declared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.dictionary.rule import is_compared
from features.dictionary.schema import Dictionary
from features.shares import FEWEST

__all__ = ["describe_doubts"]

# Who is treated for pain is hardly ever this near to none; a 7 of 10 read as 7 of 100 mm is.
_BEST_PART = 0.1


def describe_doubts(table: pd.DataFrame, dictionary: Dictionary) -> tuple[str, ...]:
    """Return a sentence where all scores before treatment are in the best tenth of their scale.

    Parameters
    ----------
    table : DataFrame
        Every course of the cohort.
    dictionary : Dictionary
        What the scores mean.
    """
    score = dictionary["nrs_t0"]
    if not is_compared(dictionary) or score.name not in table:
        return ()
    known = table[score.name].dropna().to_numpy(dtype=np.float64)
    low, high = float(score.low or 0), float(score.high or 0)
    away = high - known if score.better == "high" else known - low
    if len(known) < FEWEST or away.max() > _BEST_PART * (high - low):
        return ()
    return (
        f"every known {score.label} is in the best tenth of its scale ({score.name_scale()}): was "
        "it measured on another one? [outcome] scale declares it",
    )
