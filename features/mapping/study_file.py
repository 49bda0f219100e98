"""The tables of a study file that say whom it is about and who responded.

`cohort check` and `cohort describe` read these alone. `train` reads the whole file, by tables that
are made from these (:mod:`training.study.tables`): what is checked is what is trained.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, ValidationInfo

from features.cohort.study_rules import StudyRules
from features.dictionary.declarations import read_eligibility
from features.dictionary.eligibility import BORROWED_ELIGIBILITY, CRPS_ELIGIBILITY, Eligibility
from features.dictionary.outcome import HORIZONS
from features.dictionary.rule import RULES, Rule, read_rule
from features.dictionary.scale import OutcomeScale, find_scale, with_scale
from features.dictionary.schema import Dictionary
from features.errors import InputError, Problem
from features.files.settings import (
    SettingError,
    Settings,
    Texts,
    fits,
    read_settings,
    read_toml,
    show,
)
from features.mapping.mapping_file import CohortMapping, read_mapping

__all__ = [
    "CohortTable",
    "EligibilityTable",
    "OutcomeTable",
    "Place",
    "PopulationTable",
    "choose_eligibility",
    "find_place",
    "read_study_rules",
]

_ALIKE = 0.75
"""From here on a table's name is taken for a slip: "outcom", not "missing_outcome"."""


_UNSPECIFIED = "unspecified"
_CRPS = ("crps", "complex regional pain syndrome")


@dataclass(frozen=True)
class Place:
    """What a study file is read with.

    Parameters
    ----------
    folder : Path
        Where it stands.
    dictionary : Dictionary
        The study's.
    mapped_scale : OutcomeScale or None
        The outcome's scale as the mapping has it.
    """

    folder: Path
    dictionary: Dictionary
    mapped_scale: OutcomeScale | None = None


def _check_condition(condition: str) -> str:
    """Return the condition; CRPS in other letters would pass for another condition."""
    if condition != "CRPS" and condition.strip().casefold() in _CRPS:
        action = 'write condition = "CRPS"'
        raise SettingError(Problem("", '"CRPS", in these letters', show(condition), action=action))
    return condition


class PopulationTable(Settings):
    """Whom the study is about; a whole study file also describes them."""

    description: str | None = None
    condition: Annotated[str, AfterValidator(_check_condition)] = _UNSPECIFIED


class CohortTable(Settings):
    """Where the patients are; a whole study file names the file."""

    file: str | None = None
    mapping: str | None = None


def _check_scale(scale: OutcomeScale | None, info: ValidationInfo[Place]) -> OutcomeScale | None:
    mapped = info.context.mapped_scale
    if scale and mapped and scale != mapped:
        action = "leave it out of the study: the mapping's holds"
        raise SettingError(Problem("", "the scale of the mapping", "another", action=action))
    return scale


def _read_rule(text: Any, info: ValidationInfo[Place]) -> Rule:
    usual = "fall2_or_success"
    if "scale" not in info.data:  # a wrong scale is told already
        return RULES[usual]
    if not isinstance(text, str | None):
        raise SettingError(Problem("", f'a rule, such as "{usual}" or "fall >= 3"', show(text)))
    try:
        return read_rule(usual if text is None else text, info.context.dictionary)
    except InputError as err:
        got = "none" if text is None else show(text)
        told = (replace(problem, column="", got=got) for problem in err.problems)
        raise SettingError(*told) from err


class OutcomeTable(Settings):
    """Who responded, and when that is looked at."""

    # Before the rule, which is read on this scale.
    scale: Annotated[OutcomeScale | None, AfterValidator(_check_scale)] = None
    rule: Annotated[Rule, PlainValidator(_read_rule)] = Field(default=None, validate_default=True)
    horizons: Annotated[Texts, fits('["t1"], ["t1", "t2"] or ["t2"]', HORIZONS.__contains__)] = (
        "t1",
        "t2",
    )
    t1: str | None = None
    t2: str | None = None


def _read_eligibility(rules: Any, info: ValidationInfo[Place]) -> Eligibility:
    try:
        return read_eligibility(rules, dictionary=info.context.dictionary)
    except InputError as err:
        raise SettingError(*err.problems) from err


EligibilityTable = Annotated[Eligibility, PlainValidator(_read_eligibility)]
"""Whom the study is for: `[eligibility]`, read by the study's dictionary."""


class _RulesFile(Settings):
    """A study file, as far as it says what is asked of a cohort; all else in it is passed over."""

    model_config = ConfigDict(extra="ignore")

    population: PopulationTable = PopulationTable()
    cohort: CohortTable = CohortTable()
    outcome: OutcomeTable = Field(default={}, validate_default=True)
    eligibility: EligibilityTable | None = None


def choose_eligibility(given: Eligibility | None, condition: str) -> Eligibility:
    """Return whom a study is for: as it says, or else the rules for CRPS courses.

    A study that names another condition need not tell of a drug, a route or an admission that it
    has not: without rules of its own, those for CRPS courses hold where its cohort tells.
    """
    if given is not None:
        return given
    crps = condition in ("CRPS", _UNSPECIFIED)
    return CRPS_ELIGIBILITY if crps else BORROWED_ELIGIBILITY


def find_place(path: Path, content: Mapping[str, Any], *, mapping: Path | None = None) -> Place:
    """Return what a study file is read with.

    Parameters
    ----------
    path : Path
        The study file.
    content : mapping
        What it holds.
    mapping : Path or None
        In place of the mapping that it names.
    """
    cohort = content.get("cohort")
    named = cohort.get("mapping") if isinstance(cohort, dict) else None
    if mapping is None and isinstance(named, str):
        mapping = path.parent / named
    mapped = CohortMapping() if mapping is None else read_mapping(mapping)
    dictionary = with_scale(mapped.dictionary, find_scale(content))
    return Place(path.parent, dictionary, mapped.scale)


def read_study_rules(path: Path, *, mapping: Path | None = None) -> StudyRules:
    """Read what a study file asks of a cohort; the rest of the file is for `train`.

    Parameters
    ----------
    path : Path
        The study file.
    mapping : Path or None
        In place of the mapping that it names.

    Raises
    ------
    InputError
        Listing every problem of these tables, and every table whose name is nearly one of theirs:
        one that is misspelt must not be passed over.
    """
    _, content = read_toml(path, "study file")
    what = f"study file {path.name}"
    place = find_place(path, content, mapping=mapping)
    problems = _find_misspelt(content)
    try:
        file = read_settings(_RulesFile, content, what, context=place)
    except InputError as err:
        raise InputError(what, [*err.problems, *problems]) from err
    if problems:
        raise InputError(what, problems)
    return StudyRules(
        condition=file.population.condition,
        dictionary=place.dictionary,
        eligibility=choose_eligibility(file.eligibility, file.population.condition),
        rule=file.outcome.rule,
        horizons=file.outcome.horizons,
    )


def _find_misspelt(content: Mapping[str, Any]) -> list[Problem]:
    known = list(_RulesFile.model_fields)
    near = {
        name: difflib.get_close_matches(name.lower(), known, n=1, cutoff=_ALIKE)
        for name in content
        if name not in known
    }
    return [
        Problem(
            f"[{name}]",
            "the tables of a study file",
            "an unknown table",
            action=f"did you mean [{found[0]}]?",
        )
        for name, found in near.items()
        if found
    ]
