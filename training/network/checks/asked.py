"""Whether what the lead asks is what an honest lead would: a signature does not say so.

A lead chooses where sums are taken and of which models losses and measures are told. Models steep
enough to single patients out, more of them than the protocol tries, or asked over and over, would
tell of persons; none of that is needed to fit a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from features.errors import Problem
from training.network.content import Ask, OutcomeAsk, name_setting
from training.network.protocol.protocol import Protocol

__all__ = ["find_impossible_asks"]

_LOSSES, _SHRINKING, _EVALUATED = 2, 3, 4
"""The rounds in which each is asked; the blended model's intercept from the last of them on."""
_STEEPEST = 5.0
"""Largest log-odds per column, in the widest prior's standard deviations and at least in units."""
_FARTHEST = 10.0
"""Largest intercept, log-odds: a risk of 1 in 20 000."""
_NAMES = ("response", "kept")
_ACTION = "answer nothing, and ask the lead why: no honest network asks this"


def find_impossible_asks(ask: Ask, protocol: Protocol, centre: str) -> list[Problem]:
    """Return what a round asks of a centre that no honest lead asks; empty where there is none.

    Parameters
    ----------
    ask : Ask
        Of the lead.
    protocol : Protocol
        Of the network: what it tries, how many columns its models have, its horizons.
    centre : str
        Who is asked.

    Returns
    -------
    list of Problem
        Of what is asked in another round than its own, of settings that the protocol does not try,
        and of numbers that are too few, too many, not finite or too large. With noise coefficients
        may be of any size, since what is told is of one whatever they are.
    """
    names = _NAMES[: len(protocol.horizons)]
    found = list(_check_names("outcomes", ask.outcomes, names))
    for name, asked in ask.outcomes.items():
        if name in names:
            found += _check_outcome(name, asked, ask.round, protocol, centre)
    found += _check_evaluated(ask, protocol, centre, names)
    return [Problem(f"round {ask.round}: {w}", e, got, action=_ACTION) for w, e, got in found]


_Fault = tuple[str, str, str]
"""Where, what was expected there, and what is there."""


def _check_names(where: str, got: Mapping[str, object], known: Sequence[str]) -> Iterator[_Fault]:
    other = sum(name not in known for name in got)
    if other:
        yield where, f"some of {', '.join(known)}", f"{other} of another name"


def _check_outcome(
    name: str, asked: OutcomeAsk, round_: int, protocol: Protocol, centre: str
) -> Iterator[_Fault]:
    own = f"{name}, "
    if centre in asked.intercepts:
        yield from _check_model(own + "coef", [asked.intercepts[centre], *asked.coef], protocol)
    if asked.family not in protocol.families and asked.family != "straight":
        yield own + "family", f"one of {', '.join(protocol.families)}", asked.family
    if asked.losses and round_ != _LOSSES:
        yield own + "losses", f"in round {_LOSSES} alone", f"in round {round_}"
    settings = [name_setting(f, sd) for f in protocol.families for sd in protocol.prior_sds]
    losses = asked.losses.get(centre, {})
    yield from _check_names(own + "losses", losses, settings)
    for setting, coef in losses.items():
        if setting in settings:
            yield from _check_model(f"{own}losses, {setting}", [0.0, *coef], protocol)
    if asked.shrinking and round_ != _SHRINKING:
        yield own + "shrinking", f"in round {_SHRINKING} alone", f"in round {round_}"
    if centre in asked.shrinking:
        yield from _check_model(own + "shrinking", [0.0, *asked.shrinking[centre]], protocol)
    if asked.blended is None:
        return
    if round_ < _EVALUATED:
        yield own + "blended", f"from round {_EVALUATED} on", f"in round {round_}"
    model = [asked.blended.intercepts.get(centre, 0.0), *asked.blended.coef]
    yield from _check_model(own + "blended", model, protocol)


def _check_evaluated(
    ask: Ask, protocol: Protocol, centre: str, names: Sequence[str]
) -> Iterator[_Fault]:
    if (ask.evaluated or ask.base_rates) and ask.round != _EVALUATED:
        yield "evaluated", f"in round {_EVALUATED} alone", f"in round {ask.round}"
    models, rates = ask.evaluated.get(centre, {}), ask.base_rates.get(centre, {})
    yield from _check_names("evaluated", models, names)
    yield from _check_names("base_rates", rates, protocol.horizons)
    for name in names:
        if name in models:
            yield from _check_model(f"evaluated, {name}", models[name], protocol)
    missing = [horizon for horizon in protocol.horizons if horizon not in rates]
    if models and missing:
        yield "base_rates", f"one of each of {', '.join(protocol.horizons)}", "fewer"
    for horizon in protocol.horizons:
        if horizon in rates and not 0 <= rates[horizon] <= 1:
            yield f"base_rates, {horizon}", "a share, 0 to 1", f"{rates[horizon]:g}"


def _check_model(where: str, model: Sequence[float], protocol: Protocol) -> Iterator[_Fault]:
    """Check intercept and coefficients: how many, and how large."""
    n_columns = len(protocol.basis.linear_)
    values = np.asarray(model, dtype=np.float64)
    if len(values) != 1 + n_columns:
        yield where, f"a coefficient for each of {n_columns} columns", str(len(values) - 1)
        return
    if not np.isfinite(values).all():
        yield where, "finite numbers", "others"
        return
    if protocol.limits.noise is not None:
        return
    steepest = _STEEPEST * max(1.0, *protocol.prior_sds)
    largest = float(np.abs(values[1:]).max(initial=0.0))
    if largest > steepest:
        yield where, f"log-odds per column of at most {steepest:g}", f"{largest:.3g}"
    if abs(values[0]) > _FARTHEST:
        yield where, f"an intercept of at most {_FARTHEST:g} log-odds", f"{values[0]:.3g}"
