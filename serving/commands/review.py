"""`ketresponse release`, and `ketresponse review serve`: the reviewer's pages."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import InputError, KetresponseError

if TYPE_CHECKING:
    from training.approval.case import Account
    from training.review.desk import Desk

__all__ = ["release", "serve_review"]


def _desk() -> Desk:
    try:
        from training.review.desk import make_desk
    except ModuleNotFoundError as err:
        raise KetresponseError(
            f"reviews and releases need {err.name}: install ketresponse[train]"
        ) from err
    return make_desk(os.environ)


def release(
    model: Annotated[
        str,
        typer.Argument(
            help="NAME takes the approved version; or NAME:VERSION.", metavar="NAME[:VERSION]"
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(help="Folder of the release; default released/NAME in KETRESPONSE_HOME."),
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Back to the version released before this one.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(help="Your account, a releaser's, once there is one.", metavar="ACCOUNT"),
    ] = None,
) -> None:
    """Release the approved version of a model to BentoML; refuse any other, with every reason."""
    from serving.release import release_version, roll_back
    from training.approval.case import SILENT
    from training.store.statuses import SILENT_APPROVAL

    name, _, version = model.partition(":")
    if rollback and version:
        raise InputError("--rollback takes a NAME: which version was released before is known")
    desk = _desk()
    who = _find_releaser(desk, by)
    home = desk.log.file.parent
    folder = to or home / "released" / name
    bentoml_home = Path(os.environ.get("BENTOML_HOME") or home / "bentoml").resolve()
    if rollback:
        done = roll_back(desk, name, folder=folder, bentoml_home=bentoml_home, by=who)
    else:
        done = release_version(
            desk, name, version or None, folder=folder, bentoml_home=bentoml_home, by=who
        )
    told = (
        f"{SILENT_APPROVAL}: its page shows no estimate"
        if done.scope == SILENT
        else f"approved for {done.scope}"
    )
    typer.echo(
        f"Released {done.subject}, {told}.\n"
        f"  Serve it       ketresponse serve {done.folder / 'model'}\n"
        f"  Build a bento  cd {done.folder} && BENTOML_HOME={done.bentoml_home} bentoml build\n"
        f"  Go back        ketresponse release --rollback {name}"
    )


def _find_releaser(desk: Desk, by: str | None) -> Account | None:
    """Return who releases; None as long as nobody has that role and no name is given."""
    from training.commands.options import log_in_at_terminal

    if by is None and not desk.accounts.list_role("releaser"):
        return None
    return log_in_at_terminal(desk.accounts, by or str(typer.prompt("Your account")))


def serve_review(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes any free one.", min=0, max=65535)
    ] = 3001,
) -> None:
    """Serve the reviewers' pages. Ctrl-C ends it."""
    import uvicorn

    from serving.access.hosts import OwnNames
    from serving.access.settings import find_hosts
    from serving.process import bind
    from serving.records.settings import RecordSettings
    from serving.review.app import make_review_app
    from serving.review.in_use import read_in_use
    from serving.review.single_sign_on import SignOnSettings, SingleSignOn
    from serving.settings import is_loopback

    desk = _desk()
    settings, names = SignOnSettings.from_environ(os.environ), find_hosts(os.environ)
    sign_on = SingleSignOn(settings, desk.accounts.everyone) if settings else None
    records = RecordSettings.from_environ(os.environ)
    desk.queue()  # what cannot be opened shows now, and the first page need not wait for it
    with bind(host, port) as listener:
        port = listener.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        typer.echo(f"For reviewers  http://{name}:{port}/\nCtrl-C ends it.")
        if not is_loopback(host):
            desk.accounts.demands_code = True
            typer.echo(
                "Reached from elsewhere it has to stand behind HTTPS: nobody can log in otherwise. "
                "Reviewers and releasers need a second factor."
            )
        app = make_review_app(desk, sign_on=sign_on, find_in_use=partial(read_in_use, records))
        # Without a proxy in front, whoever is here would pretend to guess from many addresses.
        config = uvicorn.Config(
            OwnNames(app, host=host, more=names),
            log_level="warning",
            server_header=False,
            proxy_headers=bool(names),
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            typer.echo("Ended.")
