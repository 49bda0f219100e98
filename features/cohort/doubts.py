"""What to be careful about before anything is made of a cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.cohort.assumed import describe_assumed
from features.dictionary.eligibility import Eligibility
from features.dictionary.rule import is_compared
from features.dictionary.schema import Dictionary
from features.shares import FEWEST

__all__ = ["describe_cautions", "describe_doubts"]

# A 7 of 10 read as 7 of 100 mm, or 0.3 as 0.3%, is this near to 0, and so are all beside it.
_PART = 0.1


def describe_cautions(
    eligibility: Eligibility, table: pd.DataFrame, dictionary: Dictionary
) -> tuple[str, ...]:
    """Return what stands on a check, a description, a training and a validation alike.

    Parameters
    ----------
    eligibility, table, dictionary
        As :func:`features.cohort.assumed.describe_assumed` takes them.
    """
    assumed = describe_assumed(eligibility, table, dictionary)
    return (*assumed, *describe_doubts(table, dictionary))


def describe_doubts(table: pd.DataFrame, dictionary: Dictionary) -> tuple[str, ...]:
    """Return a sentence where all scores are within a tenth of their scale from 0.

    Parameters
    ----------
    table : DataFrame
        Every course of the cohort.
    dictionary : Dictionary
        What the scores mean.
    """
    score = dictionary["nrs_t0" if is_compared(dictionary) else "nrs_t1"]
    if score.name not in table:
        return ()
    known = table[score.name].dropna().to_numpy(dtype=np.float64)
    furthest = max(abs(float(score.low or 0)), abs(float(score.high or 0)))
    if len(known) < FEWEST or np.abs(known).max() > _PART * furthest:
        return ()
    return (
        f"every known value of {score.label} is within a tenth of its scale from 0 "
        f"({score.name_scale()}): was it measured on another one? [outcome] scale declares it",
    )
