"""A validation, and a study with each site left out: judged, laid out, tracked.

Nothing about a single patient is stored: a run keeps tables, pictures and resampled metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.errors import NotEnoughData, list_words
from features.files.temporary import temporary_folder
from training.document.document import Document
from training.document.files import write_document
from training.document.progress import Show
from training.fitting.weighting import compute_outcome_weights
from training.model.centres import NO_CENTRE
from training.model.response_model import ResponseModel
from training.report.validation_report import make_leave_site_out_report, make_validation_report
from training.running.run_record import flatten_estimates, name_distances
from training.store.artifact import LoadedModel
from training.store.registered import CENTRE_TAG
from training.store.tracking import RunRecord, track_run
from training.study.settings import Study
from training.study.study import Description, read_description
from training.validation.comparison import EVALUATION_TAG, compute_evaluation_key, draws_file
from training.validation.new_patients import NewPatients, find_sites
from training.validation.validation import (
    WEIGHTING,
    Judged,
    SiteResults,
    compute_site_results,
    compute_validation,
    cross_validate_sites,
)

__all__ = ["run_leave_site_out", "run_validation"]


def run_validation(
    loaded: LoadedModel,
    patients: NewPatients,
    *,
    file: str,
    thresholds: tuple[float, float],
    n_bootstrap: int,
    seed: int,
    tracking_uri: str,
    centre: str = "",
    out: Path | None = None,
    force: bool = False,
) -> tuple[Document, str]:
    """Judge a frozen model in other patients, and keep the result as a tracked run.

    Parameters
    ----------
    loaded, patients : LoadedModel, NewPatients
        What is judged, and on whom.
    file : str
        Name of the cohort file.
    thresholds : (float, float)
        Range of decision thresholds, set beforehand.
    n_bootstrap, seed : int
        Of the resamples behind the intervals.
    tracking_uri : str
        Where the run is kept.
    centre : str
        Of a model of several centres, the one whose own model is judged, as
        :func:`training.model.centres.choose_centre` names it; "" judges what a new centre gets.
    out : Path or None
        A folder that the page, tables and pictures are also written to.
    force : bool
        Whether files that are there may be replaced.

    Returns
    -------
    report : Document
        Every table, in words.
    run_id : str
        Of the run.
    """
    tags = {CENTRE_TAG: centre or NO_CENTRE} if loaded.model.centres else {}
    if loaded.model.centres:
        told = _tell_centre(loaded.model, centre)
        patients = replace(patients, warnings=(*patients.warnings, told))
        loaded = replace(loaded, model=loaded.model.at(centre)) if centre else loaded
    judged = compute_validation(
        loaded.model,
        patients.data,
        patients.sites,
        thresholds=thresholds,
        n_bootstrap=n_bootstrap,
        seed=seed,
    )
    report = make_validation_report(
        loaded, patients, judged, file=file, seed=seed, n_bootstrap=n_bootstrap
    )
    record = _make_record(loaded, patients, judged, n_bootstrap=n_bootstrap, seed=seed)
    record = replace(record, tags={**record.tags, **tags})
    draws = {draws_file(h).removesuffix(".csv"): result.draws for h, result in judged.items()}
    if out is not None:
        write_document(report, out, name="validation", force=force)
    return report, _track(record, report, draws, tracking_uri=tracking_uri)


def _tell_centre(model: ResponseModel, centre: str) -> str:
    """Return which model of several centres' is judged."""
    names = [one.name for one in model.centres]
    if centre:
        return (
            f"Judged is {centre}'s own model, one of {len(names)} centres'. Patients whom that was "
            "learnt from are not other patients: nothing here can tell them."
        )
    return (
        "Judged is what the model answers at a centre that took no part; --centre judges the own "
        f"model of {list_words(names)}."
    )


def _make_record(
    loaded: LoadedModel,
    patients: NewPatients,
    judged: dict[str, Judged],
    *,
    n_bootstrap: int,
    seed: int,
) -> RunRecord:
    """Return what is tracked: the names of training's metrics, so that runs line up."""
    facts = loaded.facts
    rules = Eligibility.from_dict(facts.eligibility)
    metrics: dict[str, float] = {}
    for horizon, result in judged.items():
        metrics |= {f"{horizon}_n": result.n, f"{horizon}_events": result.events}
        metrics |= flatten_estimates(f"{horizon}_", result.performance)
        metrics |= name_distances(horizon, result.calibration)
        if result.sites is not None:
            metrics |= _flatten_sites(horizon, result.sites)
    synthetic = patients.synthetic or facts.synthetic
    return RunRecord(
        study=facts.name,
        kind="validation",
        params={
            "model": f"{facts.name}:{facts.version}",
            "rule": facts.rule,
            "horizons": "+".join(judged),
            "seed": seed,
            "bootstrap": n_bootstrap,
        },
        metrics=metrics,
        tags={
            "ketresponse.status": "demonstration" if synthetic else "research",
            "ketresponse.model": facts.name,
            "ketresponse.model_version": facts.version,
            "ketresponse.model_digest": loaded.digest,
            "ketresponse.training_run": facts.run_id or "",
            "ketresponse.is_training_cohort": str(patients.is_training_cohort).lower(),
            EVALUATION_TAG: compute_evaluation_key(
                cohort_sha256=patients.cohort.sha256,
                eligibility=rules,
                rule=facts.rule,
                horizons=tuple(judged),
                weighting=WEIGHTING,
                design="frozen",
                n_bootstrap=n_bootstrap,
                seed=seed,
            ),
            "cohort_sha256": patients.cohort.sha256,
            "cohort_synthetic": str(patients.synthetic).lower(),
        },
        note="  \n".join(
            [f"Version {facts.version} judged in other patients.", *patients.warnings]
        ),
    )


def _flatten_sites(horizon: str, sites: SiteResults) -> dict[str, float]:
    """Return the metrics of a pooled result: the mean's interval, and that of a further site."""
    names = {
        "low": "mean_low",
        "high": "mean_high",
        "prediction_low": "low",
        "prediction_high": "high",
    }
    return flatten_estimates(f"{horizon}_sites_", sites.pooled.rename(columns=names))


def run_leave_site_out(
    study: Study,
    *,
    n_jobs: int,
    show: Show,
    tracking_uri: str,
    out: Path | None = None,
    force: bool = False,
) -> tuple[Document, str]:
    """Run a study's procedure on all sites but one, for each site, and keep how it did there.

    Parameters
    ----------
    study : Study
        What is asked.
    n_jobs : int
        Processes.
    show : callable
        Shows the progress, such as :func:`training.document.progress.show_progress` on a console.
    tracking_uri, out, force
        As in :func:`run_validation`.

    Returns
    -------
    report : Document
        Every table, in words.
    run_id : str
        Of the run; nothing is registered.

    Raises
    ------
    NotEnoughData
        If the cohort cannot bear a model.
    """
    description = read_description(study)
    if description.shortfall:
        raise NotEnoughData(description.shortfall)
    cohort = description.cohort
    eligible, _ = study.eligibility.select(cohort.table, dictionary=cohort.dictionary)
    sites = find_sites(eligible)
    with show("Leaving sites out", len(np.unique(sites))) as progress:
        held_out = cross_validate_sites(
            description.data,
            sites,
            study.procedure,
            seed=study.seed,
            n_jobs=n_jobs,
            progress=progress,
        )
    weights = compute_outcome_weights(description.data, weighting=study.weighting)
    results = {
        h: compute_site_results(y, held_out.predictions[h][0], sites, sample_weight=weights[h])
        for h, y in description.data.y.items()
    }
    report = make_leave_site_out_report(
        results,
        title=study.title,
        outcomes=description.study.outcomes,
        synthetic=description.cohort.synthetic,
        seed=study.seed,
    )
    record = _make_sites_record(description, results, n_sites=len(set(sites.tolist())))
    if out is not None:
        write_document(report, out, name="leave_site_out", force=force)
    return report, _track(record, report, {}, tracking_uri=tracking_uri)


def _make_sites_record(
    description: Description, results: Mapping[str, SiteResults], *, n_sites: int
) -> RunRecord:
    study, cohort = description.study, description.cohort
    metrics: dict[str, float] = {}
    for horizon, result in results.items():
        metrics |= _flatten_sites(horizon, result)
    return RunRecord(
        study=study.name,
        kind="leave-site-out",
        params={"sites": n_sites, "seed": study.seed},
        metrics=metrics,
        tags={
            "ketresponse.status": "demonstration" if cohort.synthetic else "research",
            "study_sha256": study.sha256,
            "cohort_sha256": cohort.sha256,
            "cohort_synthetic": str(cohort.synthetic).lower(),
        },
        note="The procedure run on all sites but one, and judged on that one.",
    )


def _track(
    record: RunRecord, report: Document, draws: Mapping[str, pd.DataFrame], *, tracking_uri: str
) -> str:
    """Store a run with its report; return its id."""
    with temporary_folder() as temporary:
        write_document(report, temporary, name=record.kind, extra=draws)
        return track_run(replace(record, files=temporary), tracking_uri=tracking_uri)
