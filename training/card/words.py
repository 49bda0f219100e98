"""Numbers and names as a card words them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from training.store.part import Interval

__all__ = ["METRICS", "OUTCOME_WORDS", "capital", "interval", "join", "number", "percent"]

OUTCOME_WORDS = {"response": "response", "kept": "keeping it until T2"}

METRICS: dict[str, tuple[str, str]] = {
    "auc": ("AUC", "0.5 is a coin, 1 ranks every responder first"),
    "brier": ("Brier score", "0 is best; smaller is better"),
    "brier_skill": (
        "Brier skill against the base rate",
        "0 or less: no better than telling everyone the base rate",
    ),
    "scaled_brier": ("Scaled Brier score", "0 or less: no better than the base rate"),
    "log_loss": ("Log loss", "nats; smaller is better"),
    "calibration_slope": ("Calibration slope", "1 is right; under 1 the risks are too extreme"),
    "calibration_in_the_large": (
        "Calibration-in-the-large",
        "0 is right; above 0 the risks are too low",
    ),
    "calibration_intercept": ("Calibration intercept", "0 is right; read with the slope"),
    "o_e": ("Observed : expected", "1 is right"),
}
"""Metric to what it is called and how it is read."""


def capital(text: str) -> str:
    """Return a sentence with a capital in front, the rest as it is."""
    return text[:1].upper() + text[1:]


def number(value: float | None, decimals: int = 2) -> str:
    """Return a number for people; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def percent(share: float | None) -> str:
    """Return a share in [0, 1] as a percentage, halves rounded up as papers do."""
    if share is None:
        return "–"
    # 29/40 is 72.49999... in binary: the nearest float must not decide.
    return f"{math.floor(round(100 * share, 6) + 0.5)}%"


def interval(row: Interval | None) -> str:
    """Return "0.62 (0.48 to 0.74)"."""
    if row is None or row.estimate is None:
        return "not estimable"
    if row.low is None or row.high is None:
        return f"{number(row.estimate)} (no interval)"
    return f"{number(row.estimate)} ({number(row.low)} to {number(row.high)})"


def join(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return ", ".join(items) if len(items) < 2 else f"{', '.join(items[:-1])} and {items[-1]}"
