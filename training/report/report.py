"""The report of a study: a verdict, a page for people, and a few lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from features.dictionary.outcome import RULES
from training.document.document import (
    Block,
    Bullets,
    Document,
    Section,
    Table,
    each_row,
    format_percent,
    to_markdown,
)
from training.document.words import number, with_interval
from training.evaluation.evaluation import Evaluation
from training.evaluation.permutation_test import ENOUGH
from training.evaluation.verdict import make_verdict
from training.model.candidates import CANDIDATES
from training.model.weighting import WEIGHTINGS
from training.report.panel_section import lay_out_panel
from training.report.performance import lay_out_performance
from training.report.sections import (
    lay_out_blend,
    lay_out_instability,
    lay_out_learning,
    lay_out_missing,
    lay_out_null_test,
    lay_out_subgroups,
)
from training.store.facts import package_versions
from training.store.statements import INTERVAL_CAVEAT
from training.study.study import Description

if TYPE_CHECKING:
    import shap

__all__ = ["make_report", "summarise_report", "write_report"]

_IN_SHORT = {
    "auc": ("AUC", "auc"),
    "brier_skill": ("Brier skill", "scaled_brier"),
    "calibration_slope": ("calibration slope", "calibration_slope"),
    "o_e": ("observed : expected", "o_e"),
}  # metric of the cross-validation: its name, and the metric of the optimism that goes with it

_ENOUGH_RERUNS = 100
"""Bootstrap reruns below which corrected values are not to be quoted."""


def _rate(counts: dict[str, float]) -> str:
    if "base_rate" not in counts:
        return "–"
    low, high = format_percent(counts["low"]), format_percent(counts["high"])
    return f"{format_percent(counts['base_rate'])} ({low[:-1]} to {high})"


def _stamp(description: Description) -> str:
    if description.cohort.synthetic:
        return "DEMONSTRATION: trained on simulated patients, never for clinical use."
    return "RESEARCH USE ONLY."


def _lay_out_patients(description: Description) -> Section:
    flow = description.flow
    labels = description.labels.counts()
    rows = []
    for horizon in description.study.horizons:
        counts, sources = description.counts[horizon], labels[horizon]
        assert isinstance(sources, dict)
        rows.append(
            (
                horizon.upper(),
                f"{counts['n']:.0f}",
                f"{counts['events']:.0f}",
                _rate(counts),
                number(counts["events"] / description.parameters, 1),
                sources["score"],
                sources["wording"],
                sources["both"],
            )
        )
    blocks: list[Block] = [
        Table(
            "flow",
            "From all courses to those with a known outcome.",
            pd.DataFrame(
                {
                    "step": flow["step"],
                    "left": flow["remaining"],
                    "excluded": flow["excluded"],
                    "of those left: not known": flow["unknown_kept"],
                }
            ),
            values=flow,
        ),
        Bullets(
            tuple(
                f"{horizon.upper()}: {words}"
                for horizon, words in description.study.outcomes.items()
            )
        ),
        Table(
            "outcomes",
            "Outcomes.",
            pd.DataFrame(
                rows,
                columns=[
                    "horizon",
                    "known",
                    "responders",
                    "base rate (95% interval)",
                    "responders per parameter",
                    "by score",
                    "by wording",
                    "by both",
                ],
            ),
        ),
    ]
    if description.notices:
        blocks.append(Bullets(description.notices))
    return Section("Patients and outcomes", tuple(blocks))


def _lay_out_size(description: Description) -> Section:
    rows = [
        (
            horizon.upper(),
            need.n,
            need.events,
            need.parameters,
            "–" if need.needed is None else need.needed.n,
            number(need.expected_shrinkage),
        )
        for horizon, need in description.verdicts.items()
    ]
    return Section(
        "Sample size",
        (
            Table(
                "sample_size",
                "What was there, and what a development study needs.",
                pd.DataFrame(
                    rows,
                    columns=[
                        "horizon",
                        "known",
                        "responders",
                        "parameters",
                        "needed",
                        "expected shrinkage",
                    ],
                ),
                "Riley 2020, doi:10.1136/bmj.m441, at an AUC of 0.70 in new patients. Expected "
                "shrinkage: by this factor the coefficients of an unpenalised model of this size "
                "would be too large; 0.9 is good, under 0.7 it says more about these patients "
                "than about the next.",
            ),
        ),
    )


def _describe_methods(description: Description, evaluation: Evaluation | None) -> Section:
    study, resampling = description.study, description.study.resampling
    names = [CANDIDATES[name].label for name in CANDIDATES if name in study.procedure.candidates]
    items = [
        f"Predictors: {', '.join(v.label for v in description.data.predictors)} "
        f"({description.parameters} parameters).",
        f"Responder: {RULES[study.rule]}.",
        f"Candidates: {', '.join(names)}. Settings, weights and recalibration come from "
        f"{study.procedure.inner_repeats} x {study.procedure.inner_folds}-fold cross-validation "
        "inside every fit; missing predictors are filled in the same way at prediction.",
    ]
    if study.published_text:
        items.append(study.published_text)
    if evaluation is not None:
        items += [
            f"{resampling.repeats} x {resampling.folds}-fold cross-validation with the whole "
            f"procedure inside; intervals from {resampling.bootstrap} bootstrap resamples of "
            "patients. The AUC compares patients of the same fold only; calibration is computed "
            "over all patients of a repeat; repeats are averaged.",
            f"{resampling.bootstrap_reruns} reruns of the whole procedure on bootstrap samples "
            "stand behind optimism (Harrell 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::"
            "AID-SIM168>3.0.CO;2-4; .632+: Efron and Tibshirani 1997, "
            "doi:10.1080/01621459.1997.10474007) and instability (Riley and Collins 2023, "
            "doi:10.1002/bimj.202200302). An interval of a corrected value: 1.96 standard "
            "deviations of the optimism over the reruns, on the logit or log scale where the "
            "metric has a border.",
            f"Missing outcomes: {WEIGHTINGS[study.weighting]}. The fit itself takes outcomes as "
            "missing at random given the predictors, and is not weighted.",
        ]
        items.append(INTERVAL_CAVEAT.replace("The interval", "A patient's 95% interval", 1))
        if description.data.has_kept:
            items.append(
                "P(T2) = P(T1) x P(kept at T2 | responder at T1); the second is fitted among "
                "responders at T1 who were seen at T2."
            )
    packages = ", ".join(f"{name} {version}" for name, version in package_versions().items())
    items += [
        f"Seed {study.seed}; study file SHA-256 {study.sha256}; cohort SHA-256 "
        f"{description.cohort.sha256}.",
        f"Versions: {packages}.",
    ]
    return Section("How it was done", (Bullets(tuple(items)),))


def make_report(
    description: Description,
    evaluation: Evaluation | None,
    *,
    importance: pd.DataFrame | None = None,
    explained: shap.Explanation | None = None,
) -> Document:
    """Lay a study out, complete.

    Parameters
    ----------
    description : Description
        The cohort and what was asked.
    evaluation : Evaluation or None
        None where the data could not bear a model: the report is then descriptive.
    importance : DataFrame or None
        :func:`training.model.explanation.global_importance` of the frozen model.
    explained : shap.Explanation or None
        :func:`training.model.shap_view.to_shap` of the frozen model's background.

    Returns
    -------
    Document
        Holds counts and summaries, nothing of a single patient.
    """
    study = description.study
    if evaluation is None:
        verdict = f"Not enough data: no model was fitted. {description.shortfall}."
        sections = [_lay_out_patients(description)]
        if description.verdicts:
            sections.append(_lay_out_size(description))
    else:
        verdict, *sentences = make_verdict(evaluation, description.verdicts)
        sections = [
            Section("In short", (Bullets(tuple(sentences)),)),
            _lay_out_patients(description),
            _lay_out_size(description),
            *(
                lay_out_performance(description, horizon, found)
                for horizon, found in evaluation.judgements.items()
            ),
            lay_out_learning(description, evaluation),
            lay_out_instability(evaluation),
            lay_out_null_test(evaluation),
            lay_out_subgroups(evaluation),
            lay_out_missing(description, evaluation),
            lay_out_blend(description, evaluation, importance, explained),
        ]
        if evaluation.panel is not None:
            sections.append(
                lay_out_panel(evaluation.panel, study.panel, clinical=description.parameters)
            )
    return Document(
        title=study.title,
        lead=f"Population: {study.population}. Treatment: {study.treatment}.",
        stamp=f"{_stamp(description)} {verdict}",
        sections=(*sections, _describe_methods(description, evaluation)),
    )


def write_report(description: Description, evaluation: Evaluation | None) -> str:
    """Return the complete report as Markdown, without pictures.

    Parameters
    ----------
    description, evaluation
        As in :func:`make_report`.
    """
    return to_markdown(make_report(description, evaluation), pictures=False)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def summarise_report(description: Description, evaluation: Evaluation) -> str:
    """Return a study in a few lines, for the terminal (Markdown).

    Parameters
    ----------
    description, evaluation
        As in :func:`make_report`.
    """
    study = description.study
    verdict, *sentences = make_verdict(evaluation, description.verdicts)
    rows = []
    for horizon, found in evaluation.judgements.items():
        counts = description.counts[horizon]
        first = f"{horizon.upper()}: {counts['events']:.0f} of {counts['n']:.0f} responded"
        for metric, (label, twin) in _IN_SHORT.items():
            held = next(each_row(found.performance.loc[[metric]]))
            own = "–"
            if found.optimism is not None:
                row = next(each_row(found.optimism.loc[[twin]]))
                own = with_interval(row.corrected, row.low, row.high)
            rows.append([first, label, with_interval(held.estimate, held.low, held.high), own])
            first = _rate(counts) if metric == "auc" else ""
    flat = [
        f"{horizon.upper()}, AUC and slope: {note}."
        for horizon, found in evaluation.judgements.items()
        if (note := str(found.performance.loc["auc", "note"]))
    ]
    if description.data.has_kept:
        flat.append(
            "The share at T2 is that at T1 times the share that kept it: who did not respond at T1 "
            "is known without being seen again, so that the plain share is too low."
        )
    parts = [
        f"# {study.title}",
        f"**{_stamp(description)} {verdict}**",
        "\n".join(f"- {line}" for line in [*sentences, *flat, *description.notices]),
        _table(["", "", "cross-validated (95%)", "corrected for optimism (95%)"], rows),
        "\n".join(f"- {line}" for line in _tell_reruns(description, evaluation)),
        "\n".join(f"- {line}" for line in _tell_make_up(evaluation)),
    ]
    return "\n\n".join(parts) + "\n"


def _tell_reruns(description: Description, evaluation: Evaluation) -> list[str]:
    """Return how the two columns of the summary differ, and when the second is not to be quoted."""
    if not evaluation.instability:
        return ["Not corrected for optimism: bootstrap reruns were switched off."]
    lines = [
        "Cross-validated: held-out patients; the interval lacks the variance of refitting. "
        "Corrected: the model's own patients less the optimism of the reruns, Brier skill against "
        "the share in the same patients. Where the two differ, believe the lower."
    ]
    reruns = description.study.resampling.bootstrap_reruns
    if reruns < _ENOUGH_RERUNS:
        lines.append(
            f"Only {reruns} reruns: the corrected values and their intervals are not to be quoted "
            f"(resampling.bootstrap_reruns; at least {_ENOUGH_RERUNS})."
        )
    return lines


def _tell_make_up(evaluation: Evaluation) -> list[str]:
    fitted = {"Response": evaluation.fitted.first}
    if evaluation.fitted.kept is not None:
        fitted["Kept at T2"] = evaluation.fitted.kept
    lines = []
    for outcome, fit in fitted.items():
        if fit.reason:
            lines.append(f"{outcome}: everyone gets the same probability ({fit.reason}).")
            continue
        weights = sorted(fit.weights.items(), key=lambda item: -item[1])
        parts = ", ".join(f"{CANDIDATES[name].label} {number(w)}" for name, w in weights if w > 0)
        lines.append(f"{outcome}: {parts}; recalibration slope {number(fit.slope)}.")
    moved = [
        f"{number(summary['mean_absolute_prediction_error'], 3)} at {horizon.upper()}"
        for horizon, summary in evaluation.instability.items()
    ]
    if moved:
        lines.append(f"Instability (mean absolute prediction error): {', '.join(moved)}.")
    if evaluation.null_test is None:
        lines.append(f"Null test: not run (`--null-test {ENOUGH}`); a review asks for it.")
    if all(found.decisions is None for found in evaluation.judgements.values()):
        lines.append(
            "No range of decision thresholds is set: no decision curve, and a review asks for one "
            "that was set before training (`[decision] thresholds`)."
        )
    return lines
