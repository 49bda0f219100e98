"""The study: one TOML file that says what is fitted, for whom, and how it is judged.

::

    name = "esketamine-rotterdam"            # also the name of the registered model
    seed = 20210707

    [population]
    description = "Adults with CRPS, therapy-resistant, one tertiary centre"
    condition = "CRPS"                       # published rates are shown for CRPS only

    [treatment]
    description = "Elective inpatient low-dose intravenous S-ketamine, planned 7 days"

    [cohort]
    file = "cohort.parquet"                  # beside the study file
    mapping = "mapping.toml"                 # optional: declares a study's own variables

    [outcome]
    rule = "fall2_or_success"                # or fall30, fall50
    horizons = ["t1", "t2"]                  # or ["t1"], or ["t2"]
    t1 = "response at discharge: ..."        # optional: the outcomes in the study's own words

    [eligibility]                            # optional: without it, the rules for CRPS courses
    age_years = {min = 18}

    [predictors]
    names = ["nrs_t0", "disease_duration_years", "opioid"]

    [procedure]                              # optional
    candidates = ["prevalence", "ridge", "firth", "elastic_net", "splines", "lightgbm"]

    [resampling]                             # optional
    folds = 5
    repeats = 20
    bootstrap_reruns = 200                   # of the whole procedure: optimism and instability
    learning_curve = 4                       # repeats on parts of the patients; 0 for none

    [missing_outcome]                        # optional
    weighting = "follow_up"                  # or "all", or "none"

    [decision]                               # optional: without it there is no decision curve
    thresholds = [0.3, 0.7]

    [subgroups]                              # optional: where numbers are cut; true, or false
    age_years = 40

    [panel]                                  # optional: a microRNA panel, see docs/panel.md
    file = "panel.parquet"                   # what `ketresponse panel import` wrote
    reference = "global_mean"                # or genorm, normfinder, or a list of assays

Naming one candidate in `[procedure]` uses it alone; naming several blends them. Unknown keys are
errors: a setting that is misspelt must not be ignored.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from features.cohort.mapping import read_mapping
from features.dictionary.contract import CONTRACT, DEFAULT_PREDICTORS
from features.dictionary.eligibility import CRPS_ELIGIBILITY, Eligibility
from features.dictionary.outcome import HORIZONS, RULES
from features.dictionary.schema import Dictionary
from features.errors import InputError, Problem
from features.published.rates import published_base_rate
from training.measures.subgroups import DEFAULT_CUTS
from training.model.candidates import CANDIDATES, DEFAULT_CANDIDATES
from training.model.fit import Procedure
from training.model.weighting import WEIGHTINGS
from training.panel.procedure import PANEL_TABLE, PanelProcedure, check_panel, make_panel_procedure

__all__ = ["Resampling", "Study", "read_study"]

_DEFAULT_RULE = "fall2_or_success"
_STAND_IN = "not-given"
_TABLES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "": {"name": str, "title": str, "seed": int},
    "population": {"description": str, "condition": str},
    "treatment": {"description": str},
    "cohort": {"file": str, "mapping": str},
    "outcome": {"rule": str, "horizons": list, "t1": str, "t2": str},
    "predictors": {"names": list},
    "procedure": {
        "candidates": list,
        "inner_folds": int,
        "inner_repeats": int,
        "prior_strength": (int, float),
        "published_patients": (int, float),
    },
    "resampling": {
        "folds": int,
        "repeats": int,
        "bootstrap": int,
        "bootstrap_reruns": int,
        "learning_curve": int,
    },
    "missing_outcome": {"weighting": str},
    "decision": {"thresholds": list},
    "panel": PANEL_TABLE,
}
_REQUIRED = (
    ("", "name"),
    ("population", "description"),
    ("treatment", "description"),
    ("cohort", "file"),
)
_FREE = ("eligibility", "subgroups")  # tables whose keys are variables
_TYPE_WORDS = {
    str: "text",
    int: "a whole number",
    list: "a list",
    (int, float): "a number",
    bool: "true or false",
    (str, list): "text or a list",
}
_WORDS = {
    ("t1", _DEFAULT_RULE): (
        "response at discharge (T1): pain at least 2 points lower than before treatment, or the "
        "record calls the treatment successful"
    ),
    ("t1", "fall30"): "relief at discharge (T1): pain at least 30% lower than before treatment",
    ("t1", "fall50"): "relief at discharge (T1): pain at least 50% lower than before treatment",
}
_T2_WHEN = "the first follow-up (T2), about 4 weeks after discharge at uneven intervals"


@dataclass(frozen=True)
class Resampling:
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

    folds: int = 5
    repeats: int = 20
    bootstrap: int = 500
    bootstrap_reruns: int = 200
    learning_curve: int = 4


@dataclass(frozen=True)
class Study:
    """A study file, read and checked.

    Parameters
    ----------
    name : str
        Lower case letters, digits, `-` and `_`; also the registered model's name.
    seed : int
        All randomness comes from it: the same seed gives the same numbers.
    cohort : Path
        The cohort file.
    dictionary : Dictionary
        The contract with what the study's mapping declares.
    rule : str
        Responder rule.
    horizons : tuple of str
        ("t1",), ("t1", "t2") or ("t2",).
    outcomes : dict of str to str
        Each horizon's outcome in plain words.
    weighting : str
        How patients with a known outcome are weighted, a key of
        :data:`training.model.weighting.WEIGHTINGS`.
    subgroups : dict of str to float or bool
        As :data:`training.measures.subgroups.DEFAULT_CUTS`, the study's own added.
    thresholds : tuple of (float, float) or None
        Range of decision thresholds set beforehand; None when the study sets none.
    text : str
        The file as it was read; kept with the run.
    panel_file : Path or None
        The tidy microRNA panel; None for a study without one.
    panel : PanelProcedure
        How the panel's part of a model is made.
    """

    name: str
    title: str
    seed: int
    population: str
    condition: str
    treatment: str
    cohort: Path
    dictionary: Dictionary
    rule: str
    horizons: tuple[str, ...]
    outcomes: dict[str, str]
    eligibility: Eligibility
    predictors: tuple[str, ...]
    procedure: Procedure
    resampling: Resampling
    weighting: str
    subgroups: dict[str, float | bool]
    thresholds: tuple[float, float] | None
    text: str = field(repr=False)
    panel_file: Path | None = None
    panel: PanelProcedure = field(default_factory=PanelProcedure)

    @property
    def sha256(self) -> str:
        """Digest of the study file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def published_text(self) -> str:
        """What was done with published rates, for the report and every answer; empty for none."""
        if not self.procedure.published_patients:
            return ""
        rates = [published_base_rate(horizon) for horizon in self.horizons]
        found = ", ".join(
            f"{rate.events} of {rate.n} at {horizon.upper()}"
            for horizon, rate in zip(self.horizons, rates, strict=True)
        )
        return (
            f"The overall rate was pulled toward the published one ({found}; "
            f"{rates[0].reference.text}), counted as {self.procedure.published_patients:g} "
            "further patients."
        )


def _describe_outcomes(rule: str, horizons: tuple[str, ...]) -> dict[str, str]:
    first = _WORDS[("t1", rule)]
    described = {}
    for horizon in horizons:
        if horizon == "t1":
            described["t1"] = first
        elif "t1" in horizons:
            described["t2"] = (
                f"sustained response: a responder at discharge (T1) and still one at {_T2_WHEN}"
            )
        else:
            described["t2"] = first.replace("discharge (T1)", _T2_WHEN)
    return described


def _check_keys(content: Mapping[str, Any]) -> list[Problem]:
    problems = []
    tables = {"": {k: v for k, v in content.items() if not isinstance(v, dict)}}
    tables |= {k: v for k, v in content.items() if isinstance(v, dict) and k not in _FREE}
    for table, entries in tables.items():
        if table not in _TABLES:
            close = get_close_matches(table, [*_TABLES, *_FREE], n=1)
            hint = f"did you mean [{close[0]}]?" if close else ""
            problems.append(
                Problem(f"[{table}]", "a table of a study file", "an unknown table", action=hint)
            )
            continue
        for key, value in entries.items():
            where = f"{table}.{key}".lstrip(".")
            expected = _TABLES[table].get(key)
            if expected is None:
                close = get_close_matches(key, _TABLES[table], n=1)
                hint = f"did you mean {close[0]}?" if close else ""
                problems.append(
                    Problem(where, "a setting of a study file", "an unknown setting", action=hint)
                )
            elif isinstance(value, bool) != (expected is bool) or not isinstance(value, expected):
                words = _TYPE_WORDS[expected]
                problems.append(Problem(where, words, type(value).__name__))
    for table, key in _REQUIRED:
        if key not in tables.get(table, {}):
            where = f"{table}.{key}".lstrip(".")
            problems.append(Problem(where, "a value", "nothing", action="add it to the study"))
    return problems


def _keep_readable(content: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Return what can be read further, so that every problem is found at once.

    Unknown tables and settings and those of a wrong type are left out; stand-ins take the place
    of what is needed and was not given. It is not used where there is any problem.
    """
    wrong = {problem.column for problem in problems}
    kept: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and f"[{key}]" not in wrong:
            kept[key] = {k: v for k, v in value.items() if f"{key}.{k}" not in wrong}
        elif not isinstance(value, dict) and key not in wrong:
            kept[key] = value
    for table, key in _REQUIRED:
        place = kept.setdefault(table, {}) if table else kept
        place.setdefault(key, _STAND_IN)
    return kept


def _check_whole(
    table: Mapping[str, Any], name: str, key: str, low: int, high: int, problems: list[Problem]
) -> None:
    value = table.get(key)
    if value is not None and not low <= value <= high:
        problems.append(Problem(f"{name}.{key}", f"from {low} to {high}", str(value)))


def _check_values(content: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    name = content["name"]
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-_"):
        problems.append(Problem("name", "lower case letters, digits, - and _", repr(name)))
    outcome = content.get("outcome", {})
    if outcome.get("rule", _DEFAULT_RULE) not in RULES:
        problems.append(
            Problem("outcome.rule", "one of " + ", ".join(RULES), repr(outcome["rule"]))
        )
    if tuple(outcome.get("horizons", ("t1", "t2"))) not in HORIZONS:
        problems.append(
            Problem("outcome.horizons", '["t1"], ["t1", "t2"] or ["t2"]', str(outcome["horizons"]))
        )
    candidates = content.get("procedure", {}).get("candidates", list(DEFAULT_CANDIDATES))
    for candidate in candidates:
        if candidate not in CANDIDATES:
            problems.append(
                Problem("procedure.candidates", "any of " + ", ".join(CANDIDATES), repr(candidate))
            )
    if not candidates:
        problems.append(Problem("procedure.candidates", "at least one", "none"))
    procedure, resampling = content.get("procedure", {}), content.get("resampling", {})
    _check_whole(procedure, "procedure", "inner_folds", 2, 20, problems)
    _check_whole(procedure, "procedure", "inner_repeats", 0, 50, problems)
    settings = [len(CANDIDATES[name].settings()) for name in candidates if name in CANDIDATES]
    if procedure.get("inner_repeats") == 0 and settings != [1]:
        problems.append(
            Problem(
                "procedure.inner_repeats",
                "at least 1: settings are chosen, candidates blended and recalibrated by them",
                "0",
                action="give 1 or more; 0 goes with one candidate alone that has no settings "
                '("logistic", "firth", "prevalence")',
            )
        )
    _check_whole(procedure, "procedure", "prior_strength", 0, 100, problems)
    _check_whole(procedure, "procedure", "published_patients", 0, 10000, problems)
    if procedure.get("published_patients") and not _has_published_rates(content):
        problems.append(
            Problem(
                "procedure.published_patients",
                "0: rates are published for CRPS and the rule fall2_or_success",
                repr(procedure["published_patients"]),
                action="leave it out",
            )
        )
    _check_whole(resampling, "resampling", "folds", 2, 20, problems)
    _check_whole(resampling, "resampling", "repeats", 1, 1000, problems)
    _check_whole(resampling, "resampling", "bootstrap", 100, 100000, problems)
    _check_whole(resampling, "resampling", "bootstrap_reruns", 0, 10000, problems)
    _check_whole(resampling, "resampling", "learning_curve", 0, 1000, problems)
    weighting = content.get("missing_outcome", {}).get("weighting", "follow_up")
    if weighting not in WEIGHTINGS:
        problems.append(
            Problem("missing_outcome.weighting", "one of " + ", ".join(WEIGHTINGS), repr(weighting))
        )
    thresholds = content.get("decision", {}).get("thresholds")
    if thresholds is not None and not (
        len(thresholds) == 2
        and all(isinstance(t, (int, float)) and not isinstance(t, bool) for t in thresholds)
        and 0 < thresholds[0] < thresholds[1] < 1
    ):
        problems.append(
            Problem("decision.thresholds", "two risks [low, high] between 0 and 1", str(thresholds))
        )
    return problems


def _check_subgroups(cuts: Any, dictionary: Dictionary) -> list[Problem]:
    """Return what is wrong with a study's `[subgroups]`."""
    if not isinstance(cuts, Mapping):
        return [Problem("[subgroups]", "a table of variables", type(cuts).__name__)]
    problems = []
    for name, cut in cuts.items():
        where = f"subgroups.{name}"
        if name not in dictionary:
            close = get_close_matches(name, dictionary.names, n=1)
            hint = f"did you mean {close[0]}?" if close else ""
            problems.append(
                Problem(
                    where, "a variable of the contract or the study", "an unknown name", action=hint
                )
            )
            continue
        variable = dictionary[name]
        if variable.known_at not in ("always", "baseline") or variable.kind == "codes":
            problems.append(
                Problem(
                    where,
                    "a number, category, yes/no or site known at baseline",
                    f"{variable.kind} known at {variable.known_at}",
                )
            )
        elif variable.is_numeric and (cut is True or not isinstance(cut, (bool, int, float))):
            problems.append(Problem(where, "the number at which to cut, or false", repr(cut)))
        elif not variable.is_numeric and not isinstance(cut, bool):
            problems.append(Problem(where, "true or false", repr(cut)))
    return problems


def read_study(path: Path) -> Study:
    """Read a study file.

    Parameters
    ----------
    path : Path
        TOML, UTF-8. Files it names are looked for beside it.

    Raises
    ------
    InputError
        Listing every problem: unknown tables and settings, wrong types and values, predictors
        that are not known at baseline, a missing cohort file.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as err:
        raise InputError(f"study file {path} does not exist: check the path") from err
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"study file {path} cannot be read as UTF-8 text") from err
    except tomllib.TOMLDecodeError as err:
        raise InputError(f"study file {path} is not TOML: {err}") from err
    problems = _check_keys(content)
    content = _keep_readable(content, problems)
    problems += _check_values(content)
    dictionary = CONTRACT
    mapping = content["cohort"].get("mapping")
    if mapping is not None:
        dictionary = read_mapping(path.parent / mapping).dictionary
    names = tuple(content.get("predictors", {}).get("names", DEFAULT_PREDICTORS))
    eligibility = CRPS_ELIGIBILITY
    try:
        dictionary.check_predictors(names)
    except InputError as err:
        problems += err.problems
    try:
        if "eligibility" in content:
            eligibility = Eligibility.from_dict(content["eligibility"], dictionary=dictionary)
    except InputError as err:
        problems += err.problems
    problems += check_panel(content.get("panel", {}), path.parent)
    problems += _check_subgroups(content.get("subgroups", {}), dictionary)
    cohort = path.parent / content["cohort"]["file"]
    if cohort.name != _STAND_IN and not cohort.is_file():
        problems.append(
            Problem(
                "cohort.file",
                "a file beside the study",
                f"{cohort} does not exist",
                action="run `ketresponse cohort import` first, or correct the path",
            )
        )
    if problems:
        raise InputError(f"study file {path.name}", problems)
    return _make_study(content, text, path.parent, dictionary, names, eligibility)


def _has_published_rates(content: Mapping[str, Any]) -> bool:
    rule = content.get("outcome", {}).get("rule", _DEFAULT_RULE)
    return content["population"].get("condition") == "CRPS" and bool(rule == _DEFAULT_RULE)


def _make_study(
    content: Mapping[str, Any],
    text: str,
    folder: Path,
    dictionary: Dictionary,
    predictors: tuple[str, ...],
    eligibility: Eligibility,
) -> Study:
    outcome = content.get("outcome", {})
    rule = outcome.get("rule", _DEFAULT_RULE)
    horizons = tuple(outcome.get("horizons", ("t1", "t2")))
    worded = {h: outcome[h] for h in horizons if h in outcome}
    procedure = dict(content.get("procedure", {}))
    candidates = tuple(procedure.pop("candidates", DEFAULT_CANDIDATES))
    if procedure.get("published_patients"):
        procedure["published_rates"] = tuple(published_base_rate(h).rate for h in horizons)
    thresholds = content.get("decision", {}).get("thresholds")
    panel = content.get("panel", {})
    return Study(
        name=content["name"],
        title=content.get("title", content["name"]),
        seed=content.get("seed", 0),
        population=content["population"]["description"],
        condition=content["population"].get("condition", "unspecified"),
        treatment=content["treatment"]["description"],
        cohort=folder / content["cohort"]["file"],
        dictionary=dictionary,
        rule=rule,
        horizons=horizons,
        outcomes=_describe_outcomes(rule, horizons) | worded,
        eligibility=eligibility,
        predictors=predictors,
        procedure=Procedure(candidates, **procedure),
        resampling=Resampling(**content.get("resampling", {})),
        weighting=content.get("missing_outcome", {}).get("weighting", "follow_up"),
        subgroups={**DEFAULT_CUTS, **content.get("subgroups", {})},
        thresholds=(float(thresholds[0]), float(thresholds[1])) if thresholds else None,
        text=text,
        panel_file=folder / panel["file"] if "file" in panel else None,
        panel=make_panel_procedure(panel),
    )
