"""What a study of this size would have found: its power, by simulation from its own predictors.

A study that reports "no evidence that the model predicts better than the base rate" may have had
nothing to find, or too few patients to find it. Here it is repeated many times with its predictors
as they are and outcomes drawn from a truth of known strength: straight effects in a random
direction of the predictors, so large that the true risks rank patients with a given AUC. Each
repetition is judged by the test of a study's own verdict: it "finds" the model where the lower 95%
limit of the cross-validated Brier skill is above 0.

What is fitted stands in for a study's own procedure, which would take hours: Bayesian ridge
regression of the outcome, over several strengths of the effects and none at all, weighed by their
evidence. Where effects are weak it gives nearly the risks of logistic regression, and since all but
the weights depends on the predictors alone, thousands of studies take a second. Where nothing is
to be found, it finds something in at most about 2.5 of 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit, softmax
from scipy.stats import norm

from features.arrays import BoolArray, FloatArray
from training.measures.weighted import ratio

__all__ = ["AUCS", "compute_power"]

AUCS = (0.60, 0.65, 0.70)
"""How well the true risks rank patients, in a table of power."""

_SPREADS = {0.0: 0.36, 0.25: 0.16, 0.5: 0.16, 1.0: 0.16, 2.0: 0.16}
"""Spreads (SD) of the log-odds over patients that the fit reckons with, each with its prior."""

_MOST_PATIENTS = 2000
_TRUTHS = (25, 60)  # drawn for each AUC: fewer for many patients, whose power is steadier
_TRUTHS_TIMES_PATIENTS = 7_200
_N_OUTCOMES = 10  # drawn from each truth
_LARGEST_SPREAD = 30.0  # of log-odds; beyond, risks are 0 and 1
_HALVINGS = 24
_NEWTON_STEPS = 50
_Z95 = float(norm.ppf(0.975))


class _Fold(NamedTuple):
    """A fold: its patients, and its training part along its principal axes.

    The training part's outcomes have the components y @ `left`; each strength of effects shrinks
    them by its row of `factors` and is weighed by `fit` and `price`; `right` turns them into risks.
    """

    held_out: BoolArray
    left: FloatArray
    factors: FloatArray
    fit: FloatArray
    price: FloatArray
    right: FloatArray

    def predict(self, y: FloatArray) -> FloatArray:
        """Return what outcomes (n_outcomes, n_train), centred, say of the patients held out."""
        along = y @ self.left
        evidence = along**2 @ self.fit.T - self.price
        weights = softmax(evidence, axis=1)
        return np.asarray((weights @ self.factors * along) @ self.right)


def compute_power(
    columns: FloatArray,
    events: int,
    *,
    aucs: Sequence[float] = AUCS,
    n_folds: int = 5,
    n_repeats: int = 4,
    seed: int,
) -> pd.DataFrame:
    """Return how often a study like this one finds a model of a given strength.

    Parameters
    ----------
    columns : ndarray of shape (n, k)
        The study's design matrix, columns of an SD of about 1 and nothing missing, of the patients
        whose outcome is known. Of more than 2000 patients, 2000 stand for all: the power is then
        at least what is given.
    events : int
        Responders among them. Of the outcomes that are drawn, as many are responders on average.
    aucs : sequence of float
        How well the true risks rank patients like these, from 0.5 (nothing to find) to below 1.
    n_folds, n_repeats : int
        Of the cross-validation.
    seed : int
        Of truths, outcomes and folds.

    Returns
    -------
    DataFrame
        A row for each AUC: `auc`; `power`, the share of repeated studies in which the lower 95%
        limit of the Brier skill is above 0; `mc_error`, its Monte Carlo standard error, over
        truths; `n_studies`. NaN and 0 where most truths cannot rank patients so well, as where
        only a rare flag tells them apart, or where there is one class.
    """
    rng = np.random.default_rng(seed)
    n, rate = len(columns), events / len(columns)
    if n > _MOST_PATIENTS:
        columns = columns[rng.permutation(n)[:_MOST_PATIENTS]]
    varied = np.ptp(columns, axis=0) > 1e-9
    Z = columns[:, varied] - columns[:, varied].mean(axis=0)
    n_truths = int(np.clip(_TRUTHS_TIMES_PATIENTS // len(Z), *_TRUTHS))
    possible = 0 < rate < 1 and varied.any() and len(Z) >= 2 * n_folds
    folds = _make_folds(Z, rate, n_folds, n_repeats, rng) if possible else []
    rows = []
    for auc in aucs:
        risks = _draw_risks(Z, rate, auc, n_truths, rng) if possible else np.empty((0, len(Z)))
        shares = [_find(risk, folds, rng) for risk in risks]
        enough = len(risks) > n_truths / 2
        rows.append(
            {
                "auc": auc,
                "power": float(np.mean(shares)) if enough else np.nan,
                "mc_error": _error(np.asarray(shares)) if enough else np.nan,
                "n_studies": len(shares) * _N_OUTCOMES if enough else 0,
            }
        )
    return pd.DataFrame(rows)


def _error(shares: FloatArray) -> float:
    """Return the standard error of a mean of shares: 0 of n is not known without error."""
    n = len(shares) * _N_OUTCOMES
    mean = (shares.sum() * _N_OUTCOMES + 0.5) / (n + 1)
    return float(max(shares.std() / np.sqrt(len(shares)), np.sqrt(mean * (1 - mean) / n)))


def _make_folds(
    Z: FloatArray, rate: float, n_folds: int, n_repeats: int, rng: np.random.Generator
) -> list[list[_Fold]]:
    """Return repeats of folds, each ready to fit the outcomes of its training part."""
    variance, spreads = rate * (1 - rate), np.asarray(list(_SPREADS))[:, None]
    prior = np.log(list(_SPREADS.values()))
    repeats = []
    for _ in range(n_repeats):
        number = rng.permutation(np.arange(len(Z)) % n_folds)
        folds = []
        for held_out in (number == k for k in range(n_folds)):
            middle = Z[~held_out].mean(axis=0)
            left, size, axes = np.linalg.svd(Z[~held_out] - middle, full_matrices=False)
            gain = size**2 * spreads**2 * variance / Z.shape[1]
            kept = gain / (1 + gain)
            fold = _Fold(
                held_out=held_out,
                left=left,
                factors=kept / np.maximum(size, 1e-9),
                fit=kept / variance / 2,
                price=np.log1p(gain).sum(axis=1) / 2 - prior,
                right=axes @ (Z[held_out] - middle).T,
            )
            folds.append(fold)
        repeats.append(folds)
    return repeats


def _draw_risks(
    Z: FloatArray, rate: float, auc: float, n_truths: int, rng: np.random.Generator
) -> FloatArray:
    """Return true risks (n_truths or fewer, n) that rank patients with the AUC, at the rate."""
    lines = rng.normal(size=(n_truths, Z.shape[1])) @ Z.T
    lines /= lines.std(axis=1, keepdims=True) + 1e-12
    low, high = np.zeros((n_truths, 1)), np.full((n_truths, 1), _LARGEST_SPREAD)
    reached = _compute_auc(lines, _to_risks(high * lines, rate)) >= auc
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        under = (_compute_auc(lines, _to_risks(middle * lines, rate)) < auc)[:, None]
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return _to_risks(low * lines, rate)[reached]


def _to_risks(lines: FloatArray, rate: float) -> FloatArray:
    """Return the risks of log-odds, shifted so that their mean is the rate."""
    shift = np.full((len(lines), 1), logit(rate))
    for _ in range(_NEWTON_STEPS):
        risk = expit(lines + shift)
        short = rate - risk.mean(axis=1, keepdims=True)
        if np.abs(short).max() < 1e-9:
            return np.asarray(risk)
        slope = np.maximum((risk * (1 - risk)).mean(axis=1, keepdims=True), 1e-3)
        shift += np.clip(short / slope, -2, 2)
    return np.asarray(expit(lines + shift))


def _compute_auc(lines: FloatArray, risks: FloatArray) -> FloatArray:
    """Return the AUC expected of true risks among pairs of different patients."""
    order = np.argsort(lines, axis=1)
    ranked = np.take_along_axis(risks, order, axis=1)
    below = np.cumsum(1 - ranked, axis=1) - (1 - ranked)
    same = (risks * (1 - risks)).sum(axis=1)
    pairs = risks.sum(axis=1) * (1 - risks).sum(axis=1) - same
    return ratio((ranked * below).sum(axis=1), pairs)


def _find(risk: FloatArray, folds: list[list[_Fold]], rng: np.random.Generator) -> float:
    """Return in which share of studies drawn from a truth the Brier skill is told from 0."""
    y = (rng.random((_N_OUTCOMES, len(risk))) < risk).astype(float)
    skills, pulls = [], []
    for repeat in folds:
        base, fitted = np.empty_like(y), np.empty_like(y)
        for fold in repeat:
            mean = y[:, ~fold.held_out].mean(axis=1, keepdims=True)
            base[:, fold.held_out] = mean
            fitted[:, fold.held_out] = mean + fold.predict(y[:, ~fold.held_out] - mean)
        reference, loss = (y - base) ** 2, (y - np.clip(fitted, 0, 1)) ** 2
        total = np.maximum(reference.sum(axis=1, keepdims=True), 1e-12)
        skill = (reference - loss).sum(axis=1, keepdims=True) / total
        skills.append(skill[:, 0])
        pulls.append((reference - loss - skill * reference) / total)
    # The error of a ratio of means, to first order: a bootstrap of patients gives nearly the same.
    error = np.sqrt((np.mean(pulls, axis=0) ** 2).sum(axis=1))
    return float(np.mean(np.mean(skills, axis=0) - _Z95 * error > 0))
