"""Whether what a centre is about to tell, with all that it has told before, gives anybody away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from features.arrays import BoolArray, FloatArray
from training.fitting.response import TrainingData
from training.fitting.weighting import compute_outcome_weights
from training.network.arithmetic.left_out import WEIGHTS, compute_home_loss
from training.network.arithmetic.measure_slopes import differentiate_measures
from training.network.arithmetic.risk_groups import RISK_DECIMALS
from training.network.content import Ask, ColumnFamily, OutcomeAsk
from training.network.disclosure.families import take_family
from training.network.disclosure.solving import SharedNumbers, SharedPoint, Unknowns, check_solvable
from training.network.home import (
    LOSS_DECIMALS,
    MEASURE_DECIMALS,
    RANK_DECIMALS,
    WEIGHTING,
    HomeOutcome,
    find_own_mode,
    predict_left_out,
)
from training.network.protocol.protocol import Protocol

__all__ = ["check_round", "foresee_rounds", "tell_blended", "tell_losses", "tell_measures"]

_STEPS_TO_REST = (0.3, 0.05, 1e-2, 1e-4, 1e-6)
"""How far a coefficient moves from round to round, roughly, before it comes to rest."""
_WITH_CARE = 1.5
"""How much more has to remain open beforehand, when losses and measures are not foreseen."""

_NEARLY_ALL = 0.9
"""Share of a sum that may not be of fewer patients than may be told of."""


@dataclass(frozen=True, eq=False)
class _Place:
    outcome: HomeOutcome
    at: FloatArray
    columns: BoolArray
    told: BoolArray
    round: int


def _make_point(place: _Place, data: TrainingData, protocol: Protocol) -> SharedPoint:
    y = np.full(len(data), np.nan)
    y[place.outcome.rows] = place.outcome.y
    limits = protocol.limits
    return SharedPoint(
        y=y,
        at=place.at,
        columns=place.columns,
        told=place.told,
        gradient=limits.find_gradient_decimals(place.round),
        curvature=limits.find_curvature_decimals(place.round),
        value=LOSS_DECIMALS,
    )


def foresee_rounds(
    data: TrainingData, protocol: Protocol, told: Sequence[tuple[HomeOutcome, ColumnFamily]]
) -> list[str]:
    """Return why the rounds that are planned would give somebody away; empty where they would not.

    Asked before the first share leaves, since what has left cannot be taken back. Where later
    rounds will ask is not known; near the centre's own mode, ever closer together, is taken.

    Parameters
    ----------
    data : TrainingData
        The centre's patients.
    protocol : Protocol
        Of the network.
    told : sequence of (HomeOutcome, str)
        The outcomes whose slopes would be told, and in which columns.
    """
    shared: list[SharedPoint | SharedNumbers] = []
    for outcome, family in told:
        columns = take_family(family, protocol.basis.linear_)
        mode = find_own_mode(outcome, protocol, columns)
        turn = np.where(np.arange(len(mode)) % 2, 1.0, -1.0)
        for round_ in range(1, protocol.rounds + 1):
            at = mode + sum(_STEPS_TO_REST[: round_ - 1]) * turn
            shared.append(
                _make_point(_Place(outcome, at, columns, columns, round_), data, protocol)
            )
    limit = protocol.limits.remaining
    return [
        f"foreseen over {protocol.rounds} rounds, with {_WITH_CARE - 1:.0%} to spare on the limit "
        f"of {limit:g}: {reason}"
        for reason in _check(data, protocol, shared, times=_WITH_CARE)
    ]


def check_round(
    data: TrainingData,
    protocol: Protocol,
    told: Sequence[tuple[HomeOutcome, ColumnFamily]],
    asks: Sequence[Ask],
    centre: str,
    *,
    before: Sequence[tuple[HomeOutcome, ColumnFamily]] = (),
    evaluated: bool = True,
) -> list[str]:
    """Return why a round would give somebody away, after all that was told before it.

    Parameters
    ----------
    data : TrainingData
        The centre's patients.
    protocol : Protocol
        Of the network.
    told : sequence of (HomeOutcome, str)
        The outcomes whose slopes are told, and in which columns in the first round.
    asks : sequence of Ask
        From the second round to the one that is about to be answered.
    centre : str
        Whose patients they are.
    before : sequence of (HomeOutcome, str)
        Outcomes whose slopes were told in the rounds before, and are not in this one.
    evaluated : bool
        Whether measures are told in this round, where they are asked.
    """
    shared: list[SharedPoint | SharedNumbers] = []
    answered = [(*one, asks) for one in told] + [(*one, asks[:-1]) for one in before]
    for outcome, family, its_asks in answered:
        told_columns = take_family(family, protocol.basis.linear_)
        mode = find_own_mode(outcome, protocol, told_columns)
        first = _Place(outcome, mode, told_columns, told_columns, 1)
        shared.append(_make_point(first, data, protocol))
        for ask in its_asks:
            asked = ask.outcomes.get(outcome.name)
            if asked is None or centre not in asked.intercepts:
                continue
            columns = take_family(asked.family, protocol.basis.linear_)
            at = np.append(asked.intercepts[centre], np.asarray(asked.coef)[columns])
            place = _Place(outcome, at, columns, columns & told_columns, ask.round)
            shared.append(_make_point(place, data, protocol))
            shared.append(tell_losses(data, outcome, ask, centre))
            shared.append(tell_blended(data, protocol, outcome, ask, centre))
    judged = asks if evaluated else asks[:-1]
    shared += [tell_measures(data, protocol, ask, centre) for ask in judged]
    few = _find_few_carriers(data, protocol, told, asks, centre, evaluated=evaluated)
    try:
        return few or _check(data, protocol, shared)
    except (ArithmeticError, np.linalg.LinAlgError) as err:
        return [f"what it would tell of anybody cannot be computed ({err})"]


def _find_few_carriers(
    data: TrainingData,
    protocol: Protocol,
    told: Sequence[tuple[HomeOutcome, ColumnFamily]],
    asks: Sequence[Ask],
    centre: str,
    *,
    evaluated: bool,
) -> list[str]:
    """Return which sums of the last round would be of a few patients, all others being sure."""
    if not asks:
        return []
    ask = asks[-1]
    found = {}
    for outcome, _ in told:
        asked = ask.outcomes.get(outcome.name)
        if asked is None:
            continue
        for part, intercept, coef in _list_models(asked, centre):
            margin = outcome.Z @ np.asarray(coef)
            own = compute_home_loss(margin, outcome.y)[1] if intercept is None else intercept
            found[f"{outcome.name}, {part}"] = expit(own + margin)
    if evaluated:
        models = ask.evaluated.get(centre, {})
        for horizon, risks in predict_left_out(data.X, protocol, models).items():
            found[f"the model judged at {horizon}"] = risks[~np.isnan(data.y[horizon])]
    return [
        f"{part}: fewer than {protocol.limits.cell} patients make up {_NEARLY_ALL:.0%} of what is "
        "asked, the others being sure to respond or not to; ask the lead why"
        for part, risks in found.items()
        if _count_carriers(risks) < protocol.limits.cell
    ]


def _list_models(asked: OutcomeAsk, centre: str) -> list[tuple[str, float | None, Sequence[float]]]:
    """Return what is asked, the intercept (None: fitted at home) and the coefficients of each."""
    found: list[tuple[str, float | None, Sequence[float]]] = []
    if centre in asked.intercepts:
        found.append(("the place asked", asked.intercepts[centre], asked.coef))
    losses = asked.losses.get(centre, {})
    found += [(f"the loss of {setting}", None, coef) for setting, coef in losses.items()]
    if centre in asked.shrinking:
        found.append(("the model drawn in", None, asked.shrinking[centre]))
    if asked.blended is not None and centre in asked.blended.intercepts:
        own = asked.blended.intercepts[centre]
        found.append(("the blended model", own, asked.blended.coef))
    return found


def _count_carriers(risks: FloatArray) -> int:
    """Return how few patients make up nearly all of the sum of p (1 - p)."""
    heaviest = np.sort(risks * (1 - risks))[::-1]
    return 1 + int(np.sum(np.cumsum(heaviest) < _NEARLY_ALL * heaviest.sum()))


def tell_losses(data: TrainingData, outcome: HomeOutcome, ask: Ask, centre: str) -> SharedNumbers:
    """Return the losses of an outcome that are told in a round.

    Parameters
    ----------
    data : TrainingData
        The centre's patients.
    outcome : HomeOutcome
        Which of their outcomes.
    ask : Ask
        What is asked.
    centre : str
        Whose patients they are.
    """
    margins: list[tuple[FloatArray, FloatArray]] = []  # coefficients, weights of them that are told
    asked = ask.outcomes.get(outcome.name)
    if asked is not None:
        losses = asked.losses.get(centre, {}).values()
        margins += [(np.asarray(coef), np.ones(1)) for coef in losses]
        if centre in asked.shrinking:
            margins.append((np.asarray(asked.shrinking[centre]), WEIGHTS))

    def differentiate(unknowns: Unknowns) -> FloatArray:
        place = np.full(len(data), -1)
        place[outcome.rows] = np.arange(len(outcome.y))
        whose = place[unknowns.patients]
        inside = np.where(whose >= 0, 1.0, 0.0)
        rows = []
        for coef, weights in margins:
            margin, moved = outcome.Z @ coef, (unknowns.slopes @ coef) * inside
            for weight in weights:
                _, intercept = compute_home_loss(weight * margin, outcome.y)
                risk = expit(intercept + weight * margin)
                rows.append(weight * moved * (risk - outcome.y)[whose])
                if len(weights) > 1:  # the intercept is told too
                    spread = risk * (1 - risk)
                    rows.append(-weight * moved * spread[whose] / spread.sum())
            if len(weights) > 1:
                rows.append(2 * moved * (margin - margin.mean())[whose])
        return np.stack(rows) if rows else np.empty((0, len(whose)))

    return SharedNumbers(differentiate, LOSS_DECIMALS)


def tell_blended(
    data: TrainingData, protocol: Protocol, outcome: HomeOutcome, ask: Ask, centre: str
) -> SharedNumbers:
    """Return the derivative and curvature in the blended model's intercept that a round tells.

    Parameters as in :func:`tell_losses`; `protocol` is the network's.
    """
    asked = ask.outcomes.get(outcome.name)
    blended = None if asked is None else asked.blended

    def differentiate(unknowns: Unknowns) -> FloatArray:
        whose = unknowns.patients
        if blended is None or centre not in blended.intercepts:
            return np.empty((0, len(whose)))
        coef = np.asarray(blended.coef)
        margin = blended.intercepts[centre] + protocol.basis.expand(data.X) @ coef
        risk = expit(margin)[whose]
        spread = risk * (1 - risk) * outcome.rows[whose]
        moved = unknowns.slopes @ coef
        return np.stack([-spread * moved, spread * (1 - 2 * risk) * moved])

    return SharedNumbers(differentiate, protocol.limits.find_gradient_decimals(ask.round))


def tell_measures(data: TrainingData, protocol: Protocol, ask: Ask, centre: str) -> SharedNumbers:
    """Return what a round tells of the model made without the centre: measures, ranks and sums.

    Parameters as in :func:`tell_losses`; `protocol` is the network's. What is told to fewer
    decimals than the measures counts in their unit: a tenth as much where it has one less.
    """
    models = ask.evaluated.get(centre, {})

    def differentiate(unknowns: Unknowns) -> FloatArray:
        whose = unknowns.patients
        rows = [np.empty((0, len(whose)))]
        weights = compute_outcome_weights(data, weighting=WEIGHTING) if models else {}
        risks = np.ones(len(data))
        by_unknown = np.zeros(len(whose))  # change of the log of the risk
        for horizon, name in zip(data.horizons, ("response", "kept"), strict=False):
            if name not in models:
                break
            intercept, *coef = models[name]
            own = expit(intercept + protocol.basis.expand(data.X) @ np.asarray(coef))
            by_unknown = by_unknown + (unknowns.slopes @ np.asarray(coef)) * (1 - own[whose])
            risks = risks * own
            y = data.y[horizon]
            known = ~np.isnan(y)
            if min(np.sum(y == 1), np.sum(y == 0)) < protocol.limits.cell:
                continue  # nothing is told of it
            told = differentiate_measures(
                y[known],
                risks[known],
                weights[horizon][known],
                ask.base_rates[centre][horizon],
                (np.cumsum(known) - 1)[whose],
                by_unknown * risks[whose] * known[whose],
                limit=protocol.limits.cell,
            )
            rows.append(told.measures)
            rows.append(told.ranks * 10.0 ** (RANK_DECIMALS - MEASURE_DECIMALS))
            rows.append(told.sums * 10.0 ** (RISK_DECIMALS - MEASURE_DECIMALS))
        return np.vstack(rows)

    return SharedNumbers(differentiate, MEASURE_DECIMALS)


def _check(
    data: TrainingData,
    protocol: Protocol,
    shared: Sequence[SharedPoint | SharedNumbers],
    *,
    times: float = 1.0,
) -> list[str]:
    if not shared or protocol.limits.remaining == 0:  # nothing to tell, or nothing to protect
        return []
    steps = [v.precision if v.is_numeric else np.nan for v in protocol.predictor_variables]
    return check_solvable(
        data.X,
        protocol.basis,
        shared,
        remaining=min(0.9, times * protocol.limits.remaining),
        cell=protocol.limits.cell,
        steps=np.array(steps, dtype=np.float64),
    )
