"""`ketresponse review`: the steps of a review, who may take them, and how it stands."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from features.errors import EXIT_REFUSED, InputError, Problem
from training.commands.options import ask_secret, log_in_at_terminal

if TYPE_CHECKING:
    from training.approval.case import Account, Action
    from training.review.desk import Desk
    from training.review.file import File

__all__ = ["app", "approve"]

app = typer.Typer(help="Review a model: two people who did not make it.", no_args_is_help=True)
_users = typer.Typer(help="The accounts of those who take part.", no_args_is_help=True)
app.add_typer(_users, name="user")

_MODEL = Annotated[
    str, typer.Argument(help="A registered model: NAME, or NAME:VERSION.", metavar="MODEL")
]
_BY = Annotated[
    str,
    typer.Option(
        "--by", help='Your account. "system" may act on demonstrations.', prompt="Your account"
    ),
]
_COMMENT = Annotated[
    str, typer.Option("--comment", help="Why, in your words; kept for ever.", prompt="Your comment")
]
_SEEN = Annotated[
    str | None,
    typer.Option(
        "--seen",
        help="The card and the model that you have read, as `review status MODEL` names them.",
    ),
]
_JSON = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _desk() -> Desk:
    from training.review.desk import make_desk

    return make_desk(os.environ)


def _ask_new(what: str) -> str:
    password = ask_secret(what)
    if sys.stdin.isatty() and ask_secret("Once more") != password:
        raise InputError("the two passwords differ; nothing was changed")
    return password


def _log_in(desk: Desk, name: str) -> Account:
    from training.approval.case import SYSTEM

    return SYSTEM if name == SYSTEM.name else log_in_at_terminal(desk.accounts, name)


def _act(
    action: Action,
    model: str,
    by: str,
    comment: str,
    *,
    gate: int | None = None,
    seen: str | None = None,
) -> None:
    from training.approval.case import SYSTEM

    if seen is None and by != SYSTEM.name and action in ("approve", "waive", "refuse"):
        expected = f"what `ketresponse review status {model}` names, once you have read it"
        raise InputError(f"{action} {model}", [Problem("--seen", expected, "nothing")])
    desk = _desk()
    account = _log_in(desk, by)
    name, _, version = model.partition(":")
    file = desk.act(action, account, name, version or None, comment=comment, gate=gate, seen=seen)
    typer.echo(_head(file))
    if not file.unmet:
        typer.echo(f"It may be released: ketresponse release {file.case.subject}")
    elif file.standing in ("in review", "demonstration"):
        _describe_unmet(file)


def _head(file: File) -> str:
    from training.store.statuses import APPROVED

    scope = f", for {file.case.scope}" if file.standing == APPROVED else ""
    return f"{file.case.subject}: {file.standing}{scope}"


def _describe_unmet(file: File) -> None:
    if file.unmet:
        typer.echo("Before it can be released:")
    for unmet in file.unmet:
        typer.echo(f"  - {unmet.short or unmet.text}")


@app.command("open")
def open_(model: _MODEL, by: _BY, comment: _COMMENT) -> None:
    """Hand a model in for review. Who does so is its author, and cannot approve it."""
    _act("open", model, by, comment)


@app.command()
def approve(model: _MODEL, by: _BY, comment: _COMMENT, seen: _SEEN = None) -> None:
    """Approve a model exactly as it is: its files, data, card and code."""
    _act("approve", model, by, comment, seen=seen)


@app.command()
def refuse(model: _MODEL, by: _BY, comment: _COMMENT, seen: _SEEN = None) -> None:
    """Refuse a model. This is final, and says why for ever."""
    _act("refuse", model, by, comment, seen=seen)


@app.command()
def waive(
    model: _MODEL,
    gate: Annotated[int, typer.Option(help="Number of the gate.", min=1)],
    by: _BY,
    comment: _COMMENT,
    seen: _SEEN = None,
) -> None:
    """Let a model pass a gate that it fails, by name and with the reason."""
    _act("waive", model, by, comment, gate=gate, seen=seen)


@app.command()
def withdraw(model: _MODEL, by: _BY, comment: _COMMENT) -> None:
    """Withdraw a model that was approved; its author may before that, too. This is final."""
    _act("withdraw", model, by, comment)


@app.command()
def status(
    model: Annotated[
        str | None, typer.Argument(help="NAME, or NAME:VERSION; all of them if left out.")
    ] = None,
    json_: _JSON = False,
) -> None:
    """Tell how reviews stand, and everything that keeps a model from being released."""
    desk = _desk()
    if model is not None:
        name, _, version = model.partition(":")
        _describe_file(desk.read(name, version or None), as_json=json_)
        return
    rows = desk.queue()
    if json_:
        listed = [{"model": f"{m.name}:{m.version}", "standing": s} for m, s in rows]
        typer.echo(json.dumps(listed, indent=2))
    for found, standing in rows if not json_ else []:
        typer.echo(f"{found.name}:{found.version}  {standing}")
    if not rows and not json_:
        typer.echo("No model is registered here yet: run `ketresponse train STUDY`.")


def _describe_file(file: File, *, as_json: bool) -> None:
    from training.review.seen import TYPED, make_mark

    annex = file.annex
    if as_json:
        unmet = [{"code": unmet.code, "text": unmet.text} for unmet in file.unmet]
        gates = [
            {"number": g.number, "name": g.name, "status": g.status, "text": g.text}
            for g in file.gates
        ]
        told = {**annex, "standing": file.standing, "unmet": unmet, "gates": gates}
        told["seen"] = make_mark(file.case.digests)
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(_head(file))
    typer.echo(f"Read as: --seen {make_mark(file.case.digests, TYPED)}")
    typer.echo("Digests: " + ", ".join(f"{k} {v[:12]}" for k, v in annex["digests"].items()))
    for gate in file.gates:
        typer.echo(f"{gate.number:>4}. {gate.status:<6}  {gate.name}: {gate.text}")
    _describe_unmet(file)
    for entry in annex["history"]:
        which = "" if entry["gate"] is None else f" gate {entry['gate']}"
        typer.echo(f"{entry['at']}  {entry['kind']}{which}  {entry['name']}: {entry['comment']}")


@app.command()
def verify() -> None:
    """Check log, models, cards and registry against what was signed, and name what differs."""
    desk = _desk()
    findings = desk.verify()
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(EXIT_REFUSED)
    if not desk.log.read():
        typer.echo("Nothing has been signed here yet: no review was opened.")
        return
    typer.echo("Everything is as it was signed.")


def _admin(desk: Desk, by: str | None) -> Account | None:
    """Return who keeps the accounts; None as long as there is no admin."""
    if by is None and not desk.accounts.has_admin:
        return None
    return _log_in(desk, by or str(typer.prompt("Your account (an admin's)")))


_ADMIN = Annotated[
    str | None, typer.Option("--by", help="An admin's account, once there is an admin.")
]


@_users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Short name: lower case letters and digits.")],
    display: Annotated[
        str, typer.Option("--name", help="The person's name, for the card.", prompt="Full name")
    ],
    role: Annotated[
        Literal["author", "reviewer", "admin", "releaser"],
        typer.Option(help="author, reviewer, releaser or admin.", prompt="Role"),
    ],
    by: _ADMIN = None,
) -> None:
    """Add an account; its password is asked for."""
    desk = _desk()
    admin = _admin(desk, by)
    account = desk.accounts.add(name, display, role, _ask_new(f"Password for {name}"), by=admin)
    typer.echo(f"Added {account.name}: {account.display}, {account.role}.")


@_users.command("list")
def list_users() -> None:
    """List the accounts."""
    for account in _desk().accounts.everyone():
        typer.echo(f"{account.name}  {account.role}  {account.display}")


@_users.command("password")
def change_password(name: Annotated[str, typer.Argument(help="Your account.")]) -> None:
    """Change your password."""
    desk = _desk()
    account = _log_in(desk, name)
    desk.accounts.change_password(account, _ask_new("New password"), by=account)
    typer.echo("Changed.")


@_users.command("totp")
def change_second_factor(
    name: Annotated[str, typer.Argument(help="Your account.")],
    off: Annotated[
        bool, typer.Option("--off", help="Take it away: an admin may, for a phone that was lost.")
    ] = False,
    by: _ADMIN = None,
) -> None:
    """Set up a second factor: six digits from an app on your phone, at each log-in."""
    from training.review.second_factor import describe_secret, make_secret

    desk = _desk()
    if off:
        account = next((a for a in desk.accounts.everyone() if a.name == name), None)
        admin = _log_in(desk, by or str(typer.prompt("Your account (an admin's)")))
        if account is None:
            raise InputError("account", [Problem("name", "an account in use", name)])
        desk.accounts.change_second_factor(account, None, by=admin)
        typer.echo(f"{name} has no second factor any more.")
        return
    account = _log_in(desk, name)
    secret = make_secret()
    typer.echo(f"Add this to your app: {secret}\nor as {describe_secret(secret, name)}")
    desk.accounts.change_second_factor(account, secret, ask_secret("The code it shows"), by=account)
    typer.echo("From now on each log-in asks for a code.")


@_users.command("remove")
def remove_user(
    name: Annotated[str, typer.Argument(help="The account.")], by: _ADMIN = None
) -> None:
    """End an account; what was done with it stays."""
    desk = _desk()
    desk.accounts.remove(name, by=_admin(desk, by))
    typer.echo(f"Removed {name}.")
