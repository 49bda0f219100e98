"""What several commands share: arguments, options, how a cohort is read and a report printed."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from features.cohort.cohort import Cohort
    from features.dictionary.variable import Variable
    from training.approval.case import Account
    from training.document.document import Document
    from training.review.accounts import LocalAccounts
    from training.store.artifact import LoadedModel
    from training.validation.new_patients import NewPatients

__all__ = [
    "MODEL_HELP",
    "CohortArgument",
    "EngineOption",
    "JobsOption",
    "ModelArgument",
    "PageOption",
    "SchedulerOption",
    "ask_secret",
    "log_in_at_terminal",
    "print_report",
    "read_patients",
    "show_report",
    "tell_remarks",
]

MODEL_HELP = "Folder of a model, or a registered name: NAME, or NAME:VERSION."
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)]
CohortArgument = Annotated[
    Path, typer.Argument(metavar="COHORT", help="Cohort file of other patients.")
]
PageOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for the page, tables and pictures.")
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", help="Processes; default: all cores.", min=1)
]
EngineOption = Annotated[
    Literal["local", "dask"],
    typer.Option(
        "--engine",
        help="Where it is done: processes here, or a Dask cluster; the numbers are equal.",
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="The cluster's scheduler, such as tls://host:8786; default: KETRESPONSE_SCHEDULER.",
    ),
]


def print_report(report: Document, *lines: str, page: Path | None) -> None:
    """Print a report for the terminal, what else there is to say, and where its page is."""
    from rich.console import Console
    from rich.markdown import Markdown

    from training.document.render import to_markdown
    from training.document.terminal import leave_out_wide

    console = Console(markup=False)
    where = "it is on the page" if page else "--out FOLDER writes it to a page"
    fitting = leave_out_wide(report, width=console.width, where=where)
    console.print(Markdown(to_markdown(fitting, pictures=False)))
    for line in [*lines, *([_tell_page(page)] if page else [])]:
        typer.echo(line)


def _tell_page(page: Path) -> str:
    return f"Page, tables and pictures: {page}"


def show_report(
    report: Document, name: str, *, out: Path | None, force: bool, as_json: bool, quiet: bool
) -> None:
    """Write a report's page, and print what it says first and where it is, or all as JSON.

    Parameters
    ----------
    report : Document
        Whose first list of sentences sums it up.
    name : str
        Of the page's files.
    out : Path or None
        The folder of the page. None takes one here of that name that is not there yet; where
        nothing or JSON is printed, no page is written then.
    """
    from rich.console import Console

    from training.document.files import to_values, write_document
    from training.document.terminal import tell_briefly

    folder = out if out is not None or as_json or quiet else _find_free(name)
    if folder is not None:
        write_document(report, folder, name=name, force=force)
    if as_json:
        typer.echo(json.dumps(to_values(report), indent=2))
    elif folder is not None and not quiet:
        for line in tell_briefly(report, width=Console().width):
            typer.echo(line)
        typer.echo(_tell_page(folder / f"{name}.html"))


def _find_free(name: str) -> Path:
    """Return a folder here that is not there yet: NAME, NAME-2, NAME-3, ..."""
    names = itertools.chain([name], (f"{name}-{i}" for i in itertools.count(2)))
    return next(path for path in map(Path, names) if not path.exists())


def read_patients(loaded: LoadedModel, cohort: Path, mapping: Path | None) -> NewPatients:
    """Return a cohort's patients by the model's rules, with what a mapping declares."""
    from features.dictionary.contract import CONTRACT
    from features.mapping.mapping_file import read_mapping
    from training.validation.new_patients import read_new_patients

    further: list[Variable] = []
    if mapping is not None:
        read = read_mapping(mapping)
        # With a scale of its own the scores are declared as well: they must be the model's.
        scores = [v for v in read.dictionary if v.name in CONTRACT and v != CONTRACT[v.name]]
        further = [*scores, *read.variables]
    patients = read_new_patients(loaded, cohort, further=further)
    tell_remarks(patients.cohort)
    return patients


def tell_remarks(cohort: Cohort, *, named: bool = True) -> None:
    """Tell beside the output how a cohort was read and, if patients may be named, who is alike."""
    from features.cohort.remarks import list_remarks

    names = cohort.table["patient_id"].tolist() if named else []
    for sentence in list_remarks(names, cleaned=cohort.cleaned, notes=cohort.notes):
        typer.echo(sentence, err=True)


def ask_secret(what: str, *, new: bool = False) -> str:
    """Return a password: asked for at a terminal without showing it, else a line of the input.

    A new one is asked for twice at a terminal; it is empty where nothing was typed.
    """
    if sys.stdin.isatty():
        if new:
            return str(
                typer.prompt(
                    what, default="", show_default=False, hide_input=True, confirmation_prompt=True
                )
            )
        return str(typer.prompt(what, hide_input=True))
    return sys.stdin.readline().rstrip("\n")


def log_in_at_terminal(accounts: LocalAccounts, name: str) -> Account:
    """Return the account of somebody who types their password, and a code where one is needed."""
    from training.review.attempts import log_in, name_terminal

    password = ask_secret(f"Password of {name}")
    code = ask_secret("Code of the second factor") if accounts.has_second_factor(name) else ""
    return log_in(accounts, accounts.attempts, name, password, code=code, address=name_terminal())
