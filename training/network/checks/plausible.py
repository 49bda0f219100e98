"""Whether what a centre tells can be: counts that add up, sums that some patients could have.

A centre that errs or lies within what is possible is not found here; whether it is unlike the
others is asked when they are put together (:mod:`training.network.arithmetic.unlike`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from training.network.arithmetic.left_out import WEIGHTS
from training.network.checks.possible import MOST_LOG_ODDS, Fault, check_expansion
from training.network.content import (
    Ask,
    CourseCount,
    HomeEvaluation,
    OutcomeAsk,
    OutcomeShare,
    RiskGroup,
    ShareContent,
    SharedSummary,
)
from training.network.protocol.protocol import Protocol

__all__ = ["find_changed_counts", "find_copies", "find_impossible"]

_NAMES = ("response", "kept")
_ROUNDING = 1e-6
_RISK_ROUNDING = 0.051
_LOSS_ROUNDING = 0.01
_MOST_LOSS = 1000.0
"""In nats, of one patient."""
_MEASURES = {
    "auc": (0.0, 1.0),
    "o_e": (0.001, 1000.0),
    "slope": (-_MOST_LOSS, _MOST_LOSS),
    "intercept": (-MOST_LOG_ODDS, MOST_LOG_ODDS),
    "brier": (0.0, 1.0),
    "brier_prevalence": (0.0, 1.0),
    "brier_skill": (-_MOST_LOSS, 1.0),
}
"""Between which each measure lies, wherever a model is tried."""
_SMALLEST_ERROR = 0.001
"""As measures are rounded."""


def find_impossible(
    told: ShareContent, protocol: Protocol, centre: str, ask: Ask | None
) -> list[Fault]:
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
    faults: list[Fault] = []
    round_ = 1 if ask is None else ask.round
    noisy = protocol.limits.noise is not None  # counts with noise need not add up
    if told.patients is not None and told.patients < 1 and not noisy:
        faults.append(("patients", "at least 1", str(told.patients)))
    elif told.patients is None and not noisy:
        faults.append(("patients", "how many count, where no noise is added", "null"))
    faults += _check_size(told, protocol)
    faults += [] if noisy or ask is not None else _check_first(told, protocol)
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
            faults += check_expansion(where, outcome, outcome.likelihood, protocol, round_)
            if ask is not None:
                faults += _check_asked(where, outcome, protocol, centre, asked)
    evaluated = ask is not None and centre in ask.evaluated
    for horizon, one in told.evaluation.items():
        if noisy or not evaluated or horizon not in protocol.horizons:
            faults.append((f"evaluation.{horizon}", "nothing that was not asked", "an evaluation"))
        faults += _check_evaluation(f"evaluation.{horizon}", one, patients)
    return faults


def find_changed_counts(first: ShareContent, told: ShareContent) -> list[Fault]:
    """Return which counts of a later share are not those of the centre's first."""
    before: dict[str, int | None] = {"patients": first.patients, "synthetic": first.synthetic}
    after: dict[str, int | None] = {"patients": told.patients, "synthetic": told.synthetic}
    for name, outcome in told.outcomes.items():
        earlier = first.outcomes.get(name)
        for part in ("n", "events"):
            before[f"outcomes.{name}.{part}"] = None if earlier is None else getattr(earlier, part)
            after[f"outcomes.{name}.{part}"] = getattr(outcome, part)
    for horizon, judged in told.evaluation.items():  # in all whose outcome is known
        for part in ("n", "events"):
            before[f"evaluation.{horizon}.{part}"] = getattr(first.counts.get(horizon), part, None)
            after[f"evaluation.{horizon}.{part}"] = getattr(judged, part)
    return [
        (where, f"as in round 1, {before[where]}", str(value))
        for where, value in after.items()
        if value is not None and before[where] is not None and value != before[where]
    ]


def find_copies(shares: Mapping[str, ShareContent]) -> list[tuple[str, str, str]]:
    """Return which centres tell the same sums in their first share: two have never the same.

    Parameters
    ----------
    shares : mapping of str to ShareContent
        By centre, its first share.

    Returns
    -------
    list of (str, str, str)
        One centre, the other, and the outcome.
    """
    seen: dict[tuple[str, str], str] = {}
    found = []
    for centre, told in shares.items():
        for name, outcome in told.outcomes.items():
            if outcome.likelihood is None:
                continue
            sums = outcome.likelihood.model_dump_json(include={"at", "gradient", "curvature"})
            other = seen.setdefault((name, sums), centre)
            if other != centre:
                found.append((other, centre, name))
    return found


def _check_size(told: ShareContent, protocol: Protocol) -> Iterator[Fault]:
    """Check that no centre claims more patients than were agreed: they would outweigh all."""
    most = protocol.limits.most_patients
    counts = {"patients": told.patients}
    counts |= {f"outcomes.{name}.n": outcome.n for name, outcome in told.outcomes.items()}
    for where, count in counts.items():
        if count is not None and count > most:
            yield where, f"at most limits.most_patients of the protocol, {most}", str(count)


def _check_first(told: ShareContent, protocol: Protocol) -> Iterator[Fault]:
    """Check that a first share has all that it must, once each, and no two tell otherwise."""
    names = [summary.name for summary in told.summaries]
    if sorted(names) != sorted(protocol.predictors):
        expected = f"one of each of the {len(protocol.predictors)} predictors"
        yield "summaries", expected, f"{len(names)}, of {len(set(names))} names"
    expected = f"one of each of the {len(protocol.horizons)} horizons"
    if set(told.counts) != set(protocol.horizons):
        yield "counts", expected, f"{len(told.counts)}"
    if set(told.outcomes) != set(_NAMES[: len(protocol.horizons)]):
        yield "outcomes", expected, f"{len(told.outcomes)}"
    response, kept = (told.outcomes.get(name) for name in _NAMES)
    count = told.counts.get(protocol.horizons[0])
    if response is not None and count is not None:
        for part in ("n", "events"):
            here, there = getattr(response, part), getattr(count, part)
            if here is not None and there is not None and here != there:
                where = f"outcomes.response.{part}"
                yield where, f"as in counts.{protocol.horizons[0]}, {there}", str(here)
    responders = None if response is None else response.events
    if kept is not None and kept.n is not None and kept.n > (responders or math.inf):
        yield "outcomes.kept.n", f"at most the {responders} responders", str(kept.n)


def _check_count(where: str, count: CourseCount, patients: float) -> Iterator[Fault]:
    n, events, unknown = count.n, count.events, count.unknown
    for name, value in (("n", n), ("events", events), ("unknown", unknown)):
        if value is not None and not 0 <= value <= patients:
            yield f"{where}.{name}", f"from 0 to the {patients} patients", str(value)
    if n is not None and events is not None and events > n:
        yield f"{where}.events", f"at most n, which is {n}", str(events)
    if n is not None and unknown is not None and n + unknown > patients:
        yield where, f"n and unknown that are at most {patients} together", str(n + unknown)


def _check_summary(told: SharedSummary, patients: float, protocol: Protocol) -> Iterator[Fault]:
    where = f"summaries.{told.name}"
    if told.name not in protocol.predictors:
        yield where, "a predictor of the protocol", "another"
        return
    n, missing = told.n, told.missing
    if any(value is not None and not 0 <= value <= patients for value in (n, missing)):
        yield where, f"n and missing from 0 to the {patients} patients", f"{n} and {missing}"
    elif n is not None and missing is not None and n + missing > patients:
        yield where, f"n and missing that are at most {patients} together", str(n + missing)
    variable = protocol.dictionary[told.name]
    if variable.is_numeric and told.shares is not None:
        yield f"{where}.shares", "none of a number", "some"
    elif not variable.is_numeric and told.number is not None:
        yield f"{where}.number", "none of what is no number", "one"
    if told.shares is not None:
        levels = variable.categories if variable.kind == "category" else ("no", "yes")
        if set(told.shares) != set(levels):
            yield f"{where}.shares", f"a count of each of the {len(levels)} levels", "others"
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


def _check_outcome(where: str, told: OutcomeShare, patients: float) -> Iterator[Fault]:
    n, events = told.n, told.events
    if n is not None and not 0 <= n <= patients:
        yield f"{where}.n", f"from 0 to the {patients} patients", str(n)
    if events is not None and not 0 <= events <= (patients if n is None else n):
        yield f"{where}.events", f"from 0 to n, which is {n}", str(events)
    if told.likelihood is not None and (n is None or events is None):
        yield where, "n and events where a likelihood is told", "none"


def _check_asked(
    where: str, told: OutcomeShare, protocol: Protocol, centre: str, ask: OutcomeAsk | None
) -> Iterator[Fault]:
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


def _check_losses(where: str, told: OutcomeShare, centre: str, ask: OutcomeAsk) -> Iterator[Fault]:
    """Check that losses and intercepts that were asked for are told, and can be."""
    shrunk = told.shrinking
    known = [told.losses.prevalence] if told.losses else []
    known += shrunk.losses[:1] if shrunk else []
    sure = _find_prevalence_loss(told)  # of no model, so that it follows from the counts
    if sure is not None and any(abs(loss - sure) > _LOSS_ROUNDING for loss in known):
        yield f"{where}.losses", f"a log loss of the prevalence of {sure:.2f}", "another"
    if centre in ask.losses:
        named = set() if told.losses is None else set(told.losses.settings)
        if named != set(ask.losses[centre]):
            expected = f"a loss for each of the {len(ask.losses[centre])} settings asked for"
            yield f"{where}.losses", expected, f"{len(named)}"
        elif told.losses and not _are_losses(
            [told.losses.prevalence, *told.losses.settings.values()], told.n
        ):
            yield f"{where}.losses", "log losses, at least 0, of these patients", "others"
    if centre in ask.shrinking:
        if shrunk is None or {len(shrunk.losses), len(shrunk.intercepts)} != {len(WEIGHTS)}:
            expected = f"losses and intercepts at {len(WEIGHTS)} weights"
            yield f"{where}.shrinking", expected, "none, or another number"
        elif not _are_losses(shrunk.losses, told.n) or not (
            0 <= shrunk.squares <= _MOST_LOSS**2 * (told.n or math.inf)
            and max(map(abs, shrunk.intercepts)) <= _MOST_LOSS
        ):
            expected = "log losses and squares, at least 0, of these patients"
            yield f"{where}.shrinking", expected, "others"
        elif float(np.diff(shrunk.losses, 2).min()) < -4 * _LOSS_ROUNDING:
            yield f"{where}.shrinking", "losses that bend upward, as log losses do", "others"
    if ask.blended is not None and centre in ask.blended.intercepts:
        point, at = told.blended, ask.blended.intercepts[centre]
        most = np.inf if told.n is None else told.n / 4 + _ROUNDING
        told_wrong = point is None or point.at != at or not 0 < point.curvature <= most
        if told_wrong or (point is not None and abs(point.gradient) > 4 * most):
            expected = f"slope and bend (above 0, at most {most:g}) at the intercept asked for"
            yield f"{where}.blended", expected, "none, or another"


def _find_prevalence_loss(told: OutcomeShare) -> float | None:
    """Return the log loss, in nats, of giving everyone a centre's own share of responders."""
    n, events = told.n, told.events
    if n is None or events is None or not 0 < events < n:
        return None
    return -events * math.log(events / n) - (n - events) * math.log1p(-events / n)


def _are_losses(losses: Sequence[float], n: int | None) -> bool:
    return min(losses) >= 0 and max(losses) <= _MOST_LOSS * (math.inf if n is None else n)


def _check_evaluation(where: str, told: HomeEvaluation, patients: float) -> Iterator[Fault]:
    if not 0 <= told.events <= told.n <= patients:
        expected = f"events at most n, and n at most the {patients} patients"
        yield where, expected, f"{told.events} of {told.n}"
    for name, (low, high) in _MEASURES.items():
        value = getattr(told, name)
        if value is not None and not low <= value <= high:
            yield f"{where}.{name}", f"from {low:g} to {high:g}", f"{value:g}"
        error = getattr(told, f"{name}_se", None)
        least = 0.0 if name.startswith("brier") else _SMALLEST_ERROR
        if error is not None and not least <= error <= _MOST_LOSS:
            expected = f"a standard error, {least:g} to {_MOST_LOSS:g}"
            yield f"{where}.{name}_se", expected, f"{error:g}"
    # The variance of an outcome is 1 / 4 at most, and weights only make the error larger.
    least = 2 / math.sqrt(max(told.n, 1)) - _SMALLEST_ERROR
    if told.intercept_se is not None and told.intercept_se < least:
        expected = f"at least 2 over the root of n, {least:.3f}"
        yield f"{where}.intercept_se", expected, f"{told.intercept_se:g}"
    total = [sum(group.n for group in told.groups), sum(group.events for group in told.groups)]
    if told.groups and total != [told.n, told.events]:
        expected = f"groups that add up to {told.events} of {told.n}"
        yield f"{where}.groups", expected, f"{total[1]} of {total[0]}"
    if any(not 0 <= x <= g.n + _ROUNDING for g in told.groups for x in (g.events, g.expected)):
        yield f"{where}.groups", "events, seen and expected, at most n in each group", "others"
    ends = [0.0, *(end for group in told.groups for end in (group.low, group.high)), 1.0]
    if ends != sorted(ends):
        yield f"{where}.groups", "groups of risk from 0 to 1, in order", "others"
    wide = told.responder_weight * told.events
    if not (told.responder_weight > 0 and wide <= told.n + _ROUNDING):
        expected = "a weight above 0 with which responders are not more than all patients"
        yield f"{where}.responder_weight", expected, f"{told.responder_weight:g}"
    for place, group in enumerate(told.groups):
        yield from _check_bins(f"{where}.groups.{place}", group)


def _check_bins(where: str, group: RiskGroup) -> Iterator[Fault]:
    """Check that the bins of each outcome are the patients of their group."""
    for name, bins, total in (
        ("responders", group.responders, group.events),
        ("others", group.others, group.n - group.events),
    ):
        counts = [one.n for one in bins]
        if min(counts, default=0) < 1 or sum(counts) != total:
            yield f"{where}.{name}", f"bins that add up to {total} patients", str(sum(counts))
        ends = [end for one in bins for end in (one.low, one.high)]
        if ends != sorted(ends) or (ends and (ends[0] != group.low or ends[-1] != group.high)):
            yield f"{where}.{name}", "bins from one end of the group to the other", "others"
        if any(
            not one.n * one.low - _RISK_ROUNDING
            <= one.expected
            <= one.n * one.high + _RISK_ROUNDING
            for one in bins
        ):
            yield f"{where}.{name}", "risks, summed, that lie between a bin's ends", "others"
