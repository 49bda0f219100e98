"""What a training's tracked run tells: settings and counts beforehand, results afterwards.

No metric, tag or setting belongs to a single patient.
"""

from __future__ import annotations

from importlib.metadata import version

import pandas as pd

from training.document.document import each_row
from training.evaluation.evaluation import Evaluation
from training.evaluation.judgement import Judgement
from training.evaluation.panel import PanelEvaluation
from training.evaluation.verdict import make_panel_verdict, make_verdict
from training.measures.calibration_curve import CalibrationCurve
from training.store.facts import package_versions
from training.store.tracking import RunRecord
from training.study.study import Description
from training.validation.comparison import EVALUATION_TAG, compute_study_key

__all__ = ["flatten_estimates", "make_beginning", "make_record", "name_distances"]


def flatten_estimates(
    prefix: str, table: pd.DataFrame, *, column: str = "estimate", suffix: str = ""
) -> dict[str, float]:
    """Return a table of estimates with intervals as metrics, by the same names in every run.

    Parameters
    ----------
    prefix, suffix : str
        What stands before and behind the name of each metric.
    table : DataFrame
        One row a metric, with the columns `low` and `high`.
    column : str
        Where the estimate stands.
    """
    columns = ((column, ""), ("low", "_low"), ("high", "_high"))
    return {
        f"{prefix}{metric}{suffix}{end}": float(row[name])
        for metric, row in table.iterrows()
        for name, end in columns
    }


def name_distances(horizon: str, calibration: CalibrationCurve) -> dict[str, float]:
    """Return a calibration curve's distances from the ideal as metrics; they have no intervals."""
    estimates = calibration.summary["estimate"]
    return {f"{horizon}_{metric}": float(value) for metric, value in estimates.items()}


def make_beginning(description: Description) -> RunRecord:
    """Return what is known of a run before anything is fitted."""
    study = description.study
    packages = [f"{name}=={number}\n" for name, number in package_versions().items()]
    metrics: dict[str, float] = {}
    for horizon, counts in description.counts.items():
        metrics |= {
            f"{horizon}_{name}": float(counts[name]) for name in ("n", "events", "base_rate")
        }
    return RunRecord(
        study=study.name,
        params={
            "rule": study.rule.text,
            "horizons": "+".join(study.horizons),
            "predictors": ", ".join(study.predictors),
            "candidates": ", ".join(study.procedure.candidates),
            "prior_strength": study.procedure.prior_strength,
            "inner_cv": f"{study.procedure.inner_repeats} x {study.procedure.inner_folds}",
            "outer_cv": f"{study.resampling.repeats} x {study.resampling.folds}",
            "bootstrap_reruns": study.resampling.bootstrap_reruns,
            "weighting": study.weighting,
            "seed": study.seed,
            "parameters": description.parameters,
        },
        metrics=metrics,
        tags={
            "ketresponse.status": "demonstration" if description.cohort.synthetic else "research",
            "ketresponse.sample_size": " | ".join(v.text for v in description.verdicts.values()),
            "study_sha256": study.sha256,
            "cohort_sha256": description.cohort.sha256,
            "cohort_synthetic": str(description.cohort.synthetic).lower(),
            "code_version": version("ketresponse"),
        },
        texts={"study.toml": study.text, "versions.txt": "".join(packages)},
        note="Not finished: what was asked is here, and there is no result.",
    )


def make_record(description: Description, evaluation: Evaluation) -> RunRecord:
    """Return what came out."""
    study = description.study
    metrics: dict[str, float] = {}
    for horizon, table in evaluation.performance.items():
        metrics |= flatten_estimates(f"{horizon}_", table)
        metrics |= _collect_metrics(horizon, evaluation.judgements[horizon])
    if evaluation.null_test is not None:
        for null in each_row(evaluation.null_test):
            name = f"{null.horizon}_null_auc_{null.model.replace(' ', '_')}"
            metrics |= {name: null.auc, f"{name}_mc_error": null.mc_error}
        metrics["null_permutations"] = evaluation.null_test.attrs["n_permutations"]
    for outcome, fit in evaluation.fitted.outcomes.items():
        metrics[f"{outcome}_slope"] = fit.slope
        metrics |= {f"{outcome}_weight_{name}": weight for name, weight in fit.weights.items()}
    tags = {}
    if evaluation.panel is not None and description.panel is not None:
        metrics |= _collect_panel_metrics(evaluation.panel)
        tags = {
            "ketresponse.panel": make_panel_verdict(evaluation.panel),
            "panel_sha256": description.panel.sha256,
        }
    verdict, *sentences = make_verdict(evaluation, description.verdicts)
    return RunRecord(
        study=study.name,
        metrics=metrics,
        tags={
            "ketresponse.verdict": verdict,
            EVALUATION_TAG: compute_study_key(description),
            **tags,
        },
        note=f"**{verdict}**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences),
    )


def _collect_metrics(horizon: str, found: Judgement) -> dict[str, float]:
    """Return what a horizon's metrics on the run are beside the cross-validated ones."""
    metrics = {}
    if found.optimism is not None:
        for metric, apparent in found.optimism["apparent"].items():
            metrics[f"{horizon}_{metric}_apparent"] = float(apparent)
        metrics |= flatten_estimates(
            f"{horizon}_", found.optimism, column="corrected", suffix="_corrected"
        )
    if found.instability is not None:
        for name, value in found.instability.summary.items():
            metrics[f"{horizon}_instability_{name}"] = value
    metrics |= name_distances(horizon, found.calibration)
    for metric, row in found.bounds.iterrows():
        metrics[f"{horizon}_{metric}_worst_to_best_low"] = float(row["lowest"])
        metrics[f"{horizon}_{metric}_worst_to_best_high"] = float(row["highest"])
    if found.decisions is not None:
        metrics[f"{horizon}_least_gain_in_net_benefit"] = found.decisions.least_gain
    return metrics


def _collect_panel_metrics(panel: PanelEvaluation) -> dict[str, float]:
    """Return the metrics of a run that speak of the panel."""
    metrics = {
        f"panel_{name}": float(panel.counts[name])
        for name in ("in_cohort", "known", "events", "assays", "kept")
        if name in panel.counts
    }
    for horizon, table in panel.value.items():
        metrics |= flatten_estimates(
            f"panel_{horizon}_", table, column="difference", suffix="_difference"
        )
    if panel.fitted is not None:
        first = panel.fitted.first
        metrics["panel_selected"] = float(len(panel.fitted.selected)) if panel.keeps_model else 0.0
        metrics["panel_global_p"] = first.p_value
        metrics |= {f"panel_weight_{name}": weight for name, weight in first.weights.items()}
    return metrics
