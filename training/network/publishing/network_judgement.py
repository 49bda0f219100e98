"""How a network's model does where it was not made, and what so many patients can bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.dictionary.outcome_words import HORIZON_WORDS
from features.shares import compute_product_of_shares, compute_wilson_interval
from training.document.document import row_of
from training.document.words import with_interval
from training.evaluation.verdict import tell_whether_enough
from training.measures.sample_size.verdict import SizeVerdict, compute_size_verdict
from training.measures.spread import Spread, compute_spread
from training.network.publishing.judging import pool_centres, sum_decisions, tabulate_performance
from training.network.result import NetworkResult
from training.store.asked import OutcomeCount
from training.store.headline import Finding
from training.study.study import count_straight_parameters

__all__ = [
    "NetworkJudgement",
    "count_unknown",
    "find_network",
    "judge_network",
    "tabulate_behind",
    "tabulate_centres",
    "tell_network_verdict",
]


@dataclass(frozen=True, eq=False)
class NetworkJudgement:
    """How the model does where it was not made, and what so many patients can bear.

    Parameters
    ----------
    counts : dict of str to OutcomeCount
        By horizon, of the patients whom the model is made of.
    pooled : dict of str to DataFrame
        By horizon, :func:`training.network.publishing.judging.pool_centres`.
    performance : dict of str to DataFrame
        The same as a study has it.
    decisions : dict of str to DataFrame
        :func:`training.network.publishing.judging.sum_decisions`; none without a range.
    sizes : dict of str to SizeVerdict
        By horizon; none where one class is absent.
    spread : dict of str to Spread
        How far the estimates of made-up patients at a new centre lie from one another.
    """

    counts: dict[str, OutcomeCount]
    pooled: dict[str, pd.DataFrame]
    performance: dict[str, pd.DataFrame]
    decisions: dict[str, pd.DataFrame]
    sizes: dict[str, SizeVerdict]
    spread: dict[str, Spread]


def judge_network(result: NetworkResult) -> NetworkJudgement:
    """Put together what the centres found, and what so many patients can bear."""
    protocol = result.protocol
    horizons = protocol.horizons
    pooled = {h: pool_centres(result.evaluation.get(h)) for h in horizons}
    counts = {h: _count(result, h) for h in horizons}
    estimates = result.model.probability(result.model.background).T
    spread = {h: compute_spread(p) for h, p in zip(horizons, estimates, strict=True)}
    decisions = {}
    if protocol.thresholds is not None:
        decisions = {
            h: sum_decisions(table, protocol.thresholds) for h, table in result.decision.items()
        }
    return NetworkJudgement(
        counts=counts,
        pooled=pooled,
        performance={h: tabulate_performance(table) for h, table in pooled.items()},
        decisions=decisions,
        sizes={
            h: _judge_size(result, h, counts[h], pooled[h], spread[h])
            for h in horizons
            if 0 < counts[h].events < counts[h].n
        },
        spread=spread,
    )


def tabulate_centres(result: NetworkResult, horizon: str) -> pd.DataFrame:
    """Return the counts of each centre that took part.

    Parameters
    ----------
    result : NetworkResult
        Of the network.
    horizon : str
        Such as "t1".

    Returns
    -------
    DataFrame
        Indexed by centre: `n`, `events`, `unknown`; NaN where not told, neither when patients were
        counted nor when the model was judged.
    """
    table = result.counts[horizon].reindex(result.centres)
    judged = result.evaluation.get(horizon)
    if judged is not None:
        table = table.combine_first(judged.set_index("site")[["n", "events"]].astype(np.float64))
    return table.loc[list(result.centres), ["n", "events", "unknown"]]


def tabulate_behind(result: NetworkResult, horizon: str) -> pd.DataFrame:
    """Return the same of the centres whose patients stand behind the model."""
    return tabulate_centres(result, horizon).loc[list(result.outcomes["response"].centres)]


def count_unknown(result: NetworkResult, horizon: str) -> int:
    """Return at most how many outcomes of the patients behind the model are not known.

    Where a centre does not tell so small a number, it counts as the largest that is not told.
    """
    unknown = tabulate_behind(result, horizon)["unknown"]
    return int(unknown.fillna(result.protocol.limits.cell - 1).sum())


def _count(result: NetworkResult, horizon: str) -> OutcomeCount:
    """Return patients and responders behind the model."""
    first = result.outcomes["response"]
    told = tabulate_behind(result, horizon).dropna(subset=["n", "events"])
    n, events = int(told["n"].sum()), int(told["events"].sum())
    if horizon == result.protocol.horizons[0]:
        n, events = first.n, first.events  # as every centre told for the fit
    if n == 0:
        return OutcomeCount(n=0, events=0)
    kept = result.outcomes.get("kept")
    if horizon == "t2" and kept is not None and kept.events:
        # As of a study: nonresponders at T1 count without being seen again, responders do not.
        rate, low, high = compute_product_of_shares(
            _spell(first.n, first.events), _spell(kept.n, kept.events)
        )
    else:
        rate = events / n
        low, high = map(float, compute_wilson_interval(events, n))
    return OutcomeCount(n=n, events=events, base_rate=rate, low=low, high=high)


def _spell(n: int, events: int) -> FloatArray:
    return np.repeat([1.0, 0.0], [events, n - events])


def _judge_size(
    result: NetworkResult, horizon: str, count: OutcomeCount, pooled: pd.DataFrame, spread: Spread
) -> SizeVerdict:
    protocol = result.protocol
    columns = protocol.basis.linear_
    fitted = len(columns) if "bends" in protocol.families else int(columns.sum())
    parameters = count_straight_parameters(protocol.predictor_variables)
    auc = row_of(pooled, "auc")
    return compute_size_verdict(
        count.n,
        count.events,
        parameters,
        horizon=horizon.upper(),
        fitted=fitted if fitted != parameters else None,
        own=None if spread.constant or np.isnan(auc.estimate) else (auc.estimate, auc.low),
    )


def find_network(result: NetworkResult, judged: NetworkJudgement, horizon: str) -> Finding:
    """Return what was found at a horizon, for its sentence."""
    count, spread = judged.counts[horizon], judged.spread[horizon]
    size, name = judged.sizes.get(horizon), HORIZON_WORDS[horizon]
    skill = row_of(judged.pooled[horizon], "brier_skill")
    return Finding(
        where=name if name in result.protocol.outcomes[horizon] else horizon.upper(),
        n=count.n,
        base_rate=count.base_rate or 0.0,
        simulated=result.synthetic,
        mean=spread.mean,
        low=spread.low,
        high=spread.high,
        constant=spread.constant,
        better=bool(skill.low > 0),
        enough=size is not None and size.enough,
        needed=None if size is None or size.needed is None else size.needed.n,
    )


def tell_network_verdict(judged: NetworkJudgement) -> list[str]:
    """Return what the patients of all centres can bear, one plain sentence for each finding."""
    sentences, enough = [], True
    for horizon, table in judged.performance.items():
        name, skill = horizon.upper(), row_of(table, "brier_skill")
        told = with_interval(skill.estimate, skill.low, skill.high)
        better = bool(skill.low > 0)
        enough = enough and better
        if np.isnan(skill.estimate):
            sentences.append(
                f"{name}: how it does at centres left out is not known ({skill.note})."
            )
        elif better:
            sentences.append(
                f"{name}: better than the share of responders at centres that it was made without "
                f"(Brier skill {told})."
            )
        else:
            sentences.append(
                f"{name}: no evidence that the model predicts better than the share of responders "
                f"at centres that it was made without (Brier skill {told})."
            )
        size = judged.sizes.get(horizon)
        enough = enough and size is not None and size.enough
        if size is not None:
            sentences.append(f"{size.text}.")
    return [tell_whether_enough(enough), *sentences]
