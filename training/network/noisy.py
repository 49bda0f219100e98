"""A centre's share under differential privacy: noise on all that leaves, and less of it.

Told are the counts of each horizon, gradient and curvature, each with noise; round 1 asks at a
place that depends on nobody (all coefficients 0). Losses, measures and the table of patients are
not told: each would need noise of its own. A network with noise therefore chooses its penalty and
weight by what the expansions foresee, and is not judged at home.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.fitting.response import TrainingData
from training.network.arithmetic.likelihood import expand_likelihood
from training.network.content import (
    Ask,
    ColumnFamily,
    CourseCount,
    Expansion,
    OutcomeShare,
    ShareContent,
)
from training.network.disclosure.families import take_family
from training.network.disclosure.noise import (
    NoisePlan,
    add_noise,
    add_noise_to_count,
    plan_noise,
    tell_cost,
)
from training.network.home import HomeOutcome, list_outcomes
from training.network.protocol.protocol import Protocol

__all__ = ["make_noisy_share", "plan_network_noise"]

_DECIMALS = 4


def plan_network_noise(protocol: Protocol) -> NoisePlan:
    """Return the noise of everything that a centre tells over all rounds of a network.

    Raises
    ------
    ValueError
        If the protocol has none.
    """
    noise = protocol.limits.noise
    if noise is None:
        raise ValueError("the protocol adds no noise")
    n_outcomes = len(protocol.horizons)
    family: ColumnFamily = "bends" if "bends" in protocol.families else "straight"
    return plan_noise(
        protocol.basis,
        take_family(family, protocol.basis.linear_),
        epsilon=noise.epsilon,
        delta=noise.delta,
        gradients=n_outcomes * protocol.rounds,
        curvatures=n_outcomes * min(protocol.rounds, protocol.limits.curvature_rounds),
        counts=4 * n_outcomes + 1,
    )


def make_noisy_share(
    data: TrainingData,
    protocol: Protocol,
    *,
    centre: str,
    asks: Sequence[Ask] = (),
    synthetic: bool,
    rng: np.random.Generator | None = None,
) -> ShareContent:
    """Return what a centre tells in a round, with noise.

    Parameters as of :func:`training.network.sharing.make_share`; `rng` is for simulations alone,
    None takes the system's entropy.
    """
    plan = plan_network_noise(protocol)
    ask = asks[-1] if asks else None
    outcomes = list_outcomes(data, protocol.basis)
    counts = {}
    for horizon in protocol.horizons if ask is None else ():
        y = data.y[horizon]
        n = add_noise_to_count(int((~np.isnan(y)).sum()), plan, rng=rng)
        events = add_noise_to_count(int(np.nansum(y)), plan, rng=rng)
        counts[horizon] = CourseCount(n=n, events=min(events, n), unknown=None)
    patients = None
    if ask is None:
        patients = max(1, add_noise_to_count(len(data), plan, rng=rng))
    return ShareContent(
        round=1 + len(asks),
        patients=patients,
        synthetic=synthetic,
        counts=counts,
        outcomes={o.name: _tell(o, protocol, plan, ask, centre, rng) for o in outcomes},
        noise=_tell_cost(plan, protocol, patients),
    )


def _tell_cost(plan: NoisePlan, protocol: Protocol, patients: int | None) -> str:
    """Return what the noise costs; of the patients it knows no more than was told with noise."""
    noise = protocol.limits.noise
    if noise is None or patients is None:
        return ""
    return tell_cost(plan, n=patients, rate=0.5, epsilon=noise.epsilon, delta=noise.delta)


def _tell(
    outcome: HomeOutcome,
    protocol: Protocol,
    plan: NoisePlan,
    ask: Ask | None,
    centre: str,
    rng: np.random.Generator | None,
) -> OutcomeShare:
    n = events = None
    if ask is None:  # told once: every further time would need noise of its own
        n = max(1, add_noise_to_count(len(outcome.y), plan, rng=rng))
        events = min(n, add_noise_to_count(int(outcome.y.sum()), plan, rng=rng))
    asked = None if ask is None else ask.outcomes.get(outcome.name)
    if ask is not None and (asked is None or centre not in asked.intercepts):
        return OutcomeShare(n=n, events=events)
    family: ColumnFamily = "bends" if "bends" in protocol.families else "straight"
    if asked is not None:
        family = asked.family
    columns = take_family(family, protocol.basis.linear_)
    at = np.zeros(1 + int(columns.sum()))
    if asked is not None:
        at = np.append(asked.intercepts[centre], np.asarray(asked.coef)[columns])
    point = expand_likelihood(outcome.Z[:, columns], outcome.y, at)
    told = protocol.limits.find_curvature_decimals(1 if ask is None else ask.round) is not None
    gradient, curvature = add_noise(
        point.gradient, point.curvature if told else None, plan, rng=rng
    )
    return OutcomeShare(
        n=n,
        events=events,
        likelihood=Expansion(
            family=family,
            at=at.tolist(),
            value=0.0,
            gradient=np.round(gradient, _DECIMALS).tolist(),
            curvature=None if curvature is None else np.round(curvature, _DECIMALS).tolist(),
        ),
    )
