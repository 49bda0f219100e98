"""What is registered after an update: a new version that names its parent, whole or not at all."""

from __future__ import annotations

from dataclasses import replace

from features.errors import InputError
from features.files.temporary import temporary_folder
from training.document.progress import Show
from training.store.facts import ModelFacts
from training.store.mixing import check_mixing
from training.store.registered import RegisteredModel, list_models
from training.store.registry import register
from training.store.results import RESULTS_FILE, Results, read_results, write_results
from training.store.tracking import fetch_file, track_run
from training.updating.plan import UpdatePlan
from training.updating.records import make_update_facts, make_update_record
from training.updating.updated_results import (
    assess_update,
    describe_updated,
    make_update_design,
    make_update_results,
)
from training.validation.comparison import compute_draws, draws_file

__all__ = ["publish_update"]


def publish_update(
    plan: UpdatePlan, *, tracking_uri: str, show: Show, mixed: bool = False
) -> RegisteredModel:
    """Judge an update, track it, and register the model as a new version.

    Parameters
    ----------
    plan : UpdatePlan
        With something to change.
    tracking_uri : str
        Where.
    show : callable
        Shows the progress of the fits.
    mixed : bool
        Whether the name may hold models of simulated and of real patients both.

    Returns
    -------
    RegisteredModel
        A version of the parent's name, never approved: it goes through review as any other. Its
        tags name the parent's version and digest and the method.

    Raises
    ------
    KetresponseError
        If nothing changes, or the store does not take it; nothing is registered then.
    Refused
        If simulated and real patients would be mixed, and may not be; nothing is fitted then.
    """
    if not plan.update.changed:
        raise InputError("the model is kept as it is: there is nothing to register")
    if not mixed:
        name = plan.parent.facts.name
        check_mixing(name, synthetic=plan.synthetic, tracking_uri=tracking_uri)
    before = _fetch_before(plan.parent.facts, tracking_uri)
    patients = describe_updated(plan, before)
    design = make_update_design(plan, before)
    assessment = assess_update(plan, patients, design, show=show)
    facts = make_update_facts(plan, patients.counts, assessment.performance)
    results = make_update_results(plan, patients, design, assessment, before)
    record = make_update_record(plan, facts, design, assessment)
    draws = compute_draws(patients.data, assessment.out_of_fold, design)
    with temporary_folder() as temporary:
        files = temporary
        write_results(results, files)
        for horizon, table in assessment.performance.items():
            table.to_csv(files / f"performance_{horizon}.csv")
            draws[horizon].to_csv(files / draws_file(horizon), index=False)
        for outcome, test in plan.update.tests.items():
            test.table.to_csv(files / f"closed_test_{outcome}.csv")
        run_id = track_run(replace(record, files=files), tracking_uri=tracking_uri)
    return register(
        run_id,
        plan.update.model,
        facts,
        name=facts.name,
        tracking_uri=tracking_uri,
        tags=plan.lineage,
        mixed=mixed,
    )


def _fetch_before(facts: ModelFacts, tracking_uri: str) -> Results | None:
    """Return the results of the version that is updated; None for a model of another store."""
    if facts.run_id is None or facts.run_id not in {
        model.run_id for model in list_models(tracking_uri=tracking_uri)
    }:
        return None
    return read_results(fetch_file(facts.run_id, RESULTS_FILE, tracking_uri=tracking_uri))
