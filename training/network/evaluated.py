"""What centres counted and how left-out models did there, as tables with a row for each centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from features.arrays import FloatArray
from training.measures.decision_curve import COARSE, make_thresholds
from training.network.arithmetic.risk_groups import count_above
from training.network.content import HomeEvaluation, OutcomeBin
from training.network.gathering import Gathered

__all__ = ["tabulate_counts", "tabulate_evaluation"]

_Z95 = float(norm.ppf(0.975))
_SCALES = {
    "auc": (logit, expit),
    "o_e": (np.log, np.exp),
    "slope": (float, float),
    "intercept": (float, float),
    "brier": (float, float),
    "brier_skill": (float, float),
}


class NetworkTables(TypedDict):
    """Tables of :class:`training.network.result.NetworkResult`, by horizon."""

    evaluation: dict[str, pd.DataFrame]
    groups: dict[str, pd.DataFrame]
    decision: dict[str, pd.DataFrame]


def tabulate_counts(gathered: Gathered) -> dict[str, pd.DataFrame]:
    """Return by horizon, for each centre, `n`, `events` and `unknown`; NaN where not told."""
    found = {}
    for horizon in gathered.protocol.horizons:
        told = {name: gathered.shares[name][0].counts.get(horizon) for name in gathered.centres}
        rows = {
            name: [np.nan] * 3 if count is None else [count.n, count.events, count.unknown]
            for name, count in told.items()
        }
        found[horizon] = pd.DataFrame.from_dict(
            rows, orient="index", columns=["n", "events", "unknown"], dtype=np.float64
        )
    return found


def tabulate_evaluation(gathered: Gathered) -> NetworkTables:
    """Return how the model made without each centre did there; empty where it was not asked."""
    tables: NetworkTables = {"evaluation": {}, "groups": {}, "decision": {}}
    between = gathered.protocol.thresholds
    limit = gathered.protocol.limits.cell
    cuts = [] if between is None else make_thresholds(between, COARSE)
    for horizon in gathered.protocol.horizons:
        told = {
            name: share.evaluation[horizon]
            for name in gathered.centres
            for share in gathered.shares[name]
            if horizon in share.evaluation
        }
        if not told:
            continue
        unknown = tabulate_counts(gathered)[horizon]["unknown"]
        rows = [_describe(name, one, unknown[name]) for name, one in told.items()]
        tables["evaluation"][horizon] = pd.DataFrame(rows)
        tables["groups"][horizon] = pd.DataFrame(
            [row for name, one in told.items() for row in _weigh_groups(name, one)],
            columns=["centre", "low", "high", "n", "events", "expected"],
        )
        tables["decision"][horizon] = pd.DataFrame(
            [row for name, one in told.items() for row in _count_above(name, one, cuts, limit)],
            columns=["centre", "threshold", "n", "events", "true_positives", "false_positives"],
        )
    return tables


def _describe(name: str, one: HomeEvaluation, unknown: float) -> dict[str, object]:
    row: dict[str, object] = {
        "site": name,
        "n": one.n,
        "events": one.events,
        "unknown": unknown,
        "note": one.note,
        "brier_prevalence": one.brier_prevalence,
    }
    for measure, (to, back) in _SCALES.items():
        estimate, error = getattr(one, measure), getattr(one, f"{measure}_se")
        if estimate is None or error is None:
            estimate = error = low = high = np.nan
        else:
            low, high = (float(back(to(estimate) + z * error)) for z in (-_Z95, _Z95))
        row |= {measure: estimate, f"{measure}_se": error}
        row |= {f"{measure}_low": low, f"{measure}_high": high}
    return row


def _weigh_groups(name: str, one: HomeEvaluation) -> list[dict[str, object]]:
    """Return a centre's groups of risk, patients weighted as in its measures."""
    rows: list[dict[str, object]] = []
    weights = _find_weights(one)
    for group in one.groups:
        counts = np.array([group.events, group.n - group.events]) * weights
        risks = [sum(b.expected for b in bins) for bins in (group.responders, group.others)]
        row = {"centre": name, "low": group.low, "high": group.high, "n": counts.sum()}
        rows.append(row | {"events": counts[0], "expected": weights @ np.array(risks)})
    return rows


def _count_above(
    name: str, one: HomeEvaluation, cuts: Sequence[float], limit: int
) -> Iterator[dict[str, object]]:
    """Return who would be admitted at each threshold; nobody where no group can be told."""
    weights = _find_weights(one)
    for cut in cuts if one.groups else ():
        true, false = (
            weight * sum(count_above(**b.model_dump(), cut=cut, limit=limit) for b in bins)
            for weight, bins in zip(weights, _list_bins(one), strict=True)
        )
        yield {
            "centre": name,
            "threshold": cut,
            "n": one.n,
            "events": weights[0] * one.events,
            "true_positives": true,
            "false_positives": false,
        }


def _list_bins(one: HomeEvaluation) -> tuple[list[OutcomeBin], list[OutcomeBin]]:
    """Return the bins of responders and of others over all groups."""
    return (
        [b for group in one.groups for b in group.responders],
        [b for group in one.groups for b in group.others],
    )


def _find_weights(one: HomeEvaluation) -> FloatArray:
    """Return for how many patients a responder stands, and another; all together are n."""
    others = max(one.n - one.events, 1)
    return np.array([one.responder_weight, (one.n - one.events * one.responder_weight) / others])
