"""How many patients it takes to make a model: Riley's criteria for a binary outcome.

Written out because the method's own software is in R (pmsampsize); tests hold its published
examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import entr, expit

from features.errors import InputError, Problem
from training.measures.sample_size.assumptions import (
    Z95,
    check_one_of,
    check_values,
    make_binormal_predictor,
    round_up,
)

__all__ = [
    "DevelopmentSize",
    "compute_affordable_parameters",
    "compute_cox_snell_r2",
    "compute_criteria",
    "compute_development_size",
    "compute_expected_shrinkage",
    "compute_max_r2",
]

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
    parameters : int or float
        Number of candidate parameters, those that selection may drop included; effective ones
        need not be a whole number.
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
    parameters: int | float
    prevalence: float
    r2: float
    max_r2: float
    nagelkerke_r2: float
    shrinkage: float


def compute_max_r2(prevalence: float) -> float:
    """Return the largest Cox-Snell R2 that a model can have at a prevalence in (0, 1)."""
    check_values({"prevalence": prevalence})
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
    check_values({"c_statistic": c_statistic, "prevalence": prevalence})
    lp, density = make_binormal_predictor(c_statistic, prevalence)
    risk = expit(lp)
    left = float(density @ (entr(risk) + entr(1 - risk)))
    return float(1 - np.exp(-2 * (entr(prevalence) + entr(1 - prevalence) - left)))


def compute_development_size(
    parameters: int | float,
    prevalence: float,
    *,
    r2: float | None = None,
    c_statistic: float | None = None,
    shrinkage: float = 0.9,
) -> DevelopmentSize:
    """Return how many patients a model for a binary outcome needs.

    Parameters
    ----------
    parameters : int or float
        Candidate parameters, above 0. A category counts its levels less one.
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
    check_values(values, *check_one_of(r2=r2, c_statistic=c_statistic))
    if r2 is None:
        r2 = compute_cox_snell_r2(float(c_statistic or 0), prevalence)
    max_r2 = compute_max_r2(prevalence)
    if r2 >= min(max_r2, shrinkage):
        expected = f"below {min(max_r2, shrinkage):.3f}, the limit at this prevalence and shrinkage"
        raise InputError("sample size", [Problem("r2", expected, f"{r2:g}")])
    sizes = compute_criteria(parameters, prevalence, r2, max_r2, shrinkage)
    counts = {name: round_up(size) for name, size in sizes.items()}
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
    sizes = compute_criteria(1, prevalence, need.r2, need.max_r2, need.shrinkage)
    return int(n // max(sizes["n_shrinkage"], sizes["n_optimism"]))


def compute_expected_shrinkage(
    n: int, parameters: float, r2: float, *, adjusted: bool = False
) -> float:
    """Return the factor by which an unpenalised model's coefficients will have to be shrunk.

    Parameters
    ----------
    n : int
        Patients.
    parameters : float
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
    check_values({"n": n, "parameters": parameters, "r2": r2})
    if not adjusted:
        return max(0.0, 1 + parameters / (n * math.log1p(-r2)))

    def excess(factor: float) -> float:
        return _patients_for_shrinkage(parameters, r2, factor) - n

    from scipy.optimize import brentq  # half a second, which most who ask for a size need not wait

    lowest = r2 * (1 + 1e-12)  # a model that shows an R2 of 1
    return r2 if excess(lowest) > 0 else float(brentq(excess, lowest, 1 - 1e-15))


def compute_criteria(
    parameters: float, prevalence: float, r2: float, max_r2: float, shrinkage: float
) -> dict[str, float]:
    """Return the size by each criterion, not rounded; see :class:`DevelopmentSize`."""
    with_little_optimism = r2 / (r2 + _R2_OPTIMISM * max_r2)
    return {
        "n_shrinkage": _patients_for_shrinkage(parameters, r2, shrinkage),
        "n_optimism": _patients_for_shrinkage(parameters, r2, with_little_optimism),
        "n_risk": (Z95 / _RISK_MARGIN) ** 2 * prevalence * (1 - prevalence),
    }


def _patients_for_shrinkage(parameters: float, r2: float, shrinkage: float) -> float:
    return parameters / ((shrinkage - 1) * math.log1p(-r2 / shrinkage))
