"""One centre's share of one round: what may leave of what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from features.errors import NotEnoughData
from training.fitting.response import TrainingData
from training.network.content import (
    Ask,
    ColumnFamily,
    CourseCount,
    NumberSummary,
    OutcomeShare,
    ShareContent,
    SharedSummary,
)
from training.network.counted import hide_derived, leave_out_seen
from training.network.disclosure.cells import check_cells
from training.network.disclosure.families import allow_families
from training.network.disclosure.summaries import (
    hide_parts,
    hide_small,
    merge_bins,
    tell_categories,
    tell_number,
)
from training.network.guarding import check_round, foresee_rounds
from training.network.home import (
    HomeOutcome,
    list_outcomes,
    predict_left_out,
    share_evaluation,
    share_outcome,
)
from training.network.noisy import make_noisy_share
from training.network.protocol.protocol import Protocol

__all__ = ["make_share"]

_COARSER = (
    "curvatures are told to {} decimals, fewer than agreed: with more, somebody's numbers could be "
    "solved"
)


def make_share(
    data: TrainingData,
    protocol: Protocol,
    *,
    centre: str,
    asks: Sequence[Ask] = (),
    earlier: Sequence[ShareContent] = (),
    synthetic: bool,
) -> ShareContent:
    """Return what a centre tells in a round.

    Parameters
    ----------
    data : TrainingData
        The centre's patients, one row each, with the protocol's predictors and horizons.
    protocol : Protocol
        Of the network.
    centre : str
        Its name there.
    asks : sequence of Ask
        What was asked from the second round to this one; empty in the first.
    earlier : sequence of ShareContent
        What it told in the rounds before, from the first.
    synthetic : bool
        Whether any of the patients is simulated.

    Raises
    ------
    NotEnoughData
        If there are fewer patients than may be told of.
    """
    if len(data) < protocol.limits.cell:
        raise NotEnoughData(
            f"fewer than {protocol.limits.cell} patients can be used: nothing of them may leave "
            "the centre; take part in a new network when more have been treated"
        )
    if protocol.limits.noise is not None:
        return make_noisy_share(data, protocol, centre=centre, asks=asks, synthetic=synthetic)
    cell = protocol.limits.cell
    data = leave_out_seen(_leave_out_few(data, protocol), cell=cell, seed=protocol.seed)
    outcomes = list_outcomes(data, protocol.basis)
    decimals = protocol.limits.curvature_decimals
    protocol, allowed = _choose_decimals(outcomes, data, protocol)
    coarser = protocol.limits.curvature_decimals < decimals
    unjudged: list[str] = []
    if asks:
        counted = _count_answered(asks, earlier)
        allowed, unjudged = _stop_where_solved(allowed, data, protocol, counted, centre)
    ask = asks[-1] if asks else None
    told = {o.name: _tell(o, allowed[o.name], protocol, ask, centre) for o in outcomes}
    evaluated = ask.evaluated.get(centre, {}) if ask and not unjudged else {}
    share = ShareContent(
        round=1 + len(asks),
        patients=len(data),
        synthetic=synthetic,
        counts=_count_courses(data, protocol) if ask is None else {},
        summaries=_summarise(data, protocol) if ask is None else [],
        outcomes=told,
        evaluation=share_evaluation(data, protocol, evaluated, ask.base_rates[centre])
        if ask and evaluated
        else {},
        remarks=sorted(
            {a.reason for a in allowed.values() if a.family and a.reason}
            | {f"how the model made without this centre does is not told: {r}" for r in unjudged}
            | ({_COARSER.format(protocol.limits.curvature_decimals)} if coarser else set())
        ),
    )
    risks = predict_left_out(data.X, protocol, evaluated)
    return hide_derived(share, data, cell=cell, risks=risks)


def _leave_out_few(data: TrainingData, protocol: Protocol) -> TrainingData:
    """Return the patients that all tables are of.

    Those whose first outcome is unknown are left out where they are fewer than may be told of: all
    patients beside those with a known outcome would tell how many they are.
    """
    unknown = np.isnan(data.y[protocol.horizons[0]])
    few = 0 < int(unknown.sum()) < protocol.limits.cell
    return data.take(~unknown) if few else data


@dataclass(frozen=True)
class _Allowed:
    """The columns in which slopes of an outcome are told; None where they are not, and why."""

    family: ColumnFamily | None
    reason: str = ""


def _choose_decimals(
    outcomes: Sequence[HomeOutcome], data: TrainingData, protocol: Protocol
) -> tuple[Protocol, dict[str, _Allowed]]:
    """Return what may be told, and the protocol by whose decimals of the curvature it may.

    Where a centre's curvatures would give somebody away, they are told to fewer decimals instead of
    not at all: what rounding does to the sum of all centres is small, what is withheld is missing.
    """
    allowed = _choose_families(outcomes, data, protocol)
    most = {outcome.name: _list_families(outcome, protocol)[0] for outcome in outcomes}
    found = protocol, allowed
    if _count_told(allowed) == _count_told(most):
        return found
    for decimals in range(protocol.limits.curvature_decimals - 1, -1, -1):
        limits = protocol.limits.model_copy(update={"curvature_decimals": decimals})
        coarser = replace(protocol, limits=limits)
        allowed = _choose_families(outcomes, data, coarser)
        if _count_told(allowed) > _count_told(found[1]):
            found = coarser, allowed
    return found


def _count_told(allowed: dict[str, _Allowed]) -> int:
    """Return how much is told: of each outcome nothing, straight columns, or all of them."""
    return sum((None, "straight", "bends").index(one.family) for one in allowed.values())


def _choose_families(
    outcomes: Sequence[HomeOutcome], data: TrainingData, protocol: Protocol
) -> dict[str, _Allowed]:
    """Return for each outcome the most columns that may be told over all rounds planned."""
    found: dict[str, _Allowed] = {}
    safe: list[tuple[HomeOutcome, ColumnFamily]] = []
    for outcome in outcomes:
        tried = _list_families(outcome, protocol)
        allowed = tried[-1]
        for one in tried[:-1]:
            assert one.family is not None
            solved = foresee_rounds(data, protocol, [*safe, (outcome, one.family)])
            if not solved:
                allowed = one
                safe.append((outcome, one.family))
                break
            allowed = _Allowed(None, "; ".join(solved))
        found[outcome.name] = allowed
    return found


def _list_families(outcome: HomeOutcome, protocol: Protocol) -> list[_Allowed]:
    """Return what may be tried, most columns first; the last tells no slopes at all."""
    limits, basis = protocol.limits, protocol.basis
    reasons = check_cells(outcome.X, outcome.y, basis, protocol.predictors, cell=limits.cell)
    if reasons:
        return [_Allowed(None, "; ".join(reasons))]
    allowed = allow_families(
        len(outcome.y), protocol.families, basis.linear_, parameters_share=limits.parameters_share
    )
    families: list[ColumnFamily] = [f for f in ("bends", "straight") if f in allowed.families]
    return [*(_Allowed(f, allowed.reason) for f in families), _Allowed(None, allowed.reason)]


def _count_answered(asks: Sequence[Ask], earlier: Sequence[ShareContent]) -> list[Ask]:
    """Return what was asked, less the measures that were not told then."""
    judged = [*(bool(told.evaluation) for told in earlier[1:]), True]
    return [
        ask if told else ask.model_copy(update={"evaluated": {}})
        for ask, told in zip(asks, judged, strict=True)
    ]


def _stop_where_solved(
    allowed: dict[str, _Allowed],
    data: TrainingData,
    protocol: Protocol,
    asks: Sequence[Ask],
    centre: str,
) -> tuple[dict[str, _Allowed], list[str]]:
    """Return what may still be told after all that was told before, and why no measures may.

    Slopes come first: a network can do without measures. What was told of an outcome before counts
    even where nothing more of it is told.
    """
    found = dict(allowed)
    safe: list[tuple[HomeOutcome, ColumnFamily]] = []
    before = [
        (outcome, family)
        for outcome in list_outcomes(data, protocol.basis)
        if (family := allowed[outcome.name].family) is not None
    ]
    for one in list(before):
        rest = [other for other in before if other is not one]
        told = [*safe, one]
        solved = check_round(data, protocol, told, asks, centre, before=rest, evaluated=False)
        if solved:
            found[one[0].name] = _Allowed(None, "; ".join(solved))
        else:
            safe, before = told, rest
    if centre not in asks[-1].evaluated:
        return found, []
    return found, check_round(data, protocol, safe, asks, centre, before=before)


def _tell(
    outcome: HomeOutcome, allowed: _Allowed, protocol: Protocol, ask: Ask | None, centre: str
) -> OutcomeShare:
    y, cell = outcome.y, protocol.limits.cell
    events = int(y.sum())
    if min(events, len(y) - events) < cell:
        return OutcomeShare(n=None, events=None, withheld=allowed.reason)
    if allowed.family is None:
        return OutcomeShare(n=len(y), events=events, withheld=allowed.reason)
    asked, family = None, allowed.family
    if ask is not None:
        asked = ask.outcomes.get(outcome.name)
        if asked is None or centre not in asked.intercepts:
            return OutcomeShare(n=len(y), events=events)
        family = "straight" if asked.family == "straight" else allowed.family
    round_ = 1 if ask is None else ask.round
    return share_outcome(outcome, protocol, family=family, centre=centre, ask=asked, round_=round_)


def _count_courses(data: TrainingData, protocol: Protocol) -> dict[str, CourseCount]:
    cell = protocol.limits.cell
    found = {}
    for horizon in protocol.horizons:
        y = data.y[horizon]
        known = int((~np.isnan(y)).sum())
        events = int(np.nansum(y))
        unknown = len(y) - known
        hidden = None in hide_parts([events, known - events], cell=cell)
        found[horizon] = CourseCount(
            # How many are unknown follows from the patients and those known: small, neither is.
            n=known if unknown == 0 or unknown >= cell else None,
            events=None if hidden or 0 < unknown < cell else events,
            unknown=hide_small(unknown, cell=cell),
        )
    return found


def _summarise(data: TrainingData, protocol: Protocol) -> list[SharedSummary]:
    return [
        _summarise_predictor(variable, column, protocol, float(fill))
        for variable, column, fill in zip(
            protocol.predictor_variables, data.X.T, protocol.basis.fill_, strict=True
        )
    ]


def _summarise_predictor(
    variable: Variable, column: FloatArray, protocol: Protocol, fill: float
) -> SharedSummary:
    cell = protocol.limits.cell
    told = tell_number(column, cell=cell)
    if variable.is_numeric:
        edges = protocol.bins.get(variable.name)
        number = None
        if told.mean is not None and told.sd is not None and edges is not None:
            bins = merge_bins(column, edges, fill=fill, cell=cell)
            number = NumberSummary(
                mean=told.mean, sd=told.sd, edges=list(bins.edges), counts=list(bins.counts)
            )
        return SharedSummary(name=variable.name, n=told.n, missing=told.missing, number=number)
    names = variable.categories if variable.kind == "category" else ("no", "yes")
    counts = tell_categories(column, len(names), cell=cell)
    return SharedSummary(
        name=variable.name,
        n=told.n,
        missing=counts.missing,
        shares=dict(zip(names, counts.counts, strict=True)),
    )
