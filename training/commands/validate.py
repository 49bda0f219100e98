"""`ketresponse validate` and `ketresponse leave-site-out`: parse, call, print."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from training.document.document import Document
    from training.store.artifact import LoadedModel
    from training.store.tracking import RunRecord
    from training.validation.new_patients import NewPatients
    from training.validation.validation import Judged, SiteResults

__all__ = ["CohortArgument", "MappingOption", "ModelArgument", "leave_site_out", "validate"]

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="Folder of a model, or a registered name: NAME, or NAME:VERSION."
    ),
]
CohortArgument = Annotated[
    Path, typer.Argument(metavar="COHORT", help="Cohort file of other patients.")
]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="Mapping (TOML) that declares further variables.")
]
_Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for the page, tables and pictures.")
]
_Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def read_patients(loaded: LoadedModel, cohort: Path, mapping: Path | None) -> NewPatients:
    """Return a cohort's patients by the model's rules, with what a mapping declares."""
    from features.cohort.mapping import read_mapping
    from training.validation.new_patients import read_new_patients

    further = () if mapping is None else read_mapping(mapping).variables
    return read_new_patients(loaded, cohort, further=further)


def _check_page(out: Path | None, name: str, *, force: bool) -> None:
    """Raise if the page may not be written, before the work that fills it."""
    from features.files.table import check_output

    if out is not None and out.is_dir():
        check_output(out / f"{name}.html", force=force)


def _read_thresholds(text: str) -> tuple[float, float]:
    from features.errors import InputError, Problem

    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = 0.0
    if not 0 < low < high < 1:
        problem = Problem("--thresholds", "LOW,HIGH between 0 and 1, such as 0.2,0.7", repr(text))
        raise InputError("thresholds", [problem])
    return low, high


def _track(
    record: RunRecord, report: Document, extra: Mapping[str, pd.DataFrame], *, tracking_uri: str
) -> str:
    """Store a run with its report; return its id."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from training.document.document import write_document
    from training.store.tracking import track_run

    with TemporaryDirectory() as temporary:
        write_document(report, Path(temporary), name=record.kind, extra=extra)
        return track_run(replace(record, files=Path(temporary)), tracking_uri=tracking_uri)


def _tell(report: Document, summary: dict[str, Any], *, out: Path | None, json_: bool) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    from training.document.document import to_markdown, to_values

    if json_:
        typer.echo(json.dumps(to_values(report) | summary, indent=2))
        return
    Console().print(Markdown(to_markdown(report, pictures=False)))
    typer.echo(f"Tracked as run {summary['run_id']}.")
    if out is not None:
        typer.echo(f"Page, tables and pictures: {out}")


def validate(
    model: ModelArgument,
    cohort: CohortArgument,
    mapping: MappingOption = None,
    thresholds: Annotated[
        str, typer.Option(help="Range of decision thresholds, set beforehand.", metavar="LOW,HIGH")
    ] = "0.1,0.9",
    resamples: Annotated[
        int, typer.Option(help="Bootstrap resamples behind the intervals.", min=100, max=100_000)
    ] = 500,
    seed: Annotated[int, typer.Option(help="Of the resamples.", min=0)] = 0,
    out: _Out = None,
    force: _Force = False,
    json_: _Json = False,
) -> None:
    """Judge a frozen model in other patients: nothing is fitted to them.

    Eligibility, responder rule and horizons are the model's own. Prints every table, and keeps
    them, without any patient, as a tracked run that names the model.
    """
    from training.document.document import write_document
    from training.report.validation_report import make_validation_report
    from training.store.artifact import load_model
    from training.store.registry import find_folder
    from training.store.tracking import find_tracking_uri
    from training.validation.comparison import draws_file
    from training.validation.validation import validate as judge

    between = _read_thresholds(thresholds)
    _check_page(out, "validation", force=force)
    tracking_uri = find_tracking_uri(os.environ)
    loaded = load_model(find_folder(model, tracking_uri=tracking_uri))
    patients = read_patients(loaded, cohort, mapping)
    judged = judge(
        loaded.model,
        patients.data,
        patients.sites,
        thresholds=between,
        n_bootstrap=resamples,
        seed=seed,
    )
    report = make_validation_report(
        loaded, patients, judged, file=cohort.name, seed=seed, n_bootstrap=resamples
    )
    if out is not None:
        write_document(report, out, name="validation", force=force)
    record = _make_record(loaded, patients, judged, n_bootstrap=resamples, seed=seed)
    draws = {draws_file(h).removesuffix(".csv"): result.draws for h, result in judged.items()}
    run_id = _track(record, report, draws, tracking_uri=tracking_uri)
    summary = {
        "model": f"{loaded.facts.name}:{loaded.facts.version}",
        "model_digest": loaded.digest,
        "cohort_sha256": patients.cohort.sha256,
        "synthetic": patients.synthetic,
        "is_training_cohort": patients.is_training_cohort,
        "warnings": list(patients.warnings),
        "run_id": run_id,
    }
    _tell(report, summary, out=out, json_=json_)


def _make_record(
    loaded: LoadedModel,
    patients: NewPatients,
    judged: dict[str, Judged],
    *,
    n_bootstrap: int,
    seed: int,
) -> RunRecord:
    """Return what is tracked: the names of training's metrics, so that runs line up."""
    from features.dictionary.eligibility import Eligibility
    from training.store.tracking import RunRecord
    from training.validation.comparison import EVALUATION_TAG, compute_evaluation_key
    from training.validation.validation import WEIGHTING

    facts = loaded.facts
    rules = Eligibility.from_dict(facts.eligibility, dictionary=patients.cohort.dictionary)
    metrics: dict[str, float] = {}
    for horizon, result in judged.items():
        metrics |= {f"{horizon}_n": result.n, f"{horizon}_events": result.events}
        for table in (result.performance, result.calibration.summary):
            metrics |= _flatten(f"{horizon}_", table)
        if result.sites is not None:
            metrics |= _flatten_sites(f"{horizon}_sites_", result.sites)
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


def _flatten(prefix: str, table: pd.DataFrame) -> dict[str, float]:
    """Return a performance table as metrics, with the names that a training gives them."""
    columns = (("estimate", ""), ("low", "_low"), ("high", "_high"))
    return {
        f"{prefix}{metric}{suffix}": float(row[column])
        for metric, row in table.iterrows()
        for column, suffix in columns
    }


def _flatten_sites(prefix: str, sites: SiteResults) -> dict[str, float]:
    further = sites.pooled.rename(
        columns={
            "low": "mean_low",
            "high": "mean_high",
            "prediction_low": "low",
            "prediction_high": "high",
        }
    )
    return _flatten(prefix, further)


def leave_site_out(
    study: Annotated[Path, typer.Argument(help="The study file (TOML).", metavar="STUDY")],
    jobs: Annotated[int | None, typer.Option(help="Processes; default: all cores.", min=1)] = None,
    out: _Out = None,
    force: _Force = False,
    json_: _Json = False,
) -> None:
    """Run a study's procedure on all sites but one, and judge it on that one, for each site.

    Registers nothing. Sites with under 10 responders or nonresponders are counted and not
    estimated.
    """
    import numpy as np
    from rich.console import Console

    from features.cohort.cohort import select_eligible
    from features.errors import NotEnoughData
    from training.document.document import write_document
    from training.document.progress import show_progress
    from training.model.response import count_jobs
    from training.model.weighting import compute_outcome_weights
    from training.report.validation_report import make_leave_site_out_report
    from training.store.tracking import RunRecord, find_tracking_uri
    from training.study.settings import read_study
    from training.study.study import describe
    from training.validation.new_patients import find_sites
    from training.validation.validation import compute_site_results, cross_validate_sites

    _check_page(out, "leave_site_out", force=force)
    settings = read_study(study)
    description = describe(settings)
    if description.shortfall:
        raise NotEnoughData(description.shortfall)
    data = description.data
    sites = find_sites(select_eligible(description.cohort, settings.eligibility)[0])
    console = None if json_ else Console(stderr=True)
    with show_progress(console, "Leaving sites out", len(np.unique(sites))) as progress:
        held_out = cross_validate_sites(
            data,
            sites,
            settings.procedure,
            seed=settings.seed,
            n_jobs=jobs or count_jobs(),
            progress=progress,
        )
    weights = compute_outcome_weights(data, weighting=settings.weighting)
    results = {
        h: compute_site_results(
            data.y[h], held_out.predictions[h][0], sites, sample_weight=weights[h]
        )
        for h in data.horizons
    }
    synthetic = description.cohort.synthetic
    report = make_leave_site_out_report(
        results,
        title=settings.title,
        outcomes=settings.outcomes,
        synthetic=synthetic,
        seed=settings.seed,
    )
    if out is not None:
        write_document(report, out, name="leave_site_out", force=force)
    metrics: dict[str, float] = {}
    for horizon, result in results.items():
        metrics |= _flatten_sites(f"{horizon}_sites_", result)
    record = RunRecord(
        study=settings.name,
        kind="leave-site-out",
        params={"sites": len(set(sites.tolist())), "seed": settings.seed},
        metrics=metrics,
        tags={
            "ketresponse.status": "demonstration" if synthetic else "research",
            "study_sha256": settings.sha256,
            "cohort_sha256": description.cohort.sha256,
            "cohort_synthetic": str(synthetic).lower(),
        },
        note="The procedure run on all sites but one, and judged on that one.",
    )
    run_id = _track(record, report, {}, tracking_uri=find_tracking_uri(os.environ))
    _tell(report, {"study": settings.name, "run_id": run_id}, out=out, json_=json_)
