"""`ketresponse train` and `ketresponse models`: parse, call, print."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import EXIT_NOT_ENOUGH
from features.options import JsonOption
from training.commands.options import EngineOption, JobsOption, SchedulerOption

if TYPE_CHECKING:
    from training.running.publish import Published
    from training.running.training_run import Training

__all__ = ["models", "train"]

_YesOption = Annotated[
    bool, typer.Option("--yes", help="Mix models of simulated and of real patients under one name.")
]


_SeedOption = Annotated[int | None, typer.Option(help="Instead of the study's seed.", min=0)]
_QuietOption = Annotated[bool, typer.Option("--quiet", help="Print only where the model is.")]
_NullOption = Annotated[
    int | None,
    typer.Option(
        "--null-test",
        min=0,
        metavar="N",
        help="Also judge the procedure on N permutations of the outcomes, in which there is "
        "nothing to find; 100 count for approval. Instead of the study's number.",
    ),
]
_REPORTS = (".html", ".htm", ".docx", ".md")
_ReportOption = Annotated[
    Path | None,
    typer.Option(
        help="Write the complete report also to this file: .html, .docx for Word, .md for Markdown."
    ),
]
_PanelOption = Annotated[
    Path | None,
    typer.Option(
        help="MicroRNA panel of `panel import`, for those of the patients who have one; in "
        "place of the study's own."
    ),
]
_ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the same training that was stopped half-way, to the same numbers.",
    ),
]


def train(
    study: Annotated[Path, typer.Argument(help="The study file (TOML).", metavar="STUDY")],
    seed: _SeedOption = None,
    jobs: JobsOption = None,
    json_: JsonOption = False,
    quiet: _QuietOption = False,
    null_test: _NullOption = None,
    report: _ReportOption = None,
    panel: _PanelOption = None,
    resume: _ResumeOption = False,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    yes: _YesOption = False,
) -> None:
    """Train, judge and register the model of a study.

    Prints a summary that says what the data can bear; the complete report, with every table and
    picture, is kept with the run. With too few patients for any model the report is descriptive,
    nothing is registered, and the exit code is 3.
    """
    from functools import partial

    from rich.console import Console
    from threadpoolctl import threadpool_limits

    from features.files.table import check_output
    from training.document.progress import show_progress
    from training.store.client import find_tracking_uri

    if report is not None:
        check_output(report, force=False, endings=_REPORTS)
    console = None if quiet or json_ else Console(stderr=True, markup=False)
    with show_progress(console, "Loading what a training needs", 0):
        from training.running.engine import open_engine
        from training.running.training_run import run_training, write_report
    tracking_uri = find_tracking_uri(os.environ)

    def tell(line: str) -> None:
        if console is not None:
            console.print(line)

    try:
        with (
            open_engine(engine, jobs=jobs, scheduler=scheduler, environ=os.environ) as n_jobs,
            # Threads that wait for each other over small matrices took as much time as all the
            # rest; fits beside one another have processes of their own.
            threadpool_limits(1),
        ):
            training = run_training(
                study,
                tracking_uri=tracking_uri,
                n_jobs=n_jobs,
                show=partial(show_progress, console),
                tell=tell,
                seed=seed,
                panel_file=panel,
                null_permutations=null_test,
                mixed=yes,
                resume=resume,
            )
    except KeyboardInterrupt:
        tell("The fits that had ended are kept: the same command with --resume goes on from there.")
        raise
    if report is not None:
        write_report(training, report, tracking_uri=tracking_uri)
    _print_training(training, as_json=json_, quiet=quiet)


def _print_training(training: Training, *, as_json: bool, quiet: bool) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    from training.report.summary import make_summary
    from training.running.values import make_values

    if as_json:
        typer.echo(json.dumps(make_values(training), indent=2))
    elif not quiet:
        Console(markup=False).print(
            Markdown(make_summary(training.description, training.evaluation))
        )
    published = training.published
    if published is None:
        if quiet:
            typer.echo(training.description.shortfall, err=True)
        raise typer.Exit(EXIT_NOT_ENOUGH)
    if quiet:
        typer.echo(published.name_and_version)
    elif not as_json:
        _describe(training, published)


def _describe(training: Training, published: Published) -> None:
    from training.report.first_page import list_steps

    assert training.evaluation is not None, "what is published was judged"
    typer.echo(f"Registered {published.name_and_version} ({published.status}).")
    typer.echo(f"Complete report: {published.report}")
    typer.echo(f"Artifact folder: {published.folder}")
    typer.echo("What to do next:")
    model = published.name_and_version
    for step in list_steps(training.description, training.evaluation, model=model):
        typer.echo(f"- {step}")
    if published.status == "demonstration":
        typer.echo(
            "- To see the page a clinician would see, for these simulated patients: "
            f"ketresponse serve {model} --demonstration"
        )


def models(
    json_: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the registered models: version, status, patients, performance."""
    from dataclasses import asdict

    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from training.store.abandoned import end_abandoned
    from training.store.client import find_tracking_uri
    from training.store.registered import list_models

    tracking_uri = find_tracking_uri(os.environ)
    for line in end_abandoned(tracking_uri=tracking_uri):
        typer.echo(line, err=True)
    found = list_models(tracking_uri=tracking_uri)
    if json_:
        typer.echo(json.dumps([asdict(model) for model in found], indent=2, default=str))
        return
    if not found:
        typer.echo("No model is registered here yet: run `ketresponse train STUDY`.")
        return
    table = Table(
        title="Registered models",
        caption=(
            "AUC is cross-validated. Only what is approved may be used; whether the data bear a "
            "model stands in its report."
        ),
        box=SIMPLE,
    )
    table.add_column("model", no_wrap=True)
    for name in ("status", "trained", "horizon", "responders", "AUC"):
        table.add_column(name, overflow="fold")
    for model in found:
        for i, horizon in enumerate(model.horizons):
            first = i == 0
            table.add_row(
                f"{model.name}:{model.version}" if first else "",
                model.status if first else "",
                model.created[:10] if first else "",
                horizon.upper(),
                f"{model.events[horizon]} of {model.n[horizon]}",
                "-" if model.auc.get(horizon) is None else f"{model.auc[horizon]:.2f}",
            )
    Console(markup=False).print(table)
