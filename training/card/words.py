"""Names and intervals as a card words them."""

from __future__ import annotations

from training.document.words import ABSENT, with_interval
from training.store.part import EstimateRow

__all__ = ["OUTCOME_WORDS", "count", "interval"]

OUTCOME_WORDS = {"response": "response", "kept": "keeping it until T2"}


def count(n: int | None) -> str:
    """Return a number of patients; a dash where it is not told."""
    return ABSENT if n is None else str(n)


def interval(row: EstimateRow | None) -> str:
    """Return "0.62 (0.48 to 0.74)"."""
    if row is None or row.estimate is None:
        return "not estimable"
    none = " (no interval)" if row.low is None or row.high is None else ""
    return with_interval(row.estimate, row.low, row.high) + none
