"""What is registered after an update: a new version that names its parent, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import InputError, NotEnoughData, Problem
from training.evaluation.evaluation import Assessment
from training.report.model_facts import make_count_facts, make_performance_facts
from training.report.results import fetch_results, write_results
from training.report.run_record import flatten_estimates
from training.store.artifact import LoadedModel
from training.store.facts import ModelFacts, package_versions
from training.store.registry import RegisteredModel, list_models, register
from training.store.tracking import RunRecord, track_run
from training.study.settings import Study
from training.updating.closed_testing import METHODS, MIN_PER_CLASS
from training.updating.update import Update, update_response
from training.updating.updated_results import assess_update, describe_updated, make_update_results
from training.validation.comparison import (
    EVALUATION_TAG,
    compute_draws,
    compute_evaluation_key,
    draws_file,
)
from training.validation.new_patients import NewPatients

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["UpdatePlan", "describe_update", "make_plan", "publish_update"]


@dataclass(frozen=True, eq=False)
class UpdatePlan:
    """An update that was computed and not yet registered.

    Parameters
    ----------
    parent : LoadedModel
        What was updated.
    patients : NewPatients
        On whom.
    update : Update
        The closed tests and the model they ask for.
    seed : int
        Of intervals, folds and resamples.
    alpha : float
        Level of each test.
    """

    parent: LoadedModel
    patients: NewPatients
    update: Update
    seed: int
    alpha: float

    @property
    def synthetic(self) -> bool:
        """Whether parent or patients are simulated: the result is then a demonstration."""
        return self.parent.facts.synthetic or self.patients.synthetic


def make_plan(
    parent: LoadedModel, patients: NewPatients, *, alpha: float = 0.05, seed: int = 0
) -> UpdatePlan:
    """Compute which update the new patients ask for; nothing is written.

    Raises
    ------
    InputError
        If the cohort is the one the model was made from, or lacks one of its horizons.
    NotEnoughData
        If too few patients responded, or did not, to test anything.
    """
    model = parent.model
    problems = []
    if patients.is_training_cohort:
        problems.append(
            Problem("cohort", "other patients than the model was made from", "the same file")
        )
    if patients.data.horizons != model.horizons:
        problems.append(
            Problem(
                "outcomes",
                f"those of the model, {' and '.join(model.horizons)}",
                " and ".join(patients.data.horizons),
            )
        )
    if problems:
        raise InputError("update", problems)
    y = patients.data.y[model.horizons[0]]
    events, others = int((y == 1).sum()), int((y == 0).sum())
    if min(events, others) < MIN_PER_CLASS:
        raise NotEnoughData(
            f"{events} responders and {others} nonresponders at {model.horizons[0].upper()}: an "
            f"update needs at least {MIN_PER_CLASS} of each"
        )
    rng = np.random.default_rng((seed, 4))
    update = update_response(model, patients.data, alpha=alpha, rng=rng)
    return UpdatePlan(parent, patients, update, seed, alpha)


def describe_update(update: Update) -> str:
    """Return what is done to each outcome, such as "response: logistic recalibration"."""
    return "; ".join(f"{name}: {METHODS[test.method]}" for name, test in update.tests.items())


def _make_facts(
    plan: UpdatePlan,
    counts: Mapping[str, Mapping[str, float]],
    performance: Mapping[str, pd.DataFrame],
) -> ModelFacts:
    """Return the parent's facts, with those of the new patients where the update changed them."""
    old, data = plan.parent.facts, plan.patients.data
    note = (
        f"Updated from version {old.version} (digest {plan.parent.digest[:12]}) on "
        f"{len(data)} other courses: {describe_update(plan.update)}. Counts, base rates and "
        "performance are of these courses; performance is that of the update, cross-validated."
    )
    notes = [note, *old.notes]
    if old.panel is not None:
        notes.append(
            "The earlier version also had a sub-model for patients with a microRNA panel; it was "
            "not updated and is left out."
        )
    blend = dict(old.blend)
    blend |= {
        name: {"refit": 1.0} for name, test in plan.update.tests.items() if test.method == "refit"
    }
    return replace(
        old,
        version="unregistered",
        run_id=None,
        card_sha256=None,
        status="demonstration" if plan.synthetic else "research",
        synthetic=plan.synthetic,
        base_rates={h: float(c["base_rate"]) for h, c in counts.items()},
        counts=make_count_facts(counts, data),
        performance=make_performance_facts(performance),
        blend=blend,
        created=datetime.now(UTC).date().isoformat(),
        seed=plan.seed,
        cohort_sha256=plan.patients.cohort.sha256,
        earlier_cohorts=[*old.earlier_cohorts, old.cohort_sha256],
        code_version=version("ketresponse"),
        versions=package_versions(),
        notes=notes,
        submodel="clinical",
        panel=None,
    )


def _make_record(
    plan: UpdatePlan, facts: ModelFacts, study: Study, assessment: Assessment, files: Path
) -> RunRecord:
    """Return what is tracked, and write its files."""
    data, parent = plan.patients.data, plan.parent
    resampling = study.resampling
    design = f"{resampling.repeats} x {resampling.folds}"
    draws = compute_draws(
        data,
        assessment.out_of_fold,
        weighting=study.weighting,
        n_bootstrap=resampling.bootstrap,
        seed=plan.seed,
    )
    metrics: dict[str, float] = {}
    for horizon, table in assessment.performance.items():
        table.to_csv(files / f"performance_{horizon}.csv")
        draws[horizon].to_csv(files / draws_file(horizon), index=False)
        metrics |= flatten_estimates(f"{horizon}_", table)
        metrics |= {f"{horizon}_{name}": float(n) for name, n in facts.counts[horizon].items()}
    for outcome, test in plan.update.tests.items():
        test.table.to_csv(files / f"closed_test_{outcome}.csv")
        metrics |= {
            f"{outcome}_log_likelihood_{method}": float(value)
            for method, value in test.table["log_likelihood"].items()
        }
    return RunRecord(
        study=facts.name,
        kind="update",
        params={
            "parent": f"{parent.facts.name}:{parent.facts.version}",
            "alpha": plan.alpha,
            "seed": plan.seed,
            "outer_cv": design,
        },
        metrics=metrics,
        tags={
            "ketresponse.status": facts.status,
            **_lineage(plan),
            EVALUATION_TAG: compute_evaluation_key(
                cohort_sha256=facts.cohort_sha256,
                eligibility=study.eligibility,
                rule=facts.rule,
                horizons=data.horizons,
                weighting=study.weighting,
                design=design,
                n_bootstrap=resampling.bootstrap,
                seed=plan.seed,
            ),
            "cohort_sha256": facts.cohort_sha256,
            "cohort_synthetic": str(plan.patients.synthetic).lower(),
            "code_version": facts.code_version,
        },
        files=files,
        note=facts.notes[0],
    )


def _lineage(plan: UpdatePlan) -> dict[str, str]:
    """Return the tags, of run and version alike, that lead to the parent."""
    return {
        "ketresponse.parent_version": plan.parent.facts.version,
        "ketresponse.parent_digest": plan.parent.digest,
        "ketresponse.method": "; ".join(
            f"{name}: {test.method}" for name, test in plan.update.tests.items()
        ),
    }


def _fetch_before(facts: ModelFacts, tracking_uri: str) -> dict[str, Any] | None:
    """Return the results of the version that is updated; None for a model of another store."""
    if facts.run_id is None or facts.run_id not in {
        model.run_id for model in list_models(tracking_uri=tracking_uri)
    }:
        return None
    return fetch_results(facts.run_id, tracking_uri=tracking_uri)


def publish_update(
    plan: UpdatePlan, *, tracking_uri: str, console: Console | None = None
) -> RegisteredModel:
    """Track the update and register the model as a new version.

    Parameters
    ----------
    plan : UpdatePlan
        With something to change.
    tracking_uri : str
        Where.
    console : rich.console.Console or None
        Where progress is shown.

    Returns
    -------
    RegisteredModel
        A version of the parent's name, never approved: it goes through review as any other. Its
        tags name the parent's version and digest and the method.

    Raises
    ------
    KetresponseError
        If nothing changes, or the store does not take it; nothing is registered then.
    """
    if not plan.update.changed:
        raise InputError("the model is kept as it is: there is nothing to register")
    before = _fetch_before(plan.parent.facts, tracking_uri)
    description = describe_updated(plan, before)
    assessment = assess_update(plan, description, console=console)
    facts = _make_facts(plan, description.counts, assessment.performance)
    with TemporaryDirectory() as temporary:
        files = Path(temporary)
        write_results(make_update_results(plan, description, assessment, before), files)
        record = _make_record(plan, facts, description.study, assessment, files)
        run_id = track_run(record, tracking_uri=tracking_uri)
    return register(
        run_id,
        plan.update.model,
        facts,
        name=facts.name,
        tracking_uri=tracking_uri,
        tags=_lineage(plan),
    )
