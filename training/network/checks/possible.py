"""Whether the sums that a centre tells are such as some patients could have.

Every patient's row lies between the agreed ends of the basis, so that each entry of a gradient and
of a curvature, and the log-likelihood, have limits that follow from how many patients there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis
from training.network.content import Expansion, OutcomeShare
from training.network.protocol.protocol import Protocol

__all__ = ["MOST_LOG_ODDS", "Fault", "check_expansion"]

Fault = tuple[str, str, str]
"""Where it stands in the share, what was expected, what came: of sums, never of a patient."""

MOST_LOG_ODDS = 50.0
"""Of an intercept or a coefficient per spread of its column."""
_ROUNDING = 1e-6
_SAME = 1e-10
_SLACK = 0.01
_GRID = 201


def check_expansion(
    where: str, share: OutcomeShare, told: Expansion, protocol: Protocol, round_: int
) -> Iterator[Fault]:
    """Find what cannot be in the expansion of a log-likelihood.

    Parameters
    ----------
    where : str
        Where the outcome stands in the share.
    share : OutcomeShare
        It, with how many patients and events there are.
    told : Expansion
        What is told of it.
    protocol : Protocol
        Of the network.
    round_ : int
        From 1; the first is at the centre's own penalised mode.

    Yields
    ------
    (str, str, str)
        Where, what was expected, what came.
    """
    where = f"{where}.likelihood"
    straight = protocol.basis.linear_
    size = 1 + (len(straight) if told.family == "bends" else int(straight.sum()))
    if told.family not in protocol.families:
        yield f"{where}.family", "a family of the protocol", told.family
    wrong = [name for name in ("at", "gradient") if len(getattr(told, name)) != size]
    if told.curvature is not None and [len(row) for row in told.curvature] != [size] * size:
        wrong.append("curvature")
    for name in wrong:
        yield f"{where}.{name}", f"{size} numbers for {told.family} columns", "another size"
    if wrong:
        return
    limits = protocol.limits
    # Noise may lead anywhere, and does where it is large beside what the patients tell.
    if limits.noise is None and max(map(abs, [*told.at, *told.others])) > MOST_LOG_ODDS:
        yield f"{where}.at", f"log-odds of at most {MOST_LOG_ODDS:g}", "one beyond"
        return
    bounds = _bound_columns(protocol.basis, told.family)
    if told.curvature is not None:
        yield from _check_curvature(f"{where}.curvature", told, share.n, protocol, bounds)
    elif limits.find_curvature_decimals(round_) is not None:
        yield f"{where}.curvature", f"a curvature in round {round_}", "none"
    if limits.noise is not None or share.n is None or share.events is None:
        return  # what noise is added to need not be possible
    reach = float(np.abs(told.at) @ bounds) + _reach_others(told, protocol)
    lowest = -share.n * (reach + math.log(2)) - _SLACK
    if not lowest <= told.value <= _ROUNDING:
        yield f"{where}.value", f"a log-likelihood, {lowest:g} to 0", f"{told.value:g}"
    # Observed less expected responders.
    lowest, highest = share.events - share.n - _SLACK, share.events + _SLACK
    if not lowest <= told.gradient[0] <= highest:
        expected = f"observed less expected responders, {lowest:g} to {highest:g}, at first"
        yield f"{where}.gradient", expected, f"{told.gradient[0]:g}"
    away = np.abs(told.gradient) - share.n * bounds
    if away.max() > _SLACK:
        expected = f"at most what {share.n} patients between the agreed ends can have"
        yield f"{where}.gradient", expected, f"{np.abs(told.gradient).max():g}"
    elif round_ == 1 and told.curvature is not None:
        yield from _check_own_mode(f"{where}.gradient", told, protocol)


def _bound_columns(basis: PredictorBasis, family: str) -> FloatArray:
    """Return the largest size of each column that is told between the agreed ends, 1 at first."""
    categories = dict(basis.categories or {})
    bounds = np.zeros(len(basis.linear_))
    for j in range(basis.n_features_in_):
        if j not in categories and np.isnan(basis.low_[j]):
            continue  # no value was ever agreed: its columns are constant
        values = (
            np.arange(categories[j], dtype=np.float64)
            if j in categories
            else np.linspace(basis.low_[j], basis.high_[j], _GRID)
        )
        rows = np.full((len(values), basis.n_features_in_), np.nan)
        rows[:, j] = values
        own = basis.groups_ == j
        bounds[own] = np.abs(basis.expand(rows)[:, own]).max(axis=0)
    columns = basis.linear_ | (family == "bends")
    return np.append(1.0, bounds[columns] * (1 + _SLACK))


def _reach_others(told: Expansion, protocol: Protocol) -> float:
    """Return what columns that are asked and not told can add to the log-odds."""
    if not told.others:
        return 0.0
    bounds = _bound_columns(protocol.basis, "bends")[1:][~protocol.basis.linear_]
    return float(np.abs(told.others).sum() * bounds.max())


def _check_own_mode(where: str, told: Expansion, protocol: Protocol) -> Iterator[Fault]:
    """Check that the first place is the centre's penalised mode: its slope is the prior's pull."""
    sd = float(np.median(protocol.prior_sds))
    own = 0.0 if protocol.intercept_sd is None else protocol.intercept_sd**-2.0
    precision = np.append(own, np.full(len(told.at) - 1, sd**-2.0))
    unit = 10.0 ** -protocol.limits.find_gradient_decimals(1)
    # Place and slope are rounded, and the curvature by which the one moves the other is.
    moved = (np.abs(np.asarray(told.curvature)) + 0.5).sum(axis=1) + precision
    away = np.abs(np.asarray(told.gradient) - precision * np.asarray(told.at))
    if np.any(away > unit * (moved + 1)):
        expected = "that of the centre's own best coefficients under the prior"
        yield where, expected, f"one that is {away.max():.3g} away"


def _check_curvature(
    where: str, told: Expansion, n: int | None, protocol: Protocol, bounds: FloatArray
) -> Iterator[Fault]:
    curvature = np.asarray(told.curvature)
    if not np.array_equal(curvature, curvature.T):
        yield where, "a symmetric matrix", "one that is not"
        return
    if protocol.limits.noise is not None:
        return
    decimals = protocol.limits.curvature_decimals
    whole = np.array_equal(curvature, np.round(curvature))  # a centre may round to fewer
    slack = 0.5 * 10.0 ** -(0 if whole else decimals) + _ROUNDING
    most = np.inf if n is None else n / 4 * np.outer(bounds, bounds) + slack
    if np.any(np.abs(curvature) > most):
        size = float(np.abs(curvature).max())
        yield where, f"at most what {n} patients between the agreed ends can have", f"{size:g}"
        return
    if np.abs(curvature - np.round(curvature, decimals)).max() > _SAME:
        yield where, f"numbers of at most {decimals} decimals, as agreed", "more"
    least = float(np.linalg.eigvalsh(curvature).min())
    if least < -len(curvature) * slack:
        yield where, "no eigenvalue below 0 beyond rounding", f"{least:g}"
    if n is not None and not 0 < curvature[0, 0] <= n / 4 + slack:
        yield where, f"above 0 and at most n / 4 = {n / 4:g} at first", f"{curvature[0, 0]:g}"
