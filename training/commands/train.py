"""`ketresponse train` and `ketresponse models`: parse, call, print."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import EXIT_NOT_ENOUGH

if TYPE_CHECKING:
    from rich.console import Console

    from training.evaluation.evaluation import Evaluation
    from training.report.publish import Published
    from training.study.study import Description

__all__ = ["models", "train"]


def run_training(
    study_file: Path,
    *,
    seed: int | None,
    jobs: int | None,
    tracking_uri: str | None,
    console: Console | None,
    null_permutations: int = 0,
    report: Path | None = None,
    panel: Path | None = None,
) -> tuple[str, dict[str, Any], Published | None]:
    """Run a study from file to registry.

    Parameters
    ----------
    study_file : Path
        TOML.
    seed : int or None
        Takes the place of the study's own.
    jobs : int or None
        Processes; None for one on each processor.
    tracking_uri : str or None
        MLflow store; None for the default.
    console : rich.console.Console or None
        Where progress is shown; None shows nothing.
    null_permutations : int
        Permutations of the null test; 0 leaves it out.
    report : Path or None
        A file that the complete report is also written to: a page if its name ends in .html,
        else Markdown without pictures. It may not be there yet.
    panel : Path or None
        A tidy microRNA panel, in place of the study's own.

    Returns
    -------
    text : str
        What people read in the terminal, in Markdown: a summary, or, without a model, the whole
        descriptive report.
    summary : dict
        Plain values, for scripts.
    published : Published or None
        None where the data could not bear a model: nothing is registered then.
    """
    from dataclasses import replace

    from features.files.table import check_output
    from training.document.progress import show_progress
    from training.evaluation.evaluation import count_steps, evaluate
    from training.model.response import count_jobs
    from training.report.publish import fetch_page, recording, summarise
    from training.report.report import summarise_report, write_report
    from training.study.settings import read_study
    from training.study.study import describe

    if report is not None:
        check_output(report, force=False)
    study = read_study(study_file)
    if seed is not None:
        study = replace(study, seed=seed)
    if panel is not None:
        study = replace(study, panel_file=panel)
    description = describe(study)
    if console is not None:
        for need in description.verdicts.values():
            console.print(f"Sample size: {need.text}")
    if description.shortfall:
        if report is not None:
            _write_report(description, None, report, None)
        return write_report(description, None), summarise(description, None, None), None
    with recording(description, tracking_uri=tracking_uri) as finish:
        total = count_steps(description, null_permutations=null_permutations)
        with show_progress(console, "Training", total) as progress:
            evaluation = evaluate(
                description,
                null_permutations=null_permutations,
                n_jobs=jobs or count_jobs(),
                progress=progress,
            )
        published = finish(evaluation)
    if report is not None:
        _write_report(description, evaluation, report, fetch_page(published, tracking_uri))
    text = summarise_report(description, evaluation)
    return text, summarise(description, evaluation, published), published


def _write_report(
    description: Description, evaluation: Evaluation | None, path: Path, page: Path | None
) -> None:
    """Write the complete report; `page` is the one that is kept with the run."""
    from features.files.table import write_bytes
    from training.document.document import to_html
    from training.report.report import make_report, write_report

    if path.suffix.lower() not in (".html", ".htm"):
        data = write_report(description, evaluation).encode()
    elif page is None:
        data = to_html(make_report(description, evaluation)).encode()
    else:
        data = page.read_bytes()
    write_bytes(data, path)


def train(
    study: Annotated[Path, typer.Argument(help="The study file (TOML).", metavar="STUDY")],
    seed: Annotated[int | None, typer.Option(help="Instead of the study's seed.", min=0)] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: all cores.", min=1)] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only where the model is.")] = False,
    null_test: Annotated[
        int,
        typer.Option(
            "--null-test",
            min=0,
            metavar="N",
            help="Also judge the procedure on N permutations of the outcomes, in which there is "
            "nothing to find; 100 count for approval.",
        ),
    ] = 0,
    report: Annotated[
        Path | None,
        typer.Option(help="Write the complete report also to this file (.html, or Markdown)."),
    ] = None,
    panel: Annotated[
        Path | None,
        typer.Option(
            help="MicroRNA panel of `panel import`, for those of the patients who have one; in "
            "place of the study's own."
        ),
    ] = None,
) -> None:
    """Train, judge and register the model of a study.

    Prints a summary that says what the data can bear; the complete report, with every table and
    picture, is kept with the run. With too few patients for any model the report is descriptive,
    nothing is registered, and the exit code is 3.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    progress = None if quiet or json_ else Console(stderr=True)
    text, summary, published = run_training(
        study,
        seed=seed,
        jobs=jobs,
        tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"),
        console=progress,
        null_permutations=null_test,
        report=report,
        panel=panel,
    )
    if json_:
        typer.echo(json.dumps(summary, indent=2))
    elif not quiet:
        Console().print(Markdown(text))
    if published is None:
        if quiet:
            typer.echo(summary["shortfall"], err=True)
        raise typer.Exit(EXIT_NOT_ENOUGH)
    if quiet:
        typer.echo(published.name_and_version)
    elif not json_:
        mode = "--demonstration" if published.status == "demonstration" else "--research"
        typer.echo(f"Registered {published.name_and_version} ({published.status}).")
        typer.echo(f"Complete report: {published.report}")
        typer.echo(f"Artifact folder: {published.folder}")
        typer.echo(f"Serve it: ketresponse serve {published.name_and_version} {mode}")
        typer.echo("Compare runs: mlflow ui")


def models(
    json_: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the registered models: version, status, patients, performance."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from training.store.registry import list_models
    from training.store.tracking import find_tracking_uri

    found = list_models(tracking_uri=find_tracking_uri(os.environ))
    if json_:
        typer.echo(json.dumps([asdict(model) for model in found], indent=2, default=str))
        return
    if not found:
        typer.echo("No model is registered here yet: run `ketresponse train STUDY`.")
        return
    table = Table(title="Registered models")
    table.add_column("model", no_wrap=True)
    for name in ("status", "trained", "horizon", "patients", "responders", "AUC"):
        table.add_column(name, overflow="fold")
    for model in found:
        for i, horizon in enumerate(model.horizons):
            first = i == 0
            table.add_row(
                f"{model.name}:{model.version}" if first else "",
                model.status if first else "",
                model.created[:10] if first else "",
                horizon.upper(),
                str(model.n[horizon]),
                str(model.events[horizon]),
                "-" if model.auc.get(horizon) is None else f"{model.auc[horizon]:.2f}",
            )
    Console().print(table)
