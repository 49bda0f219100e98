"""What several commands share: arguments, options, and what a study or a mapping asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from features.cohort.study_rules import StudyRules
    from features.dictionary.schema import Dictionary

__all__ = [
    "CohortFile",
    "ForceOption",
    "HorizonsOption",
    "JsonOption",
    "MappingOption",
    "QuietOption",
    "RuleOption",
    "StudyOption",
    "read_dictionary",
    "read_rules",
]

CohortFile = Annotated[Path, typer.Argument(metavar="FILE", help="Cohort file, CSV or Parquet.")]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="Mapping (TOML) that declares further variables.")
]
StudyOption = Annotated[
    Path | None,
    typer.Option(
        "--study",
        help="Study file (TOML): its mapping, eligibility, responder rule and horizons are used.",
    ),
]
RuleOption = Annotated[
    str | None,
    typer.Option(
        "--rule",
        help='Responder rule, such as fall2_or_success, fall30 or "fall >= 3"; default: the '
        "study's, or the first.",
    ),
]
HorizonsOption = Annotated[
    str | None,
    typer.Option("--horizons", help="t1, t2 or t1,t2; default: the study's, or what the file has."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print nothing but problems.")]


def read_dictionary(mapping: Path | None) -> Dictionary:
    """Return the contract's dictionary, with what a mapping file declares."""
    if mapping is None:
        from features.dictionary.contract import CONTRACT

        return CONTRACT
    from features.mapping.mapping_file import read_mapping

    return read_mapping(mapping).dictionary


def _find_usual(rules: StudyRules) -> str:
    """Return the usual rule, or say that another one is needed on the outcome's scale."""
    from features.dictionary.rule import read_rule
    from features.errors import InputError

    try:
        read_rule(rules.rule.text, rules.dictionary)
    except InputError as err:
        action = "give --rule, or --study with the study's"
        told = [replace(problem, got="none", action=action) for problem in err.problems]
        raise InputError("responder rule", told) from err
    return rules.rule.text


def read_rules(
    study: Path | None, *, mapping: Path | None, rule: str | None, horizons: str | None
) -> StudyRules:
    """Return what a study file asks of a cohort, or what is asked of CRPS courses without one.

    Parameters
    ----------
    study : Path or None
        The study file.
    mapping, rule, horizons
        As they were given at the prompt: what was given takes the place of the study's.

    Raises
    ------
    InputError
        If a file cannot be used, or the rule does not go with the outcome's scale.
    """
    from features.cohort.study_rules import CRPS_RULES
    from features.dictionary.rule import read_rule

    if study is None:
        rules = replace(CRPS_RULES, dictionary=read_dictionary(mapping))
        # Read again: on a mapping's own scale two points of ten are not a rule.
        rule = _find_usual(rules) if rule is None else rule
    else:
        from features.mapping.study_file import read_study_rules

        rules = read_study_rules(study, mapping=mapping)
    if rule is not None:
        rules = replace(rules, rule=read_rule(rule, rules.dictionary))
    if horizons is not None:
        rules = replace(rules, horizons=tuple(word.strip() for word in horizons.split(",")))
    return rules
