"""Patients whose true risk is known, and what makes a world of them.

The worlds themselves are in :mod:`experiments.truth.worlds`.

Predictors come from the contract's dictionary, in its units and with plausible spreads; every
effect is invented. A truth is a formula for the log-odds of standardised predictors, so that
what a procedure predicts can be held against what it should have predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import expit, ndtr, ndtri

from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.variable import Variable
from training.fitting.response import TrainingData
from training.fitting.solvers import fit_intercept

__all__ = [
    "NUMBERS",
    "SIX",
    "TWELVE",
    "Formula",
    "Simulated",
    "Standardised",
    "Truth",
    "compute_risks",
    "draw_patients",
    "simulate_truth",
    "standardise",
]

Standardised = Mapping[str, FloatArray]
Formula = Callable[[Standardised], FloatArray]

SIX = ("nrs_t0", "disease_duration_years", "age_years", "sex", "opioid", "antidepressant")
NUMBERS: Mapping[str, tuple[float, float]] = {
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
TWELVE = (*NUMBERS, *_SHARES)
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
    link : callable
        From log-odds, or what stands in their place, to the risk of response; rising.
    tails : int
        With it the predictors are drawn from a t distribution of so many degrees of freedom, its
        SD brought to 1; 0 for a normal one.
    hides_high : bool
        Whether `missing` cells are the fuller of them more often: with a number's rank, from never
        at the lowest to twice the share at the highest; with a flag, by half as often again.
    label_noise : float
        Share of the cohort's responses at T1 that are written down the wrong way round.
    drift : float
        By how many SD every number, and what stands behind every flag, is higher in new patients.
    site_effect : float
        Half the difference in log-odds between two sites that nobody tells the model; the risk
        judged is that at the patient's own.
    for_choosing : bool
        Whether a procedure may be chosen by it. The others are reported only.
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
    link: Callable[[FloatArray], FloatArray] = expit
    tails: int = 0
    hides_high: bool = False
    label_noise: float = 0.0
    drift: float = 0.0
    site_effect: float = 0.0
    for_choosing: bool = True

    def share(self, name: str) -> float:
        """Return how many carry the flag `name`."""
        return self.shares.get(name, _SHARES[name])

    @property
    def is_noise(self) -> bool:
        """Whether nothing predicts."""
        return not np.ptp(self.log_odds(standardise(self, draw_patients(self, 50, _make_rng()))))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The predictors' entries in the dictionary."""
        return CONTRACT.check_predictors(self.predictors)

    @cached_property
    def intercepts(self) -> tuple[float, float]:
        """The intercepts of response and of keeping it that give the mean risks."""
        reference = draw_patients(self, _REFERENCE_SIZE, _make_rng())
        scaled = standardise(self, reference)
        kept = 0.0 if self.kept is None else fit_intercept(self.kept(scaled), self.mean_kept)
        first = self.log_odds(scaled)
        if self.site_effect:
            first = np.concatenate([first - self.site_effect, first + self.site_effect])
        return fit_intercept(first, self.mean_risk, finish=self.link), kept


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


def _make_rng() -> np.random.Generator:
    return np.random.default_rng(0)


def draw_patients(
    truth: Truth, n: int, rng: np.random.Generator, *, n_later: int = 0
) -> FloatArray:
    """Return complete raw predictors, of shape (n, n_predictors); the last `n_later` drift."""
    common = rng.standard_normal((n, 1))
    own = rng.standard_normal((n, len(truth.predictors)))
    latent = np.sqrt(truth.correlation) * common + np.sqrt(1 - truth.correlation) * own
    if truth.tails:
        spread = rng.chisquare(truth.tails, latent.shape) / (truth.tails - 2)
        latent = latent / np.sqrt(spread)
    latent[n - n_later :] += truth.drift
    X: FloatArray = np.empty(latent.shape)
    for j, variable in enumerate(truth.variables):
        if not variable.is_numeric:
            X[:, j] = latent[:, j] > ndtri(1 - truth.share(variable.name))
            continue
        mean, sd = NUMBERS[variable.name]
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
            mean, sd = NUMBERS[variable.name]
            value = np.log1p(column) if variable.transform == "log1p" else column
            scaled[variable.name] = (value - mean) / sd
        else:
            scaled[variable.name] = column - truth.share(variable.name)
    return scaled


def compute_risks(
    truth: Truth, X: FloatArray, *, site: FloatArray | float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return the risk of response and that of keeping it (1 without a second horizon).

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Complete raw predictors.
    site : ndarray of shape (n,) or float
        What a patient's site adds to the log-odds.
    """
    intercept, intercept_kept = truth.intercepts
    scaled = standardise(truth, X)
    risk = truth.link(intercept + site + truth.log_odds(scaled))
    if truth.kept is None:
        return risk, np.ones(len(X))
    return risk, expit(intercept_kept + truth.kept(scaled))


def simulate_truth(truth: Truth, n: int, *, n_new: int, rng: np.random.Generator) -> Simulated:
    """Draw a cohort of `n` patients and `n_new` new ones."""
    X = draw_patients(truth, n + n_new, rng, n_later=n_new)
    site: FloatArray | float = 0.0
    if truth.site_effect:
        site = truth.site_effect * rng.choice([-1.0, 1.0], len(X))
    first, kept = compute_risks(truth, X, site=site)
    responds = (rng.random(len(X)) < first).astype(np.float64)
    keeps = (rng.random(len(X)) < kept).astype(np.float64)
    seen = rng.random(len(X)) < _SEEN_AT_T2
    X[rng.random(X.shape) < _compute_gaps(truth, X)] = np.nan
    written = responds[:n]
    if truth.label_noise:
        written = np.where(rng.random(n) < truth.label_noise, 1 - written, written)
    y = {"t1": written}
    known_kept = np.full(n, np.nan)
    if truth.kept is not None:
        here = (written == 1) & seen[:n]
        known_kept[here] = keeps[:n][here]
        y["t2"] = np.where(written == 0, 0.0, known_kept)
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


def _compute_gaps(truth: Truth, X: FloatArray) -> FloatArray | float:
    """Return how likely each cell is empty."""
    if not truth.hides_high:
        return truth.missing
    scaled = standardise(truth, X)
    numeric = {v.name: v.is_numeric for v in truth.variables}
    more = [2 * ndtr(z) if numeric[name] else 1.0 + 0.5 * (z > 0) for name, z in scaled.items()]
    return truth.missing * np.column_stack(more)
