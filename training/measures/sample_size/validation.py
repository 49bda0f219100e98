"""How many patients it takes to check a model in new patients: Riley's and Pavlou's criteria.

Written out because the method's own software is in R (pmvalsampsize, sampsizeval); tests hold its
published examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from scipy.special import expit, ndtri, owens_t

from training.measures.sample_size.assumptions import (
    Z95,
    Normality,
    check_one_of,
    check_values,
    make_normal_predictor,
    make_predictor,
    round_up,
)

__all__ = [
    "compute_size_for_c_statistic",
    "compute_size_for_calibration_in_the_large",
    "compute_size_for_o_e",
    "compute_size_for_slope",
    "compute_validation_size",
]

_STEPS_OF_SE = 1e4
"""pmvalsampsize tries standard errors of ln(O:E) in steps of 0.0001."""


@dataclass(frozen=True)
class ValidationSize:
    """What it takes to judge a model in new patients, by criterion.

    Parameters
    ----------
    n : int
        The final number of patients: the largest of the criteria.
    events : float
        Expected number of events among them.
    n_c_statistic, n_slope, n_o_e, n_citl : int
        Patients for a 95% interval of the c-statistic, of the calibration slope, of observed
        over expected events and of calibration-in-the-large that is no wider than the widths
        below; the last two None where they were not asked for.
    normality : {"class", "marginal"}
        Where the linear predictor is taken as normal: within each outcome class, or over all
        patients.
    prevalence, c_statistic, c_width, slope_width, o_e_width, citl_width : float
        What was assumed and asked for, a standard error as the width of its interval.
    """

    n: int
    events: float
    n_c_statistic: int
    n_slope: int
    normality: Normality
    prevalence: float
    c_statistic: float
    c_width: float
    slope_width: float
    o_e_width: float | None
    citl_width: float | None
    n_o_e: int | None = None
    n_citl: int | None = None


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
        beats_two = c - 2 * float(owens_t(ndtri(c), 1 / math.sqrt(3)))
        return round_up((beats_two - c**2) / (pairs * se**2))
    # pairs n^2 (width / 3.92)^2 = c (1 - c) (1 + (n / 2 - 1) spread), solved for n
    spread = (1 - c) / (2 - c) + c / (1 + c)
    scale = c * (1 - c) / (pairs * ((width or 0) / (2 * Z95)) ** 2)
    half = scale * spread / 4
    return round_up(half + math.sqrt(half**2 + scale * (1 - spread)))


def compute_size_for_o_e(
    prevalence: float, *, se: float | None = None, width: float | None = None
) -> int:
    """Return the patients for a given precision of observed over expected events.

    Parameters
    ----------
    prevalence : float
        In (0, 1); the model is assumed to be right on average.
    se, width : float, optional
        The largest standard error of ln(observed / expected), or the width of the 95% interval
        of the ratio: give one of them. A width is met by a standard error that is rounded up to
        0.0001, as pmvalsampsize does: the interval may be wider by that much.

    References
    ----------
    Riley 2021, doi:10.1002/sim.9025.
    """
    values = {"prevalence": prevalence}
    values |= {} if se is None else {"se": se}
    values |= {} if width is None else {"width": width}
    check_values(values, *check_one_of(se=se, width=width))
    if se is None:
        # exp(1.96 se) - exp(-1.96 se) is the width of the interval of a ratio of 1
        se = round_up(_STEPS_OF_SE * math.asinh((width or 0) / 2) / Z95) / _STEPS_OF_SE
    return round_up((1 - prevalence) / (prevalence * se**2))


def compute_size_for_slope(
    prevalence: float,
    c_statistic: float,
    *,
    se: float,
    linear_predictor: tuple[float, float] | None = None,
    normality: Normality = "class",
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
    normality : {"class", "marginal"}
        Where the linear predictor that follows from prevalence and c-statistic is normal: within
        each outcome class (Riley), or over all patients (Pavlou).

    References
    ----------
    Riley 2021, doi:10.1002/sim.9025; Pavlou 2021, doi:10.1177/09622802211007522, equation 12.
    """
    _check_predictor(prevalence, c_statistic, linear_predictor, {"se": se})
    return _size_slope(_inform(prevalence, c_statistic, linear_predictor, normality), se)


def compute_size_for_calibration_in_the_large(
    prevalence: float,
    c_statistic: float,
    *,
    se: float,
    linear_predictor: tuple[float, float] | None = None,
    normality: Normality = "class",
) -> int:
    """Return the patients for which calibration-in-the-large has a standard error of `se` at most.

    It is the intercept that is fitted with the slope held at 1, in log-odds.

    Parameters
    ----------
    prevalence, c_statistic, se, linear_predictor, normality
        As in :func:`compute_size_for_slope`.

    References
    ----------
    Pavlou 2021, doi:10.1177/09622802211007522, equation 13.
    """
    _check_predictor(prevalence, c_statistic, linear_predictor, {"se": se})
    return _size_level(_inform(prevalence, c_statistic, linear_predictor, normality), se)


def _check_predictor(
    prevalence: float,
    c_statistic: float,
    linear_predictor: tuple[float, float] | None,
    asked: dict[str, float],
) -> None:
    values = {"prevalence": prevalence, "c_statistic": c_statistic, **asked}
    check_values(values | ({"sd": linear_predictor[1]} if linear_predictor else {}))


class _Information(NamedTuple):
    """What one patient tells of the calibration intercept, of it with the slope, of the slope."""

    level: float
    cross: float
    square: float


def _inform(
    prevalence: float,
    c_statistic: float,
    linear_predictor: tuple[float, float] | None,
    normality: Normality,
) -> _Information:
    if linear_predictor is None:
        lp, density = make_predictor(c_statistic, prevalence, normality)
    else:
        lp, density = make_normal_predictor(*linear_predictor)
    weight = density * expit(lp) * expit(-lp)
    return _Information(*(float(weight @ lp**power) for power in (0, 1, 2)))


def _size_slope(told: _Information, se: float) -> int:
    return round_up(told.level / (se**2 * (told.level * told.square - told.cross**2)))


def _size_level(told: _Information, se: float) -> int:
    return round_up(1 / (se**2 * told.level))


def compute_validation_size(
    prevalence: float,
    c_statistic: float,
    *,
    c_width: float = 0.1,
    o_e_width: float | None = None,
    slope_width: float = 0.2,
    citl_width: float | None = None,
    c_se: float | None = None,
    o_e_se: float | None = None,
    slope_se: float | None = None,
    citl_se: float | None = None,
    linear_predictor: tuple[float, float] | None = None,
    normality: Normality = "class",
) -> ValidationSize:
    """Return how many patients the validation of an existing model needs.

    Parameters
    ----------
    prevalence : float
        Share of events expected in the new patients, in (0, 1).
    c_statistic : float
        c-statistic expected there, above 0.5 and below 1.
    c_width, o_e_width, slope_width, citl_width : float
        Widths of the 95% intervals of the c-statistic, of observed over expected events (0.2), of
        the calibration slope and of calibration-in-the-large; the defaults are those of the R
        package. Calibration-in-the-large counts only where it is asked for, and then stands for
        O:E, unless that is asked for as well: both tell whether risks are right on average.
    c_se, o_e_se, slope_se, citl_se : float, optional
        A standard error, that of O:E on the log scale, in place of a width.
    linear_predictor, normality
        As in :func:`compute_size_for_slope`.

    Raises
    ------
    InputError
        Listing every value that is out of its range.

    References
    ----------
    Riley 2021, doi:10.1002/sim.9025; R package pmvalsampsize. Pavlou 2021,
    doi:10.1177/09622802211007522; R package sampsizeval.
    """
    if o_e_width is o_e_se is citl_width is citl_se is None:
        o_e_width = 0.2
    widths = {"c": c_width, "o_e": o_e_width, "slope": slope_width, "citl": citl_width}
    errors = {"c": c_se, "o_e": o_e_se, "slope": slope_se, "citl": citl_se}
    asked = {f"{name}_width": width for name, width in widths.items() if errors[name] is None}
    asked |= {f"{name}_se": se for name, se in errors.items()}
    given = {name: value for name, value in asked.items() if value is not None}
    _check_predictor(prevalence, c_statistic, linear_predictor, given)
    told = _inform(prevalence, c_statistic, linear_predictor, normality)
    counts = {
        "n_c_statistic": compute_size_for_c_statistic(
            prevalence, c_statistic, se=c_se, width=given.get("c_width")
        ),
        "n_slope": _size_slope(told, slope_se or slope_width / (2 * Z95)),
    }
    if {"o_e_se", "o_e_width"} & set(given):
        counts["n_o_e"] = compute_size_for_o_e(prevalence, se=o_e_se, width=given.get("o_e_width"))
    citl_error = citl_se or (citl_width or 0) / (2 * Z95)
    if citl_error:
        counts["n_citl"] = _size_level(told, citl_error)
    n = max(counts.values())
    return ValidationSize(
        n=n,
        events=n * prevalence,
        **counts,
        normality=normality,
        prevalence=prevalence,
        c_statistic=c_statistic,
        c_width=c_width if c_se is None else 2 * Z95 * c_se,
        slope_width=slope_width if slope_se is None else 2 * Z95 * slope_se,
        o_e_width=o_e_width if o_e_se is None else 2 * math.sinh(Z95 * o_e_se),
        citl_width=2 * Z95 * citl_error or None,
    )
