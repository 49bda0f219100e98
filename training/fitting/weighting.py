"""Whom patients with a known outcome stand for in the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from features.arrays import BoolArray, FloatArray
from features.dictionary.preprocessing import make_basis
from training.fitting.response import TrainingData

__all__ = ["WEIGHTINGS", "compute_outcome_weights", "compute_seen_weights", "describe_weighting"]


WEIGHTINGS: Mapping[str, str] = MappingProxyType(
    {
        "follow_up": (
            "T2 is weighted: each responder at T1 who was seen at T2 stands also for those like "
            "them who were not"
        ),
        "all": (
            "every horizon is weighted: each patient with a known outcome stands also for those "
            "like them without one, and at T2 also for those not seen again"
        ),
        "none": "nothing is weighted: patients with a known outcome stand for themselves only",
    }
)
"""How a study may weight patients with a known outcome, in plain words."""


def describe_weighting(weighting: str, horizons: Sequence[str]) -> str:
    """Return in plain words how a study's patients are weighted, at the horizons that it has.

    Parameters
    ----------
    weighting : str
        A key of :data:`WEIGHTINGS`, whose words are those of a study with both horizons.
    horizons : sequence of str
        Of the study.

    Returns
    -------
    str
        Empty where there is nothing to tell: with one horizon there is no second one that
        patients could be missed at, and nobody is weighted but by "all".
    """
    if len(horizons) > 1:
        return WEIGHTINGS[weighting]
    if weighting == "all":
        return "each patient with a known outcome stands also for those like them without one"
    return ""


_PRIOR_SD = 0.5
"""Normal prior of the models of being seen: log-odds per SD of a predictor."""
_MAX_WEIGHT = 10.0


def compute_outcome_weights(data: TrainingData, *, weighting: str) -> dict[str, FloatArray]:
    """Return the weights with which patients enter the metrics of each horizon.

    The probability of being seen is modelled by logistic regression on the predictors, as in
    :func:`training.fitting.weighting.compute_seen_weights`. Weights are stabilised: scaled so that
    those of the patients with a known outcome have a mean of 1, which changes no metric and keeps
    the weight of the whole at the number of patients who are there.

    Parameters
    ----------
    data : TrainingData
        All eligible patients.
    weighting : str
        A key of :data:`WEIGHTINGS`.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        By horizon; all 1 where nothing is weighted. Before scaling, no weight is above 10.
    """
    weights = {horizon: np.ones(len(data)) for horizon in data.horizons}
    if weighting == "none":
        return weights
    if data.has_kept:
        weights["t2"] = compute_seen_weights(data)
    if weighting == "all":
        known = ~np.isnan(data.y[data.horizons[0]])
        for horizon in data.horizons:
            weights[horizon] = np.minimum(weights[horizon] * _weigh_known(data, known), _MAX_WEIGHT)
    return {h: w / w[~np.isnan(data.y[h])].mean() for h, w in weights.items()}


def compute_seen_weights(data: TrainingData) -> FloatArray:
    """Return the inverse probability of being seen at T2, for metrics at T2.

    A T1 nonresponder's sustained response is known (0) without being seen, and has weight 1; a
    T1 responder who was seen stands also for those alike who were not. The probability is
    modelled by logistic regression of being seen on the predictors among T1 responders, with a
    normal prior of SD 0.5 per SD of a predictor; weights are cut at 10.

    Returns
    -------
    ndarray of shape (n,)
        At least 1; 1 for all when nobody's T2 is missing.
    """
    weights = np.ones(len(data))
    if not data.has_kept:
        return weights
    responders = data.y["t1"] == 1
    seen = ~np.isnan(data.kept[responders])
    if seen.all() or not seen.any():
        return weights
    alike = data.take(responders)
    weight = _weigh_known(alike, seen)[seen]
    weights[np.flatnonzero(responders)[seen]] = np.minimum(weight, _MAX_WEIGHT)
    return weights


def _weigh_known(data: TrainingData, known: BoolArray) -> FloatArray:
    """Return one over the probability of having a known outcome, given the predictors."""
    if known.all():
        return np.ones(len(data))
    Z = make_basis(data.predictors).fit(data.X).expand(data.X)
    model = LogisticRegression(C=_PRIOR_SD**2, solver="newton-cholesky").fit(Z, known)
    return np.asarray(1 / expit(model.intercept_[0] + Z @ model.coef_[0]))
