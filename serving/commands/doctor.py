"""`ketresponse doctor`: what is installed, where things are, and how to repair what is broken."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import EXIT_INPUT

if TYPE_CHECKING:
    from serving.health import Check

__all__ = ["doctor"]

_SIGNS = {"well": "[green]ok[/]", "absent": "[dim]--[/]", "broken": "[bold red]broken[/]"}


def doctor(
    json_: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Say what is installed, where stores and keys are, what is broken and how to repair it.

    Nothing is changed. Ends with exit code 2 where anything is broken; "--" is not there and need
    not be.
    """
    from serving.health import examine, gather_states

    findings = list(examine(os.environ))
    states = gather_states(findings)
    if json_:
        typer.echo(json.dumps(states, indent=2))
    else:
        _show(findings)
    if not states["well"]:
        raise typer.Exit(EXIT_INPUT)


def _show(findings: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for finding in findings:
        told = Text(finding.text)
        if finding.repair:
            told.append(f"\n-> {finding.repair}", style="bold" * (finding.state == "broken"))
        table.add_row(Text.from_markup(_SIGNS[finding.state]), Text(finding.about), told)
    console = Console(highlight=False)
    console.print(table)
    broken = sum(finding.state == "broken" for finding in findings)
    console.print(f"{broken} broken: see above." if broken else "Nothing is broken.")
