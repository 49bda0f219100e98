"""What a question about sample size assumes, checked; and the linear predictor that follows.

Where a c-statistic is given, the linear predictor follows from it and the prevalence in one of two
ways. Normal in patients with and in patients without the event, with one variance: the only such
model that is calibrated, and what Riley's criteria and pmvalsampsize take. Or normal over all
patients: what Pavlou's criteria and sampsizeval take. Sizes for the calibration slope differ
between the two by a few per cent, more the better the model discriminates. Integrals over either
are computed on a grid, so that the same question always gives the same answer; an R package that
simulates them differs by its sampling error.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy.special import expit, ndtri

from features.arrays import FloatArray
from features.errors import InputError, Problem

__all__ = [
    "Z95",
    "Normality",
    "check_one_of",
    "check_values",
    "make_binormal_predictor",
    "make_marginal_predictor",
    "make_normal_predictor",
    "make_predictor",
    "round_up",
]

Z95 = 1.96
"""The normal quantile of a 95% interval, as in the papers and their R packages."""

Normality = Literal["class", "marginal"]
"""Where a linear predictor is normal: within each outcome class, or over all patients."""

_TUNED_ABOVE = 0.8
_TUNING_STEP, _TUNING_ERROR = 0.01, 0.0025
"""How Pavlou's software (sampsizeval) widens a normal predictor for c-statistics above 0.8."""

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
    "citl_width": (0.0, math.inf),
    "c_se": (0.0, math.inf),
    "o_e_se": (0.0, math.inf),
    "slope_se": (0.0, math.inf),
    "citl_se": (0.0, math.inf),
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


def _density(z: FloatArray) -> FloatArray:
    # scipy.stats has it too, and takes half a second to be imported.
    return np.asarray(np.exp(-(z**2) / 2.0) / math.sqrt(2 * math.pi))


def make_normal_predictor(mean: float, sd: float) -> tuple[FloatArray, FloatArray]:
    """Return a normal linear predictor on a grid, and the probability of each point."""
    z = np.linspace(-10, 10, 4001)
    return mean + sd * z, _density(z) * (z[1] - z[0])


def make_binormal_predictor(c_statistic: float, prevalence: float) -> tuple[FloatArray, FloatArray]:
    """Return the calibrated binormal linear predictor on a grid, and each point's probability.

    With scores N(0, 1) without and N(d, 1) with the event, c = Phi(d / sqrt(2)), and the
    log-odds of the event at score z are logit(prevalence) + d z - d^2 / 2.
    """
    distance = math.sqrt(2) * float(ndtri(c_statistic))
    z = np.linspace(-10, 10 + distance, 4001)
    density = prevalence * _density(z - distance) + (1 - prevalence) * _density(z)
    lp = math.log(prevalence / (1 - prevalence)) + distance * z - distance**2 / 2
    return lp, density * (z[1] - z[0])


def make_marginal_predictor(c_statistic: float, prevalence: float) -> tuple[FloatArray, FloatArray]:
    """Return a linear predictor that is normal over all patients, and each point's probability.

    Its mean and variance are those of the binormal predictor. Above a c-statistic of 0.8, where
    a normal predictor of that variance discriminates less than it should, the distance of the
    classes is raised by steps of a hundredth until the c-statistic is met to within 0.0025.

    References
    ----------
    Pavlou 2021, doi:10.1177/09622802211007522, equations 7 and 8; R package sampsizeval.
    """
    distance, steps = math.sqrt(2) * float(ndtri(c_statistic)), 0
    while True:
        variance = (distance * (1 + steps * _TUNING_STEP)) ** 2
        mean = (prevalence - 0.5) * variance + math.log(prevalence / (1 - prevalence))
        sd = math.sqrt(variance * (1 + prevalence * (1 - prevalence) * variance))
        lp, density = make_normal_predictor(mean, sd)
        short = c_statistic - _compute_c(lp, density)
        if c_statistic <= _TUNED_ABOVE or short <= _TUNING_ERROR:
            return lp, density
        steps += 1


def make_predictor(
    c_statistic: float, prevalence: float, normality: Normality
) -> tuple[FloatArray, FloatArray]:
    """Return the linear predictor of either normality on a grid, and each point's probability."""
    make = make_binormal_predictor if normality == "class" else make_marginal_predictor
    return make(c_statistic, prevalence)


def _compute_c(lp: FloatArray, density: FloatArray) -> float:
    """Return the c-statistic of calibrated risks whose log-odds are spread so."""
    cases, controls = density * expit(lp), density * expit(-lp)
    below = np.cumsum(controls) - controls / 2
    return float(cases @ below / (cases.sum() * controls.sum()))


def round_up(size: float) -> int:
    """Round up, forgiving a rounding error above a whole number."""
    return math.ceil(size - 1e-9 * size)
