"""Worlds in which every patient's true risk is known, for `experiments.truth.known_truth`.

Predictors come from the contract's dictionary, in its units and with plausible spreads; every
effect is invented. A truth is a formula for the log-odds of standardised predictors, so that
what a procedure predicts can be held against what it should have predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.special import expit, ndtri

from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.variable import Variable
from training.fitting.response import TrainingData
from training.fitting.solvers import fit_intercept

__all__ = [
    "TRUTHS",
    "TWELVE",
    "Simulated",
    "Truth",
    "compute_risks",
    "draw_patients",
    "simulate_truth",
]

Standardised = Mapping[str, FloatArray]
Formula = Callable[[Standardised], FloatArray]

SIX = ("nrs_t0", "disease_duration_years", "age_years", "sex", "opioid", "antidepressant")
_NUMBERS = {
    # Mean and SD of a normal, of log(1 + years) for the duration; then rounded and cut off.
    "nrs_t0": (7.5, 1.6),
    "disease_duration_years": (1.75, 0.7),
    "age_years": (42.0, 14.0),
    "weight_kg": (76.0, 15.0),
    "hads_depression": (8.0, 4.0),
    "tsk": (40.0, 8.0),
}
_SHARES = {
    "sex": 0.25,
    "opioid": 0.6,
    "antidepressant": 0.25,
    "anti_epileptic": 0.35,
    "nsaid": 0.25,
    "benzodiazepine": 0.3,
}
TWELVE = (*_NUMBERS, *_SHARES)
_REFERENCE_SIZE = 20_000
_SEEN_AT_T2 = 0.85


@dataclass(frozen=True)
class Truth:
    """How the risk hangs together with the predictors.

    Parameters
    ----------
    name : str
        Short, for tables.
    label : str
        What it stands for.
    predictors : tuple of str
        Names in the contract.
    log_odds : callable
        From standardised predictors (numbers: mean 0 and SD 1; flags: 0 or 1 less their share)
        to log-odds, without the intercept.
    contained : bool
        Whether the interval's working model, a logistic model of the straight predictors without
        gaps, is right in this world.
    mean_risk : float
        In the population.
    correlation : float
        Between any two predictors, before they are rounded or cut into flags.
    missing : float
        Share of the predictors' cells that are empty, at random. The true risk is that of the
        complete values.
    shares : mapping of str to float
        Shares of flags that differ from the usual.
    kept : callable or None
        With it the truth has two horizons: log-odds that a response is kept until T2; 15% of
        responders are not seen then. The risk judged is that of sustained response.
    mean_kept : float
        Mean of the second risk in the population.
    """

    name: str
    label: str
    predictors: tuple[str, ...]
    log_odds: Formula
    contained: bool
    mean_risk: float = 0.6
    correlation: float = 0.0
    missing: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)
    kept: Formula | None = None
    mean_kept: float = 0.7

    def share(self, name: str) -> float:
        """Return how many carry the flag `name`."""
        return self.shares.get(name, _SHARES[name])

    @property
    def is_noise(self) -> bool:
        """Whether nothing predicts."""
        return self.log_odds is _noise

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The predictors' entries in the dictionary."""
        return CONTRACT.check_predictors(self.predictors)


@dataclass(frozen=True)
class Simulated:
    """A simulated cohort, new patients, and what is true of them.

    Parameters
    ----------
    data : TrainingData
        The cohort.
    X : ndarray of shape (n_new, n_predictors)
        New patients, with gaps as in the cohort.
    y : ndarray of shape (n_new,)
        Their outcome at the last horizon.
    risk : ndarray of shape (n_new,)
        Their true risk at the last horizon.
    """

    data: TrainingData
    X: FloatArray
    y: FloatArray
    risk: FloatArray


def draw_patients(truth: Truth, n: int, rng: np.random.Generator) -> FloatArray:
    """Return complete raw predictors, of shape (n, n_predictors)."""
    common = rng.standard_normal((n, 1))
    own = rng.standard_normal((n, len(truth.predictors)))
    latent = np.sqrt(truth.correlation) * common + np.sqrt(1 - truth.correlation) * own
    X: FloatArray = np.empty(latent.shape)
    for j, variable in enumerate(truth.variables):
        if not variable.is_numeric:
            X[:, j] = latent[:, j] > ndtri(1 - truth.share(variable.name))
            continue
        mean, sd = _NUMBERS[variable.name]
        value = mean + sd * latent[:, j]
        value = np.expm1(value) if variable.transform == "log1p" else value
        value = np.round(value / variable.precision) * variable.precision
        X[:, j] = np.clip(value, variable.low, variable.high)
    return X


def standardise(truth: Truth, X: FloatArray) -> dict[str, FloatArray]:
    """Return each predictor on the scale of the truth's formula."""
    scaled = {}
    for variable, column in zip(truth.variables, X.T, strict=True):
        if variable.is_numeric:
            mean, sd = _NUMBERS[variable.name]
            value = np.log1p(column) if variable.transform == "log1p" else column
            scaled[variable.name] = (value - mean) / sd
        else:
            scaled[variable.name] = column - truth.share(variable.name)
    return scaled


@lru_cache(maxsize=64)
def _find_intercepts(name: str) -> tuple[float, float]:
    truth = TRUTHS[name]
    reference = draw_patients(truth, _REFERENCE_SIZE, np.random.default_rng(0))
    scaled = standardise(truth, reference)
    kept = 0.0
    if truth.kept is not None:
        kept = fit_intercept(truth.kept(scaled), truth.mean_kept)
    return fit_intercept(truth.log_odds(scaled), truth.mean_risk), kept


def compute_risks(truth: Truth, X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the risk of response and that of keeping it (1 without a second horizon).

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Complete raw predictors.
    """
    intercept, intercept_kept = _find_intercepts(truth.name)
    scaled = standardise(truth, X)
    risk = expit(intercept + truth.log_odds(scaled))
    if truth.kept is None:
        return risk, np.ones(len(X))
    return risk, expit(intercept_kept + truth.kept(scaled))


def simulate_truth(truth: Truth, n: int, *, n_new: int, rng: np.random.Generator) -> Simulated:
    """Draw a cohort of `n` patients and `n_new` new ones."""
    X = draw_patients(truth, n + n_new, rng)
    first, kept = compute_risks(truth, X)
    responds = (rng.random(len(X)) < first).astype(np.float64)
    keeps = (rng.random(len(X)) < kept).astype(np.float64)
    seen = rng.random(len(X)) < _SEEN_AT_T2
    X[rng.random(X.shape) < truth.missing] = np.nan
    y = {"t1": responds[:n]}
    known_kept = np.full(n, np.nan)
    if truth.kept is not None:
        here = (responds[:n] == 1) & seen[:n]
        known_kept[here] = keeps[:n][here]
        y["t2"] = np.where(responds[:n] == 0, 0.0, known_kept)
    data = TrainingData(
        X=X[:n],
        predictors=truth.variables,
        horizons=tuple(y),
        y=y,
        kept=known_kept,
        groups=np.arange(n),
    )
    both = responds if truth.kept is None else responds * keeps
    return Simulated(data, X[n:], both[n:], (first * kept)[n:])


def _linear(**effects: float) -> Formula:
    def log_odds(x: Standardised) -> FloatArray:
        return np.asarray(np.sum([effect * x[name] for name, effect in effects.items()], axis=0))

    return log_odds


def _bent(x: Standardised) -> FloatArray:
    """Most is gained in the middle of pain and age, and opioids turn the effect of duration."""
    return (
        -0.9 * (x["nrs_t0"] ** 2 - 1)
        + 0.9 * np.sign(x["opioid"]) * x["disease_duration_years"]
        + 0.5 * np.tanh(2 * x["age_years"])
        + 0.5 * x["antidepressant"]
    )


def _exclusive_or(x: Standardised) -> FloatArray:
    return 1.2 * np.sign(x["nrs_t0"]) * np.sign(x["opioid"])


def _step(x: Standardised) -> FloatArray:
    return 1.8 * (x["disease_duration_years"] > 0.5) - 1.2 * (x["age_years"] > 1)


def _noise(x: Standardised) -> FloatArray:
    return np.zeros_like(x["nrs_t0"])


_WEAK = _linear(**dict(zip(SIX, (-0.35, -0.35, 0.15, 0.2, -0.6, 0.4), strict=True)))
_STRONG = _linear(**dict(zip(SIX, (-1.2, -1.0, 0.4, 0.5, -1.5, 0.8), strict=True)))

TRUTHS: dict[str, Truth] = {
    truth.name: truth
    for truth in (
        Truth("linear_weak", "weak, straight, 6 predictors", SIX, _WEAK, True),
        Truth("bent", "bent, with an interaction, 6 predictors", SIX, _bent, False),
        Truth("noise", "nothing predicts, 6 predictors", SIX, _noise, True),
        Truth("strong", "strong, straight, 6 predictors", SIX, _STRONG, True),
        Truth(
            "rare_flags",
            "flags of 5 to 10% with large effects",
            SIX,
            _linear(sex=1.5, opioid=-1.5, antidepressant=2.0, nrs_t0=-0.3),
            True,
            shares={"sex": 0.10, "opioid": 0.08, "antidepressant": 0.05},
        ),
        Truth(
            "few_of_twelve",
            "2 of 12 predictors, strong",
            TWELVE,
            _linear(nrs_t0=-1.0, opioid=-1.6),
            True,
        ),
        Truth(
            "correlated",
            "12 predictors, correlation 0.6, small effects",
            TWELVE,
            _linear(**dict.fromkeys(TWELVE[:6], 0.2), **dict.fromkeys(TWELVE[6:], 0.2)),
            True,
            correlation=0.6,
        ),
        Truth("noise_twelve", "nothing predicts, 12 predictors", TWELVE, _noise, True),
        Truth("missing", "30% of cells empty", SIX, _STRONG, False, missing=0.3),
        Truth("uneven", "weak, 20% respond", SIX, _WEAK, True, mean_risk=0.2),
        Truth("exclusive_or", "an interaction and nothing else", SIX, _exclusive_or, False),
        Truth("step", "two thresholds", SIX, _step, False),
        Truth(
            "kept",
            "sustained response, product of two straight risks",
            SIX,
            _STRONG,
            True,
            kept=_linear(nrs_t0=-0.5, disease_duration_years=0.5, opioid=-0.8),
        ),
    )
}
"""All truths by name."""
