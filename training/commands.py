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

    from training.evaluation import Evaluation
    from training.publish import Published
    from training.study import Description

__all__ = ["models", "train"]


def _evaluate_with_bar(
    description: Description, *, jobs: int, console: Console | None
) -> Evaluation:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from training.evaluation import count_steps, evaluate

    if console is None:
        return evaluate(description, n_jobs=jobs)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("fits,"), TimeRemainingColumn(), TextColumn("left"))  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Training", total=count_steps(description))
        return evaluate(description, n_jobs=jobs, progress=lambda: bar.advance(task))


def run_training(
    study_file: Path, *, seed: int | None, jobs: int | None, tracking_uri: str | None,
    console: Console | None,
) -> tuple[str, dict[str, Any], Published | None]:  # fmt: skip
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

    Returns
    -------
    report : str
        Markdown.
    summary : dict
        Plain values, for scripts.
    published : Published or None
        None where the data could not bear a model: nothing is registered then.
    """
    from dataclasses import replace

    from training.publish import check_store, publish, summarise
    from training.report import write_report
    from training.response import count_jobs
    from training.settings import read_study
    from training.study import describe

    study = read_study(study_file)
    if seed is not None:
        study = replace(study, seed=seed)
    description = describe(study)
    if console is not None:
        for need in description.verdicts.values():
            console.print(f"Sample size: {need.text}")
    if description.shortfall:
        return write_report(description, None), summarise(description, None, None), None
    check_store(tracking_uri)
    evaluation = _evaluate_with_bar(description, jobs=jobs or count_jobs(), console=console)
    published = publish(description, evaluation, tracking_uri=tracking_uri)
    report = write_report(description, evaluation)
    return report, summarise(description, evaluation, published), published


def train(
    study: Annotated[Path, typer.Argument(help="The study file (TOML).", metavar="STUDY")],
    seed: Annotated[int | None, typer.Option(help="Instead of the study's seed.", min=0)] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: all cores.", min=1)] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only where the model is.")] = False,
) -> None:
    """Train, judge and register the model of a study.

    Prints a report that says what the data can bear. With too few patients for any model the
    report is descriptive, nothing is registered, and the exit code is 3.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    progress = None if quiet or json_ else Console(stderr=True)
    report, summary, published = run_training(
        study, seed=seed, jobs=jobs, tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"),
        console=progress,
    )  # fmt: skip
    if json_:
        typer.echo(json.dumps(summary, indent=2))
    elif not quiet:
        Console().print(Markdown(report))
    if published is None:
        if quiet:
            typer.echo(summary["shortfall"], err=True)
        raise typer.Exit(EXIT_NOT_ENOUGH)
    if quiet:
        typer.echo(published.name_and_version)
    elif not json_:
        mode = "--demonstration" if published.status == "demonstration" else "--research"
        typer.echo(f"Registered {published.name_and_version} ({published.status}).")
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

    from training.registry import list_models
    from training.tracking import find_tracking_uri

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
