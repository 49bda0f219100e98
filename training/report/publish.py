"""What a training leaves behind: a tracked run and a registered model, whole or not at all."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from training.document.document import each_row, write_document
from training.evaluation.evaluation import Evaluation, Judgement
from training.evaluation.verdict import make_panel_verdict, make_verdict
from training.model.explanation import explain_rows, global_importance
from training.model.response_model import ResponseModel
from training.model.shap_view import to_shap
from training.panel.freeze import freeze_panel
from training.panel.model import PanelModel
from training.report.panel_facts import collect_panel_metrics, describe_submodel
from training.report.report import make_report
from training.report.results import describe_blend, make_results, write_results
from training.store.facts import ModelFacts, package_versions
from training.store.registry import locate, register
from training.store.tracking import (
    RunRecord,
    begin_run,
    fetch_file,
    find_tracking_uri,
    finish_run,
    locate_file,
)
from training.study.study import Description, describe_ranges, freeze
from training.validation.comparison import (
    EVALUATION_TAG,
    compute_study_key,
    draws_file,
    draws_table,
)

__all__ = [
    "REPORT",
    "REPORT_FOLDER",
    "Published",
    "fetch_page",
    "make_facts",
    "make_panel",
    "recording",
    "summarise",
]


REPORT_FOLDER, REPORT = "report", "report"
"""Folder of the run that holds the complete report, and the name of its page and Markdown."""


@dataclass(frozen=True)
class Published:
    """Where a trained model is.

    Parameters
    ----------
    name, version, status : str
        In the registry.
    folder : Path
        The artifact, which can be served from there.
    run_id : str
        The tracked run every number leads back to.
    report : str
        Where the complete report is: a path, or an address where the store is elsewhere.
    """

    name: str
    version: str
    status: str
    folder: Path
    run_id: str
    report: str

    @property
    def name_and_version(self) -> str:
        """What other commands take."""
        return f"{self.name}:{self.version}"


def _resolve(tracking_uri: str | None) -> str:
    return tracking_uri or find_tracking_uri(os.environ)


def _notes(description: Description, evaluation: Evaluation) -> list[str]:
    verdict = make_verdict(evaluation, description.verdicts)[0]
    notes = [verdict]
    if evaluation.fitted.first.model.is_constant:
        with_panel = evaluation.panel is not None and evaluation.panel.keeps_model
        who = "everyone without a panel" if with_panel else "everyone"
        notes.append(
            f"The data did not bear a model: {who} gets the share of responders in the cohort."
        )
    if description.study.published_text:
        notes.append(description.study.published_text)
    if description.data.has_kept:
        notes.append(
            "Responders who were not seen at the first follow-up are taken as missing at random "
            "given the predictors."
        )
    if evaluation.panel is not None:
        notes.append(make_panel_verdict(evaluation.panel))
    return notes


def _performance(evaluation: Evaluation) -> dict[str, dict[str, list[float]]]:
    return {
        horizon: {
            str(metric): [float(row["estimate"]), float(row["low"]), float(row["high"])]
            for metric, row in table.iterrows()
        }
        for horizon, table in evaluation.performance.items()
    }


def make_panel(
    description: Description, evaluation: Evaluation, model: ResponseModel
) -> PanelModel | None:
    """Return the sub-model for patients with a panel; None where there is nothing to serve.

    Parameters
    ----------
    description, evaluation : Description, Evaluation
        A finished training.
    model : ResponseModel
        The frozen clinical sub-model.
    """
    data, found = description.panel, evaluation.panel
    if data is None or found is None or found.fitted is None or not found.keeps_model:
        return None
    rng = np.random.default_rng((description.study.seed, 9))
    return freeze_panel(data, model, found.fitted, description.study.panel, rng=rng)


def make_facts(
    description: Description, evaluation: Evaluation, panel: PanelModel | None = None
) -> ModelFacts:
    """Return what is known about a trained model beside its arithmetic.

    `panel` is its sub-model for patients with a panel, where there is one.
    """
    study, fitted = description.study, evaluation.fitted
    blend = {"response": fitted.first.weights}
    if fitted.kept is not None:
        blend["kept"] = fitted.kept.weights
    synthetic = description.cohort.synthetic
    return ModelFacts(
        name=study.name,
        status="demonstration" if synthetic else "research",
        population=study.population,
        treatment=study.treatment,
        condition=study.condition,
        outcomes=study.outcomes,
        rule=study.rule,
        base_rates={h: float(c["base_rate"]) for h, c in description.counts.items()},
        counts={
            "n_patients": len(np.unique(description.data.groups)),
            **{
                h: {"n": int(c["n"]), "events": int(c["events"])}
                for h, c in description.counts.items()
            },
        },
        eligibility=study.eligibility.to_dict(),
        training_ranges=describe_ranges(description.data),
        performance=_performance(evaluation),
        blend=blend,
        created=datetime.now(UTC).date().isoformat(),
        seed=study.seed,
        study_sha256=study.sha256,
        cohort_sha256=description.cohort.sha256,
        code_version=version("ketresponse"),
        versions=package_versions(),
        synthetic=synthetic,
        notes=_notes(description, evaluation),
        submodel="clinical" if panel is None else "clinical+panel",
        panel=None
        if panel is None or description.panel is None or evaluation.panel is None
        else describe_submodel(panel, description.panel, evaluation.panel),
    )


def _write_files(
    folder: Path, description: Description, evaluation: Evaluation, model: ResponseModel
) -> None:
    """Write what is stored with the run; nothing of it belongs to a single patient."""
    study = description.study
    explanations = explain_rows(model, model.background)
    importance = global_importance(model, explanations)
    blend = describe_blend(evaluation.fitted)
    write_results(make_results(description, evaluation, importance, blend=blend), folder)
    report = make_report(
        description,
        evaluation,
        importance=importance,
        explained=to_shap(explanations, model, model.background),
    )
    write_document(report, folder / REPORT_FOLDER, name=REPORT, extra={"importance": importance})
    for horizon in study.horizons:
        draws = draws_table(
            description.data,
            evaluation.out_of_fold,
            horizon,
            weighting=study.weighting,
            n_bootstrap=study.resampling.bootstrap,
            seed=study.seed,
        )
        draws.to_csv(folder / draws_file(horizon), index=False)


def _collect_metrics(horizon: str, found: Judgement) -> dict[str, float]:
    """Return what a horizon's metrics on the run are beside the cross-validated ones."""
    metrics = {}
    if found.optimism is not None:
        for metric, row in found.optimism.iterrows():
            metrics[f"{horizon}_{metric}_apparent"] = float(row["apparent"])
            for column, suffix in (("corrected", ""), ("low", "_low"), ("high", "_high")):
                metrics[f"{horizon}_{metric}_corrected{suffix}"] = float(row[column])
    if found.instability is not None:
        for name, value in found.instability.summary.items():
            metrics[f"{horizon}_instability_{name}"] = value
    for metric, row in found.calibration.summary.iterrows():
        metrics[f"{horizon}_{metric}"] = float(row["estimate"])
    for metric, row in found.bounds.iterrows():
        metrics[f"{horizon}_{metric}_worst_to_best_low"] = float(row["lowest"])
        metrics[f"{horizon}_{metric}_worst_to_best_high"] = float(row["highest"])
    if found.decisions is not None:
        metrics[f"{horizon}_least_gain_in_net_benefit"] = found.decisions.least_gain
    return metrics


def _begin(description: Description, files: Path) -> RunRecord:
    """Return what is known of a run before anything is fitted."""
    study = description.study
    (files / "study.toml").write_text(study.text, encoding="utf-8")
    packages = "\n".join(f"{name}=={number}" for name, number in package_versions().items())
    (files / "versions.txt").write_text(packages + "\n", encoding="utf-8")
    metrics: dict[str, float] = {}
    for horizon, counts in description.counts.items():
        metrics |= {
            f"{horizon}_{name}": float(counts[name]) for name in ("n", "events", "base_rate")
        }
    return RunRecord(
        study=study.name,
        params={
            "rule": study.rule,
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
        files=files,
        note="Not finished: what was asked is here, and there is no result.",
    )


def _finish(description: Description, evaluation: Evaluation, files: Path) -> RunRecord:
    """Return what came out."""
    study = description.study
    metrics: dict[str, float] = {}
    for horizon, table in evaluation.performance.items():
        for metric, row in table.iterrows():
            for column, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                metrics[f"{horizon}_{metric}{suffix}"] = float(row[column])
        metrics |= _collect_metrics(horizon, evaluation.judgements[horizon])
    if evaluation.null_test is not None:
        for null in each_row(evaluation.null_test):
            name = f"{null.horizon}_null_auc_{null.model.replace(' ', '_')}"
            metrics |= {name: null.auc, f"{name}_mc_error": null.mc_error}
        metrics["null_permutations"] = evaluation.null_test.attrs["n_permutations"]
    outcomes = {"response": evaluation.fitted.first}
    if evaluation.fitted.kept is not None:
        outcomes["kept"] = evaluation.fitted.kept
    for outcome, fit in outcomes.items():
        metrics[f"{outcome}_slope"] = fit.slope
        metrics |= {f"{outcome}_weight_{name}": weight for name, weight in fit.weights.items()}
    tags = {}
    if evaluation.panel is not None and description.panel is not None:
        metrics |= collect_panel_metrics(evaluation.panel)
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
        files=files,
        note=f"**{verdict}**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences),
    )


@contextmanager
def recording(
    description: Description, *, tracking_uri: str | None = None
) -> Iterator[Callable[[Evaluation], Published]]:
    """Begin the run of a training before it takes its time.

    What is stopped or fails inside the block leaves a readable beginning (settings, counts, study
    file, sample-size verdict), marked as killed or failed, and no registered model.

    Parameters
    ----------
    description : Description
        The cohort and what was asked.
    tracking_uri : str or None
        MLflow store; None for MLFLOW_TRACKING_URI, or a SQLite file in the working folder.

    Yields
    ------
    callable
        Takes the finished evaluation, completes the run and registers the model.

    Raises
    ------
    KetresponseError
        If the store cannot be reached or written; nothing is registered then.
    """
    uri = _resolve(tracking_uri)
    with tempfile.TemporaryDirectory() as temporary:
        begun = begin_run(_begin(description, Path(temporary)), tracking_uri=uri)
        with begun as run_id:
            yield partial(_publish, description, run_id=run_id, uri=uri)


def _publish(
    description: Description, evaluation: Evaluation, *, run_id: str, uri: str
) -> Published:
    model = freeze(description, evaluation.fitted)
    panel = make_panel(description, evaluation, model)
    facts = make_facts(description, evaluation, panel)
    with tempfile.TemporaryDirectory() as temporary:
        files = Path(temporary)
        _write_files(files, description, evaluation, model)
        finish_run(run_id, _finish(description, evaluation, files), tracking_uri=uri)
    found = register(run_id, model, facts, panel=panel, name=facts.name, tracking_uri=uri)
    folder = locate(found.name, found.version, tracking_uri=uri)
    report = locate_file(run_id, f"{REPORT_FOLDER}/{REPORT}.html", tracking_uri=uri)
    return Published(found.name, found.version, found.status, folder, run_id, report)


def fetch_page(published: Published, tracking_uri: str | None) -> Path:
    """Return the complete report's page as it is kept with the run, or a copy of it."""
    path = f"{REPORT_FOLDER}/{REPORT}.html"
    return fetch_file(published.run_id, path, tracking_uri=_resolve(tracking_uri))


def _plain_optimism(evaluation: Evaluation) -> dict[str, Any]:
    return {
        horizon: {
            row["metric"]: {
                key: _or_none(row[key])
                for key in ("apparent", "optimism", "corrected", "low", "high", "corrected_632")
            }
            for row in found.optimism.reset_index().to_dict("records")
        }
        for horizon, found in evaluation.judgements.items()
        if found.optimism is not None
    }


def _plain_null_test(evaluation: Evaluation) -> list[dict[str, Any]] | None:
    if evaluation.null_test is None:
        return None
    return [
        {str(key): _or_none(value) for key, value in row.items()}
        for row in evaluation.null_test.to_dict("records")
    ]


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def summarise(
    description: Description, evaluation: Evaluation | None, published: Published | None
) -> dict[str, Any]:
    """Return a training's result as plain values, for scripts.

    Numbers that could not be estimated are None.
    """
    summary: dict[str, Any] = {
        "study": description.study.name,
        "status": "demonstration" if description.cohort.synthetic else "research",
        "shortfall": description.shortfall,
        "notices": list(description.notices),
        "flow": description.flow.to_dict("records"),
        "counts": description.counts,
        "sample_size": {h: v.text for h, v in description.verdicts.items()},
    }
    if evaluation is not None and published is not None:
        facts = make_facts(description, evaluation)
        summary |= {
            "verdict": make_verdict(evaluation, description.verdicts),
            "performance": facts.performance,
            "blend": facts.blend,
            "optimism": _plain_optimism(evaluation),
            "instability": evaluation.instability,
            "null_test": _plain_null_test(evaluation),
            "panel": None
            if evaluation.panel is None
            else {"found": evaluation.panel.found, "verdict": make_panel_verdict(evaluation.panel)},
            "report": published.report,
            "model": published.name_and_version,
            "folder": str(published.folder),
            "run_id": published.run_id,
        }
    return summary
