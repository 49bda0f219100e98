"""The sections of a study's report: what each table and picture says, in words."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from training.document import Block, Bullets, Picture, Section, Table, each_row, format_percent
from training.evaluation import Evaluation, Judgement
from training.missing_outcome import WEIGHTINGS
from training.models import CANDIDATES
from training.null_test import BAND, ENOUGH
from training.plots import (
    plot_calibration_instability,
    plot_classification_instability,
    plot_importance,
    plot_null_test,
    plot_prediction_instability,
    plot_subgroups,
)
from training.plots_common import to_png
from training.study import Description
from training.subgroups import MIN_PER_CLASS
from training.validation_plots import plot_decision_curve, plot_risk_calibration, plot_roc

__all__ = [
    "METRICS",
    "lay_out_blend",
    "lay_out_instability",
    "lay_out_missing",
    "lay_out_null_test",
    "lay_out_performance",
    "lay_out_subgroups",
    "number",
    "with_interval",
]

METRICS = {
    "auc": ("AUC", "0.5 is a coin, 1 perfect; within folds where cross-validated"),
    "brier": ("Brier score", "0 is best"),
    "brier_skill": ("Brier skill against the training prevalence",
                    "0 or less: no better than telling everyone the base rate"),
    "scaled_brier": ("Scaled Brier score", "the same against the prevalence of those judged"),
    "log_loss": ("Log loss", "nats, 0 is best"),
    "calibration_slope": ("Calibration slope",
                          "1 is right; below 1 the risks are too extreme, above 1 too timid"),
    "calibration_in_the_large": ("Calibration-in-the-large (slope held at 1)",
                                 "0 is right; above 0 the risks are too low on average"),
    "calibration_intercept": ("Calibration intercept (slope fitted)",
                              "belongs to the slope, and is read with it"),
    "o_e": ("Observed : expected", "1 is right"),
    "ici": ("ICI: mean distance of the calibration curve from ideal",
            "0 is right, but noise adds to it: in small cohorts well above 0 for a perfect model"),
    "e50": ("E50: median distance", ""),
    "e90": ("E90: 90th percentile of the distance", ""),
    "emax": ("Emax: largest distance", ""),
}  # fmt: skip
"""Metric to what it is called and how it is read."""

_BOUNDED = {
    "share_of_responders": "share of responders", "auc": "AUC", "brier": "Brier score",
    "brier_skill": "Brier skill", "o_e": "observed : expected",
}  # fmt: skip


def number(value: float, digits: int = 2) -> str:
    """Return a number for people; a dash where there is none."""
    if np.isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def with_interval(estimate: float, low: float, high: float, digits: int = 2) -> str:
    """Return "0.62 (0.48 to 0.74)"."""
    if np.isnan(low) or np.isnan(high):
        return number(estimate, digits)
    return f"{number(estimate, digits)} ({number(low, digits)} to {number(high, digits)})"


def _estimate(row: Any, name: str) -> str:
    return with_interval(*(getattr(row, f"{name}{end}") for end in ("", "_low", "_high")))


def _share(row: Any, name: str) -> str:
    share, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    if np.isnan(share):
        return "–"
    return f"{format_percent(share)} ({format_percent(low)[:-1]} to {format_percent(high)[:-1]})"


# ------------------------------------------------------------------------- performance


def lay_out_performance(description: Description, horizon: str, found: Judgement) -> Section:
    """Return how the procedure does at one horizon in patients it has not seen."""
    name = horizon.upper()
    counts = description.counts[horizon]
    auc = next(each_row(found.performance.loc[["auc"]]))
    blocks: list[Block] = [
        f"Outcome: {description.study.outcomes[horizon]}. Known for {counts['n']:.0f} patients, "
        f"{counts['events']:.0f} of them responders.",
        _performance_table(name, found),
        Picture(
            f"calibration_{horizon}",
            f"Calibration at {name} of cross-validated probabilities: observed share of responders "
            "(loess with 95% band), and groups of patients with 95% intervals (not weighted). "
            "Below: how many patients had which probability.",
            f"Calibration curve at {name}.",
            lambda: to_png(plot_risk_calibration(
                found.calibration.curve, found.groups, found.risks, title=f"Calibration, {name}"
            )),
        ),
        Picture(
            f"roc_{horizon}", f"ROC curve at {name}, at every hundredth of probability; the AUC "
            "stands for pairs within folds.",
            f"ROC curve at {name}.",
            lambda: to_png(plot_roc(found.roc, auc, title=f"ROC, {name}")),
        ),
        *_lay_out_decisions(horizon, found),
    ]  # fmt: skip
    return Section(f"Performance at {name}", tuple(blocks))


def _performance_table(name: str, found: Judgement) -> Table:
    values = pd.concat([found.performance, found.calibration.summary])
    held_out = {metric: row for metric, row in zip(values.index, each_row(values), strict=True)}
    corrected: dict[Any, Any] = {}
    note = (
        "Cross-validated: held-out patients, 95% interval by a bootstrap of patients, which lacks "
        "the variance of refitting and is too narrow by that."
    )
    if found.optimism is not None:
        corrected = dict(zip(found.optimism.index, each_row(found.optimism), strict=True))
        values = values.join(found.optimism, how="outer", rsuffix="_corrected")
        note += (
            " Corrected: apparent less optimism (Harrell), with a 95% interval from the spread of "
            "the optimism over bootstrap reruns of the whole procedure. .632+: Efron and "
            "Tibshirani. Reruns: those that gave the number."
        )
    rows = []
    for metric, (label, reading) in METRICS.items():
        held, own = held_out.get(metric), corrected.get(metric)
        if held is None and own is None:
            continue
        notes = [reading, *(row.note for row in (held, own) if row is not None)]
        cells = [label, "–" if held is None else with_interval(held.estimate, held.low, held.high)]
        if corrected:
            cells += ["–"] * 5 if own is None else [
                number(own.apparent), number(own.optimism),
                with_interval(own.corrected, own.low, own.high), number(own.corrected_632),
                f"{own.n_succeeded} of {own.n_resamples}",
            ]  # fmt: skip
        rows.append([*cells, ". ".join(dict.fromkeys(text for text in notes if text))])
    head = ["", "cross-validated (95%)"]
    head += ["apparent", "optimism", "corrected (95%)", ".632+", "reruns"] if corrected else []
    return Table(
        f"performance_{name.lower()}", f"Performance at {name}.",
        pd.DataFrame(rows, columns=[*head, "how to read it"]), note, values.reset_index(),
    )  # fmt: skip


def _lay_out_decisions(horizon: str, found: Judgement) -> tuple[Block, ...]:
    name = horizon.upper()
    if found.decisions is None:
        return (
            "No range of decision thresholds was set in the study file, and none may be chosen "
            "after the results are seen: there is no table of thresholds and no decision curve.",
        )
    values = found.decisions.thresholds.merge(found.decisions.curve, on="threshold")
    rows = [
        (format_percent(row.threshold), format_percent(row.share_positive),
         *(_share(row, of) for of in ("sensitivity", "specificity", "ppv", "npv")),
         _estimate(row, "net_benefit"), number(row.treat_all),
         with_interval(row.avoided_per_100, row.avoided_per_100_low, row.avoided_per_100_high, 0))
        for row in each_row(values)
    ]  # fmt: skip
    gain = found.decisions.least_gain
    gained = (
        "Over the whole range acting on the model gains net benefit over both treating all and "
        "treating none."
        if gain > 0
        else "At some thresholds of the range acting on the model is no better than treating all "
        "or treating none."
    )
    return (
        Table(
            f"thresholds_{horizon}", f"At thresholds of the probability, {name}.",
            pd.DataFrame(rows, columns=["threshold", "at or above", "sensitivity", "specificity",
                                        "PPV", "NPV", "net benefit (95%)", "treat all",
                                        "avoided per 100 (95%)"]),
            "Cross-validated. Predictive values hold at this cohort's share of responders. "
            "Avoided: courses without response that the model spares 100 patients compared with "
            "treating all, net of responders missed.",
            values,
        ),
        Picture(
            f"decision_{horizon}",
            f"Decision curve at {name}, over the range of thresholds set beforehand. Of use is the "
            f"line that is highest. {gained}",
            f"Decision curve at {name}.",
            lambda: to_png(plot_decision_curve(
                found.decisions.curve, title=f"Decision curve, {name}"  # type: ignore[union-attr]
            )),
        ),
    )  # fmt: skip


# ------------------------------------------------------------------------- stability


def lay_out_instability(evaluation: Evaluation) -> Section:
    """Return how far probabilities, decisions and calibration move with other patients."""
    blocks: list[Block] = []
    rows = []
    for horizon, found in evaluation.judgements.items():
        if found.instability is None:
            continue
        name, stable = horizon.upper(), found.instability
        rows.append((name, number(stable.summary["mean_absolute_prediction_error"], 3),
                     number(stable.summary["p90_prediction_error"], 3),
                     f"{stable.summary['n_resamples']:.0f}"))  # fmt: skip
        blocks += [
            Picture(
                f"prediction_instability_{horizon}",
                f"Probabilities that reruns give to patients of similar served probability, {name}.",
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
                f"classification_instability_{horizon}", f"Classification instability, {name}.",
                pd.DataFrame(
                    [(format_percent(row.threshold), format_percent(row.share_positive),
                      format_percent(row.classification_instability),
                      format_percent(row.unstable_patients))
                     for row in each_row(stable.classification)],
                    columns=["threshold", "at or above", "on the other side by a rerun",
                             "patients whom over a fifth of reruns turn"],
                ),
                values=stable.classification,
            ),
        ]  # fmt: skip
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
        "instability", "Distance of the reruns' probabilities from the served one.",
        pd.DataFrame(rows, columns=["", "mean absolute prediction error",
                                    "least stable tenth of patients above", "reruns"]),
        "Mean over patients and reruns: 0.10 means that another cohort would typically have moved "
        "a patient's probability by 10 percentage points.",
    )  # fmt: skip
    return Section("Instability", (words, table, *blocks))


def _draw_predictions(table: pd.DataFrame, name: str) -> bytes:
    return to_png(plot_prediction_instability(table, title=f"Prediction instability, {name}"))


def _draw_curves(table: pd.DataFrame, curves: Any, name: str) -> bytes:
    figure = plot_calibration_instability(table, curves, title=f"Calibration instability, {name}")
    return to_png(figure)


def _draw_classes(table: pd.DataFrame, name: str) -> bytes:
    title = f"Classification instability, {name}"
    return to_png(plot_classification_instability(table, title=title))


# ------------------------------------------------------------------------- parts and gaps


def lay_out_subgroups(evaluation: Evaluation) -> Section:
    """Return how the procedure does in parts of the cohort."""
    blocks: list[Block] = [
        "By sex, age, duration, site and medication, as set before the results were seen. "
        "Differences between parts of a small cohort are mostly chance; a part that does as well "
        "as the others shows only that no gross difference was seen.",
    ]
    for horizon, found in evaluation.judgements.items():
        name, table = horizon.upper(), found.subgroups
        rows = [
            (row.variable, row.subgroup, row.n, row.events, _estimate(row, "auc"),
             _estimate(row, "o_e"), row.note)
            for row in each_row(table)
        ]  # fmt: skip
        blocks += [
            Table(
                f"subgroups_{horizon}", f"Parts of the cohort, {name}, cross-validated.",
                pd.DataFrame(rows, columns=["", "part", "known", "responders", "AUC (95%)",
                                            "observed : expected (95%)", "note"]),
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
        ]  # fmt: skip
    return Section("Parts of the cohort", tuple(blocks))


def _draw_subgroups(table: pd.DataFrame, name: str) -> bytes:
    return to_png(plot_subgroups(table, title=f"Parts of the cohort, {name}"))


def lay_out_missing(description: Description, evaluation: Evaluation) -> Section:
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
            )  # fmt: skip
        elif unknown:
            blocks.append(
                f"{name}: too few of {whom} have a known, or have no known outcome to describe "
                "the one group beside the other."
            )
        bounds += [
            (name, unknown, _BOUNDED[metric], *(number(value) for value in
             (row.known, row.lowest, row.highest)))
            for metric, row in zip(found.bounds.index, each_row(found.bounds), strict=True)
        ]  # fmt: skip
    blocks.append(
        Table(
            "outcome_bounds", "What the unknown outcomes could change.",
            pd.DataFrame(bounds, columns=["", "unknown", "", "known outcomes", "lowest",
                                          "highest"]),
            "Lowest and highest over everyone, whatever the unknown outcomes are and for whatever "
            "reason they are missing: from no responder among them to all, and for each number in "
            "between those with the highest or lowest cross-validated probabilities. Not weighted.",
            pd.concat([found.bounds.reset_index().assign(horizon=h)
                       for h, found in evaluation.judgements.items()], ignore_index=True),
        )
    )  # fmt: skip
    return Section("Patients without a known outcome", tuple(blocks))


# ------------------------------------------------------------------------- leaks, make-up


def lay_out_null_test(evaluation: Evaluation) -> Section:
    """Return whether the procedure finds something where there is nothing."""
    table = evaluation.null_test
    if table is None:
        return Section(
            "Null test",
            (f"Not run. `ketresponse train STUDY --null-test {ENOUGH}` judges the procedure on "
             "permuted outcomes, in which there is nothing to find.",),
        )  # fmt: skip
    labels = {name: candidate.label for name, candidate in CANDIDATES.items()}
    rows = [
        (row.horizon.upper(), labels.get(row.model, row.model), number(row.auc, 3),
         number(row.mc_error, 3), row.n_permutations, format_percent(row.share_constant),
         row.verdict)
        for row in each_row(table)
    ]  # fmt: skip
    return Section(
        "Null test",
        (
            "Outcomes were permuted over the patients, both horizons together, and the procedure "
            f"judged by one cross-validation each. A mean AUC outside {BAND[0]} to {BAND[1]} is a "
            "leak: held-out outcomes reach the fit.",
            Table(
                "null_test", "Mean AUC on permuted outcomes.",
                pd.DataFrame(rows, columns=["", "model", "mean AUC", "Monte Carlo error",
                                            "permutations", "folds with one risk for everyone",
                                            "verdict"]),
                "Candidates alone, before recalibration, and the whole procedure. Only folds in "
                f"which a model tells patients apart count. Under {ENOUGH} permutations the test "
                "does not count for approval; \"uncertain\" needs more of them.",
                table,
            ),
            Picture(
                "null_test", "Mean AUC on permuted outcomes with 95% Monte Carlo intervals.",
                "Null test by model and horizon.",
                lambda: to_png(plot_null_test(table, labels, title="Null test")),
            ),
        ),
    )  # fmt: skip


def lay_out_blend(
    description: Description, evaluation: Evaluation, importance: pd.DataFrame | None
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
            rows.append((outcome, CANDIDATES[name].label, number(weight),
                         fit.settings.get(name, "–"), loss, constant))  # fmt: skip
        notes.append(f"{outcome}: recalibration slope {number(fit.slope)}")
        if fit.reason:
            notes.append(f"{outcome}: everyone gets the same probability ({fit.reason})")
    blocks: list[Block] = [
        Table(
            "blend", "Weights of the candidates and the prevalence.",
            pd.DataFrame(rows, columns=["outcome", "candidate", "weight", "setting",
                                        "out-of-fold log loss", "note"]),
        ),
        Bullets(tuple(notes)),
    ]  # fmt: skip
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
    return Section("What the estimate is made of", tuple(blocks))


def _draw_importance(importance: pd.DataFrame, horizon: str, labels: dict[str, str]) -> bytes:
    rows = importance[importance["horizon"] == horizon]
    title = f"What moves the estimate at {horizon.upper()}"
    return to_png(plot_importance(rows, labels=labels, title=title))
