"""From what the centres told to the network's model and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray
from features.errors import list_words
from training.fitting.interval import N_DRAWS, PRIOR_SD
from training.model.centres import Centre, CentreOutcome
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.network.arithmetic.heterogeneity import (
    CentreDraws,
    Heterogeneity,
    assess_heterogeneity,
    assess_others,
    draw_centres,
    estimate_centres,
    shrink_intercepts,
)
from training.network.arithmetic.likelihood import Point
from training.network.arithmetic.unlike import Contradiction, compare_with_others
from training.network.asking import find_blended
from training.network.background import make_shared_background
from training.network.evaluated import tabulate_counts, tabulate_evaluation
from training.network.gathering import Gathered
from training.network.pooled import PooledOutcome, Setting, make_rate_points
from training.network.result import NetworkOutcome, NetworkResult
from training.network.unlike_words import describe_breaks, describe_contradictions, describe_heavy

__all__ = ["conclude"]


@dataclass(frozen=True, eq=False)
class _Made:
    """One outcome: what is known, the model at a new centre, and what is each centre's own."""

    found: NetworkOutcome
    model: OutcomeModel
    working: WorkingModel
    centres: dict[str, CentreOutcome]


def conclude(gathered: Gathered, digests: Mapping[str, list[str]]) -> NetworkResult:
    """Return what the network has found.

    Parameters
    ----------
    gathered : Gathered
        What the centres told.
    digests : mapping of str to list of str
        By centre, the digests of its shares in the order of the rounds.

    Raises
    ------
    NotEnoughData
        If fewer than two centres take part, or tell how many responded.
    """
    protocol = gathered.protocol
    rng = np.random.default_rng(protocol.seed)
    made = {name: _make_outcome(gathered, name, rng) for name in gathered.outcomes}
    first, kept = made["response"], made.get("kept")
    centres: list[Centre] = []
    if protocol.intercepts == "centre":
        for name in gathered.centres:
            own = first.centres.get(name)
            own_kept = None if kept is None else kept.centres.get(name)
            if own is not None or own_kept is not None:
                centres.append(Centre(name, own, own_kept))
    summaries = {name: gathered.shares[name][0].summaries for name in gathered.centres}
    variables = [protocol.dictionary[name] for name in protocol.predictors]
    model = ResponseModel(
        horizons=protocol.horizons,
        predictors=protocol.predictors,
        variables=tuple(protocol.dictionary.to_list()),
        first=first.model,
        kept=None if kept is None else kept.model,
        working_first=first.working,
        working_kept=None if kept is None else kept.working,
        background=make_shared_background(
            variables, protocol.basis, list(summaries.values()), rng=rng
        ),
        centres=tuple(centres),
    )
    shares = [gathered.shares[name] for name in gathered.centres]
    outcomes = {name: one.found for name, one in made.items()}
    return NetworkResult(
        protocol=protocol,
        rounds=gathered.rounds,
        centres=gathered.centres,
        dropped=gathered.dropped,
        flags=[
            *describe_contradictions(outcomes),
            *describe_heavy(gathered.pooled),
            *([] if protocol.limits.noise else describe_breaks(gathered.pooled)),
        ],
        shares=[
            (name, place, digest)
            for name in gathered.centres
            for place, digest in enumerate(digests[name][: gathered.rounds], start=1)
        ],
        synthetic=any(told[0].synthetic for told in shares),
        counts=tabulate_counts(gathered),
        summaries=summaries,
        patients={name: gathered.shares[name][0].patients for name in gathered.centres},
        outcomes=outcomes,
        model=model,
        remarks=_gather_remarks(gathered),
        **tabulate_evaluation(gathered),
    )


def _gather_remarks(gathered: Gathered) -> list[str]:
    """Return what centres have said beside their numbers, each with who said it."""
    by_remark: dict[str, dict[str, None]] = {}
    for name in gathered.centres:
        for share in gathered.shares[name]:
            for remark in share.remarks:
                by_remark.setdefault(remark, {})[name] = None
    return sorted(f"{list_words([*names])}: {remark}" for remark, names in by_remark.items())


def _make_outcome(gathered: Gathered, name: str, rng: np.random.Generator) -> _Made:
    outcome = gathered.pooled.get(name)
    if outcome is None:
        return _make_constant(gathered, name, rng)
    setting, last = outcome.setting, gathered.rounds
    weight = outcome.find_weight()
    combined = outcome.estimate(last, setting)
    points = outcome.find_points(last, setting.family)
    precision = outcome.make_precision(setting)
    straight = outcome.straight[outcome.choose(setting.family)]
    heterogeneity = assess_heterogeneity(points, precision, straight)
    intercepts, new = _find_intercepts(gathered, outcome, weight, heterogeneity)
    coefs, new_coef = np.tile(combined.coef, (len(points), 1)), combined.coef
    if heterogeneity.random_slopes and weight > 0:
        known, common = estimate_centres(points, precision, straight, heterogeneity)
        new_coef, coefs = common[1:], known[:, 1:]
        # What the other slopes do to a centre's mean log-odds is taken back by its intercept.
        means = np.stack([p.curvature[0, 1:] / p.curvature[0, 0] for p in points])
        intercepts = intercepts - weight * np.sum(means * (coefs - combined.coef), axis=1)
        new -= weight * float(means.mean(axis=0) @ (new_coef - combined.coef))
    used = np.append(True, outcome.choose(setting.family))
    draws = _draw(points, straight, used, rng)
    counts = gathered.list_counts(name)
    n_slopes = len(combined.coef)
    change = max(float(np.abs(combined.coef - point.at[1:]).max()) for point in points)
    errors = np.full(len(outcome.straight), np.nan)
    errors[outcome.choose(setting.family)] = np.sqrt(np.diag(combined.covariance)[-n_slopes:])
    found = NetworkOutcome(
        centres=outcome.centres,
        withheld=gathered.list_withheld(name),
        n=sum(counts[c][0] for c in outcome.centres),
        events=sum(counts[c][1] for c in outcome.centres),
        family=setting.family,
        prior_sd=setting.prior_sd,
        weight=weight,
        settings=outcome.settings,
        intercepts=dict(zip(outcome.centres, combined.intercepts.tolist(), strict=True)),
        coef=outcome.spread(combined.coef, setting.family),
        standard_errors=errors,
        new_intercept=new,
        heterogeneity=heterogeneity,
        contradictions=_compare(outcome, setting, last, straight),
        change=change,
        reason="",
    )
    centres = {
        c: CentreOutcome(
            intercept=float(intercepts[place]),
            coef=outcome.spread(weight * coefs[place], setting.family),
            draws=draws.known[place],
        )
        for place, c in enumerate(outcome.centres)
    }
    coef = outcome.spread(weight * new_coef, setting.family)
    return _put_together(gathered, found, coef, draws, centres)


def _find_intercepts(
    gathered: Gathered, outcome: PooledOutcome, weight: float, heterogeneity: Heterogeneity
) -> tuple[FloatArray, float]:
    """Return the blended model's intercept at each centre and at a new one."""
    own, curvature = find_blended(outcome, weight)
    if gathered.protocol.intercepts == "common":
        new = float(np.average(own, weights=curvature))
        return np.full(len(own), new), new
    return shrink_intercepts(own, curvature, heterogeneity)


def _draw(
    points: Sequence[Point], straight: BoolArray, used: BoolArray, rng: np.random.Generator
) -> CentreDraws:
    """Return draws of intercept and coefficients, 0 in columns that are not `used`.

    The prior is that of the interval everywhere (:mod:`training.fitting.interval`), whatever the
    chosen penalty: a penalty that pulls far makes an estimate better and an interval too sure.
    What centres may differ by is judged beside the same prior.
    """
    precision = np.full(len(straight), PRIOR_SD**-2.0)
    apart = assess_heterogeneity(points, precision, straight)
    draws = draw_centres(points, precision, straight, apart, N_DRAWS, rng=rng)
    return CentreDraws([_widen(d, used) for d in draws.known], _widen(draws.new, used))


def _widen(draws: FloatArray, used: BoolArray) -> FloatArray:
    full = np.zeros((len(draws), len(used)))
    full[:, used] = draws
    return full


def _compare(
    outcome: PooledOutcome, setting: Setting, round_: int, straight: BoolArray
) -> dict[str, Contradiction]:
    """Compare every centre with the model made without it."""
    points = outcome.find_points(round_, setting.family)
    if len(points) < 3:
        return {}
    precision = outcome.make_precision(setting)
    found = {}
    assessed = assess_others(points, precision, straight)
    for place, (name, apart) in enumerate(zip(outcome.centres, assessed, strict=True)):
        others = points[:place] + points[place + 1 :]
        left = outcome.estimate(round_, setting, place)
        n = len(precision)
        spread = np.where(straight, apart.slope.estimate**2, 0.0)
        curvature = np.array([p.curvature[0, 0] for p in others])
        found[name] = compare_with_others(
            points[place],
            left.coef,
            left.covariance[-n:, -n:] + np.diag(spread),
            (left.intercepts, curvature),
            apart,
        )
    return found


def _make_constant(gathered: Gathered, name: str, rng: np.random.Generator) -> _Made:
    """Return an outcome that is the same for everyone at a centre."""
    counts = gathered.require_counts(name)
    points = make_rate_points(list(counts.values()))
    none = np.zeros(0, dtype=bool)
    heterogeneity = assess_heterogeneity(points, np.empty(0), none)
    own = np.array([point.at[0] for point in points])
    curvature = np.array([point.curvature[0, 0] for point in points])
    intercepts, new = shrink_intercepts(own, curvature, heterogeneity)
    drawn = draw_centres(points, np.empty(0), none, heterogeneity, N_DRAWS, rng=rng)
    size = len(gathered.protocol.basis.linear_)
    used = np.append(True, np.zeros(size, dtype=bool))
    draws = CentreDraws([_widen(d, used) for d in drawn.known], _widen(drawn.new, used))
    found = NetworkOutcome(
        centres=tuple(counts),
        withheld=gathered.list_withheld(name),
        n=sum(n for n, _ in counts.values()),
        events=sum(events for _, events in counts.values()),
        family="",
        prior_sd=np.nan,
        weight=0.0,
        settings=pd.DataFrame(columns=["family", "prior_sd", "deviance", "prevalence"]),
        intercepts=dict(zip(counts, own.tolist(), strict=True)),
        coef=np.zeros(size),
        standard_errors=np.full(size, np.nan),
        new_intercept=new,
        heterogeneity=heterogeneity,
        contradictions={},
        change=0.0,
        reason=gathered.find_reason(name),
    )
    centres = {
        c: CentreOutcome(float(intercepts[place]), np.zeros(size), draws.known[place])
        for place, c in enumerate(counts)
    }
    return _put_together(gathered, found, np.zeros(size), draws, centres)


def _put_together(
    gathered: Gathered,
    found: NetworkOutcome,
    coef: FloatArray,
    draws: CentreDraws,
    centres: dict[str, CentreOutcome],
) -> _Made:
    basis = gathered.protocol.basis
    model = OutcomeModel(
        basis=basis,
        intercept=found.new_intercept,
        coef=coef,
        trees="",
        n_trees=0,
        tree_weight=0.0,
        isotonic_x=np.empty(0),
        isotonic_y=np.empty(0),
    )
    return _Made(found, model, WorkingModel(basis, draws.new), centres)
