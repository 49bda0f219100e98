"""Centres of one network whose patients' true risks are known; every effect in them is invented.

A centre differs from the others by what it adds to the intercept, and in one world to every
effect. Six centres of 40 to 80 patients, with the contract's default predictors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from experiments.truth.truths import Standardised, Truth, compute_risks, draw_patients, standardise
from experiments.truth.worlds import make_linear
from features.arrays import FloatArray
from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis
from training.fitting.candidates import KNOTS
from training.fitting.response import TrainingData

__all__ = [
    "CENTRE_SIZES",
    "NETWORK_WORLDS",
    "SimulatedNetwork",
    "NetworkWorld",
    "agree_basis",
    "simulate_network",
]

CENTRE_SIZES = (40, 48, 56, 64, 72, 80)
"""Patients of each centre."""
_FIVE = ("nrs_t0", "disease_duration_years", "opioid", "antidepressant", "anti_epileptic")
_REFERENCE_SIZE = 20_000


def _bent(x: Standardised) -> FloatArray:
    """Most is gained in the middle of pain, and the effect of duration levels off."""
    return (
        -0.7 * (x["nrs_t0"] ** 2 - 1)
        - 0.9 * np.tanh(2 * x["disease_duration_years"])
        - 0.6 * x["opioid"]
        + 0.4 * x["antidepressant"]
    )


_WEAK = Truth(
    "weak",
    "weak, straight",
    _FIVE,
    make_linear(**dict(zip(_FIVE, (-0.35, -0.35, -0.6, 0.4, 0.3), strict=True))),
    True,
)
_STRONG = Truth(
    "strong",
    "strong, straight",
    _FIVE,
    make_linear(**dict(zip(_FIVE, (-1.2, -1.0, -1.5, 0.8, 0.6), strict=True))),
    True,
)
_BENT = Truth("bent", "bent", _FIVE, _bent, False)


@dataclass(frozen=True)
class NetworkWorld:
    """How centres differ, and what holds for all of them.

    Parameters
    ----------
    name, label : str
        Short, for tables; what it stands for.
    truth : Truth
        The risk at the average centre.
    tau, tau_slope : float
        Standard deviation between centres of the intercept and of every effect (numbers: per SD;
        flags: per flag), in log-odds.
    sizes : tuple of int
        Patients of each centre.
    """

    name: str
    label: str
    truth: Truth
    tau: float = 0.0
    tau_slope: float = 0.0
    sizes: tuple[int, ...] = CENTRE_SIZES


NETWORK_WORLDS: dict[str, NetworkWorld] = {
    world.name: world
    for world in (
        NetworkWorld("weak_alike", "weak, centres alike", _WEAK),
        NetworkWorld("weak_differ", "weak, tau 0.3", _WEAK, tau=0.3),
        NetworkWorld("strong_alike", "strong, centres alike", _STRONG),
        NetworkWorld("strong_differ", "strong, tau 0.3", _STRONG, tau=0.3),
        NetworkWorld(
            "slopes_differ", "strong, tau 0.3, of slopes too", _STRONG, tau=0.3, tau_slope=0.3
        ),
        NetworkWorld("bent_differ", "bent, tau 0.3", _BENT, tau=0.3),
        NetworkWorld(
            "nothing",
            "nothing predicts, tau 0.3",
            replace(_WEAK, name="nothing", log_odds=lambda x: np.zeros_like(x["nrs_t0"])),
            tau=0.3,
        ),
    )
}
"""All worlds by name."""


@dataclass(frozen=True)
class SimulatedNetwork:
    """The cohorts of a network, new patients, and what is true of them.

    Parameters
    ----------
    cohorts : list of TrainingData
        One for each centre.
    X : ndarray of shape (n_new, n_predictors)
        New patients, without gaps.
    risk_known : ndarray of shape (n_centres, n_new)
        Their true risk at each centre.
    risk_new : ndarray of shape (n_new,)
        Their true risk at a centre of their own, which none of the cohorts is of.
    """

    cohorts: list[TrainingData]
    X: FloatArray
    risk_known: FloatArray
    risk_new: FloatArray


def simulate_network(
    world: NetworkWorld, *, n_new: int, rng: np.random.Generator
) -> SimulatedNetwork:
    """Draw the centres, their cohorts and `n_new` new patients."""
    X = draw_patients(world.truth, n_new, rng)
    cohorts, known = [], []
    for n in world.sizes:
        intercept, slopes = _draw_deviations(world, 1, rng)
        here = draw_patients(world.truth, n, rng)
        risk = _compute_risk(world, here, intercept, slopes)
        y = (rng.random(n) < risk).astype(np.float64)
        cohorts.append(
            TrainingData(
                X=here,
                predictors=world.truth.variables,
                horizons=("t1",),
                y={"t1": y},
                kept=np.full(n, np.nan),
                groups=np.arange(n),
            )
        )
        known.append(_compute_risk(world, X, intercept, slopes))
    new = _compute_risk(world, X, *_draw_deviations(world, n_new, rng))
    return SimulatedNetwork(cohorts, X, np.array(known), new)


def _draw_deviations(
    world: NetworkWorld, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return what `n` centres add to the intercept (n,) and to the effects (n, n_predictors)."""
    p = len(world.truth.predictors)
    return (world.tau * rng.standard_normal(n), world.tau_slope * rng.standard_normal((n, p)))


def _compute_risk(
    world: NetworkWorld, X: FloatArray, intercept: FloatArray, slopes: FloatArray
) -> FloatArray:
    scaled = np.column_stack(list(standardise(world.truth, X).values()))
    return compute_risks(world.truth, X, site=intercept + np.sum(scaled * slopes, axis=1))[0]


def agree_basis(world: NetworkWorld) -> PredictorBasis:
    """Return the columns that a network agrees on beforehand: of the population, of no cohort."""
    reference = draw_patients(world.truth, _REFERENCE_SIZE, np.random.default_rng(0))
    return make_basis(world.truth.variables, knots=KNOTS).fit(reference)
