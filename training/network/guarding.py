"""Whether what a centre is about to tell, with all that it has told before, gives anybody away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray
from training.fitting.response import TrainingData
from training.network.arithmetic.evaluating import compute_home_measures
from training.network.arithmetic.left_out import compute_shrinking
from training.network.content import Ask, ColumnFamily
from training.network.disclosure.solving import SharedNumbers, SharedPoint, check_solvable
from training.network.home import (
    LOSS_DECIMALS,
    HomeOutcome,
    choose_columns,
    compute_losses,
    find_own_mode,
    predict_left_out,
)
from training.network.protocol.protocol import Protocol

__all__ = ["check_round", "foresee_rounds"]

_STEPS_TO_REST = (0.2, 0.05, 0.005)
"""How far a coefficient moves from round to round, roughly, before it comes to rest."""


@dataclass(frozen=True, eq=False)
class _Place:
    outcome: HomeOutcome
    at: FloatArray
    columns: BoolArray


def _make_point(place: _Place, data: TrainingData, protocol: Protocol) -> SharedPoint:
    y = np.full(len(data), np.nan)
    y[place.outcome.rows] = place.outcome.y
    limits = protocol.limits
    return SharedPoint(
        y=y,
        at=place.at,
        columns=place.columns,
        gradient=limits.gradient_decimals,
        curvature=limits.curvature_decimals,
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
        columns = choose_columns(protocol.basis, family)
        mode = find_own_mode(outcome, protocol, columns)
        turn = np.where(np.arange(len(mode)) % 2, 1.0, -1.0)
        for round_ in range(protocol.rounds):
            moved = sum(_STEPS_TO_REST[: max(0, round_)])
            at = mode + moved * turn
            shared.append(_make_point(_Place(outcome, at, columns), data, protocol))
    return _check(data, protocol, shared)


def check_round(
    data: TrainingData,
    protocol: Protocol,
    told: Sequence[tuple[HomeOutcome, ColumnFamily]],
    asks: Sequence[Ask],
    centre: str,
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
    """
    shared: list[SharedPoint | SharedNumbers] = []
    for outcome, family in told:
        columns = choose_columns(protocol.basis, family)
        mode = find_own_mode(outcome, protocol, columns)
        shared.append(_make_point(_Place(outcome, mode, columns), data, protocol))
        for ask in asks:
            asked = ask.outcomes.get(outcome.name)
            if asked is None or centre not in asked.intercepts:
                continue
            columns = choose_columns(protocol.basis, asked.family)
            at = np.append(asked.intercepts[centre], np.asarray(asked.coef)[columns])
            shared.append(_make_point(_Place(outcome, at, columns), data, protocol))
    shared += [
        SharedNumbers(_Numbers(data, protocol, tuple(o for o, _ in told), ask, centre), 4)
        for ask in asks
    ]
    return _check(data, protocol, shared)


@dataclass(frozen=True, eq=False)
class _Numbers:
    """All smooth numbers of a round beside expansions, as a function of the raw predictors."""

    data: TrainingData
    protocol: Protocol
    outcomes: tuple[HomeOutcome, ...]
    ask: Ask
    centre: str

    def __call__(self, X: FloatArray) -> FloatArray:
        numbers: list[float] = []
        for outcome in self.outcomes:
            asked = self.ask.outcomes.get(outcome.name)
            if asked is None:
                continue
            Z = self.protocol.basis.expand(X[outcome.rows])
            if self.centre in asked.losses:
                numbers += compute_losses(Z, outcome.y, asked.losses[self.centre]).values()
            if self.centre in asked.shrinking:
                margin = Z @ np.asarray(asked.shrinking[self.centre])
                shrinking = compute_shrinking(margin, outcome.y)
                numbers += [*shrinking.losses, *shrinking.intercepts, shrinking.squares]
        models = self.ask.evaluated.get(self.centre)
        if models:
            rates = self.ask.base_rates[self.centre]
            for horizon, risks in predict_left_out(X, self.protocol, models).items():
                y = self.data.y[horizon]
                known = ~np.isnan(y)
                found, _ = compute_home_measures(y[known], risks[known], rates[horizon])
                numbers += [found[name] for name in sorted(found) if not name.startswith("auc")]
        return np.asarray(numbers, dtype=np.float64)


def _check(
    data: TrainingData, protocol: Protocol, shared: Sequence[SharedPoint | SharedNumbers]
) -> list[str]:
    if not shared:
        return []
    steps = [v.precision if v.is_numeric else np.nan for v in protocol.predictor_variables]
    return check_solvable(
        data.X,
        protocol.basis,
        shared,
        remaining=protocol.limits.remaining,
        cell=protocol.limits.cell,
        steps=np.array(steps, dtype=np.float64),
    )
