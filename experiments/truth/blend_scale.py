"""A blend on the probability scale, to hold against the one on the log-odds scale.

`python -m experiments.truth.known_truth --alternatives` compares both. Log-odds are kept because
their blend stays one additive model, which can be explained exactly.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import FloatArray
from features.dictionary.preprocessing import make_basis
from training.fitting.blending import price_spread
from training.fitting.candidates import BLENDED, CANDIDATES, KNOTS
from training.fitting.fit import MIN_FOR_KEPT, allow_trees
from training.fitting.out_of_fold import fit_paths, predict_out_of_fold
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData

__all__ = ["fit_probability_weights", "predict_on_probability_scale"]


def fit_probability_weights(
    risks: FloatArray, base: FloatArray, y: FloatArray, *, price: FloatArray, n_patients: float
) -> FloatArray:
    """Find convex weights of probabilities; what is left over is the prevalence's.

    Parameters
    ----------
    risks : ndarray of shape (n_candidates, n_rows)
        Out-of-fold probabilities.
    base : ndarray of shape (n_rows,)
        Out-of-fold prevalence.
    y : ndarray of shape (n_rows,)
        Outcome, 0 or 1.
    price : ndarray of shape (n_candidates,)
        Nats for the whole weight of each candidate.
    n_patients : float
        Number of patients behind the rows.
    """
    away, share, count = risks - base, n_patients / len(y), len(risks)

    def objective(weights: FloatArray) -> tuple[float, FloatArray]:
        risk = np.clip(base + weights @ away, 1e-12, 1 - 1e-12)
        loss = -np.sum(y * np.log(risk) + (1 - y) * np.log1p(-risk))
        slope = away @ ((risk - y) / (risk * (1 - risk)))
        return float(share * loss + price @ weights), share * slope + price

    limit = {"type": "ineq", "fun": lambda weights: 1.0 - weights.sum()}
    found = minimize(
        objective,
        np.full(count, 0.5 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints=[limit],
        options={"maxiter": 200, "ftol": 1e-9},
    )
    weights = np.clip(found.x, 0.0, 1.0)
    return np.asarray(weights / max(1.0, float(weights.sum())))


def _predict_outcome(
    X: FloatArray,
    y: FloatArray,
    data: TrainingData,
    procedure: Procedure,
    X_new: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    candidates = [CANDIDATES[name] for name in BLENDED if name != "prevalence"]
    groups = np.arange(len(y))
    out = predict_out_of_fold(X, y, groups, data.predictors, candidates, procedure, rng=rng)
    best, chosen, losses = out.choose_settings()
    allowed = allow_trees(candidates, losses)
    price = price_spread(chosen - out.base, strength=procedure.prior_strength)
    weights = np.zeros(len(candidates))
    weights[allowed] = fit_probability_weights(
        expit(chosen[allowed]), expit(out.base), out.y, price=price[allowed], n_patients=len(y)
    )
    basis = make_basis(data.predictors, knots=KNOTS).fit(X)
    Z_new = basis.expand(X_new)
    paths = fit_paths(candidates, basis.expand(X), basis, y)
    risks = [expit(path[i].margin(Z_new)) for path, i in zip(paths, best, strict=True)]
    rate = float(np.mean(y))
    return np.asarray(rate + weights @ (np.stack(risks) - rate))


def predict_on_probability_scale(
    data: TrainingData, procedure: Procedure, X_new: FloatArray, *, rng: np.random.Generator
) -> FloatArray:
    """Run the default procedure with its candidates blended as probabilities.

    Parameters
    ----------
    data : TrainingData
        One row for each patient; all candidates are fitted.
    procedure : Procedure
        Inner resampling and strength of the prior.
    X_new : ndarray of shape (n_new, n_predictors)
        Raw predictors of new patients.

    Returns
    -------
    ndarray of shape (n_new,)
        Risk at the last horizon.
    """
    first = data.y[data.horizons[0]]
    known, seen = ~np.isnan(first), ~np.isnan(data.kept)
    risk = _predict_outcome(data.X[known], first[known], data, procedure, X_new, rng)
    if not data.has_kept:
        return risk
    kept = data.kept[seen]
    if min(kept.sum(), (1 - kept).sum()) < MIN_FOR_KEPT:
        return risk * float(kept.mean())
    return risk * _predict_outcome(data.X[seen], kept, data, procedure, X_new, rng)
