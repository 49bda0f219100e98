"""What a question about sample size assumes, checked; and the linear predictor that follows.

Where a c-statistic is given, the linear predictor is taken as normal with one variance in patients
with and without the event, the only such model that is calibrated; the integrals over it are
computed on a grid, so that the same question always gives the same answer (the R packages simulate
them, and differ by a patient or two).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import norm

from features.arrays import FloatArray
from features.errors import InputError, Problem

__all__ = [
    "Z95",
    "check_one_of",
    "check_values",
    "make_binormal_predictor",
    "make_normal_predictor",
    "round_up",
]

Z95 = 1.96
"""The normal quantile of a 95% interval, as in the papers and their R packages."""

_RANGES = {
    "prevalence": (0.0, 1.0),
    "r2": (0.0, 1.0),
    "shrinkage": (0.0, 1.0),
    "c_statistic": (0.5, 1.0),
    "n": (0.0, math.inf),
    "parameters": (0.0, math.inf),
    "se": (0.0, math.inf),
    "sd": (0.0, math.inf),
    "width": (0.0, math.inf),
    "c_width": (0.0, math.inf),
    "o_e_width": (0.0, math.inf),
    "slope_width": (0.0, math.inf),
}


def check_values(values: dict[str, float], *problems: Problem) -> None:
    """Raise an InputError that lists `problems` and every value out of its range."""
    found = list(problems)
    for name, value in values.items():
        low, high = _RANGES[name]
        if not low < value < high:
            limit = "" if math.isinf(high) else f" and below {high:g}"
            found.append(Problem(name, f"a number above {low:g}{limit}", f"{value:g}"))
    if found:
        raise InputError("sample size", found)


def check_one_of(**choices: float | None) -> list[Problem]:
    """Return a problem unless exactly one of the choices was given."""
    given = [name for name, value in choices.items() if value is not None]
    if len(given) == 1:
        return []
    return [Problem(", ".join(choices), "one of them", " and ".join(given) or "none")]


def make_normal_predictor(mean: float, sd: float) -> tuple[FloatArray, FloatArray]:
    """Return a normal linear predictor on a grid, and the probability of each point."""
    z = np.linspace(-10, 10, 4001)
    return mean + sd * z, norm.pdf(z) * (z[1] - z[0])


def make_binormal_predictor(c_statistic: float, prevalence: float) -> tuple[FloatArray, FloatArray]:
    """Return the calibrated binormal linear predictor on a grid, and each point's probability.

    With scores N(0, 1) without and N(d, 1) with the event, c = Phi(d / sqrt(2)), and the
    log-odds of the event at score z are logit(prevalence) + d z - d^2 / 2.
    """
    distance = math.sqrt(2) * float(norm.ppf(c_statistic))
    z = np.linspace(-10, 10 + distance, 4001)
    density = prevalence * norm.pdf(z - distance) + (1 - prevalence) * norm.pdf(z)
    lp = math.log(prevalence / (1 - prevalence)) + distance * z - distance**2 / 2
    return lp, density * (z[1] - z[0])


def round_up(size: float) -> int:
    """Round up, forgiving a rounding error above a whole number."""
    return math.ceil(size - 1e-9 * size)
