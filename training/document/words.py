"""How numbers are written for people: digits, intervals, a dash where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["estimate", "number", "with_interval"]


def number(value: float, digits: int = 2) -> str:
    """Return a number for people; a dash where there is none."""
    if np.isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def with_interval(estimate: float, low: float, high: float, digits: int = 2) -> str:
    """Return "0.62 (0.48 to 0.74)"."""
    if np.isnan(low) or np.isnan(high):
        return number(estimate, digits)
    return f"{number(estimate, digits)} ({number(low, digits)} to {number(high, digits)})"


def estimate(row: Any, name: str) -> str:
    """Return the column `name` of a row with its interval, `name`_low to `name`_high."""
    return with_interval(*(getattr(row, f"{name}{end}") for end in ("", "_low", "_high")))
