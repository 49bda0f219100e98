"""Rows of simulated cohorts that anybody can make: known again when marks and names are gone.

The cohorts of `ketresponse demo` and `ketresponse cohort example`, as they are without a choice of
one's own, are known by what each row says of age, disease duration and pain before treatment. One
row may be a patient's by chance; half of a cohort is not. Another size or seed of the simulator
gives other rows, which nothing here knows.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import pandas as pd

__all__ = ["KNOWN", "digest_rows", "is_known_simulation"]

KNOWN = ((240, 7), (60, 1))
"""Size and seed of each cohort that is known: the demonstration's and the example's."""

_BY = ("age_years", "disease_duration_years", "nrs_t0")
_SHARE = 0.5
_FEWEST = 10
_LETTERS = 12


def digest_rows(table: pd.DataFrame) -> list[str]:
    """Return a digest of each row; none where a column that it needs is not there.

    Parameters
    ----------
    table : DataFrame
        Checked values, in the contract's columns.
    """
    if any(name not in table for name in _BY):
        return []
    values = table[list(_BY)].astype("float64")
    known = values.dropna()
    return [
        hashlib.sha256("|".join(f"{value:.4g}" for value in row).encode()).hexdigest()[:_LETTERS]
        for row in known.itertuples(index=False, name=None)
    ]


@cache
def _read_known() -> frozenset[str]:
    text = files("features.cohort").joinpath("data/known_simulations.txt").read_text("ascii")
    return frozenset(text.split())


def is_known_simulation(table: pd.DataFrame) -> bool:
    """Return whether a cohort is one of those that are known, or most of one.

    Parameters
    ----------
    table : DataFrame
        Checked values, in the contract's columns.
    """
    digests = digest_rows(table)
    alike = sum(digest in _read_known() for digest in digests)
    return alike >= _FEWEST and alike >= _SHARE * len(digests)
