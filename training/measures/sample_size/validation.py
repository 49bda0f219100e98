"""How many patients it takes to check a model in new patients: Riley's criteria.

Written out because the method's own software is in R (pmvalsampsize, sampsizeval); tests hold its
published examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import expit, owens_t
from scipy.stats import norm

from training.measures.sample_size.assumptions import (
    Z95,
    check_one_of,
    check_values,
    make_binormal_predictor,
    make_normal_predictor,
    round_up,
)

__all__ = [
    "compute_size_for_c_statistic",
    "compute_size_for_o_e",
    "compute_size_for_slope",
    "compute_validation_size",
]


@dataclass(frozen=True)
class ValidationSize:
    """What it takes to judge a model in new patients, by criterion.

    Parameters
    ----------
    n : int
        The final number of patients: the largest of the three criteria.
    events : float
        Expected number of events among them.
    n_c_statistic, n_o_e, n_slope : int
        Patients for a 95% interval of the c-statistic, of observed over expected events and of
        the calibration slope that is no wider than the widths below.
    prevalence, c_statistic, c_width, o_e_width, slope_width : float
        What was assumed and asked for.
    """

    n: int
    events: float
    n_c_statistic: int
    n_o_e: int
    n_slope: int
    prevalence: float
    c_statistic: float
    c_width: float
    o_e_width: float
    slope_width: float


def compute_size_for_c_statistic(
    prevalence: float, c_statistic: float, *, se: float | None = None, width: float | None = None
) -> int:
    """Return the patients for a given precision of the c-statistic.

    The two ways to ask have a formula each, as published, and differ by a few patients in a
    hundred: `se` is DeLong's variance under a normal linear predictor (Pavlou), `width` is
    Newcombe's variance, which Riley's criterion takes.

    Parameters
    ----------
    prevalence : float
        In (0, 1).
    c_statistic : float
        Expected, above 0.5 and below 1.
    se, width : float, optional
        The largest standard error, or the largest width of the 95% interval: give one of them.

    References
    ----------
    Pavlou 2021, doi:10.1177/09622802211007522; Newcombe 2006, doi:10.1002/sim.2324; Riley 2021,
    doi:10.1002/sim.9025.
    """
    values = {"prevalence": prevalence, "c_statistic": c_statistic}
    values |= {} if se is None else {"se": se}
    values |= {} if width is None else {"width": width}
    check_values(values, *check_one_of(se=se, width=width))
    c, pairs = c_statistic, prevalence * (1 - prevalence)
    if se is not None:
        beats_two = c - 2 * float(owens_t(norm.ppf(c), 1 / math.sqrt(3)))
        return round_up((beats_two - c**2) / (pairs * se**2))
    # pairs n^2 (width / 3.92)^2 = c (1 - c) (1 + (n / 2 - 1) spread), solved for n
    spread = (1 - c) / (2 - c) + c / (1 + c)
    scale = c * (1 - c) / (pairs * ((width or 0) / (2 * Z95)) ** 2)
    half = scale * spread / 4
    return round_up(half + math.sqrt(half**2 + scale * (1 - spread)))


def compute_size_for_o_e(prevalence: float, *, se: float) -> int:
    """Return the patients for which ln(observed / expected) has a standard error of `se` at most.

    Parameters
    ----------
    prevalence : float
        In (0, 1); the model is assumed to be right on average.
    se : float
        Above 0.

    References
    ----------
    Riley 2021, doi:10.1002/sim.9025.
    """
    check_values({"prevalence": prevalence, "se": se})
    return round_up((1 - prevalence) / (prevalence * se**2))


def compute_size_for_slope(
    prevalence: float,
    c_statistic: float,
    *,
    se: float,
    linear_predictor: tuple[float, float] | None = None,
) -> int:
    """Return the patients for which the calibration slope has a standard error of `se` at most.

    Parameters
    ----------
    prevalence : float
        In (0, 1).
    c_statistic : float
        Expected, above 0.5 and below 1.
    se : float
        A 95% interval is 3.92 times as wide.
    linear_predictor : (float, float), optional
        Mean and standard deviation of a normal linear predictor in the new patients, where they
        are known; they then stand for prevalence and c-statistic.

    References
    ----------
    Riley 2021, doi:10.1002/sim.9025.
    """
    values = {"prevalence": prevalence, "c_statistic": c_statistic, "se": se}
    check_values(values | ({"sd": linear_predictor[1]} if linear_predictor else {}))
    if linear_predictor is None:
        lp, density = make_binormal_predictor(c_statistic, prevalence)
    else:
        lp, density = make_normal_predictor(*linear_predictor)
    information = density * expit(lp) * expit(-lp)
    a, ab, b = (float(information @ lp**power) for power in (0, 1, 2))
    return round_up(a / (se**2 * (a * b - ab**2)))


def compute_validation_size(
    prevalence: float,
    c_statistic: float,
    *,
    c_width: float = 0.1,
    o_e_width: float = 0.2,
    slope_width: float = 0.2,
    linear_predictor: tuple[float, float] | None = None,
) -> ValidationSize:
    """Return how many patients the validation of an existing model needs.

    Parameters
    ----------
    prevalence : float
        Share of events expected in the new patients, in (0, 1).
    c_statistic : float
        c-statistic expected there, above 0.5 and below 1.
    c_width, o_e_width, slope_width : float
        Widths of the 95% intervals of the c-statistic, of observed over expected events and of
        the calibration slope; the defaults are those of the R package.
    linear_predictor : (float, float), optional
        As in :func:`compute_size_for_slope`.

    Raises
    ------
    InputError
        Listing every value that is out of its range.

    References
    ----------
    Riley 2021, doi:10.1002/sim.9025; R package pmvalsampsize.
    """
    check_values(
        {
            "prevalence": prevalence,
            "c_statistic": c_statistic,
            "c_width": c_width,
            "o_e_width": o_e_width,
            "slope_width": slope_width,
        }
        | ({"sd": linear_predictor[1]} if linear_predictor else {})
    )
    counts = {
        "n_c_statistic": compute_size_for_c_statistic(prevalence, c_statistic, width=c_width),
        # exp(1.96 se) - exp(-1.96 se) is the width of the interval of a ratio of 1
        "n_o_e": compute_size_for_o_e(prevalence, se=math.asinh(o_e_width / 2) / Z95),
        "n_slope": compute_size_for_slope(
            prevalence, c_statistic, se=slope_width / (2 * Z95), linear_predictor=linear_predictor
        ),
    }
    n = max(counts.values())
    return ValidationSize(
        n=n,
        events=n * prevalence,
        prevalence=prevalence,
        c_statistic=c_statistic,
        c_width=c_width,
        o_e_width=o_e_width,
        slope_width=slope_width,
        **counts,
    )
