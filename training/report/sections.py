"""The sections of a study's report: what each table and picture says, in words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from training.document.document import Block, Bullets, Picture, Section, Table, each_row
from training.document.words import METRICS, estimate, number, percent, with_interval
from training.evaluation.evaluation import Evaluation
from training.evaluation.null_test import BAND, ENOUGH
from training.fitting.candidates import CANDIDATES
from training.fitting.weighting import WEIGHTINGS
from training.measures.subgroups import MIN_PER_CLASS
from training.report.plots import (
    plot_calibration_instability,
    plot_classification_instability,
    plot_importance,
    plot_learning_curve,
    plot_null_test,
    plot_prediction_instability,
    plot_subgroups,
)
from training.study.study import Description

if TYPE_CHECKING:
    import shap

    from training.document.style import PaperFigure

__all__ = [
    "make_blend_section",
    "make_instability_section",
    "make_learning_section",
    "make_missing_section",
    "make_null_test_section",
    "make_subgroups_section",
]

# ------------------------------------------------------------------------- stability


def make_instability_section(evaluation: Evaluation) -> Section:
    """Return how far probabilities, decisions and calibration move with other patients."""
    blocks: list[Block] = []
    rows = []
    for horizon, found in evaluation.judgements.items():
        if found.instability is None:
            continue
        name, stable = horizon.upper(), found.instability
        rows.append(
            (
                name,
                number(stable.summary["mean_absolute_prediction_error"], 3),
                number(stable.summary["p90_prediction_error"], 3),
                f"{stable.summary['n_resamples']:.0f}",
            )
        )
        blocks += [
            Picture(
                f"prediction_instability_{horizon}",
                f"Reruns' probabilities of patients whose served probability is similar, {name}.",
                f"Bands of the reruns' probabilities at {name}.",
                partial(_draw_predictions, stable.predictions, name),
            ),
            Picture(
                f"calibration_instability_{horizon}",
                f"Calibration of the reruns' models in the original patients, {name}. A line "
                "belongs to a model, not to a patient.",
                f"Calibration curves of the reruns at {name}.",
                partial(_draw_curves, stable.calibration, stable.curves, name),
            ),
            Picture(
                f"classification_instability_{horizon}",
                f"How often a rerun puts a patient on the other side of a threshold, {name}.",
                f"Classification instability over thresholds at {name}.",
                partial(_draw_classes, stable.classification, name),
            ),
            Table(
                f"classification_instability_{horizon}",
                f"Classification instability, {name}.",
                pd.DataFrame(
                    [
                        (
                            percent(row.threshold),
                            percent(row.share_positive),
                            percent(row.classification_instability),
                            percent(row.unstable_patients),
                        )
                        for row in each_row(stable.classification)
                    ],
                    columns=[
                        "threshold",
                        "at or above",
                        "on the other side by a rerun",
                        "patients whom over a fifth of reruns turn",
                    ],
                ),
                values=stable.classification,
            ),
        ]
    if not rows:
        return Section("Instability", ("Bootstrap reruns were switched off: not looked at.",))
    failed = evaluation.failures
    words = (
        "The whole procedure was rerun on bootstrap samples of the patients. How far a patient's "
        "probability moves is instability; it is not a confidence interval of the true risk."
    )
    if failed:
        words += f" {len(failed)} reruns gave no model ({', '.join(sorted(set(failed)))})."
    table = Table(
        "instability",
        "Distance of the reruns' probabilities from the served one.",
        pd.DataFrame(
            rows,
            columns=[
                "",
                "mean absolute prediction error",
                "least stable tenth of patients above",
                "reruns",
            ],
        ),
        "Mean over patients and reruns: 0.10 means that another cohort would typically have moved "
        "a patient's probability by 10 percentage points.",
    )
    return Section("Instability", (words, table, *blocks))


def _draw_predictions(table: pd.DataFrame, name: str) -> PaperFigure:
    return plot_prediction_instability(table, title=f"Prediction instability, {name}")


def _draw_curves(table: pd.DataFrame, curves: Any, name: str) -> PaperFigure:
    figure = plot_calibration_instability(table, curves, title=f"Calibration instability, {name}")
    return figure


def _draw_classes(table: pd.DataFrame, name: str) -> PaperFigure:
    title = f"Classification instability, {name}"
    return plot_classification_instability(table, title=title)


# ------------------------------------------------------------------------- parts and gaps


def make_subgroups_section(evaluation: Evaluation) -> Section:
    """Return how the procedure does in parts of the cohort."""
    blocks: list[Block] = [
        "By sex, age, duration, site and medication, as set before the results were seen. "
        "Differences between parts of a small cohort are mostly chance; a part that does as well "
        "as the others shows only that no gross difference was seen."
    ]
    for horizon, found in evaluation.judgements.items():
        name, table = horizon.upper(), found.subgroups
        rows = [
            (
                row.variable,
                row.subgroup,
                row.n,
                row.events,
                estimate(row, "auc"),
                estimate(row, "o_e"),
                row.note,
            )
            for row in each_row(table)
        ]
        blocks += [
            Table(
                f"subgroups_{horizon}",
                f"Parts of the cohort, {name}, cross-validated.",
                pd.DataFrame(
                    rows,
                    columns=[
                        "",
                        "part",
                        "known",
                        "responders",
                        "AUC (95%)",
                        "observed : expected (95%)",
                        "note",
                    ],
                ),
                f"Not estimable under {MIN_PER_CLASS} responders or nonresponders; parts of one or "
                "two patients are left out. Intervals lack the variance of refitting.",
                table,
            ),
            Picture(
                f"subgroups_{horizon}",
                f"AUC and observed : expected by part of the cohort, {name} (responders/known).",
                f"Subgroups at {name}.",
                partial(_draw_subgroups, table, name),
            ),
        ]
    return Section("Parts of the cohort", tuple(blocks))


def _draw_subgroups(table: pd.DataFrame, name: str) -> PaperFigure:
    return plot_subgroups(table, title=f"Parts of the cohort, {name}")


def make_missing_section(description: Description, evaluation: Evaluation) -> Section:
    """Return who has no known outcome, and how far they could move the result."""
    study, data = description.study, description.data
    blocks: list[Block] = [f"Weights: {WEIGHTINGS[study.weighting]}."]
    bounds = []
    for horizon, found in evaluation.judgements.items():
        name = horizon.upper()
        unknown = found.bounds.attrs["unknown"]
        whom = "all eligible patients"
        if horizon == "t2" and data.has_kept:
            whom = "responders at T1"
        if found.seen is not None:
            blocks.append(
                Table(
                    f"seen_{horizon}",
                    f"Patients whose {name} is known beside those whose {name} is not, among "
                    f"{whom}.",
                    found.seen.rename(columns={"characteristic": "", "smd": "difference (SMD)"}),
                    "A difference above 0.1 means that those seen are not like those not seen. "
                    "Variables known of fewer than three patients in either group are left out.",
                    found.seen,
                )
            )
        elif unknown:
            blocks.append(
                f"{name}: of {whom}, too few have a known outcome, or too few have none, for the "
                "one group to be described beside the other."
            )
        bounds += [
            (
                name,
                unknown,
                METRICS[metric].label,
                *(number(value) for value in (row.known, row.lowest, row.highest)),
            )
            for metric, row in zip(found.bounds.index, each_row(found.bounds), strict=True)
        ]
    blocks.append(
        Table(
            "outcome_bounds",
            "What the unknown outcomes could change.",
            pd.DataFrame(
                bounds, columns=["", "unknown", "", "known outcomes", "lowest", "highest"]
            ),
            "Lowest and highest over everyone, whatever the unknown outcomes are and for whatever "
            "reason they are missing: from no responder among them to all, and for each number in "
            "between those with the highest or lowest cross-validated probabilities. Not weighted. "
            "An AUC averaged over repeats can still pass its ends by a hundredth or two.",
            pd.concat(
                [
                    found.bounds.reset_index().assign(horizon=h)
                    for h, found in evaluation.judgements.items()
                ],
                ignore_index=True,
            ),
        )
    )
    return Section("Patients without a known outcome", tuple(blocks))


# ------------------------------------------------------------------------- leaks, make-up


def make_null_test_section(evaluation: Evaluation) -> Section:
    """Return whether the procedure finds something where there is nothing."""
    table = evaluation.null_test
    if table is None:
        return Section(
            "Null test",
            (
                f"Not run. `ketresponse train STUDY --null-test {ENOUGH}` judges the procedure on "
                "permuted outcomes, in which there is nothing to find.",
            ),
        )
    labels = {name: candidate.label for name, candidate in CANDIDATES.items()}
    rows = [
        (
            row.horizon.upper(),
            labels.get(row.model, row.model),
            number(row.auc, 3),
            number(row.mc_error, 3),
            row.n_permutations,
            percent(row.share_constant),
            row.verdict,
        )
        for row in each_row(table)
    ]
    return Section(
        "Null test",
        (
            "Outcomes were permuted over the patients, both horizons together, and the procedure "
            f"judged by one cross-validation each. A mean AUC outside {BAND[0]} to {BAND[1]}, by "
            "more than its Monte Carlo error explains, is a leak: held-out outcomes reach the fit. "
            "Passing shows no leak in what was rerun here; what was done to the data before the "
            "cohort was read is not.",
            Table(
                "null_test",
                "Mean AUC on permuted outcomes.",
                pd.DataFrame(
                    rows,
                    columns=[
                        "",
                        "model",
                        "mean AUC",
                        "Monte Carlo error",
                        "permutations",
                        "folds with one risk for everyone",
                        "verdict",
                    ],
                ),
                "Candidates alone, before recalibration, and the whole procedure. Only folds in "
                f"which a model tells patients apart count. Under {ENOUGH} permutations the test "
                'does not count for approval; "uncertain" needs more of them.',
                table,
            ),
            Picture(
                "null_test",
                "Mean AUC on permuted outcomes with 95% Monte Carlo intervals.",
                "Null test by model and horizon.",
                lambda: plot_null_test(table, labels, title="Null test"),
            ),
        ),
    )


def make_learning_section(description: Description, evaluation: Evaluation) -> Section:
    """Return how performance changes with the number of patients learnt from."""
    if not evaluation.learning:
        return Section("Learning curve", ("Switched off: not looked at.",))
    blocks: list[Block] = [
        "The whole procedure fitted on parts of each training fold and judged in the same held-out "
        "patients. Dashed: the curve continued as a + b / n, an outlook and no result."
    ]
    for horizon, table in evaluation.learning.items():
        name, verdict = horizon.upper(), description.verdicts[horizon]
        needed = None if verdict.needed is None else float(verdict.needed.n)
        rows = [
            (
                f"{row.n:.0f}",
                with_interval(row.auc, row.auc_low, row.auc_high),
                with_interval(row.brier_skill, row.brier_skill_low, row.brier_skill_high),
            )
            for row in each_row(table)
        ]
        blocks += [
            Picture(
                f"learning_curve_{horizon}",
                f"Learning curve at {name}. {verdict.text}.",
                f"AUC and Brier skill at {name} against the number of patients.",
                partial(_draw_learning, table, needed, name),
            ),
            Table(
                f"learning_curve_{horizon}",
                f"Learning curve at {name}.",
                pd.DataFrame(rows, columns=["patients learnt from", "AUC", "Brier skill"]),
                values=table,
            ),
        ]
    return Section("Learning curve", tuple(blocks))


def _draw_learning(table: pd.DataFrame, needed: float | None, name: str) -> PaperFigure:
    return plot_learning_curve(table, needed=needed, title=f"Learning curve, {name}")


def make_blend_section(
    description: Description,
    evaluation: Evaluation,
    importance: pd.DataFrame | None,
    explained: shap.Explanation | None,
) -> Section:
    """Return what the estimate is made of."""
    fitted = {"response": evaluation.fitted.first}
    if evaluation.fitted.kept is not None:
        fitted["kept at T2"] = evaluation.fitted.kept
    rows: list[tuple[object, ...]] = []
    notes = []
    for outcome, fit in fitted.items():
        for name, weight in fit.weights.items():
            loss = number(fit.log_loss.get(name, np.nan), 3)
            constant = "gives everyone the same risk" if name in fit.constant else ""
            rows.append(
                (
                    outcome,
                    CANDIDATES[name].label,
                    number(weight),
                    fit.settings.get(name, "–"),
                    loss,
                    constant,
                )
            )
        notes.append(f"{outcome}: recalibration slope {number(fit.slope)}")
        if fit.reason:
            notes.append(f"{outcome}: everyone gets the same probability ({fit.reason})")
    blocks: list[Block] = [
        Table(
            "blend",
            "Weights of the candidates and the prevalence.",
            pd.DataFrame(
                rows,
                columns=[
                    "outcome",
                    "candidate",
                    "weight",
                    "setting",
                    "out-of-fold log loss",
                    "note",
                ],
            ),
        ),
        Bullets(tuple(notes)),
    ]
    if importance is not None:
        labels = {variable.name: variable.label for variable in description.data.predictors}
        for horizon in description.study.horizons:
            blocks.append(
                Picture(
                    f"importance_{horizon}",
                    f"How far each predictor moves the probability at {horizon.upper()}, on "
                    "average over patients who do not exist (Shapley values). Associations, not "
                    "causes.",
                    f"Bar chart of mean absolute contributions at {horizon.upper()}.",
                    partial(_draw_importance, importance, horizon, labels),
                )
            )
    if explained is not None:
        for place, horizon in enumerate(description.study.horizons):
            blocks.append(
                Picture(
                    f"shap_summary_{horizon}",
                    f"Contributions at {horizon.upper()} for the model's background: each point is "
                    "a row that was put together from separate columns, no patient.",
                    f"SHAP summary at {horizon.upper()}.",
                    partial(_draw_shap, explained, place, horizon),
                )
            )
    return Section("What the estimate is made of", tuple(blocks))


def _draw_shap(explained: shap.Explanation, place: int, horizon: str) -> PaperFigure:
    from training.model.shap_view import plot_summary

    return plot_summary(explained[:, :, place], title=f"Contributions at {horizon.upper()}")


def _draw_importance(importance: pd.DataFrame, horizon: str, labels: dict[str, str]) -> PaperFigure:
    rows = importance[importance["horizon"] == horizon]
    title = f"What moves the estimate at {horizon.upper()}"
    return plot_importance(rows, labels=labels, title=title)
