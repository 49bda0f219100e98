"""How numbers are written for people, and what measures are called: once, for every page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = [
    "ABSENT",
    "METRICS",
    "OF_A_CONSTANT",
    "UNDESCRIBED",
    "capital",
    "estimate",
    "estimate_share",
    "join",
    "number",
    "number_range",
    "p_equals",
    "p_value",
    "percent",
    "percent_range",
    "share_with_interval",
    "with_interval",
]

ABSENT = "–"
"""What stands where there is no number."""

UNDESCRIBED = "not described yet"
"""Begins what only people can say of a study, until they have."""


class Metric(NamedTuple):
    """What a measure is called, and how it is read."""

    label: str
    reading: str


METRICS = {
    "auc": Metric("AUC", "0.5 is a coin, 1 ranks every responder first"),
    "auc_delong": Metric("AUC, DeLong's interval", ""),
    "brier": Metric("Brier score", "0 is best; lower is better"),
    "brier_skill": Metric(
        "Brier skill",
        "against the base rate learnt from; 0 or less: no better than telling everyone that rate",
    ),
    "scaled_brier": Metric(
        "Scaled Brier score",
        "against the base rate of those judged; 0 or less: no better than telling everyone that "
        "rate",
    ),
    "log_loss": Metric("Log loss", "nats, 0 is best; lower is better"),
    "calibration_slope": Metric(
        "Calibration slope", "1 is right; below 1 the risks are too extreme, above 1 too timid"
    ),
    "calibration_in_the_large": Metric(
        "Calibration-in-the-large",
        "slope held at 1: 0 is right, above 0 the risks are too low on average",
    ),
    "calibration_intercept": Metric(
        "Calibration intercept", "fitted with the slope, and read with it; 0 is right"
    ),
    "o_e": Metric("Observed : expected", "1 is right"),
    "ici": Metric(
        "ICI: mean distance of the calibration curve from ideal",
        "0 is right, but noise adds to it: in small cohorts well above 0 for a perfect model. No "
        "interval: a resample adds noise of its own, and its distances lie too high",
    ),
    "e50": Metric("E50: median distance", "as ICI, no interval"),
    "e90": Metric("E90: 90th percentile of the distance", "as ICI, no interval"),
    "emax": Metric("Emax: largest distance", "as ICI, no interval"),
    "share_of_responders": Metric("Share of responders", ""),
}
"""Each measure by its name in tables and results."""

OF_A_CONSTANT = frozenset(
    {"brier", "brier_skill", "scaled_brier", "log_loss", "o_e", "share_of_responders"}
)
"""Measures that say something of a model that gives everyone the same. The others ask how its
estimates differ: what they would be worked out from are the differences of folds alone."""


def _is_absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def number(value: float | None, decimals: int = 2) -> str:
    """Return a number for people; a dash where there is none."""
    if value is None or math.isnan(value):
        return ABSENT
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def percent(share: float | None, decimals: int = 0) -> str:
    """Return a share in [0, 1] as a percentage, halves rounded up as papers do."""
    if share is None or math.isnan(share):
        return ABSENT
    # 29/40 is 72.49999... in binary: the nearest float must not decide.
    scaled = round(100 * share * 10**decimals, 6)
    return f"{math.floor(scaled + 0.5) / 10**decimals:.{decimals}f}%"


def number_range(low: float | None, high: float | None, decimals: int = 2) -> str:
    """Return "0.48 to 0.74"; a dash where there is no interval."""
    if _is_absent(low) or _is_absent(high):
        return ABSENT
    return f"{number(low, decimals)} to {number(high, decimals)}"


def percent_range(low: float | None, high: float | None, decimals: int = 0) -> str:
    """Return "48% to 74%"; a dash where there is no interval."""
    if _is_absent(low) or _is_absent(high):
        return ABSENT
    return f"{percent(low, decimals)} to {percent(high, decimals)}"


def with_interval(
    value: float | None, low: float | None, high: float | None, decimals: int = 2
) -> str:
    """Return "0.62 (0.48 to 0.74)"; the number alone where there is no interval."""
    ends = number_range(low, high, decimals)
    return number(value, decimals) + ("" if ABSENT in (ends, number(value)) else f" ({ends})")


def share_with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return "62% (48% to 74%)"; the share alone where there is no interval."""
    ends = percent_range(low, high)
    return percent(value) + ("" if ABSENT in (ends, percent(value)) else f" ({ends})")


def estimate(row: Any, name: str, decimals: int = 2) -> str:
    """Return the column `name` of a row with its interval, `name`_low to `name`_high."""
    return with_interval(*_read(row, name), decimals)


def estimate_share(row: Any, name: str) -> str:
    """Return the same of a share, in percent."""
    return share_with_interval(*_read(row, name))


def _read(row: Any, name: str) -> tuple[float, float, float]:
    return getattr(row, name), getattr(row, f"{name}_low"), getattr(row, f"{name}_high")


def p_value(p: float | None) -> str:
    """Return a p value as papers print it: three decimals, "<0.001" below."""
    return "<0.001" if p is not None and p < 0.001 else number(p, 3)


def p_equals(p: float) -> str:
    """Return a p value for a sentence: "p = 0.031", "p < 0.001"."""
    text = p_value(p)
    return f"p {text[0]} {text[1:]}" if text.startswith("<") else f"p = {text}"


def capital(text: str) -> str:
    """Return a sentence with a capital in front, the rest as it is."""
    return text[:1].upper() + text[1:]


def join(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return ", ".join(items) if len(items) < 2 else f"{', '.join(items[:-1])} and {items[-1]}"
