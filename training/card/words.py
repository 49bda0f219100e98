"""Numbers as a card words them, and the way to them in a run's results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "OUTCOME_WORDS",
    "METRICS",
    "capital",
    "find_metric",
    "interval",
    "is_done",
    "join",
    "name_horizons",
    "number",
    "percent",
    "per_horizon",
]

_HORIZON_WORDS = {"t1": "discharge (T1)", "t2": "first follow-up (T2)"}

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


def is_done(part: Any) -> bool:
    """Return whether a part of a run's results was computed."""
    if part is None:
        return False
    return not (isinstance(part, Mapping) and part.get("done") is False)


def name_horizons(results: Mapping[str, Any]) -> dict[str, str]:
    """Return what each horizon is called: "discharge (T1)" where the study says so, else "T1"."""
    study = results["study"]
    return {
        h: _HORIZON_WORDS[h] if _HORIZON_WORDS[h] in study["outcomes"][h] else h.upper()
        for h in study["horizons"]
    }


def find_metric(
    results: Mapping[str, Any], part: str, horizon: str, metric: str
) -> Mapping[str, Any] | None:
    """Return a metric's row of `performance` or `optimism`; None where there is none."""
    found = results.get(part)
    if not is_done(found) or horizon not in found:  # type: ignore[operator]
        return None
    rows = found[horizon]["rows"]  # type: ignore[index]
    return next((row for row in rows if row["metric"] == metric), None)


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


def interval(row: Mapping[str, Any] | None, key: str = "estimate") -> str:
    """Return "0.62 (0.48 to 0.74)"."""
    if row is None or row.get(key) is None:
        return "not estimable"
    if row.get("low") is None or row.get("high") is None:
        return f"{number(row[key])} (no interval)"
    return f"{number(row[key])} ({number(row['low'])} to {number(row['high'])})"


def per_horizon(results: Mapping[str, Any], texts: Sequence[str]) -> str:
    """Return one text for all horizons, each under its name."""
    names = [horizon.upper() for horizon in results["study"]["horizons"]]
    return "; ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))


def join(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return ", ".join(items) if len(items) < 2 else f"{', '.join(items[:-1])} and {items[-1]}"
