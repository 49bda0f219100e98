"""`ketresponse cohort describe`: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from features.options import (
    CohortFile,
    ForceOption,
    HorizonsOption,
    JsonOption,
    MappingOption,
    QuietOption,
    RuleOption,
    StudyOption,
    read_rules,
)
from training.commands.options import PageOption, show_report, tell_remarks

__all__ = ["describe_file"]


def describe_file(
    file: CohortFile,
    mapping: MappingOption = None,
    study: StudyOption = None,
    rule: RuleOption = None,
    horizons: HorizonsOption = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Also by the values of this column, such as an arm; of 10 values at most.",
        ),
    ] = None,
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Describe a cohort as a paper would: patients, treatment, response, pain, what is missing.

    Writes one page that needs no network (HTML), its tables for Word and Markdown, CSV files and
    pictures into --out or a new folder here; prints what matters most, and where the page is.
    Nothing written or printed holds a patient's row or identifier.
    """
    from experiments.description.description import describe_cohort
    from experiments.description.groups import declare_column
    from experiments.description.report import make_description_report
    from features.cohort.cohort import read_cohort

    rules = read_rules(study, mapping=mapping, rule=rule, horizons=horizons)
    dictionary = rules.dictionary if by is None else declare_column(by, rules.dictionary)
    cohort = read_cohort(file, dictionary=dictionary)
    tell_remarks(cohort, named=False)
    description = describe_cohort(cohort, rules, by=by)
    report = make_description_report(
        description, name=file.name, beside_published=rules.is_published
    )
    show_report(report, "description", out=out, force=force, as_json=json_, quiet=quiet)
