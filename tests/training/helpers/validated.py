"""A made-up model judged in other patients, once for all tests of what is told about it."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import expit, logit

from features.dictionary.contract import CONTRACT
from tests.training.helpers.examples import PREDICTORS, make_model, make_predictors
from training.fitting.response import TrainingData
from training.validation.validation import Judged, compute_validation

__all__ = ["SITES", "judge_small", "make_patients"]

SITES = np.repeat(["north", "south", "east", "small"], [120, 100, 70, 10])


def make_patients(n: int = 300, seed: int = 1) -> TrainingData:
    rng = np.random.default_rng(seed)
    model, X = make_model(), make_predictors(n, seed=seed)
    assert model.kept is not None
    t1 = (rng.random(n) < expit(0.4 + 0.7 * logit(model.first.probability(X)))).astype(float)
    stays = np.where(t1 == 1, (rng.random(n) < model.kept.probability(X)).astype(float), np.nan)
    stays[rng.random(n) < 0.15] = np.nan
    t1[:4] = stays[:4] = np.nan
    t2 = np.where(t1 == 0, 0.0, stays)
    predictors = tuple(CONTRACT[name] for name in PREDICTORS)
    return TrainingData(X, predictors, ("t1", "t2"), {"t1": t1, "t2": t2}, stays, np.arange(n))


@cache
def judge_small() -> dict[str, Judged]:
    """Return how the model does in 300 patients at four sites, one of them small."""
    return compute_validation(
        make_model(), make_patients(), SITES, thresholds=(0.2, 0.62), n_bootstrap=100, seed=2
    )
