"""The centre's part: from its own patients to the numbers that leave it in one round.

Patients come as a study's do: checked, labelled, counted, one row each. What goes out is
:class:`training.network.content.ShareContent`; nothing here reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray
from features.dictionary.transformers import PredictorBasis
from features.errors import KetresponseError
from training.fitting.response import TrainingData
from training.fitting.weighting import compute_outcome_weights
from training.model.response_model import OutcomeModel
from training.network.arithmetic.evaluating import compute_home_measures
from training.network.arithmetic.left_out import compute_home_loss, compute_shrinking
from training.network.arithmetic.likelihood import Point, expand_likelihood, find_penalised_mode
from training.network.arithmetic.risk_groups import group_risks
from training.network.content import (
    ColumnFamily,
    Expansion,
    HomeEvaluation,
    HomeLosses,
    HomeShrinking,
    InterceptPoint,
    OutcomeAsk,
    OutcomeShare,
    RiskGroup,
)
from training.network.disclosure.families import take_family
from training.network.protocol.protocol import Protocol

__all__ = [
    "LOSS_DECIMALS",
    "MEASURE_DECIMALS",
    "RANK_DECIMALS",
    "WEIGHTING",
    "HomeOutcome",
    "compute_losses",
    "find_own_mode",
    "list_outcomes",
    "predict_left_out",
    "share_evaluation",
    "share_outcome",
]

LOSS_DECIMALS = 2
"""To which losses and intercepts are told: further ones would tell of rows, and be of no use."""
MEASURE_DECIMALS = 3
RANK_DECIMALS = 2
"""Of the AUC: with a hundred pairs or more it does not tell whether two patients changed places."""
WEIGHTING = "follow_up"
"""Of a model judged at home, as of a study: who was seen stands for those alike who were not."""


@dataclass(frozen=True, eq=False)
class HomeOutcome:
    """One outcome of a centre's patients.

    Parameters
    ----------
    name : str
        "response" or "kept".
    rows : ndarray of bool of shape (n_patients,)
        The centre's patients whose outcome is known.
    X : ndarray of shape (n, n_predictors)
        Their raw predictors, NaN where missing.
    Z : ndarray of shape (n, n_columns)
        Their rows of the agreed basis.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    """

    name: str
    rows: BoolArray
    X: FloatArray
    Z: FloatArray
    y: FloatArray


def list_outcomes(data: TrainingData, basis: PredictorBasis) -> list[HomeOutcome]:
    """Return the outcomes of patients: response at the first horizon, and kept at the second."""
    told = [("response", data.y[data.horizons[0]])]
    if data.has_kept:
        told.append(("kept", data.kept))
    found = []
    for name, y in told:
        known = ~np.isnan(y)
        X = data.X[known]
        found.append(HomeOutcome(name, known, X, basis.expand(X), y[known]))
    return found


def share_outcome(
    outcome: HomeOutcome,
    protocol: Protocol,
    *,
    family: ColumnFamily,
    centre: str,
    ask: OutcomeAsk | None,
    round_: int,
) -> OutcomeShare:
    """Return what is told of an outcome whose slopes take part.

    Parameters
    ----------
    outcome : HomeOutcome
        Both classes present.
    protocol : Protocol
        Of the network.
    family : {"straight", "bends"}
        The columns that are told; those that are asked beside them count, and are not told.
    centre : str
        Whose patients they are.
    ask : OutcomeAsk or None
        None in the first round: then the place is this centre's own penalised mode.
    round_ : int
        Which round it is, from 1: gradients of later ones have more decimals.

    Raises
    ------
    KetresponseError
        If something is asked of other centres only.
    """
    y = outcome.y
    columns = take_family(family, protocol.basis.linear_)
    Z = outcome.Z[:, columns]
    untold, others = np.zeros(len(columns), dtype=bool), np.empty(0)
    if ask is None:
        at = find_own_mode(outcome, protocol, columns)
    else:
        if centre not in ask.intercepts:
            raise KetresponseError(
                f"the round asks nothing of {centre!r} on {outcome.name}: it asks "
                f"{', '.join(ask.intercepts)}; ask the lead of the network why"
            )
        at = np.append(ask.intercepts[centre], np.asarray(ask.coef)[columns])
        untold = take_family(ask.family, protocol.basis.linear_) & ~columns
        others = np.asarray(ask.coef)[untold]
    point = expand_likelihood(Z, y, at, outcome.Z[:, untold] @ others)
    expansion = _round_expansion(point, protocol, family, round_)
    told = OutcomeShare(
        n=len(y),
        events=int(y.sum()),
        likelihood=expansion.model_copy(update={"others": others.tolist()}),
    )
    if ask is None:
        return told
    return told.model_copy(update=_answer(outcome, protocol, ask, centre, round_))


def find_own_mode(outcome: HomeOutcome, protocol: Protocol, columns: BoolArray) -> FloatArray:
    """Return a centre's own penalised mode, the place of its first share.

    The prior is the middle one of those tried. It is rounded before anything is computed there:
    further digits would tell more of the rows, and be of no use.
    """
    sd = float(np.median(protocol.prior_sds))
    own = 0.0 if protocol.intercept_sd is None else protocol.intercept_sd**-2.0
    precision = np.append(own, np.full(int(columns.sum()), sd**-2.0))
    decimals = protocol.limits.find_gradient_decimals(1)
    mode = find_penalised_mode(outcome.Z[:, columns], outcome.y, precision)
    return np.asarray(np.round(mode, decimals))


def compute_losses(
    Z: FloatArray, y: FloatArray, models: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    """Return the summed log loss, in nats, of models that these patients had no part in."""
    return {
        setting: compute_home_loss(Z @ np.asarray(coef), y)[0] for setting, coef in models.items()
    }


def _answer(
    outcome: HomeOutcome, protocol: Protocol, ask: OutcomeAsk, centre: str, round_: int
) -> dict[str, object]:
    """Return what is asked beside the expansion."""
    answer: dict[str, object] = {}
    if centre in ask.losses:
        losses = compute_losses(outcome.Z, outcome.y, ask.losses[centre])
        settings = {setting: round(loss, LOSS_DECIMALS) for setting, loss in losses.items()}
        prevalence = compute_home_loss(np.zeros(len(outcome.y)), outcome.y)[0]
        answer["losses"] = HomeLosses(
            prevalence=round(prevalence, LOSS_DECIMALS), settings=settings
        )
    if centre in ask.shrinking:
        told = compute_shrinking(outcome.Z @ np.asarray(ask.shrinking[centre]), outcome.y)
        answer["shrinking"] = HomeShrinking(
            losses=np.round(told.losses, LOSS_DECIMALS).tolist(),
            intercepts=np.round(told.intercepts, LOSS_DECIMALS).tolist(),
            squares=round(told.squares, LOSS_DECIMALS),
        )
    if ask.blended is not None and centre in ask.blended.intercepts:
        margin = outcome.Z @ np.asarray(ask.blended.coef)
        at = np.array([ask.blended.intercepts[centre], 1.0])
        point = expand_likelihood(margin[:, np.newaxis], outcome.y, at)
        decimals = protocol.limits.find_gradient_decimals(round_)
        answer["blended"] = InterceptPoint(
            at=float(at[0]),
            gradient=round(float(point.gradient[0]), decimals),
            curvature=round(float(point.curvature[0, 0]), decimals),
        )
    return answer


def _round_expansion(
    point: Point, protocol: Protocol, family: ColumnFamily, round_: int
) -> Expansion:
    decimals = protocol.limits.find_curvature_decimals(round_)
    gradient = np.round(point.gradient, protocol.limits.find_gradient_decimals(round_))
    return Expansion(
        family=family,
        at=point.at.tolist(),
        value=round(point.value, LOSS_DECIMALS),
        gradient=gradient.tolist(),
        curvature=None if decimals is None else np.round(point.curvature, decimals).tolist(),
    )


def share_evaluation(
    data: TrainingData,
    protocol: Protocol,
    models: Mapping[str, Sequence[float]],
    base_rates: Mapping[str, float],
) -> dict[str, HomeEvaluation]:
    """Return by horizon how a model that these patients had no part in does with them.

    Parameters
    ----------
    data : TrainingData
        The centre's patients.
    protocol : Protocol
        Of the network.
    models : mapping of str to sequence of float
        By outcome ("response", "kept"), intercept and coefficients.
    base_rates : mapping of str to float
        By horizon, the share of responders at the other centres.
    """
    limit = protocol.limits.cell
    weights = compute_outcome_weights(data, weighting=WEIGHTING)
    found = {}
    for horizon, risks in predict_left_out(data.X, protocol, models).items():
        y = data.y[horizon]
        known = ~np.isnan(y)
        events = int(y[known].sum())
        if min(events, int(known.sum()) - events) < limit:
            continue
        weight = weights[horizon][known]
        measures, note = compute_home_measures(y[known], risks[known], base_rates[horizon], weight)
        groups = group_risks(y[known], risks[known], limit=limit)
        found[horizon] = HomeEvaluation(
            n=int(known.sum()),
            events=events,
            groups=[RiskGroup.model_validate(group) for group in groups],
            responder_weight=round(float(weight[y[known] == 1].mean()), RANK_DECIMALS),
            note=note,
            **_round_measures(measures),
        )
    return found


def predict_left_out(
    X: FloatArray, protocol: Protocol, models: Mapping[str, Sequence[float]]
) -> dict[str, FloatArray]:
    """Return by horizon the risks of patients by models that they had no part in."""
    risks = np.ones(len(X))
    found = {}
    for horizon, name in zip(protocol.horizons, ("response", "kept"), strict=False):
        if name not in models:
            break
        intercept, *coef = models[name]
        risks = risks * _make_outcome(protocol.basis, intercept, coef).probability(X)
        found[horizon] = risks
    return found


def _round_measures(measures: Mapping[str, float]) -> dict[str, float]:
    found = {
        name: round(value, RANK_DECIMALS if name.startswith("auc") else MEASURE_DECIMALS)
        for name, value in measures.items()
    }
    if "auc" in found:
        end = 10.0**-RANK_DECIMALS
        found["auc"] = min(max(found["auc"], end), 1 - end)  # its logit is finite
    return found


def _make_outcome(basis: PredictorBasis, intercept: float, coef: Sequence[float]) -> OutcomeModel:
    return OutcomeModel(
        basis=basis,
        intercept=intercept,
        coef=np.asarray(coef, dtype=np.float64),
        trees="",
        n_trees=0,
        tree_weight=0.0,
        isotonic_x=np.empty(0),
        isotonic_y=np.empty(0),
    )
