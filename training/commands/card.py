"""`ketresponse card`: parse, call, print."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.options import ForceOption, JsonOption
from training.commands.options import MODEL_HELP, ModelArgument

if TYPE_CHECKING:
    from training.card.card import Card
    from training.card.schema import Body, Parent
    from training.store.facts import ModelFacts

__all__ = ["app"]

app = typer.Typer(help="The model card: made from a run, checked, compared.", no_args_is_help=True)

_CardFile = Annotated[
    Path | None, typer.Option("--card", metavar="FILE", help="The author's file (TOML).")
]
_ResultsFile = Annotated[
    Path | None,
    typer.Option("--results", help="The run's results.json, where the run cannot be reached."),
]
_EXIT_INCOMPLETE = 2
_COMPLETE = "Complete: every field is filled, or says why it is not available."


@app.command("template")
def card_template(
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("card.toml"),
    force: ForceOption = False,
) -> None:
    """Write an empty author's file, with what is asked above each entry."""
    from features.files.table import write_bytes
    from training.card.author import make_author_template

    write_bytes(make_author_template().encode(), out, force=force)
    typer.echo(f"Wrote {out}. Fill it in, then: ketresponse card make MODEL --card {out}")


def _find_parent(facts: ModelFacts, body: Body, uri: str) -> Parent | None:
    """Return what changed since the version before, where that has a card."""
    from training.card.card import CARD_FILE, read_card
    from training.card.diff import compare_cards
    from training.card.schema import Parent
    from training.store.registered import list_models, locate

    earlier = [
        int(model.version)
        for model in list_models(tracking_uri=uri)
        if model.name == facts.name and int(model.version) < int(facts.version)
    ]
    for version in sorted(earlier, reverse=True):
        folder = locate(facts.name, version, tracking_uri=uri)
        if (folder / CARD_FILE).exists():
            card = read_card(folder)
            changes = compare_cards(card.body, body)
            return Parent(model=card.subject, card_sha256=card.sha256, changes=changes)
    return None


def _make(
    folder: Path, author: dict[str, Any], results_file: Path | None, validation: str | None = None
) -> Card:
    """Make the card of a model from its run."""
    from features.errors import KetresponseError
    from training.card.card import make_card
    from training.card.pages.validation import add_validation
    from training.store.artifact import read_facts
    from training.store.client import find_tracking_uri
    from training.store.results import RESULTS_FILE, read_results
    from training.store.tracking import fetch_file, read_run

    uri = find_tracking_uri(os.environ)
    facts, digest = read_facts(folder)
    if results_file is not None:
        results = read_results(results_file)
    elif facts.run_id is None:
        raise KetresponseError(
            f"the model in {folder} belongs to no tracked run; name its results with --results"
        )
    else:
        results = read_results(fetch_file(facts.run_id, RESULTS_FILE, tracking_uri=uri))
    if validation is not None:
        results = add_validation(results, read_run(validation, tracking_uri=uri), digest=digest)
    card = make_card(facts, digest, results, author)
    if results_file is not None or not facts.version.isdigit():
        return card
    parent = _find_parent(facts, card.body, uri)
    return card if parent is None else make_card(facts, digest, results, author, parent=parent)


def _write(card: Card, folder: Path, *, annex: Any, status: str) -> list[Path]:
    from features.files.table import make_folder
    from training.card.card import write_card
    from training.card.render import write_pages

    make_folder(folder)
    pages = write_pages(card, folder, annex=annex, status=status)
    return [write_card(card, folder), *pages]


@app.command("make")
def make_model_card(
    model: ModelArgument,
    card: Annotated[Path, typer.Option("--card", metavar="FILE", help="The author's file (TOML).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for a copy: card.json, .html, .md.")
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Only write to --out; do not keep it with the model.")
    ] = False,
    validation: Annotated[
        str | None,
        typer.Option(help="A run of `validate` or `leave-site-out`: its result in other patients."),
    ] = None,
    results: _ResultsFile = None,
) -> None:
    """Make a model's card from its run and the author's file, and keep it with the model.

    Whatever was approved before is void if the card changes: approvals hold for its digest.
    """
    from dataclasses import replace

    from features.errors import InputError
    from training.card.author import read_author
    from training.review.seal import read_annex
    from training.store.artifact import read_facts, write_release
    from training.store.client import find_tracking_uri
    from training.store.registered import find_folder
    from training.store.registry import attach_files

    if draft and out is None:
        raise InputError("--draft needs --out: a folder to write the draft to")
    uri = find_tracking_uri(os.environ)
    folder = find_folder(model, tracking_uri=uri)
    facts, _ = read_facts(folder)
    made = _make(folder, read_author(card), results, validation)
    shown: dict[str, Any] = {"annex": read_annex(folder), "status": facts.status}
    if not draft:
        files = _write(made, folder, **shown)
        # Every answer of the model names the card that it has now.
        files.append(write_release(folder, replace(facts, card_sha256=made.sha256)))
        if not Path(model).is_dir():
            attach_files(facts.name, facts.version, files, tracking_uri=uri)
        typer.echo(f"The card is kept with {made.subject}: {folder}")
    if out is not None:
        for file in _write(made, out, **shown):
            typer.echo(f"Wrote {file}")
    typer.echo(f"Digest of its body: {made.sha256}")
    _describe_missing(made, only_count=True)


def _describe_missing(card: Card, *, only_count: bool = False) -> bool:
    """Print what is missing; return whether anything is."""
    from training.card.checks import count_fields, list_missing

    fields = card.body.fields
    if not only_count:
        for table, counts in count_fields(fields).items():
            told = ", ".join(f"{number} {status}" for status, number in counts.items())
            typer.echo(f"{table}: {told}")
    waiting = list_missing(fields)
    if not waiting:
        typer.echo(_COMPLETE)
        return False
    if only_count:
        typer.echo(
            f"Not complete: {len(waiting)} answers of the author are missing, for some of which "
            "several fields wait; see `card check`."
        )
        return True
    typer.echo("\nFor the author to fill in card.toml:")
    for fault, asked_by in waiting.items():
        typer.echo(f"  {fault}\n      asked by {', '.join(asked_by)}")
    return True


def _describe_from_run(card: Card) -> None:
    """Print what only a further run can fill."""
    from training.card.author import NOT_AVAILABLE

    answers: dict[str, list[str]] = {}
    for field in card.body.fields:
        if field.by == "run" and field.status == "not available":
            reason = field.answer.removeprefix(NOT_AVAILABLE)
            answers.setdefault(reason, []).append(f"{field.table} {field.id}")
    if answers:
        typer.echo("\nNot available from the run (the card says so, and why):")
        for reason, asked_by in answers.items():
            typer.echo(f"  {reason}\n      {', '.join(asked_by)}")


@app.command("check")
def check_card(model: ModelArgument, card: _CardFile = None, results: _ResultsFile = None) -> None:
    """List what a model's card lacks and who can fill it, and how each gate stands.

    Exit code 2 where anything is missing.
    """
    from training.card.author import empty_author, read_author
    from training.card.card import CARD_FILE, read_card
    from training.card.gates import compute_gates
    from training.store.client import find_tracking_uri
    from training.store.registered import find_folder

    folder = find_folder(model, tracking_uri=find_tracking_uri(os.environ))
    if card is None and (folder / CARD_FILE).exists():
        found = read_card(folder)
    else:
        author = empty_author() if card is None else read_author(card)
        found = _make(folder, author, results)
    missing = _describe_missing(found)
    _describe_from_run(found)
    typer.echo("\nGates:")
    for gate in compute_gates(found.body):
        typer.echo(f"  {gate.status:4}  {gate.number}. {gate.name}: {gate.text}")
    for flag in found.body.flags:
        typer.echo(f"\nLook into this first: {flag}")
    if missing:
        raise typer.Exit(_EXIT_INCOMPLETE)


def _read(card: str) -> Card:
    """Return the card of a model, or in a file."""
    from training.card.card import read_card
    from training.store.client import find_tracking_uri
    from training.store.registered import find_folder

    if Path(card).is_file():
        return read_card(Path(card))
    return read_card(find_folder(card, tracking_uri=find_tracking_uri(os.environ)))


@app.command("diff")
def diff_cards(
    before: Annotated[str, typer.Argument(metavar="A", help=f"{MODEL_HELP} Or a card.json.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, to compare with.")],
    json_: JsonOption = False,
) -> None:
    """Show what changed between two versions: data, predictors, model, performance, gates."""
    from rich.console import Console
    from rich.table import Table

    from training.card.diff import compare_cards

    first, second = _read(before), _read(after)
    changes = compare_cards(first.body, second.body)
    if json_:
        told = {
            "before": first.subject,
            "after": second.subject,
            "changes": [change.to_json() for change in changes],
        }
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if not changes:
        typer.echo(f"{first.subject} and {second.subject}: the cards tell no difference.")
        return
    table = Table(title=f"From {first.subject} to {second.subject}")
    for column in ("part", "what", "before", "after"):
        table.add_column(column, overflow="fold")
    part = ""
    for change in changes:
        label = change.part if change.part != part else ""
        part = change.part
        table.add_row(label, change.what, change.before, change.after)
    Console(markup=False).print(table)


@app.command("show")
def show_card(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=f"{MODEL_HELP} Or a card.json.")],
) -> None:
    """Print a model's card."""
    from rich.console import Console
    from rich.markdown import Markdown

    from training.card.render import render_markdown

    Console(markup=False).print(Markdown(render_markdown(_read(model), pictures=False)))
