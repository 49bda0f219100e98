"""What results hold of the network itself: centres, shares, how they differ, what is lacking."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from training.document.words import join
from training.measures.decision_curve import COARSE, make_thresholds
from training.network.arithmetic.heterogeneity import Tau
from training.network.content import SharedSummary
from training.network.protocol.tables import Limits
from training.network.publishing.judging import list_untold
from training.network.publishing.network_judgement import tabulate_centres
from training.network.result import NetworkOutcome, NetworkResult
from training.store.facts import to_plain
from training.store.optional.network_found import CENTRE_MEASURES, NetworkFacts

__all__ = ["describe_network", "tell_limits", "tell_noise"]

_CONVERGED = 1e-6


def describe_network(
    result: NetworkResult, pooled: Mapping[str, pd.DataFrame], decisions: Mapping[str, pd.DataFrame]
) -> NetworkFacts:
    """Return what results hold of the network itself.

    Parameters
    ----------
    result : NetworkResult
        What it found.
    pooled : mapping of str to DataFrame
        By horizon, :func:`training.network.publishing.judging.pool_centres`.
    decisions : mapping of str to DataFrame
        By horizon, :func:`training.network.publishing.judging.sum_decisions`; none without a range
        of thresholds.
    """
    protocol = result.protocol
    found = {
        "protocol_sha256": protocol.sha256,
        "lead": protocol.lead,
        "lead_key": protocol.lead_key,
        "planned": protocol.rounds,
        "rounds": result.rounds,
        "centres": [_describe_centre(result, name) for name in protocol.centres],
        "shares": [
            {"centre": centre, "round": round_, "sha256": digest}
            for centre, round_, digest in result.shares
        ],
        "patients": [
            _describe_predictor(centre, summary)
            for centre in result.centres
            for summary in result.summaries[centre]
        ],
        "outcomes": {name: _describe_outcome(one) for name, one in result.outcomes.items()},
        "performance": {h: _list_performance(t) for h, t in result.evaluation.items()},
        "pooled": {h: _list_pooled(pooled[h]) for h in protocol.horizons if h in result.evaluation},
        "untold": _find_untold(result, decisions),
        "flags": result.flags,
        "lacks": _list_lacks(result, decisions),
        "cell": protocol.limits.cell,
        "round_words": protocol.round_words[: result.rounds],
        "limits": tell_limits(protocol.limits),
        "noise": tell_noise(protocol.limits),
        "remarks": result.remarks,
    }
    return NetworkFacts.model_validate(to_plain(found))


def _describe_centre(result: NetworkResult, name: str) -> dict[str, object]:
    tables = {horizon: tabulate_centres(result, horizon) for horizon in result.protocol.horizons}
    counts = {
        horizon: {key: _to_count(table[key][name]) for key in ("n", "events", "unknown")}
        for horizon, table in tables.items()
        if name in table.index
    }
    withheld = {
        outcome: one.withheld[name]
        for outcome, one in result.outcomes.items()
        if name in one.withheld
    }
    dropped = result.dropped.get(name, "")
    return {"name": name, "counts": counts, "withheld": withheld, "dropped": dropped}


def _to_count(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _describe_predictor(centre: str, told: SharedSummary) -> dict[str, object]:
    cell: dict[str, object] = {"centre": centre, "predictor": told.name, "n": told.n}
    cell["missing"] = told.missing
    if told.number is not None:
        edges = [f"{edge:g}" for edge in told.number.edges]
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        counts = dict(zip(between, told.number.counts, strict=True))
        return cell | {"mean": told.number.mean, "sd": told.number.sd, "counts": counts}
    return cell | {"counts": told.shares or {}}


def _describe_outcome(one: NetworkOutcome) -> dict[str, object]:
    apart = one.heterogeneity
    slopes = bool(one.family)
    return {
        "n": one.n,
        "events": one.events,
        "centres": one.centres,
        "family": one.family,
        "prior_sd": one.prior_sd,
        "weight": one.weight,
        "settings": one.settings,
        "tau_intercept": _describe_tau(apart.intercept),
        "tau_slope": _describe_tau(apart.slope) if slopes else None,
        "random_slopes": apart.random_slopes,
        "change": one.change,
        "reason": one.reason,
    }


def _describe_tau(tau: Tau) -> dict[str, float]:
    names = ("estimate", "low", "high", "p_value")
    return {name: float(getattr(tau, name)) for name in names}


def _list_performance(table: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {
            "centre": row["site"],
            "n": int(row["n"]),
            "events": int(row["events"]),
            "measures": {
                measure: {
                    "estimate": row[measure],
                    "low": row[f"{measure}_low"],
                    "high": row[f"{measure}_high"],
                }
                for measure in CENTRE_MEASURES
                if pd.notna(row[measure])
            },
            "note": row["note"],
        }
        for row in table.to_dict("records")
    ]


def _list_pooled(pooled: pd.DataFrame) -> list[dict[str, Any]]:
    rows = pooled.loc[list(CENTRE_MEASURES)].reset_index().rename(columns={"sites": "centres"})
    rows["note"] = rows["note"].str.replace("sites", "centres")
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


# --------------------------------------------------------------------- what is not there, in words


def _list_lacks(result: NetworkResult, decisions: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what fewer rounds than there could be leave out, in sentences."""
    rounds = result.rounds
    lacks = []
    if rounds < 2:
        lacks.append(
            "One round only: the penalty was chosen by what each centre's own curve foretells of "
            "left-out centres, and no centre has tried it"
        )
    if rounds < 3:
        lacks.append(
            "Fewer than three rounds: the weight beside the share of responders was foretold, "
            "and no centre has tried it"
        )
    if result.protocol.limits.noise is not None:
        lacks.append(
            "With noise centres tell counts and sums for slopes alone: nothing of predictors, and "
            "none judges the model that was made without it"
        )
    elif not result.evaluation:
        lacks.append(
            "Fewer than four rounds: no centre has judged the model that was made without it"
            if rounds < 4
            else "No centre had enough responders and nonresponders to judge the model made "
            "without it"
        )
    change = max((one.change for one in result.outcomes.values()), default=0.0)
    if change > _CONVERGED:
        lacks.append(
            f"Not converged: the last round moved a coefficient by {change:.1g}; the estimate of "
            "all rows in one place would be a little different"
        )
    between = result.protocol.thresholds
    asked = 0 if between is None else len(make_thresholds(between, COARSE))
    return lacks + [
        f"Net benefit at {horizon.upper()} is told at {asked - len(missing)} of {asked} thresholds "
        "of the range: fewer than two centres may tell groups of risk at the others"
        for horizon, missing in _find_untold(result, decisions).items()
        if missing
    ]


def _find_untold(
    result: NetworkResult, decisions: Mapping[str, pd.DataFrame]
) -> dict[str, list[float]]:
    """Return by horizon the thresholds of the range at which no net benefit can be told."""
    between = result.protocol.thresholds
    if between is None:
        return {}
    return {horizon: list_untold(table, between) for horizon, table in decisions.items()}


def tell_limits(limits: Limits) -> list[str]:
    """Return what no share may hold, in sentences."""
    return [
        f"No count of fewer than {limits.cell} patients leaves a centre, nor one that gives such "
        "a one away",
        "A centre shares sums for slopes only of so few parameters that they are at most "
        f"{limits.parameters_share:.2g} times its patients with a known outcome",
        _tell_remaining(limits.remaining),
        "Gradients are rounded to "
        f"{join([str(decimals) for decimals in limits.gradient_decimals])} decimals, round by "
        f"round; curvatures, told in the first {limits.curvature_rounds}, to "
        f"{limits.curvature_decimals}",
    ]


def _tell_remaining(remaining: float) -> str:
    if remaining == 0:
        return "Whether a patient's values can be solved from what was shared was not asked"
    return (
        "Of each patient at least one number stays uncertain by "
        f"{100 * remaining:.0f}% of its spread for whoever solves all that a centre has shared"
    )


def tell_noise(limits: Limits) -> str:
    """Return whether noise was added to the shares, and what that means, in a sentence."""
    if limits.noise is None:
        return (
            "No noise was added: whoever knows all other patients of a centre can work out the "
            "last one's values from its sums"
        )
    return (
        "Noise was added to every count and sum (differential privacy, epsilon "
        f"{limits.noise.epsilon:g} and delta {limits.noise.delta:g} over all rounds): the "
        "estimates are less exact by it"
    )
