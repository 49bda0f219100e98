"""The report of a network: the result, the centres, how it does at each, who shared what."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from training.document.document import Block, Bullets, Document, Picture, Section, Table, each_row
from training.document.words import METRICS, capital, share_with_interval, with_interval
from training.measures.pooling.sites import MEASURES
from training.network.publishing.network_judgement import NetworkJudgement
from training.network.publishing.plots import plot_calibration_over_centres
from training.network.result import NetworkResult
from training.report.centres import (
    list_centre_warnings,
    make_centre_performance_table,
    make_heterogeneity_table,
    make_patients_by_centre_table,
    make_pooled_table,
    make_settings_table,
    make_shares_table,
)
from training.report.plots import plot_decision_curve, plot_importance, plot_sites
from training.report.tables import make_blend_table, make_size_table, make_thresholds_table
from training.store.found import DecisionCurve
from training.store.headline import list_next
from training.store.optional.network_found import NEEDS_ROWS, NetworkFacts
from training.store.part import Horizon, NotDone
from training.store.results import Results

__all__ = ["make_network_report"]

_WORDS = {"response": "response", "kept": "kept at T2"}
_SHOWN = ("brier_skill", "auc", "calibration_slope", "o_e")


def make_network_report(
    result: NetworkResult, judged: NetworkJudgement, results: Results, importance: pd.DataFrame
) -> Document:
    """Lay out what a network found; counts, sums and summaries, nothing of a single patient.

    Parameters
    ----------
    result, judged : NetworkResult, NetworkJudgement
        What it found, and how the model does where it was not made.
    results : Results
        The same as a document.
    importance : DataFrame
        :func:`training.model.importance.global_importance` over the model's background.

    Returns
    -------
    Document
    """
    network = results.network
    assert network is not None, "results of a network tell of it"
    study = results.study
    stamp = (
        "DEMONSTRATION: simulated patients, never for clinical use."
        if result.synthetic
        else "RESEARCH USE ONLY."
    )
    return Document(
        title=study.title,
        lead=f"{len(network.names)} centres, one model, and every patient's values stayed at the "
        f"centre. Population: {study.population}. Treatment: {study.treatment}.",
        stamp=f"{stamp} {results.verdict[0]}",
        sections=(
            _make_summary(results),
            _make_centres(results, network),
            Section("Sample size", (make_size_table(results.sample_size),)),
            *(_make_performance(result, judged, results, network, h) for h in results.horizons),
            _make_differences(network),
            _make_composition(results, importance),
            _make_protection(network),
            _make_methods(results, network),
        ),
        summary=True,
    )


def _make_summary(results: Results) -> Section:
    findings = results.findings or {}
    columns: dict[str, list[str]] = {"": ["responded", *(METRICS[m].label for m in _SHOWN)]}
    for horizon in results.horizons:
        count = results.counts[horizon]
        told = [share_with_interval(count.base_rate, count.low, count.high)]
        for metric in _SHOWN:
            row = results.find_performance(horizon, metric)
            told.append("" if row is None else with_interval(row.estimate, row.low, row.high))
        columns[f"{horizon.upper()} (95% interval)"] = told
    responded = "of all whose outcome is known; at T2 the share at T1 times that of who kept it"
    columns["how to read it"] = [responded, *(METRICS[m][1] for m in _SHOWN)]
    steps = list_next(findings, model=results.study.name)
    return Section(
        "Summary",
        (
            Bullets(tuple(results.headline or ()), "headline"),
            Table(
                "summary",
                "The numbers that matter: means over centres that the model was made without.",
                pd.DataFrame(columns),
            ),
            Bullets(tuple(results.verdict[1:])),
            "What to do next:",
            Bullets(tuple(steps)),
        ),
        "summary",
    )


def _make_centres(results: Results, network: NetworkFacts) -> Section:
    warnings = list_centre_warnings(network)
    blocks: list[Block] = [
        make_patients_by_centre_table(network, results.predictors, results.horizons)
    ]
    if warnings:
        blocks.insert(0, Bullets(tuple(warnings), "warning"))
    return Section("Patients by centre", tuple(blocks))


def _make_performance(
    result: NetworkResult,
    judged: NetworkJudgement,
    results: Results,
    network: NetworkFacts,
    horizon: Horizon,
) -> Section:
    name, title = horizon.upper(), f"Performance at {horizon.upper()}"
    outcome = f"Outcome: {results.study.outcomes[horizon]}."
    rows = network.performance.get(horizon)
    if not rows:
        return Section(title, (outcome, "No centre has judged the model made without it."))
    blocks: list[Block] = [
        outcome,
        make_centre_performance_table(horizon, rows),
        make_pooled_table(horizon, network.pooled[horizon]),
        Picture(
            f"centres_{horizon}",
            f"AUC, observed : expected and calibration slope at each centre, {name}, with "
            "responders/patients; below, the mean over centres and where a further centre is "
            "expected.",
            f"Forest plots of performance by centre at {name}",
            partial(plot_sites, result.evaluation[horizon], judged.pooled[horizon], word="centre"),
            f"By centre, {name}",
        ),
    ]
    groups = pd.DataFrame([g.to_json() for g in results.calibration[horizon].groups])
    if not groups.empty and not results.is_constant(horizon):
        blocks.append(
            Picture(
                f"calibration_{horizon}",
                f"Calibration at {name}: observed share of responders over the predicted "
                "probability, in groups of patients of like risk. Grey: the groups that each "
                "centre counted; dark: the same added up over centres, with 95% intervals.",
                f"Calibration at {name}",
                partial(plot_calibration_over_centres, groups, result.groups[horizon]),
                f"Calibration, {name}",
            )
        )
    return Section(title, (*blocks, *_make_decisions(judged, results, horizon)))


def _make_decisions(
    judged: NetworkJudgement, results: Results, horizon: Horizon
) -> tuple[Block, ...]:
    found, name = results.decision[horizon], horizon.upper()
    if isinstance(found, NotDone):
        return (f"No decision curve: {found.reason}.",)
    curve, thresholds = judged.decisions[horizon], _list_thresholds(found)
    groups = {(row.centres, row.n): row for row in each_row(curve)}
    behind = "; ".join(
        f"{row.centres:.0f} centres and {row.n:.0f} patients" for row in groups.values()
    )
    note = (
        f"Added up over the centres that tell it: {behind}. Where a centre's groups and their bins "
        "begin, its patients are counted; between, they are taken as spread evenly about their "
        "mean risk. "
    )
    blocks: list[Block] = [make_thresholds_table(horizon, thresholds, curve, note)]
    if len(curve) > 1:
        blocks.append(
            Picture(
                f"decision_{horizon}",
                f"Net benefit at {name}, at the thresholds that at least two centres tell. Of use "
                "is the highest line.",
                f"Decision curve at {name}",
                partial(plot_decision_curve, curve),
                f"Decision curve, {name}",
            )
        )
    return tuple(blocks)


def _list_thresholds(found: DecisionCurve) -> pd.DataFrame:
    table = pd.DataFrame([row.model_dump() for row in found.thresholds])
    return table.astype(np.float64)


def _make_differences(network: NetworkFacts) -> Section:
    blocks: list[Block] = [make_heterogeneity_table(network)]
    if any(found.settings for found in network.outcomes.values()):
        blocks.append(make_settings_table(network))
    return Section("How centres differ", tuple(blocks))


def _make_composition(results: Results, importance: pd.DataFrame) -> Section:
    labels = {predictor.name: predictor.label for predictor in results.predictors}
    reasons = tuple(
        f"{capital(_WORDS[outcome])}: everyone at a centre gets the same probability"
        + (f" ({blend.reason})" if blend.reason else "")
        + "."
        for outcome, blend in results.blend.items()
        if blend.constant
    )
    blocks: list[Block] = [make_blend_table(results.blend, _WORDS)]
    if reasons:
        blocks.append(Bullets(reasons))
    for horizon in results.horizons:
        if not results.is_constant(horizon):
            rows = importance[importance["horizon"] == horizon]
            blocks.append(
                Picture(
                    f"importance_{horizon}",
                    f"How far each predictor moves the probability at {horizon.upper()}, on "
                    "average over made-up patients. It tells what the model uses, not what "
                    "causes response.",
                    f"What moves the estimate at {horizon.upper()}",
                    partial(plot_importance, rows, labels=labels),
                    f"What moves the estimate, {horizon.upper()}",
                )
            )
    return Section("What the estimate is made of", tuple(blocks))


def _make_protection(network: NetworkFacts) -> Section:
    rounds = tuple(f"Round {k}: {words}" for k, words in enumerate(network.round_words, start=1))
    rules = tuple(
        f"{text.rstrip('.')}." for text in (*network.limits, network.noise, *network.remarks)
    )
    return Section(
        "Who shared what, and data protection",
        (
            "Every centre read its own patients, wrote one file in each round and signed it. "
            "Nothing else left it.",
            make_shares_table(network),
            Bullets(rounds),
            Bullets(rules),
        ),
    )


def _make_methods(results: Results, network: NetworkFacts) -> Section:
    change = max((found.change or 0.0 for found in network.outcomes.values()), default=0.0)
    packages = ", ".join(f"{name} {found}" for name, found in results.versions.items())
    items = [
        f"Predictors: {', '.join(p.label for p in results.predictors)} ({results.parameters} "
        "parameters); their columns are scaled by agreed numbers, never by a centre's rows.",
        f"Responder: {results.study.rule_text}.",
        "Penalised logistic regression: each centre's log-likelihood, expanded to second order, is "
        "added up with an intercept for each centre (Jonker 2024, doi:10.1002/sim.10072); each "
        "further round expands it again where the last one led (Newton), which ends at the "
        "estimate of all rows in one place. In the last round no coefficient moved by more than "
        f"{change:.1g}.",
        "Penalty: of least deviance at left-out centres. The model is then drawn toward the share "
        "of responders by a weight that left-out centres bear out.",
        f"{' and '.join(MEASURES.values())}, calibration in the large, Brier score and skill: each "
        "centre judged the model made without it. Over centres: restricted maximum likelihood, "
        "intervals by Hartung and Knapp (Debray 2017, doi:10.1136/bmj.i6460). The penalty was "
        "chosen over all centres, the judged one among them: a small optimism is left in.",
        f"Optimism, stability under resampling, a null test and subgroups: not done; {NEEDS_ROWS}.",
        f"Lead: {network.lead}, key {network.lead_key}. Protocol SHA-256 "
        f"{network.protocol_sha256}. Seed {results.study.seed}.",
        f"Versions: {packages}.",
    ]
    if "kept" in network.outcomes:
        items.insert(
            3,
            "P(T2) = P(T1) x P(kept at T2 | responder at T1). At T2 each centre judges it as a "
            "study does: a responder at T1 who was seen stands also for those alike who were not.",
        )
    return Section("How it was done", (Bullets(tuple(items)),))
