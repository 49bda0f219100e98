"""Names and intervals as a card words them."""

from __future__ import annotations

from training.document.words import with_interval
from training.store.part import EstimateRow

__all__ = ["OUTCOME_WORDS", "interval"]

OUTCOME_WORDS = {"response": "response", "kept": "keeping it until T2"}


def interval(row: EstimateRow | None) -> str:
    """Return "0.62 (0.48 to 0.74)"."""
    if row is None or row.estimate is None:
        return "not estimable"
    none = " (no interval)" if row.low is None or row.high is None else ""
    return with_interval(row.estimate, row.low, row.high) + none
