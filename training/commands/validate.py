"""`ketresponse validate` and `ketresponse leave-site-out`: parse, call, print."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.options import ForceOption, JsonOption, MappingOption
from training.commands.options import (
    CohortArgument,
    EngineOption,
    JobsOption,
    ModelArgument,
    PageOption,
    SchedulerOption,
    print_report,
    read_patients,
)

if TYPE_CHECKING:
    from training.document.document import Document

__all__ = ["leave_site_out", "validate_model"]


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


def _describe(report: Document, summary: dict[str, Any], *, out: Path | None, json_: bool) -> None:
    from training.document.files import to_values

    if json_:
        typer.echo(json.dumps(to_values(report) | summary, indent=2))
    else:
        print_report(report, f"Tracked as run {summary['run_id']}.", page=out)


def validate_model(
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
    centre: Annotated[
        str,
        typer.Option(
            help="Of a model of several centres, judge the own model of this one. Default: what "
            "it answers at a new centre.",
            metavar="NAME",
        ),
    ] = "",
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
) -> None:
    """Judge a frozen model in other patients: nothing is fitted to them.

    Eligibility, responder rule and horizons are the model's own. Prints every table, and keeps
    them, without any patient, as a tracked run that names the model.
    """
    from training.model.centres import choose_centre
    from training.running.validation_run import run_validation
    from training.store.artifact import load_model
    from training.store.client import find_tracking_uri
    from training.store.registered import find_folder

    between = _read_thresholds(thresholds)
    _check_page(out, "validation", force=force)
    tracking_uri = find_tracking_uri(os.environ)
    loaded = load_model(find_folder(model, tracking_uri=tracking_uri))
    name = choose_centre(loaded.model.centres, centre)
    patients = read_patients(loaded, cohort, mapping)
    report, run_id = run_validation(
        loaded,
        patients,
        file=cohort.name,
        thresholds=between,
        n_bootstrap=resamples,
        seed=seed,
        tracking_uri=tracking_uri,
        centre=name,
        out=out,
        force=force,
    )
    summary = {
        "model": f"{loaded.facts.name}:{loaded.facts.version}",
        "model_digest": loaded.digest,
        "cohort_sha256": patients.cohort.sha256,
        "synthetic": patients.synthetic,
        "is_training_cohort": patients.is_training_cohort,
        "warnings": list(patients.warnings),
        "centre": {"name": name or None, "known": bool(name)} if loaded.model.centres else None,
        "run_id": run_id,
    }
    _describe(report, summary, out=out, json_=json_)


def leave_site_out(
    study: Annotated[Path, typer.Argument(help="The study file (TOML).", metavar="STUDY")],
    jobs: JobsOption = None,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
) -> None:
    """Run a study's procedure on all sites but one, and judge it on that one, for each site.

    Registers nothing. Sites with under 10 responders or nonresponders are counted and not
    estimated.
    """
    from rich.console import Console

    from training.document.progress import show_progress
    from training.running.engine import open_engine
    from training.running.validation_run import run_leave_site_out
    from training.store.client import find_tracking_uri
    from training.study.settings import read_study

    _check_page(out, "leave_site_out", force=force)
    settings = read_study(study)
    with open_engine(engine, jobs=jobs, scheduler=scheduler, environ=os.environ) as n_jobs:
        report, run_id = run_leave_site_out(
            settings,
            n_jobs=n_jobs,
            show=partial(show_progress, None if json_ else Console(stderr=True, markup=False)),
            tracking_uri=find_tracking_uri(os.environ),
            out=out,
            force=force,
        )
    _describe(report, {"study": settings.name, "run_id": run_id}, out=out, json_=json_)
