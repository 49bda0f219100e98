"""Whether what a centre tells can be: counts that add up, sums that some patients could have.

A centre that errs or lies within what is possible is not found here; whether it is unlike the
others is asked when they are put together (:mod:`training.network.arithmetic.unlike`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from training.network.arithmetic.left_out import WEIGHTS
from training.network.content import (
    Ask,
    CourseCount,
    Expansion,
    HomeEvaluation,
    OutcomeAsk,
    OutcomeShare,
    ShareContent,
    SharedSummary,
)
from training.network.disclosure.noise import bound_patient
from training.network.protocol.protocol import Protocol

__all__ = ["find_changed_counts", "find_impossible"]

_Fault = tuple[str, str, str]
"""Where it stands in the share, what was expected, what came: of sums, never of a patient."""

_NAMES = ("response", "kept")
_ROUNDING = 1e-6
_ABSURD = 1e12
"""Beyond this no sum is looked at any further."""
_SLACK = 0.01


def find_impossible(
    told: ShareContent, protocol: Protocol, centre: str, ask: Ask | None
) -> list[_Fault]:
    """Return everything in a share that cannot be.

    Parameters
    ----------
    told : ShareContent
        What the centre tells.
    protocol : Protocol
        Of the network.
    centre : str
        Who tells.
    ask : Ask or None
        What was asked; None in the first round.
    """
    faults: list[_Fault] = []
    round_ = 1 if ask is None else ask.round
    noisy = protocol.limits.noise is not None  # counts with noise need not add up
    if told.patients is not None and told.patients < 1 and not noisy:
        faults.append(("patients", "at least 1", str(told.patients)))
    patients = math.inf if told.patients is None or noisy else told.patients
    for horizon, count in told.counts.items():
        faults += [] if noisy else _check_count(f"counts.{horizon}", count, patients)
        if horizon not in protocol.horizons:
            faults.append((f"counts.{horizon}", "a horizon of the protocol", "another"))
    for summary in told.summaries:
        faults += _check_summary(summary, patients, protocol)
    for name, outcome in told.outcomes.items():
        where = f"outcomes.{name}"
        if name not in _NAMES[: len(protocol.horizons)]:
            faults.append((where, "an outcome of the protocol", "another"))
            continue
        asked = None if ask is None else ask.outcomes.get(name)
        faults += [] if noisy else _check_outcome(where, outcome, patients)
        if bool(outcome.withheld) == (outcome.likelihood is not None):
            silent = ask is not None and (asked is None or centre not in asked.intercepts)
            if outcome.likelihood is not None or not silent:
                expected = "either a likelihood or why it is withheld"
                faults.append((where, expected, "both or neither"))
        if outcome.likelihood is not None:
            faults += _check_expansion(where, outcome, outcome.likelihood, protocol, round_)
            if ask is not None:
                faults += _check_asked(where, outcome, protocol, centre, asked)
    for horizon, one in told.evaluation.items():
        faults += _check_evaluation(f"evaluation.{horizon}", one, patients)
    return faults


def find_changed_counts(first: ShareContent, told: ShareContent) -> list[_Fault]:
    """Return which counts of a later share are not those of the centre's first."""
    before: dict[str, int | None] = {"patients": first.patients, "synthetic": first.synthetic}
    after: dict[str, int | None] = {"patients": told.patients, "synthetic": told.synthetic}
    for name, outcome in told.outcomes.items():
        earlier = first.outcomes.get(name)
        for part in ("n", "events"):
            before[f"outcomes.{name}.{part}"] = None if earlier is None else getattr(earlier, part)
            after[f"outcomes.{name}.{part}"] = getattr(outcome, part)
    return [
        (where, f"as in round 1, {before[where]}", str(value))
        for where, value in after.items()
        if value is not None and before[where] is not None and value != before[where]
    ]


def _check_count(where: str, count: CourseCount, patients: float) -> Iterator[_Fault]:
    n, events, unknown = count.n, count.events, count.unknown
    for name, value in (("n", n), ("events", events), ("unknown", unknown)):
        if value is not None and not 0 <= value <= patients:
            yield f"{where}.{name}", f"from 0 to the {patients} patients", str(value)
    if n is not None and events is not None and events > n:
        yield f"{where}.events", f"at most n, which is {n}", str(events)
    if n is not None and unknown is not None and n + unknown > patients:
        yield where, f"n and unknown that are at most {patients} together", str(n + unknown)


def _check_summary(told: SharedSummary, patients: float, protocol: Protocol) -> Iterator[_Fault]:
    where = f"summaries.{told.name}"
    if told.name not in protocol.predictors:
        yield where, "a predictor of the protocol", "another"
        return
    n, missing = told.n, told.missing
    if any(value is not None and not 0 <= value <= patients for value in (n, missing)):
        yield where, f"n and missing from 0 to the {patients} patients", f"{n} and {missing}"
    elif n is not None and missing is not None and n + missing > patients:
        yield where, f"n and missing that are at most {patients} together", str(n + missing)
    if told.shares is not None:
        counts = [count for count in told.shares.values() if count is not None]
        whole = len(counts) == len(told.shares)
        at_most = patients if n is None else n
        if min(counts, default=0) < 0 or sum(counts) > at_most:
            yield f"{where}.shares", f"counts that add up to at most {at_most}", str(sum(counts))
        elif n is not None and whole and sum(counts) != n:
            yield f"{where}.shares", f"counts that add up to n, which is {n}", str(sum(counts))
    if told.number is not None:
        number = told.number
        if number.sd < 0:
            yield f"{where}.number.sd", "at least 0", f"{number.sd:g}"
        variable = protocol.dictionary[told.name]
        if variable.low is not None and variable.high is not None:
            low, high = variable.low, variable.high
            if not low <= number.mean <= high or number.sd > high - low:
                expected = f"mean and SD of values from {low:g} to {high:g}"
                yield f"{where}.number", expected, f"{number.mean:g} and {number.sd:g}"
        edges = np.asarray(number.edges)
        if number.counts and (len(edges) != len(number.counts) + 1 or np.any(np.diff(edges) <= 0)):
            expected = "edges that rise, one more than counts"
            yield f"{where}.number.edges", expected, f"{len(edges)} edges"
        total = sum(number.counts)
        if number.counts and (min(number.counts) < 0 or (n is not None and total != n)):
            yield f"{where}.number.counts", f"counts that add up to n, which is {n}", str(total)


def _check_outcome(where: str, told: OutcomeShare, patients: float) -> Iterator[_Fault]:
    n, events = told.n, told.events
    if n is not None and not 0 <= n <= patients:
        yield f"{where}.n", f"from 0 to the {patients} patients", str(n)
    if events is not None and not 0 <= events <= (patients if n is None else n):
        yield f"{where}.events", f"from 0 to n, which is {n}", str(events)
    if told.likelihood is not None and (n is None or events is None):
        yield where, "n and events where a likelihood is told", "none"


def _check_expansion(
    where: str, share: OutcomeShare, told: Expansion, protocol: Protocol, round_: int
) -> Iterator[_Fault]:
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
    noisy = protocol.limits.noise is not None
    if told.curvature is not None:
        yield from _check_curvature(f"{where}.curvature", told.curvature, share.n, protocol)
    elif protocol.limits.find_curvature_decimals(round_) is not None:
        yield f"{where}.curvature", f"a curvature in round {round_}", "none"
    if noisy or share.n is None or share.events is None:
        return  # what noise is added to need not be possible
    if told.value > _ROUNDING:
        yield f"{where}.value", "a log-likelihood, at most 0", f"{told.value:g}"
    # Observed less expected responders.
    lowest, highest = share.events - share.n - _SLACK, share.events + _SLACK
    if not lowest <= told.gradient[0] <= highest:
        expected = f"observed less expected responders, {lowest:g} to {highest:g}, at first"
        yield f"{where}.gradient", expected, f"{told.gradient[0]:g}"


def _check_curvature(
    where: str, told: list[list[float]], n: int | None, protocol: Protocol
) -> Iterator[_Fault]:
    curvature = np.asarray(told)
    if not np.array_equal(curvature, curvature.T):
        yield where, "a symmetric matrix", "one that is not"
        return
    if protocol.limits.noise is not None:
        return
    slack = 0.5 + _ROUNDING  # a centre may round its own to whole numbers
    columns = protocol.basis.linear_ | (len(told) == 1 + len(protocol.basis.linear_))
    most = np.inf if n is None else n / 4 * bound_patient(protocol.basis, columns) ** 2
    size = float(np.abs(curvature).max())
    if size > min(most + slack, _ABSURD):
        yield where, f"at most what {n} patients between the agreed ends can have", f"{size:g}"
        return
    least = float(np.linalg.eigvalsh(curvature).min())
    if least < -len(curvature) * slack:
        yield where, "no eigenvalue below 0 beyond rounding", f"{least:g}"
    if n is not None and not 0 < curvature[0, 0] <= n / 4 + slack:
        yield where, f"above 0 and at most n / 4 = {n / 4:g} at first", f"{curvature[0, 0]:g}"


def _check_asked(
    where: str, told: OutcomeShare, protocol: Protocol, centre: str, ask: OutcomeAsk | None
) -> Iterator[_Fault]:
    """Check that an answer is to what was asked."""
    if ask is None or centre not in ask.intercepts:
        yield where, "an answer to what was asked of this centre", "it was not asked"
        return
    expansion = told.likelihood
    assert expansion is not None
    coef, straight = np.asarray(ask.coef), protocol.basis.linear_
    asked, columns = (straight | (f == "bends") for f in (ask.family, expansion.family))
    at = [ask.intercepts[centre], *coef[columns].tolist()]
    others = coef[asked & ~columns].tolist()
    more = bool((columns & ~asked).any())
    if more or (expansion.at, expansion.others) != (at, others):
        yield f"{where}.likelihood.at", "the coefficients that the round asks for", "others"
    if protocol.limits.noise is None:  # with noise nothing else is told
        yield from _check_losses(where, told, centre, ask)


def _check_losses(where: str, told: OutcomeShare, centre: str, ask: OutcomeAsk) -> Iterator[_Fault]:
    """Check that losses and intercepts that were asked for are told, and can be."""
    if centre in ask.losses:
        named = set() if told.losses is None else set(told.losses.settings)
        if named != set(ask.losses[centre]):
            expected = f"a loss for each of the {len(ask.losses[centre])} settings asked for"
            yield f"{where}.losses", expected, f"{len(named)}"
        elif told.losses and min([told.losses.prevalence, *told.losses.settings.values()]) < 0:
            yield f"{where}.losses", "log losses, at least 0", "one below 0"
    if centre in ask.shrinking:
        shrunk = told.shrinking
        if shrunk is None or {len(shrunk.losses), len(shrunk.intercepts)} != {len(WEIGHTS)}:
            expected = f"losses and intercepts at {len(WEIGHTS)} weights"
            yield f"{where}.shrinking", expected, "none, or another number"
        elif min([shrunk.squares, *shrunk.losses]) < 0:
            yield f"{where}.shrinking", "log losses and squares, at least 0", "one below 0"
    if ask.blended is not None and centre in ask.blended.intercepts:
        point, at = told.blended, ask.blended.intercepts[centre]
        most = np.inf if told.n is None else told.n / 4 + _ROUNDING
        if point is None or point.at != at or not 0 < point.curvature <= most:
            expected = f"slope and bend (above 0, at most {most:g}) at the intercept asked for"
            yield f"{where}.blended", expected, "none, or another"


def _check_evaluation(where: str, told: HomeEvaluation, patients: float) -> Iterator[_Fault]:
    if not 0 <= told.events <= told.n <= patients:
        expected = f"events at most n, and n at most the {patients} patients"
        yield where, expected, f"{told.events} of {told.n}"
    for name in ("auc", "brier", "brier_prevalence"):
        value = getattr(told, name)
        if value is not None and not 0 <= value <= 1:
            yield f"{where}.{name}", "from 0 to 1", f"{value:g}"
    for name in ("auc_se", "o_e_se", "slope_se", "intercept_se", "brier_se", "brier_skill_se"):
        value = getattr(told, name)
        if value is not None and value < 0:
            yield f"{where}.{name}", "a standard error, at least 0", f"{value:g}"
    total = [sum(group.n for group in told.groups), sum(group.events for group in told.groups)]
    if told.groups and total != [told.n, told.events]:
        expected = f"groups that add up to {told.events} of {told.n}"
        yield f"{where}.groups", expected, f"{total[1]} of {total[0]}"
    if any(not 0 <= x <= g.n + _ROUNDING for g in told.groups for x in (g.events, g.expected)):
        yield f"{where}.groups", "events, seen and expected, at most n in each group", "others"
    ends = [0.0, *(end for group in told.groups for end in (group.low, group.high)), 1.0]
    if ends != sorted(ends):
        yield f"{where}.groups", "groups of risk from 0 to 1, in order", "others"
