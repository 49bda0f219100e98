"""`ketresponse compare`: parse, call, print."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.options import JsonOption
from training.commands.options import EngineOption, SchedulerOption

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from training.measures.delong_test import DelongTest
    from training.validation.comparison import Comparison

__all__ = ["compare"]

_WIDE = 120
"""Characters from which how a measure is read stands beside it, and not below the table."""


def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Run id, registered NAME or NAME:VERSION, or a study file (TOML)."
        ),
    ],
    second: Annotated[str, typer.Argument(metavar="RUN", help="The other, of the same sort.")],
    jobs: Annotated[
        int | None, typer.Option(help="Processes for study files; default: all cores.", min=1)
    ] = None,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    json_: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Compare two trainings or validations: what differs, then differences with intervals.

    Tracked runs are compared by what they keep: in pairs where both judged the same patients with
    the same folds and seed, else unpaired. Two study files are rerun with the same folds.
    """
    from rich.console import Console

    from features.errors import InputError, Problem
    from training.document.progress import show_progress
    from training.running.engine import open_engine
    from training.store.client import find_tracking_uri
    from training.study.settings import read_study
    from training.validation.comparison import compare_runs, compare_studies

    files = [name.endswith(".toml") for name in (first, second)]
    if all(files):
        a, b = read_study(Path(first)), read_study(Path(second))
        console = None if json_ or quiet else Console(stderr=True, markup=False)
        total = 2 * a.resampling.folds * a.resampling.repeats
        opened = open_engine(engine, jobs=jobs, scheduler=scheduler, environ=os.environ)
        with opened as n_jobs, show_progress(console, "Comparing", total) as progress:
            comparison = compare_studies(
                a, b, names=(first, second), n_jobs=n_jobs, progress=progress
            )
    elif any(files):
        raise InputError(
            "compare", [Problem("RUN RUN", "two runs, or two study files", "one of each")]
        )
    else:
        comparison = compare_runs(first, second, tracking_uri=find_tracking_uri(os.environ))
    if json_:
        typer.echo(json.dumps(_summarise(comparison), indent=2))
    else:
        _describe(comparison)


def _summarise(comparison: Comparison) -> dict[str, object]:
    return {
        "first": comparison.names[0],
        "second": comparison.names[1],
        "differs": [asdict(difference) for difference in comparison.contrast.differs],
        "same": list(comparison.contrast.same),
        "untold": list(comparison.contrast.untold),
        "paired": comparison.paired,
        "reason": comparison.reason,
        "notes": list(comparison.notes),
        "differences": {horizon: _to_values(table) for horizon, table in comparison.tables.items()},
        "net_benefit": {
            horizon: _to_values(table) for horizon, table in comparison.net_benefit.items()
        },
        "delong": {
            horizon: {name: _to_number(value) for name, value in asdict(test).items()}
            for horizon, test in comparison.delong.items()
        },
    }


def _to_values(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = json.loads(
        table.to_json(orient="index", double_precision=10)
    )
    return found


def _to_number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _describe(comparison: Comparison) -> None:
    from rich.console import Console

    console = Console(markup=False)
    a, b = comparison.names
    console.print(f"A: {a}\nB: {b}", markup=False, highlight=False)
    console.print("What differs between the two:", style="bold")
    for line in comparison.contrast.tell():
        console.print(f"- {line}", markup=False, highlight=False)
    if comparison.paired:
        console.print("Paired: both judged the same patients, in the same resamples.")
    else:
        console.print(
            f"NOT paired: {comparison.reason}. The intervals are those of two separate groups of "
            "patients, and the difference holds whatever the groups differ by.",
            style="bold",
            markup=False,
        )
    for note in comparison.notes:
        console.print(note, markup=False)
    for horizon, frame in comparison.tables.items():
        _print_metrics(console, horizon, frame)
        if horizon in comparison.delong:
            console.print(_tell_delong(comparison.delong[horizon]), markup=False, highlight=False)
        if horizon in comparison.net_benefit:
            _print_net_benefit(console, horizon, comparison.net_benefit[horizon])
    if comparison.paired and not comparison.delong:
        console.print(
            "DeLong's test needs each patient's risk, which a run does not keep: compare the two "
            "study files for it.",
            markup=False,
        )
    console.print(
        "An interval that holds 0: these patients cannot tell the two apart. The variance of "
        "refitting is not in it."
    )


def _print_metrics(console: Console, horizon: str, frame: pd.DataFrame) -> None:
    from rich.table import Table

    from training.document.document import each_row
    from training.document.words import METRICS

    beside = console.width >= _WIDE
    table = Table(title=horizon.upper(), title_justify="left")
    table.add_column("", no_wrap=True)
    for column in ("A", "B", "B less A", "95% interval"):
        table.add_column(column, justify="right", no_wrap=True)
    if beside:
        table.add_column("how to read it")
    for metric, row in zip(frame.index, each_row(frame), strict=True):
        label, reading = METRICS[metric]
        table.add_row(label, *_format(row), *([reading] if beside else []))
    console.print(table)
    for label, reading in [] if beside else [METRICS[metric] for metric in frame.index]:
        console.print(f"{label}: {reading}.", markup=False, highlight=False)


def _format(row: Any) -> list[str]:
    """Return a row's cells; what a model that gives everyone the same does not have is a dash."""
    from training.document.words import ABSENT

    def write(value: float, form: str) -> str:
        return ABSENT if math.isnan(value) else f"{value:{form}}"

    interval = ABSENT if math.isnan(row.low) else f"{row.low:+.3f} to {row.high:+.3f}"
    numbers = (write(row.first, ".3f"), write(row.second, ".3f"), write(row.difference, "+.3f"))
    return [*numbers, interval]


def _tell_delong(test: DelongTest) -> str:
    if math.isnan(test.p_value):
        return "DeLong's paired test of the AUC: these patients leave its variance unknown."
    told = f"DeLong's paired test of the AUC: p = {test.p_value:.3f}"
    if math.isnan(test.low):
        return f"{told}; the two rank all patients alike."
    return f"{told}; B less A {test.difference:+.3f} ({test.low:+.3f} to {test.high:+.3f})."


def _print_net_benefit(console: Console, horizon: str, frame: pd.DataFrame) -> None:
    from rich.table import Table

    from training.document.document import each_row

    table = Table(title=f"{horizon.upper()}, net benefit by threshold", title_justify="left")
    for column in ("threshold", "A", "B", "B less A", "95% interval"):
        table.add_column(column, justify="right", no_wrap=True)
    for threshold, row in zip(frame.index, each_row(frame), strict=True):
        table.add_row(f"{threshold:g}", *_format(row))
    console.print(table)
