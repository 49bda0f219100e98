"""`ketresponse monitor`: parse, look, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import InputError, KetresponseError, Problem
from features.options import ForceOption, JsonOption
from serving.commands.options import ModelArgument, find_model, opening_records

if TYPE_CHECKING:
    from serving.monitoring.alarms import Alarm
    from serving.monitoring.watch import Watched
    from training.document.document import Document

__all__ = ["monitor"]


def monitor(
    model: ModelArgument,
    page: Annotated[
        Path | None,
        typer.Option("--page", help="Write a page with charts and tables.", metavar="FILE.html"),
    ] = None,
    due: Annotated[
        list[str] | None,
        typer.Option(
            help="After how many days an outcome is due: --due t1=60. Default t1=90, t2=180.",
            metavar="HORIZON=DAYS",
        ),
    ] = None,
    suspend: Annotated[
        bool,
        typer.Option(
            "--suspend", help="Suspend the model where outcomes have newly crossed a limit."
        ),
    ] = False,
    tasks: Annotated[
        bool,
        typer.Option("--tasks/--no-tasks", help="Whether new alarms become tasks for reviewers."),
    ] = True,
    force: ForceOption = False,
    json_: JsonOption = False,
) -> None:
    """See whether a model's estimates come true, from its records and the reported outcomes.

    Prints what was found in plain words; a crossed limit becomes a task for the reviewers, once.
    Run it as often as you like, such as every night: the charts allow for it.
    """
    import json
    from datetime import UTC, datetime

    from serving.estimate.predictor import Predictor
    from serving.monitoring.report import make_monitoring_report
    from serving.monitoring.watch import look_at, tell_reviewers
    from training.store.artifact import load_model

    if suspend and not tasks:
        raise InputError("--suspend goes with a task for the reviewers: leave --no-tasks out")
    days = _read_days(due or [])
    predictor = Predictor(load_model(find_model(model)))
    now = datetime.now(UTC)
    with opening_records() as store:
        watched = look_at(store, predictor, now=now, due_days=days)
        report = make_monitoring_report(watched)
        if page is not None:
            _write_page(report, page, force=force)
        told = tell_reviewers(store, watched, now=now, suspends=suspend) if tasks else []
    if json_:
        typer.echo(json.dumps(_to_json(watched, report, told), indent=2, allow_nan=False))
    else:
        _tell(watched, told, page, suspended=suspend and any(alarm.horizon for alarm in told))


def _read_days(due: list[str]) -> dict[str, int]:
    """Return the days of each horizon, the defaults with what is asked put in."""
    from serving.monitoring.reporting import DUE_DAYS

    days, problems = dict(DUE_DAYS), []
    for text in due:
        horizon, _, number = text.partition("=")
        if horizon in DUE_DAYS and number.isascii() and number.isdigit() and len(number) < 5:
            days[horizon] = int(number)
        else:
            problems.append(Problem("--due", "t1 or t2 = whole days, such as t1=60", text[:40]))
    if problems:
        raise InputError("--due", problems)
    return days


def _write_page(report: Document, page: Path, *, force: bool) -> None:
    from features.files.table import check_output, write_bytes
    from training.document.render import to_html

    check_output(page, force=force, endings=(".html",))
    try:
        content = to_html(report)
    except ModuleNotFoundError as err:
        raise KetresponseError(
            f"the page's pictures need {err.name}: install ketresponse[train], or leave --page out"
        ) from err
    write_bytes(content.encode(), page, force=force)


def _to_json(watched: Watched, report: Document, told: list[Alarm]) -> dict[str, Any]:
    from serving.monitoring.summary import make_monitoring_summary
    from training.document.files import to_values

    return {
        "model": watched.model,
        "model_digest": watched.model_digest,
        "suspended": watched.suspended,
        "summary": list(make_monitoring_summary(watched)),
        "alarms": [
            {
                "chart": alarm.chart,
                "horizon": alarm.horizon,
                "at": str(alarm.at),
                "since": str(alarm.since),
                "text": alarm.text,
                "new": alarm in told,
            }
            for alarm in watched.found.alarms
        ],
        **to_values(report),
    }


def _tell(watched: Watched, told: list[Alarm], page: Path | None, *, suspended: bool) -> None:
    import textwrap

    from rich.console import Console

    from serving.monitoring.summary import make_monitoring_summary

    width = max(40, Console().width)
    lines = [f"{watched.model} in use", *filter(None, [watched.stamp])]
    for sentence in make_monitoring_summary(watched):
        lines += textwrap.wrap(f"- {sentence}", width, subsequent_indent="  ")
    if told:
        lines.append(f"Opened {len(told)} task{'s'[: len(told) > 1]} for the reviewers.")
    if suspended:
        lines.append("The model is suspended: a running service stops answering within seconds.")
    if page is not None:
        lines.append(f"Page with charts and tables: {page}")
    for line in lines:
        typer.echo(line)
