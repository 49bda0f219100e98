"""How many patients a model needs: to be made, and to be checked in new patients.

Riley's criteria for binary outcomes. Where a c-statistic is given, the linear predictor is taken
as normal with one variance in patients with and without the event, the only such model that is
calibrated; the integrals over it are computed on a grid, so that the same question always gives
the same answer (the R packages simulate them, and differ by a patient or two).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import entr, expit, owens_t
from scipy.stats import norm

from features.arrays import FloatArray
from features.errors import InputError, Problem

__all__ = [
    "DevelopmentSize",
    "ValidationSize",
    "Verdict",
    "compute_affordable_parameters",
    "compute_cox_snell_r2",
    "compute_development_size",
    "compute_expected_shrinkage",
    "compute_max_r2",
    "compute_size_for_c_statistic",
    "compute_size_for_o_e",
    "compute_size_for_slope",
    "compute_validation_size",
    "verdict",
]

_Z95 = 1.96  # as in the papers and their R packages
_R2_OPTIMISM = 0.05
_RISK_MARGIN = 0.05


@dataclass(frozen=True)
class DevelopmentSize:
    """What it takes to make a model, by criterion.

    Parameters
    ----------
    n : int
        The final number of patients: the largest of the three criteria.
    events : float
        Expected number of events among them, `n` times the prevalence.
    events_per_parameter : float
        `events` divided by the number of parameters.
    n_shrinkage : int
        Criterion 1: the expected shrinkage of the coefficients is no stronger than `shrinkage`.
    n_optimism : int
        Criterion 2: the apparent Nagelkerke R2 exceeds the true one by 0.05 at most.
    n_risk : int
        Criterion 3: the overall risk is known to within 0.05.
    parameters : int
        Number of candidate parameters, those that selection may drop included.
    prevalence, r2, max_r2, nagelkerke_r2, shrinkage : float
        What was assumed: share of events; Cox-Snell R2 of the model to be made, and the largest
        possible at this prevalence; their ratio; factor by which coefficients may be too large.
    """

    n: int
    events: float
    events_per_parameter: float
    n_shrinkage: int
    n_optimism: int
    n_risk: int
    parameters: int
    prevalence: float
    r2: float
    max_r2: float
    nagelkerke_r2: float
    shrinkage: float


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


@dataclass(frozen=True)
class Verdict:
    """Whether the study at hand is large enough for its model.

    Parameters
    ----------
    n, events, parameters : int
        Patients with a known outcome, events among them, candidate parameters.
    c_statistic : float
        The discrimination hoped for.
    needed : DevelopmentSize or None
        None where one class is absent, for which no size can be given.
    enough : bool
    expected_shrinkage : float
        Factor by which the coefficients of an unpenalised model of this size are too large: 0.9
        is good, below 0.7 a model says more about these patients than about the next. NaN where
        one class is absent.
    text : str
        One line for the report.
    """

    n: int
    events: int
    parameters: int
    c_statistic: float
    needed: DevelopmentSize | None
    enough: bool
    expected_shrinkage: float
    text: str


def compute_max_r2(prevalence: float) -> float:
    """Return the largest Cox-Snell R2 that a model can have at a prevalence in (0, 1)."""
    _check({"prevalence": prevalence})
    return float(1 - np.exp(-2 * (entr(prevalence) + entr(1 - prevalence))))


def compute_cox_snell_r2(c_statistic: float, prevalence: float) -> float:
    """Return the Cox-Snell R2 of a calibrated model with a given c-statistic.

    Parameters
    ----------
    c_statistic : float
        Above 0.5 and below 1.
    prevalence : float
        In (0, 1).

    Returns
    -------
    float
        Between 0 and :func:`compute_max_r2`.

    References
    ----------
    Riley 2021, doi:10.1002/sim.8806.
    """
    _check({"c_statistic": c_statistic, "prevalence": prevalence})
    lp, density = _linear_predictor(c_statistic, prevalence)
    risk = expit(lp)
    left = float(density @ (entr(risk) + entr(1 - risk)))
    return float(1 - np.exp(-2 * (entr(prevalence) + entr(1 - prevalence) - left)))


def compute_development_size(
    parameters: int,
    prevalence: float,
    *,
    r2: float | None = None,
    c_statistic: float | None = None,
    shrinkage: float = 0.9,
) -> DevelopmentSize:
    """Return how many patients a model for a binary outcome needs.

    Parameters
    ----------
    parameters : int
        Candidate parameters, at least 1. A category counts its levels less one.
    prevalence : float
        Share of events, in (0, 1).
    r2 : float, optional
        Cox-Snell R2 expected of the model in new patients; give this or `c_statistic`.
    c_statistic : float, optional
        c-statistic expected in new patients, above 0.5.
    shrinkage : float
        Criterion 1's limit, in (0, 1).

    Raises
    ------
    InputError
        Listing every value that is out of its range.

    References
    ----------
    Riley 2020, doi:10.1136/bmj.m441; R package pmsampsize.
    """
    values: dict[str, float] = {"parameters": parameters, "prevalence": prevalence}
    values["shrinkage"] = shrinkage
    values |= {} if r2 is None else {"r2": r2}
    values |= {} if c_statistic is None else {"c_statistic": c_statistic}
    _check(values, *_one_of(r2=r2, c_statistic=c_statistic))
    if r2 is None:
        r2 = compute_cox_snell_r2(float(c_statistic or 0), prevalence)
    max_r2 = compute_max_r2(prevalence)
    if r2 >= min(max_r2, shrinkage):
        expected = f"below {min(max_r2, shrinkage):.3f}, the limit at this prevalence and shrinkage"
        raise InputError("sample size", [Problem("r2", expected, f"{r2:g}")])
    sizes = _criteria(parameters, prevalence, r2, max_r2, shrinkage)
    counts = {name: _up(size) for name, size in sizes.items()}
    n = max(counts.values())
    return DevelopmentSize(
        n=n,
        events=n * prevalence,
        events_per_parameter=n * prevalence / parameters,
        parameters=parameters,
        prevalence=prevalence,
        r2=r2,
        max_r2=max_r2,
        nagelkerke_r2=r2 / max_r2,
        shrinkage=shrinkage,
        **counts,
    )


def compute_affordable_parameters(n: int, prevalence: float, *, c_statistic: float) -> int:
    """Return how many candidate parameters so many patients bear.

    Only the two criteria that grow with the parameters are asked (little shrinkage, little
    optimism); below a few hundred patients the third, how well the overall risk is known, fails
    whatever the number of parameters.

    Parameters
    ----------
    n : int
        Patients with a known outcome.
    prevalence : float
        Share of events, in (0, 1).
    c_statistic : float
        Expected in new patients, above 0.5.

    References
    ----------
    Riley 2020, doi:10.1136/bmj.m441, solved for the parameters.
    """
    need = compute_development_size(1, prevalence, c_statistic=c_statistic)
    sizes = _criteria(1, prevalence, need.r2, need.max_r2, need.shrinkage)
    return int(n // max(sizes["n_shrinkage"], sizes["n_optimism"]))


def compute_expected_shrinkage(
    n: int, parameters: int, r2: float, *, adjusted: bool = False
) -> float:
    """Return the factor by which an unpenalised model's coefficients will have to be shrunk.

    Parameters
    ----------
    n : int
        Patients.
    parameters : int
        Candidate parameters.
    r2 : float
        Cox-Snell R2 of the model, in (0, 1).
    adjusted : bool
        False where `r2` is what the model shows in its own data: the heuristic factor
        1 + parameters / (n ln(1 - r2)). True where `r2` is what is expected in new patients, as
        in :func:`compute_development_size`: the model will then show r2 / factor, and the
        equation is solved for the factor.

    Returns
    -------
    float
        1 is no overfitting; 0, or `r2` where `adjusted`, is nothing but noise.

    References
    ----------
    Van Houwelingen and Le Cessie 1990, doi:10.1002/sim.4780091109; Riley 2019,
    doi:10.1002/sim.7992.
    """
    _check({"n": n, "parameters": parameters, "r2": r2})
    if not adjusted:
        return max(0.0, 1 + parameters / (n * math.log1p(-r2)))

    def excess(factor: float) -> float:
        return _patients_for_shrinkage(parameters, r2, factor) - n

    lowest = r2 * (1 + 1e-12)  # a model that shows an R2 of 1
    return r2 if excess(lowest) > 0 else float(brentq(excess, lowest, 1 - 1e-15))


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
    _check(values, *_one_of(se=se, width=width))
    c, pairs = c_statistic, prevalence * (1 - prevalence)
    if se is not None:
        beats_two = c - 2 * float(owens_t(norm.ppf(c), 1 / math.sqrt(3)))
        return _up((beats_two - c**2) / (pairs * se**2))
    # pairs n^2 (width / 3.92)^2 = c (1 - c) (1 + (n / 2 - 1) spread), solved for n
    spread = (1 - c) / (2 - c) + c / (1 + c)
    scale = c * (1 - c) / (pairs * ((width or 0) / (2 * _Z95)) ** 2)
    half = scale * spread / 4
    return _up(half + math.sqrt(half**2 + scale * (1 - spread)))


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
    _check({"prevalence": prevalence, "se": se})
    return _up((1 - prevalence) / (prevalence * se**2))


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
    _check(values | ({"sd": linear_predictor[1]} if linear_predictor else {}))
    if linear_predictor is None:
        lp, density = _linear_predictor(c_statistic, prevalence)
    else:
        lp, density = _normal(*linear_predictor)
    information = density * expit(lp) * expit(-lp)
    a, ab, b = (float(information @ lp**power) for power in (0, 1, 2))
    return _up(a / (se**2 * (a * b - ab**2)))


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
    _check(
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
        "n_o_e": compute_size_for_o_e(prevalence, se=math.asinh(o_e_width / 2) / _Z95),
        "n_slope": compute_size_for_slope(
            prevalence, c_statistic, se=slope_width / (2 * _Z95), linear_predictor=linear_predictor
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


def verdict(
    n: int, events: int, parameters: int, c_statistic: float = 0.70, *, horizon: str = "T2"
) -> Verdict:
    """Say in one line whether a study is large enough for the model it asks for.

    Parameters
    ----------
    n : int
        Patients with a known outcome.
    events : int
        Responders among them.
    parameters : int
        Candidate parameters.
    c_statistic : float
        The discrimination hoped for; 0.70 is what a first clinical model may reach.
    horizon : str
        The outcome's name in the text.
    """
    _check({"n": n, "parameters": parameters, "c_statistic": c_statistic})
    if not 0 <= events <= n:
        raise InputError("sample size", [Problem("events", f"from 0 to n ({n})", str(events))])
    start = f"n = {n} with known {horizon}, {_count(events, 'event')}, "
    start += _count(parameters, "parameter")
    if events in (0, n):
        text = f"{start}: one class only, no size can be given"
        return Verdict(n, events, parameters, c_statistic, None, False, math.nan, text)
    needed = compute_development_size(parameters, events / n, c_statistic=c_statistic)
    shrinkage = compute_expected_shrinkage(n, parameters, needed.r2, adjusted=True)
    text = f"{start}: about {_about(needed)} needed (c {c_statistic:.2f})"
    return Verdict(n, events, parameters, c_statistic, needed, n >= needed.n, shrinkage, text)


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


def _check(values: dict[str, float], *problems: Problem) -> None:
    found = list(problems)
    for name, value in values.items():
        low, high = _RANGES[name]
        if not low < value < high:
            limit = "" if math.isinf(high) else f" and below {high:g}"
            found.append(Problem(name, f"a number above {low:g}{limit}", f"{value:g}"))
    if found:
        raise InputError("sample size", found)


def _one_of(**choices: float | None) -> list[Problem]:
    given = [name for name, value in choices.items() if value is not None]
    if len(given) == 1:
        return []
    return [Problem(", ".join(choices), "one of them", " and ".join(given) or "none")]


def _normal(mean: float, sd: float) -> tuple[FloatArray, FloatArray]:
    """Return a normal linear predictor on a grid, and the probability of each point."""
    z = np.linspace(-10, 10, 4001)
    return mean + sd * z, norm.pdf(z) * (z[1] - z[0])


def _linear_predictor(c_statistic: float, prevalence: float) -> tuple[FloatArray, FloatArray]:
    """Return the calibrated binormal linear predictor on a grid, and each point's probability.

    With scores N(0, 1) without and N(d, 1) with the event, c = Phi(d / sqrt(2)), and the
    log-odds of the event at score z are logit(prevalence) + d z - d^2 / 2.
    """
    distance = math.sqrt(2) * float(norm.ppf(c_statistic))
    z = np.linspace(-10, 10 + distance, 4001)
    density = prevalence * norm.pdf(z - distance) + (1 - prevalence) * norm.pdf(z)
    lp = math.log(prevalence / (1 - prevalence)) + distance * z - distance**2 / 2
    return lp, density * (z[1] - z[0])


def _criteria(
    parameters: int, prevalence: float, r2: float, max_r2: float, shrinkage: float
) -> dict[str, float]:
    with_little_optimism = r2 / (r2 + _R2_OPTIMISM * max_r2)
    return {
        "n_shrinkage": _patients_for_shrinkage(parameters, r2, shrinkage),
        "n_optimism": _patients_for_shrinkage(parameters, r2, with_little_optimism),
        "n_risk": (_Z95 / _RISK_MARGIN) ** 2 * prevalence * (1 - prevalence),
    }


def _patients_for_shrinkage(parameters: int, r2: float, shrinkage: float) -> float:
    return parameters / ((shrinkage - 1) * math.log1p(-r2 / shrinkage))


def _up(size: float) -> int:
    """Round up, forgiving a rounding error above a whole number."""
    return math.ceil(size - 1e-9 * size)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(needed: DevelopmentSize) -> int:
    """Return the size before it was rounded up, to two significant digits."""
    n = max(
        _criteria(
            needed.parameters, needed.prevalence, needed.r2, needed.max_r2, needed.shrinkage
        ).values()
    )
    return int(float(f"{n:.1e}"))
