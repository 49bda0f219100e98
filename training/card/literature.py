"""What a model says beside what is published: base rates, predictors, contradictions. CRPS only.

The published studies hold no validated predictor of response that is known before admission. A
model that leans on disease duration, depression or dose contradicts the only placebo-controlled
trial, which found no effect of any of them: in the small cohorts at hand the likeliest reason is
chance, and the card says so.

References
----------
Sigtermans 2009, doi:10.1016/j.pain.2009.06.023; Mangnus 2021, doi:10.1111/papr.13056.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from features.published.rates import PooledBaseRate, published_base_rate, read_pooled_rates
from features.published.references import MANGNUS, SIGTERMANS, STRICT, read_data
from training.card.schema import OWN_RATE, BaseRateRow, KnownPredictor
from training.document.words import percent
from training.report.shares import tell_results_share
from training.store.part import Horizon
from training.store.results import Results

__all__ = ["compare_base_rates", "compute_shares", "describe_predictors", "find_contradictions"]

STRONG_SHARE = 0.25
"""Share of what moves the estimate from which a model is said to rank by a predictor."""


@dataclass(frozen=True)
class Known:
    """What is published on one candidate predictor.

    Parameters
    ----------
    matter : str
        The predictor.
    names : tuple of str
        Variables that measure it; a word that ends in "*" stands for every name that holds it.
    finding : str
        What was found.
    strength : str
        How far to trust it.
    studies : tuple of str
        Where it stands.
    no_effect : bool
        Whether the trial found no effect: a model that ranks by it contradicts the trial.
    """

    __pydantic_config__ = STRICT

    matter: str
    names: tuple[str, ...]
    finding: str
    strength: str
    studies: tuple[str, ...]
    no_effect: bool

    @property
    def source(self) -> str:
        """The references."""
        return "; ".join(_REFERENCES[study].text for study in self.studies)

    def covers(self, name: str) -> bool:
        """Return whether a variable of this name measures it."""
        return any(
            pattern[:-1] in name if pattern.endswith("*") else pattern == name
            for pattern in self.names
        )


_REFERENCES = {paper.study: paper for paper in (MANGNUS, SIGTERMANS)}
KNOWN_PREDICTORS = TypeAdapter(tuple[Known, ...]).validate_json(read_data("known_predictors.json"))
"""What the papers hold on the candidate predictors."""


def _describe_new_centre(pooled: PooledBaseRate) -> str:
    if pooled.prediction_interval is None:
        return pooled.note
    low, high = pooled.prediction_interval
    return f"{pooled.note} A new centre may see a rate from {low:.0%} to {high:.0%}."


def compare_base_rates(results: Results) -> list[BaseRateRow]:
    """Return the cohort's responder rates beside the published ones.

    Returns
    -------
    list of BaseRateRow
        The cohort's own first. Empty for another condition than CRPS, where nothing
        comparable is held.
    """
    if results.study.condition != "CRPS":
        return []
    rows: list[BaseRateRow] = []
    for horizon in results.horizons:
        own = results.counts[horizon]
        if own.base_rate is not None and own.low is not None and own.high is not None:
            rows.append(
                BaseRateRow(
                    horizon=horizon,
                    what="this cohort",
                    rate=own.base_rate,
                    low=own.low,
                    high=own.high,
                    n=own.n,
                    events=own.events,
                    source=OWN_RATE,
                    note=tell_results_share(results, horizon),
                )
            )
        found = published_base_rate(horizon)
        low, high = found.interval
        rows.append(
            BaseRateRow(
                horizon=horizon,
                what=found.outcome,
                rate=found.rate,
                low=low,
                high=high,
                n=found.n,
                events=found.events,
                source=found.reference.text,
                note=found.note,
            )
        )
        when = "immediate" if horizon == "t1" else "1-3 months"
        rows += [
            BaseRateRow(
                horizon=horizon,
                what=f"{pooled.outcome}, {pooled.studies} studies pooled "
                f"({pooled.origin}): another outcome",
                rate=pooled.rate,
                low=pooled.interval[0],
                high=pooled.interval[1],
                n=None,
                events=None,
                source=pooled.reference.text,
                note=_describe_new_centre(pooled),
            )
            for pooled in read_pooled_rates()
            if pooled.horizon == when
        ]
    return rows


def compute_shares(results: Results, horizon: Horizon) -> dict[str, float]:
    """Return each predictor's share of what moves the estimate at a horizon.

    Returns
    -------
    dict of str to float
        Mean absolute contributions divided by their sum, largest first; empty where everyone gets
        the same estimate.
    """
    moved = {
        row.predictor: row.mean_absolute_contribution
        for row in results.importance
        if row.horizon == horizon
    }
    total = sum(moved.values())
    if total < 1e-9:
        return {}
    return {name: moved[name] / total for name in sorted(moved, key=lambda name: -moved[name])}


def describe_predictors(results: Results) -> list[KnownPredictor]:
    """Return what is published on each candidate predictor, and what this model makes of it.

    Returns
    -------
    list of KnownPredictor
        With the share of what moves the estimate; None where the model has no such predictor.
    """
    if results.study.condition != "CRPS":
        return []
    shares = {h: compute_shares(results, h) for h in results.horizons}
    used = [predictor.name for predictor in results.predictors]
    rows = []
    for known in KNOWN_PREDICTORS:
        names = [name for name in used if known.covers(name)]
        rows.append(
            KnownPredictor(
                matter=known.matter,
                finding=known.finding,
                strength=known.strength,
                source=known.source,
                shares={
                    h: sum(found.get(name, 0.0) for name in names) if names else None
                    for h, found in shares.items()
                },
            )
        )
    return rows


def find_contradictions(results: Results) -> list[str]:
    """Return every way in which the model contradicts the only placebo-controlled trial.

    A model ranks by a predictor if that moves the estimate most of all, or makes up
    :data:`STRONG_SHARE` of what moves it.
    """
    if results.study.condition != "CRPS":
        return []
    sentences = []
    for horizon in results.horizons:
        shares = compute_shares(results, horizon)
        for known in KNOWN_PREDICTORS:
            if not known.no_effect:
                continue
            share = sum(part for name, part in shares.items() if known.covers(name))
            first = next(iter(shares), "")
            if share >= STRONG_SHARE or known.covers(first):
                sentences.append(
                    f"{horizon.upper()}: the model ranks patients by {known.matter} "
                    f"({percent(share)} of what moves the estimate). The only "
                    f"placebo-controlled trial found no effect of it ({known.source}). In so "
                    "few patients chance is the likeliest reason."
                )
    return sentences
