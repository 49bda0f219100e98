"""From a fitted procedure to the model that is stored and served."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.arrays import FloatArray
from features.dictionary.schema import Dictionary
from features.dictionary.transformers import PredictorBasis
from training.fitting.boosting import relabel_trees
from training.fitting.ends import find_all_ends
from training.fitting.fit import FittedOutcome
from training.fitting.gaps import make_background
from training.fitting.interval import (
    draw_working_model,
    fit_constant_working_model,
    fit_working_model,
)
from training.fitting.response import FittedResponse, TrainingData
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel

__all__ = ["make_response_model"]


def _fit_working(
    data: TrainingData,
    y: FloatArray,
    fitted: FittedOutcome,
    constant: bool,
    rng: np.random.Generator,
) -> WorkingModel:
    known = ~np.isnan(y)
    X = data.X[known]
    if constant:
        return fit_constant_working_model(X, y[known], data.predictors, rng=rng)
    follow = fitted.bent_share
    if fitted.evidence is not None:
        return draw_working_model(fitted.evidence, fitted.model.basis, rng=rng, follow=follow)
    return fit_working_model(X, y[known], data.predictors, rng=rng, follow=follow)


def _hide_ends(basis: PredictorBasis, data: TrainingData, y: FloatArray) -> PredictorBasis:
    """Return a basis that does not hold its smallest and largest values, a single patient's."""
    X = data.X[~np.isnan(y)]
    low, high = find_all_ends(X, data.predictors, low=basis.low_, high=basis.high_)
    return basis.with_ends(low, high)


def _hide_all_ends(outcome: OutcomeModel, data: TrainingData, y: FloatArray) -> OutcomeModel:
    n_columns, trees = len(outcome.coef), outcome.trees
    if trees:
        trees = relabel_trees(trees, range(n_columns), n_columns)
    return replace(outcome, basis=_hide_ends(outcome.basis, data, y), trees=trees)


def make_response_model(
    data: TrainingData,
    fitted: FittedResponse,
    dictionary: Dictionary,
    *,
    only_rate: bool,
    rng: np.random.Generator,
) -> ResponseModel:
    """Return fitted outcomes with their intervals and their background.

    Parameters
    ----------
    data : TrainingData
        What they were fitted on.
    fitted : FittedResponse
        The fitted procedure.
    dictionary : Dictionary
        That the predictors come from.
    only_rate : bool
        Whether everyone is given the share of responders because the study asks for that.
    rng : numpy.random.Generator
        Source of randomness.
    """
    first = data.y[data.horizons[0]]
    kept = working_kept = None
    working_first = _fit_working(data, first, fitted.first, only_rate, rng)
    if fitted.kept is not None:
        constant = bool(fitted.kept.reason)
        working_kept = _fit_working(data, data.kept, fitted.kept, constant, rng)
        basis = _hide_ends(working_kept.basis, data, data.kept)
        working_kept = replace(working_kept, basis=basis)
        kept = _hide_all_ends(fitted.kept.model, data, data.kept)
    gaps = fitted.gaps
    background = make_background(data.X, data.predictors, rng=rng) if gaps is None else gaps.values
    return ResponseModel(
        horizons=data.horizons,
        predictors=tuple(variable.name for variable in data.predictors),
        variables=tuple(dictionary.to_list()),
        first=_hide_all_ends(fitted.first.model, data, first),
        kept=kept,
        working_first=replace(working_first, basis=_hide_ends(working_first.basis, data, first)),
        working_kept=working_kept,
        background=background,
        gaps=gaps,
    )
