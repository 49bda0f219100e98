"""What a training leaves behind: a tracked run and a registered model, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from training.comparison import EVALUATION_TAG, compute_study_key, draws_file, draws_table
from training.evaluation import Evaluation
from training.explanation import global_importance
from training.facts import ModelFacts, package_versions
from training.plots import plot_importance
from training.plots_common import to_png
from training.registry import locate, register
from training.report import judge, write_report
from training.response_model import ResponseModel
from training.results import make_results, write_results
from training.study import Description, describe_ranges, freeze
from training.tracking import RunRecord, find_tracking_uri, make_client, track_run

__all__ = ["Published", "check_store", "make_facts", "publish", "summarise"]


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
    """

    name: str
    version: str
    status: str
    folder: Path
    run_id: str

    @property
    def name_and_version(self) -> str:
        """What other commands take."""
        return f"{self.name}:{self.version}"


def _resolve(tracking_uri: str | None) -> str:
    return tracking_uri or find_tracking_uri(os.environ)


def check_store(tracking_uri: str | None) -> None:
    """Open the tracking store, so that a wrong address shows before minutes of training."""
    make_client(_resolve(tracking_uri)).search_experiments(max_results=1)


def _notes(description: Description, evaluation: Evaluation) -> list[str]:
    verdict = judge(description, evaluation)[0]
    notes = [verdict]
    if evaluation.fitted.first.model.is_constant:
        notes.append(
            "The data did not bear a model: everyone gets the share of responders in the cohort."
        )
    if description.data.has_kept:
        notes.append(
            "Responders who were not seen at the first follow-up are taken as missing at random "
            "given the predictors."
        )
    return notes


def _performance(evaluation: Evaluation) -> dict[str, dict[str, list[float]]]:
    return {
        horizon: {
            str(metric): [float(row["estimate"]), float(row["low"]), float(row["high"])]
            for metric, row in table.iterrows()
        }
        for horizon, table in evaluation.performance.items()
    }


def make_facts(description: Description, evaluation: Evaluation) -> ModelFacts:
    """Return what is known about a trained model beside its arithmetic."""
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
    )


def _write_files(
    folder: Path, description: Description, evaluation: Evaluation, model: ResponseModel
) -> None:
    """Write what is stored with the run; nothing of it belongs to a single patient."""
    study = description.study
    (folder / "study.toml").write_text(study.text, encoding="utf-8")
    (folder / "report.md").write_text(write_report(description, evaluation), encoding="utf-8")
    description.flow.to_csv(folder / "flow.csv", index=False)
    packages = "\n".join(f"{name}=={number}" for name, number in package_versions().items())
    (folder / "versions.txt").write_text(packages + "\n", encoding="utf-8")
    importance = global_importance(model, model.background)
    importance.to_csv(folder / "importance.csv", index=False)
    write_results(make_results(description, evaluation, importance), folder)
    labels = {variable.name: variable.label for variable in description.data.predictors}
    for horizon in study.horizons:
        name = horizon.upper()
        evaluation.performance[horizon].to_csv(folder / f"performance_{horizon}.csv")
        draws = draws_table(
            description.data, evaluation.out_of_fold, horizon,
            weighting=study.weighting, n_bootstrap=study.resampling.bootstrap, seed=study.seed,
        )  # fmt: skip
        draws.to_csv(folder / draws_file(horizon), index=False)
        (folder / f"importance_{horizon}.png").write_bytes(to_png(
            plot_importance(
                importance[importance["horizon"] == horizon], labels=labels,
                title=f"What moves the estimate at {name}",
            )
        ))  # fmt: skip


def _make_record(description: Description, evaluation: Evaluation, files: Path) -> RunRecord:
    study = description.study
    metrics: dict[str, float] = {}
    for horizon, table in evaluation.performance.items():
        for metric, row in table.iterrows():
            for column, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                metrics[f"{horizon}_{metric}{suffix}"] = float(row[column])
        counts = description.counts[horizon]
        metrics[f"{horizon}_n"] = float(counts["n"])
        metrics[f"{horizon}_events"] = float(counts["events"])
        metrics[f"{horizon}_base_rate"] = float(counts["base_rate"])
        for name, value in evaluation.instability.get(horizon, {}).items():
            metrics[f"{horizon}_instability_{name}"] = value
    outcomes = {"response": evaluation.fitted.first}
    if evaluation.fitted.kept is not None:
        outcomes["kept"] = evaluation.fitted.kept
    for outcome, fit in outcomes.items():
        metrics[f"{outcome}_slope"] = fit.slope
        metrics |= {f"{outcome}_weight_{name}": weight for name, weight in fit.weights.items()}
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
            "seed": study.seed,
            "parameters": description.parameters,
        },
        metrics=metrics,
        tags={
            "ketresponse.status": "demonstration" if description.cohort.synthetic else "research",
            "ketresponse.verdict": judge(description, evaluation)[0],
            "ketresponse.sample_size": " | ".join(v.text for v in description.verdicts.values()),
            EVALUATION_TAG: compute_study_key(description),
            "study_sha256": study.sha256,
            "cohort_sha256": description.cohort.sha256,
            "cohort_synthetic": str(description.cohort.synthetic).lower(),
            "code_version": version("ketresponse"),
        },
        files=files,
    )


def publish(
    description: Description, evaluation: Evaluation, *, tracking_uri: str | None = None
) -> Published:
    """Track the run and register the model.

    Parameters
    ----------
    description, evaluation : Description, Evaluation
        A finished training.
    tracking_uri : str or None
        MLflow store; None for MLFLOW_TRACKING_URI, or a SQLite file in the working folder.

    Raises
    ------
    KetresponseError
        If the store cannot be reached or written; nothing is registered then.
    """
    uri = _resolve(tracking_uri)
    model = freeze(description, evaluation.fitted)
    facts = make_facts(description, evaluation)
    with tempfile.TemporaryDirectory() as temporary:
        files = Path(temporary)
        _write_files(files, description, evaluation, model)
        run_id = track_run(_make_record(description, evaluation, files), tracking_uri=uri)
    found = register(run_id, model, facts, name=facts.name, tracking_uri=uri)
    folder = locate(found.name, found.version, tracking_uri=uri)
    return Published(found.name, found.version, found.status, folder, run_id)


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
            "verdict": judge(description, evaluation),
            "performance": facts.performance,
            "blend": facts.blend,
            "instability": evaluation.instability,
            "model": published.name_and_version,
            "folder": str(published.folder),
            "run_id": published.run_id,
        }
    return summary
