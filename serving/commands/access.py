"""`ketresponse access`: who may ask the service."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Who may ask the service: keys for callers.")
_key = typer.Typer(no_args_is_help=True, help="API keys: make, list and revoke them.")
app.add_typer(_key, name="key")


@_key.command()
def add(
    name: Annotated[
        str, typer.Argument(help="Of the caller, as records will name them: ward-7, ehr.")
    ],
    scope: Annotated[
        list[str],
        typer.Option(help="What it opens: estimate, outcomes, review or admin. Repeatable."),
    ],
    days: Annotated[int, typer.Option(help="For how long it opens anything.")] = 365,
    json_: Annotated[bool, typer.Option("--json", help="Print the key as JSON.")] = False,
) -> None:
    """Make a key and show it, this once; KETRESPONSE_ACCESS_FILE names where its digest is kept.

    Scopes: estimate asks for estimates (also the clinician's page), outcomes reports what came of
    them, review watches how they do, admin reads the operator's metrics.
    """
    from serving.access.settings import find_access_file

    file = find_access_file(os.environ)
    key, word = file.add(name, scope, days=days)
    if json_:
        typer.echo(
            json.dumps({"id": key.id, "name": key.name, "expires": key.expires, "key": word})
        )
        return
    typer.echo(word)
    typer.echo(
        f"The key of {key.name} ({', '.join(key.scopes)}), good until {key.expires[:10]}. It is "
        f"not shown again: only its digest is in {file.path}.\n"
        f"  Take it back     ketresponse access key revoke {key.id}",
        err=True,
    )


@_key.command("list")
def list_(
    json_: Annotated[bool, typer.Option("--json", help="Print what is known as JSON.")] = False,
) -> None:
    """List the keys: id, name, scopes, and until when each is good."""
    from datetime import UTC, datetime

    from serving.access.settings import find_access_file

    now = datetime.now(UTC)
    keys = find_access_file(os.environ).read()
    if json_:
        told = [{**asdict(key), "expired": key.is_expired(now)} for key in keys]
        typer.echo(
            json.dumps([{n: v for n, v in t.items() if n != "sha256"} for t in told], indent=2)
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Id", "Name", "Scopes", "Made", "Good until", box=None)
    for key in keys:
        until = f"{key.expires[:10]}{' (over)' if key.is_expired(now) else ''}"
        table.add_row(key.id, key.name, ", ".join(key.scopes), key.created[:10], until)
    Console(highlight=False).print(table if keys else "No key.")


@_key.command()
def revoke(
    ids: Annotated[list[str], typer.Argument(help="Ids, as the list shows them.", metavar="ID...")],
) -> None:
    """Take keys back: a running service refuses them from the next request on."""
    from serving.access.settings import find_access_file

    file = find_access_file(os.environ)
    for id_ in ids:
        key = file.revoke(id_)
        typer.echo(f"Revoked {key.id}, the key of {key.name}.")
