"""`ketresponse cohort describe`: parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from training.commands.options import (
    ForceOption,
    JsonOption,
    MappingOption,
    PageOption,
    QuietOption,
    print_report,
)

__all__ = ["describe_file"]


def describe_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Cohort file, CSV or Parquet.")],
    mapping: MappingOption = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="Study file (TOML) whose [eligibility] is used.")
    ] = None,
    rule: Annotated[
        str, typer.Option("--rule", help="Responder rule: fall2_or_success, fall30 or fall50.")
    ] = "fall2_or_success",
    horizons: Annotated[
        str | None, typer.Option("--horizons", help="t1, t2 or t1,t2; default: what the file has.")
    ] = None,
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Describe a cohort as a paper would: patients, treatment, response, pain, what is missing.

    With --out it writes one page that needs no network (HTML), its tables for Word and Markdown,
    CSV files and pictures. Nothing written or printed holds a patient's row or identifier.
    """
    from experiments.description.description import describe_cohort
    from experiments.description.report import make_description_report
    from features.cohort.cohort import read_cohort
    from features.commands import read_dictionary, read_study_eligibility
    from features.dictionary.eligibility import CRPS_ELIGIBILITY
    from training.document.files import to_values, write_document

    dictionary = read_dictionary(mapping)
    eligibility = read_study_eligibility(study, dictionary)
    description = describe_cohort(
        read_cohort(file, dictionary=dictionary),
        eligibility=eligibility,
        rule=rule,
        horizons=None if horizons is None else [word.strip() for word in horizons.split(",")],
    )
    report = make_description_report(
        description,
        name=file.name,
        beside_published=eligibility is CRPS_ELIGIBILITY and rule == "fall2_or_success",
    )
    if out is not None:
        write_document(report, out, name="description", force=force)
    if json_:
        typer.echo(json.dumps(to_values(report), indent=2))
    elif not quiet:
        print_report(report, page=out and out / "description.html")
