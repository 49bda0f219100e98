"""`ketresponse study`: a study file to begin with. Parse, call, print."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.options import ForceOption, MappingOption, QuietOption, read_dictionary

if TYPE_CHECKING:
    from features.dictionary.rule import Rule
    from features.dictionary.schema import Dictionary

__all__ = ["app"]

app = typer.Typer(name="study", help="Write a study file to begin with.", no_args_is_help=True)

_ENDING = ".toml"


@app.callback()
def _gather() -> None:
    """Write a study file to begin with."""


@app.command("template")
def study_template(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="Cohort file, CSV or Parquet.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write it; default: study.toml beside the cohort."),
    ] = None,
    mapping: MappingOption = None,
    rule: Annotated[
        str | None,
        typer.Option("--rule", help='Responder rule; default: fall2_or_success. Or "fall >= 3".'),
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a commented study file from a cohort file.

    It names the predictors and horizons that the cohort holds, asks for the null test, and runs as
    it stands. What only people can decide is marked in it: whom the study is about, who counts as a
    responder, and from which chance of a response on a patient would be admitted.
    """
    from features.cohort.cohort import read_cohort
    from features.errors import InputError
    from features.files.table import check_output, write_bytes
    from training.study.template import make_study_template

    path = cohort.parent / f"study{_ENDING}" if out is None else out
    check_output(path, force=force, endings=(_ENDING,))
    if mapping is not None and mapping.resolve() == path.resolve():
        raise InputError(f"{path} is the mapping itself; choose another name")
    dictionary = read_dictionary(mapping)
    made = make_study_template(
        read_cohort(cohort, dictionary=dictionary),
        name=_name_study(cohort),
        file=_place(cohort, path),
        rule=_read_rule(rule, dictionary),
        mapping=None if mapping is None else _place(mapping, path),
    )
    write_bytes(made.text.encode(), path, force=force)
    if quiet:
        return
    counts = ", ".join(
        f"{horizon.upper()} ({n} known, {events} responders)"
        for horizon, (n, events) in made.counts.items()
    )
    typer.echo(f"Wrote {path}: {', '.join(made.predictors)} for {counts}.")
    if made.left_out:
        typer.echo(
            "Left out, because no course would remain, though it holds elsewhere: "
            f"{', '.join(made.left_out)} in [eligibility]."
        )
    typer.echo(f"Next: settle the lines marked with ?, then: ketresponse train {path}")


def _name_study(cohort: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", cohort.stem.lower()).strip("-_") or "study"


def _place(file: Path, study: Path) -> str:
    """Return where a file is, as seen from the study."""
    try:
        return Path(os.path.relpath(file.resolve(), study.parent.resolve())).as_posix()
    except ValueError:  # on another drive
        return file.resolve().as_posix()


def _read_rule(text: str | None, dictionary: Dictionary) -> Rule:
    from dataclasses import replace

    from features.dictionary.rule import read_rule
    from features.errors import InputError

    try:
        return read_rule(text or "fall2_or_success", dictionary)
    except InputError as err:
        action = "give --rule, such as " + '"fall >= 20" in units of the scale'
        raise InputError(
            "responder rule", [replace(p, action=p.action or action) for p in err.problems]
        ) from err
