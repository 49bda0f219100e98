"""What the lead of a network asks of the centres next."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from features.arrays import FloatArray
from training.network.arithmetic.heterogeneity import assess_heterogeneity, shrink_intercepts
from training.network.arithmetic.likelihood import Point
from training.network.content import Ask, Blended, OutcomeAsk
from training.network.gathering import Gathered
from training.network.pooled import PooledOutcome, make_rate_points

__all__ = ["find_blended", "find_rate", "make_ask"]

FIRST_EVALUATED = 4
"""The round in which the model made without a centre is judged there."""


def make_ask(gathered: Gathered) -> Ask:
    """Return what is asked in the round after those that were told.

    Raises
    ------
    NotEnoughData
        If fewer than two centres take part.
    """
    round_ = gathered.rounds + 1
    pooled = gathered.pooled
    asks = {name: _ask_outcome(outcome, round_) for name, outcome in pooled.items()}
    if round_ != FIRST_EVALUATED:
        return Ask(round=round_, outcomes=asks, dropped=gathered.dropped)
    return Ask(
        round=round_,
        outcomes=asks,
        evaluated={
            centre: {name: _leave_out(gathered, name, centre) for name in gathered.outcomes}
            for centre in gathered.centres
        },
        base_rates={
            centre: {
                horizon: find_rate(gathered, horizon, without=centre)
                for horizon in gathered.protocol.horizons
            }
            for centre in gathered.centres
        },
        dropped=gathered.dropped,
    )


def _ask_outcome(outcome: PooledOutcome, round_: int) -> OutcomeAsk:
    last = round_ - 1
    setting = outcome.middle if round_ == 2 else outcome.setting
    found = outcome.estimate(last, setting)
    ask = OutcomeAsk(
        family=setting.family,
        intercepts=dict(zip(outcome.centres, found.intercepts.tolist(), strict=True)),
        coef=outcome.spread(found.coef, setting.family).tolist(),
    )
    if round_ == 2:
        return ask.model_copy(update={"losses": _list_left_out(outcome)})
    if round_ == 3:
        left = outcome.leave_out(last, setting)
        return ask.model_copy(
            update={
                "shrinking": {
                    name: outcome.spread(coef, setting.family).tolist()
                    for name, coef in zip(outcome.centres, left, strict=True)
                }
            }
        )
    weight = outcome.find_weight()
    intercepts, _ = find_blended(outcome, weight)
    blended = Blended(
        coef=(weight * np.asarray(ask.coef)).tolist(),
        intercepts=dict(zip(outcome.centres, intercepts.tolist(), strict=True)),
    )
    return ask.model_copy(update={"blended": blended})


def _list_left_out(outcome: PooledOutcome) -> dict[str, dict[str, list[float]]]:
    """Return by centre and setting the coefficients made without it."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in outcome.centres}
    for setting in outcome.list_settings():
        for name, coef in zip(outcome.centres, outcome.leave_out(1, setting), strict=True):
            found[name][setting.name] = outcome.spread(coef, setting.family).tolist()
    return found


def find_blended(outcome: PooledOutcome, weight: float) -> tuple[FloatArray, FloatArray]:
    """Return each centre's own intercept of the blended model, and the curvature there.

    One step further than where they were last asked; from the losses where they were not yet.
    """
    points = outcome.find_points(len(outcome.rounds), outcome.setting.family)
    curvature = np.array([point.curvature[0, 0] for point in points])
    told = [outcome.rounds[-1][name].blended for name in outcome.centres]
    if any(one is None for one in told):
        return outcome.find_intercepts(weight), curvature
    at, gradient, bend = np.array([(o.at, o.gradient, o.curvature) for o in told if o]).T
    return at + gradient / bend, bend


def _leave_out(gathered: Gathered, name: str, centre: str) -> list[float]:
    """Return intercept and coefficients, as for a new centre, of what is made without one."""
    n_columns = len(gathered.protocol.basis.linear_)
    outcome = gathered.pooled.get(name)
    if outcome is None:
        counts = gathered.require_counts(name)
        others = [count for other, count in counts.items() if other != centre]
        points = make_rate_points(others)
        intercept = _find_mean(points, np.array([p.at[0] for p in points]))
        return [intercept, *np.zeros(n_columns).tolist()]
    setting, last = outcome.setting, len(outcome.rounds)
    place = outcome.centres.index(centre) if centre in outcome.centres else None
    coef = outcome.estimate(last, setting, place).coef
    weight = outcome.find_weight(place)
    points = outcome.find_points(last, setting.family)
    own = outcome.find_intercepts(weight)
    rest = [i for i in range(len(points)) if i != place]
    intercept = _find_mean([points[i] for i in rest], own[rest])
    return [intercept, *outcome.spread(weight * coef, setting.family).tolist()]


def _find_mean(points: Sequence[Point], intercepts: FloatArray) -> float:
    """Return the mean intercept over centres."""
    curvature = np.array([point.curvature[0, 0] for point in points])
    if len(points) == 1:
        return float(intercepts[0])
    moved = [
        Point(np.array([a]), 0.0, np.zeros(1), np.array([[h]]))
        for a, h in zip(intercepts, curvature, strict=True)
    ]
    none = np.zeros(0, dtype=bool)
    heterogeneity = assess_heterogeneity(moved, np.empty(0), none)
    return shrink_intercepts(intercepts, curvature, heterogeneity)[1]


def find_rate(gathered: Gathered, horizon: str, *, without: str = "") -> float:
    """Return the share of responders at a horizon, at all centres or without one.

    At the second horizon it is the share at the first times that of who kept it: of those who are
    seen there too few respond, since only responders are missed. Centres whose counts are not told
    do not count.
    """
    outcomes = gathered.outcomes[: 1 + gathered.protocol.horizons.index(horizon)]
    counts = [
        [count for name, count in gathered.list_counts(outcome).items() if name != without]
        for outcome in outcomes
    ]
    told = [
        (count.n, count.events)
        for name in gathered.centres
        if name != without and (count := gathered.shares[name][0].counts.get(horizon))
    ]
    known = [(n, events) for n, events in told if n is not None and events is not None]
    if sum(n for n, _ in known) > 0 and not (len(outcomes) > 1 and all(counts)):
        counts = [known]  # with noise there may be none left
    shares = [sum(e for _, e in part) / max(1, sum(n for n, _ in part)) for part in counts]
    return math.prod(shares)
