"""`ketresponse serve`: a model over HTTP.

Everything heavy is imported inside the function, so that `ketresponse --help` answers at once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import InputError
from serving.commands.options import CentreOption, ModelArgument, find_centre_setting, find_model

if TYPE_CHECKING:
    from serving.settings import Mode

__all__ = ["serve"]


def _choose_centre(folder: Path, centre: str | None) -> tuple[str, str]:
    """Return where a model of several centres answers, and the line of the terminal about it.

    Raises
    ------
    InputError
        If the model knows no such centre.
    """
    from serving.estimate.centre import CENTRE_SETTING
    from training.model.centres import choose_centre
    from training.store.artifact import load_model

    centres, asked = load_model(folder).model.centres, find_centre_setting(centre)
    here = choose_centre(centres, asked, setting=CENTRE_SETTING)
    names = ", ".join(one.name for one in centres)
    line = f"  Centre           {here or f'a new one, none of {names}'}\n" if centres else ""
    return asked, line


def serve(
    model: ModelArgument,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes any free one.", min=0, max=65535)
    ] = 3000,
    research: Annotated[
        bool, typer.Option("--research", help="Serve an unreviewed model, on this machine only.")
    ] = False,
    demonstration: Annotated[
        bool,
        typer.Option(
            "--demonstration", help="Serve a model of simulated data, on this machine only."
        ),
    ] = False,
    centre: CentreOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log warnings only.")] = False,
) -> None:
    """Serve a model over HTTP: a page for clinicians, an API for programs. Ctrl-C ends it."""
    from serving.access.settings import AccessSettings, check_access
    from serving.process import bind, run_server
    from serving.records.settings import RecordSettings
    from serving.settings import ServiceSettings, check_may_record, check_may_serve
    from training.review.seal import check_approval
    from training.store.artifact import read_facts
    from training.store.statuses import SILENT_APPROVAL

    if research and demonstration:
        raise InputError("--research and --demonstration exclude each other")
    mode: Mode = "research" if research else "demonstration" if demonstration else "approved"
    folder = find_model(model).resolve()
    facts, _ = read_facts(folder)
    check_may_serve(facts.status, mode, host)
    check_approval(folder, facts.status, environ=os.environ)
    records = RecordSettings.from_environ(os.environ)
    check_may_record(records is not None, mode)
    access = AccessSettings.from_environ(os.environ)
    check_access(mode, access)
    centre, at = _choose_centre(folder, centre)
    with bind(host, port) as listener:
        port = listener.getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        shown = "  (no estimate is shown there)" if facts.status == SILENT_APPROVAL else ""

        def tell() -> None:
            print(
                f"Serving {facts.name} version {facts.version} ({facts.status}).\n"
                f"  For clinicians   http://{name}:{port}/clinic{shown}\n"
                f"  For programs     http://{name}:{port}/docs\n{at}"
                f"  Who may ask      {access.describe(host)}\n"
                f"  Records          {records.place if records else 'none are kept'}\n"
                "Ctrl-C ends it.",
                flush=True,
            )

        print(f"Loading {folder} ...", flush=True)
        try:
            settings = ServiceSettings(folder, mode, host, port, "", centre)
            run_server(settings, listener, on_ready=tell, quiet=quiet)
        except KeyboardInterrupt:
            print("Ended.", flush=True)
