"""The tables of a study file: what each may hold, and what holds where nothing is given.

A value that depends on the study's files or on its dictionary is checked here too, so that every
problem of a file is listed at once; :class:`Place` tells the validators where they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, ValidationInfo

from features.dictionary.contract import CONTRACT, DEFAULT_PREDICTORS
from features.dictionary.rule import RULES
from features.dictionary.schema import Dictionary
from features.errors import InputError, Problem, did_you_mean
from features.files.settings import (
    Number,
    SettingError,
    Settings,
    Texts,
    beside,
    between,
    fits,
    one_of,
    show,
)
from features.mapping.study_file import (
    CohortTable,
    EligibilityTable,
    OutcomeTable,
    Place,
    PopulationTable,
)
from training.fitting.candidates import CANDIDATES, DEFAULT_CANDIDATES
from training.fitting.procedure import Procedure
from training.fitting.weighting import WEIGHTINGS
from training.panel.procedure import PanelTable

__all__ = ["Resampling", "StudyCore", "StudyFile"]


class Resampling(Settings):
    """How the procedure is judged.

    Parameters
    ----------
    folds, repeats : int
        Repeated cross-validation with the whole procedure inside.
    bootstrap : int
        Patient resamples behind the intervals of the performance table.
    bootstrap_reruns : int
        Bootstrap reruns of the whole procedure, behind optimism and instability; 0 leaves them
        out. Each takes as long as one fit.
    learning_curve : int
        Repeats of the cross-validation that are run on parts of the patients too; 0 for none.
    """

    folds: Annotated[int, between(2, 20)] = 5
    repeats: Annotated[int, between(1, 1000)] = 20
    bootstrap: Annotated[int, between(100, 100000)] = 500
    bootstrap_reruns: Annotated[int, between(0, 10000)] = 200
    learning_curve: Annotated[int, between(0, 1000)] = 4


class _Population(PopulationTable):
    description: str


class _Treatment(Settings):
    description: str


class _Cohort(CohortTable):
    file: Annotated[str, beside("run `ketresponse cohort import` first, or correct the path")]


def _check_predictors(names: tuple[str, ...], info: ValidationInfo[Place]) -> tuple[str, ...]:
    try:
        info.context.dictionary.check_predictors(names)
    except InputError as err:
        raise SettingError(*err.problems) from err
    return names


class _Predictors(Settings):
    names: Annotated[Texts, AfterValidator(_check_predictors)] = DEFAULT_PREDICTORS


_Candidate = Annotated[str, fits("any of " + ", ".join(CANDIDATES), CANDIDATES.__contains__)]


def _check_inner_repeats(repeats: int, info: ValidationInfo[Place]) -> int:
    candidates = info.data.get("candidates")
    if repeats == 0 and candidates:
        if [len(CANDIDATES[name].settings()) for name in candidates] != [1]:
            expected = (
                "at least 1: settings are chosen, candidates blended and recalibrated by them"
            )
            action = (
                "give 1 or more; 0 goes with one candidate alone that has no settings "
                '("logistic", "firth", "prevalence")'
            )
            raise SettingError(Problem("", expected, "0", action=action))
    return repeats


class _Procedure(Settings):
    candidates: Annotated[tuple[_Candidate, ...], Strict(False), fits("at least one", bool)] = (
        DEFAULT_CANDIDATES
    )
    inner_folds: Annotated[int, between(2, 20)] = Procedure.inner_folds
    inner_repeats: Annotated[int, between(0, 50), AfterValidator(_check_inner_repeats)] = (
        Procedure.inner_repeats
    )
    prior_strength: Annotated[Number, between(0, 100)] = Procedure.prior_strength
    published_patients: Annotated[Number, between(0, 10000)] = Procedure.published_patients


def _check_published(procedure: _Procedure, info: ValidationInfo[Place]) -> _Procedure:
    population, outcome = info.data.get("population"), info.data.get("outcome")
    if procedure.published_patients and population and outcome:
        if (population.condition, outcome.rule) != ("CRPS", RULES["fall2_or_success"]):
            problem = Problem(
                "procedure.published_patients",
                "0: rates are published for CRPS and the rule fall2_or_success",
                show(procedure.published_patients),
                action="leave it out",
            )
            raise SettingError(problem)
    return procedure


class _NullTest(Settings):
    permutations: Annotated[int, between(0, 100000)] = 0


class _MissingOutcome(Settings):
    weighting: Annotated[str, one_of(WEIGHTINGS)] = "follow_up"


class _Decision(Settings):
    thresholds: (
        Annotated[
            tuple[float, ...],
            Strict(False),
            fits(
                "two risks [low, high] between 0 and 1",
                lambda risks: len(risks) == 2 and 0 < risks[0] < risks[1] < 1,
            ),
        ]
        | None
    ) = None


def _check_cut(name: str, cut: object, dictionary: Dictionary) -> list[Problem]:
    """Return what is wrong with one entry of `[subgroups]`."""
    where = f"subgroups.{name}"
    if name not in dictionary:
        expected = "a variable of the contract or the study"
        action = did_you_mean(name, dictionary.names)
        return [Problem(where, expected, "an unknown name", action=action)]
    variable = dictionary[name]
    if variable.known_at not in ("always", "baseline") or variable.kind == "codes":
        expected = "a number, category, yes/no or site known at baseline"
        return [Problem(where, expected, f"{variable.kind} known at {variable.known_at}")]
    if variable.is_numeric:
        number = isinstance(cut, (int, float)) and math.isfinite(cut) and cut is not True
        return [] if number else [Problem(where, "the number at which to cut, or false", show(cut))]
    return [] if isinstance(cut, bool) else [Problem(where, "true or false", show(cut))]


def _check_subgroups(cuts: Mapping[str, Any], info: ValidationInfo[Place]) -> Mapping[str, Any]:
    dictionary = info.context.dictionary
    problems = [p for name, cut in cuts.items() for p in _check_cut(name, cut, dictionary)]
    if problems:
        raise SettingError(*problems)
    return cuts


class _Language(Settings):
    """What the study says in another language; a text that is missing is shown in English.

    Parameters
    ----------
    population, treatment : str
        As their `description`.
    t1, t2 : str
        As in `[outcome]`, where the study has its own words for them.
    labels : mapping of str to str
        The study's own variables.
    words : mapping of str to str
        What else it says, by its English: the measure and unit of its scale, words of categories.
    """

    population: str = ""
    treatment: str = ""
    t1: str = ""
    t2: str = ""
    labels: Mapping[str, str] = Field(default_factory=dict)
    words: Mapping[str, str] = Field(default_factory=dict)


class _Languages(Settings):
    nl: _Language | None = None
    de: _Language | None = None

    @property
    def told(self) -> dict[str, _Language]:
        """Those in which the study says something, by their code."""
        codes = {"nl": self.nl, "de": self.de}
        return {code: told for code, told in codes.items() if told is not None}


def _check_languages(languages: _Languages, info: ValidationInfo[Place]) -> _Languages:
    dictionary, outcome = info.context.dictionary, info.data.get("outcome")
    own = [variable.name for variable in dictionary if variable.name not in CONTRACT]
    problems = []
    for code, told in languages.told.items():
        where = f"language.{code}"
        problems += [
            Problem(
                f"{where}.{horizon}",
                "words for an outcome that has its own in [outcome]",
                "one without",
                action=f"leave it out, or give {horizon} in [outcome] too",
            )
            for horizon in ("t1", "t2")
            if getattr(told, horizon) and outcome and not getattr(outcome, horizon)
        ]
        problems += [
            Problem(
                f"{where}.labels.{name}",
                "a variable that the study's mapping declares",
                "another name",
                action=did_you_mean(name, own),
            )
            for name in told.labels
            if name not in own
        ]
    if problems:
        raise SettingError(*problems)
    return languages


class StudyCore(Settings):
    """What a study file and the protocol of a network both say, table by table."""

    name: Annotated[
        str,
        fits(
            "lower case letters, digits, - and _",
            lambda name: name and not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-_"),
        ),
    ]
    title: str | None = None
    seed: int = 0
    population: _Population
    treatment: _Treatment
    outcome: OutcomeTable = Field(default={}, validate_default=True)
    eligibility: EligibilityTable | None = None
    predictors: _Predictors = _Predictors()
    decision: _Decision = _Decision()
    language: Annotated[_Languages, AfterValidator(_check_languages)] = _Languages()

    def list_texts(self, dictionary: Dictionary) -> dict[str, dict[str, str]]:
        """Return by language what is said in it, by its English; nothing for what it lacks."""
        said = {
            "population": self.population.description,
            "treatment": self.treatment.description,
            "t1": self.outcome.t1,
            "t2": self.outcome.t2,
        }
        return {
            code: {
                english: told
                for name, english in said.items()
                if english and (told := getattr(own, name))
            }
            | {str(dictionary[name].label): label for name, label in own.labels.items()}
            | dict(own.words)
            for code, own in self.language.told.items()
        }


class StudyFile(StudyCore):
    """A study file, table by table."""

    cohort: _Cohort
    procedure: Annotated[_Procedure, AfterValidator(_check_published)] = _Procedure()
    resampling: Resampling = Resampling()
    null_test: _NullTest = _NullTest()
    missing_outcome: _MissingOutcome = _MissingOutcome()
    subgroups: Annotated[Mapping[str, Any], AfterValidator(_check_subgroups)] = Field(
        default_factory=dict
    )
    panel: PanelTable = PanelTable()
