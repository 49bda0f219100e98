"""The form of the clinician's page: its groups and fields, made from the model's dictionary.

Fields for numbers are plain text: a browser's number field drops what it cannot read, and a value
lost without a word would be taken for a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.dictionary.variable import Variable
from features.errors import Problem
from serving.estimate.notices import EVIDENCE_VARIABLES
from serving.estimate.predictor import Predictor
from training.store.statements import plain

__all__ = [
    "make_outcome_fields",
    "make_form_sections",
    "make_panel_fields",
    "make_record_fields",
    "short_unit",
    "show_problem",
]

_MOST_RADIOS = 3
_EMPTY: dict[str, Any] = {"unit": "", "chosen": "", "options": [], "numeric": False}
_PANEL_TITLE = "A microRNA panel, if there is one"


def make_form_sections(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the form's groups of fields: scope first, then predictors, then the optional."""
    scope = [name for name in predictor.eligibility_names if name in predictor.dictionary]
    asked = [name for name in predictor.model.predictors if name not in scope]
    optional = []
    if any(system == "ATC" for v in predictor.predictors for system, _ in v.codes):
        optional.append("medication_atc")
    if predictor.facts.condition == "CRPS":
        optional += EVIDENCE_VARIABLES
    shown = {*scope, *asked}
    groups = [
        ("Is this patient one the model can speak about?", scope, False),
        ("The patient", asked, False),
        ("More, if you have it", [name for name in optional if name not in shown], True),
    ]
    wrong = {problem.column for problem in problems}
    return [
        {
            "title": title,
            "fields": [_make_field(predictor, name, fields, problems) for name in names],
            "folded": folded,
            "open": any(name in fields or name in wrong for name in names),
        }
        for title, names, folded in groups
        if names
    ]


def make_panel_fields(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the group of fields for a microRNA panel, where the model has a use for one."""
    if predictor.panel is None:
        return []
    date = "2026-01-31, or with the time 2026-01-31T08:30"
    asked = [
        (
            "panel_text",
            "Paste it",
            "area",
            "a line for each assay with its Ct, a plate's text export, or a table of Ct values; "
            "Undetermined or an empty cell: not detected",
        ),
        ("panel_file", "Or choose a file", "file", "text or CSV; it stands above what is pasted"),
        ("panel_sample", "Sample", "text", "only where the file holds several: its name there"),
        ("panel_sample_date", "Blood drawn on", "text", date),
        (
            "panel_infusion_start",
            "Infusion begins on",
            "text",
            f"{date}; a sample taken later is refused",
        ),
    ]
    shown = [
        _EMPTY
        | {"name": name, "label": label, "control": control, "hints": [hint]}
        | {"value": fields.get(name, ""), "problems": _describe_problems(problems, name)}
        for name, label, control, hint in asked
    ]
    filled = any(field["value"] or field["problems"] for field in shown)
    return [{"title": _PANEL_TITLE, "fields": shown, "folded": True, "open": filled}]


def make_outcome_fields(
    predictor: Predictor,
    names: Sequence[str],
    fields: Mapping[str, str],
    problems: Sequence[Problem],
) -> list[dict[str, Any]]:
    """Return the groups of the form by which an outcome is reported: whose, and which."""
    number = _EMPTY | {
        "name": "request_id",
        "label": "Number of the estimate",
        "control": "text",
        "value": fields.get("request_id", ""),
        "hints": ["it stands below the estimate; its first 12 letters are enough"],
        "problems": _describe_problems(problems, "request_id"),
    }
    pseudonym = _make_field(predictor, "patient_id", fields, problems)
    pseudonym["hints"] = ["as it was given when the estimate was asked for"]
    groups = {"Whose, by one of the two": [number, pseudonym]}
    for name in names:
        title = "At discharge (T1)" if name.endswith("_t1") else "At the first follow-up (T2)"
        groups.setdefault(title, []).append(_make_field(predictor, name, fields, problems))
    return [{"title": title, "fields": shown} for title, shown in groups.items()]


def make_record_fields(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the group of fields by which an estimate can be found again."""
    field = _make_field(predictor, "patient_id", fields, problems)
    field["hints"] = [
        "optional: under it the outcome can be reported later, and all that is kept be shown or "
        "deleted",
        *field["hints"],
    ]
    return [{"title": "For the record", "fields": [field], "folded": False, "open": True}]


def _name_assay(problem: Problem) -> str:
    """Return the assay or the line of the panel that a problem is about, with a colon."""
    _, dot, rest = problem.column.partition(".")
    return f"{rest}: " if dot else ""


def _make_field(
    predictor: Predictor, name: str, fields: Mapping[str, str], problems: Sequence[Problem]
) -> dict[str, Any]:
    variable = predictor.dictionary[name]
    value = fields.get(name, "")
    options: list[tuple[str, str]] = []
    if variable.kind == "yes_no":
        options = [("yes", "yes"), ("no", "no"), ("", "not known")]
    elif variable.kind == "category":
        options = [(word, plain(word)) for word in variable.categories]
        options.append(("", "not known"))
    few = len(options) <= _MOST_RADIOS
    return _EMPTY | {
        "name": name,
        "label": variable.label,
        "unit": short_unit(variable),
        "value": value,
        "chosen": value if value in dict(options) else "",
        "options": options,
        "control": "text" if not options else "radios" if few else "select",
        "numeric": variable.is_numeric,
        "hints": _hints(predictor, variable),
        "problems": _describe_problems(problems, name),
    }


def short_unit(variable: Variable) -> str:
    """Return the unit without what explains it."""
    return variable.unit.split(",")[0]


def _hints(predictor: Predictor, variable: Variable) -> list[str]:
    hints = []
    if variable.is_numeric:
        hints.append(variable.expected().removeprefix("a number ").removeprefix("a whole number "))
    if variable.hint:
        hints.append(variable.hint)
    if variable.name in predictor.eligibility_names:
        rule = predictor.eligibility.describe(variable.name, dictionary=predictor.dictionary)
        hints.append(f"the model is for: {plain(rule)}")
    return hints


def _describe_problems(problems: Sequence[Problem], name: str) -> list[str]:
    return [
        f"{_name_assay(problem)}{_describe_problem(problem)}"
        for problem in problems
        if problem.column.partition(".")[0] == name
    ]


def _describe_problem(problem: Problem) -> str:
    action = f". {problem.action[0].upper()}{problem.action[1:]}" if problem.action else ""
    return f"Expected {problem.expected}; got {problem.got}{action}."


def show_problem(predictor: Predictor, problem: Problem) -> dict[str, str]:
    """Return a problem with the label of the field that it stands beside."""
    column = problem.column
    if predictor.panel is not None and column.startswith("panel_"):
        text = f"{_name_assay(problem)}{_describe_problem(problem)}"
        return {"name": column.split(".")[0], "label": "The microRNA panel", "text": text}
    known = column in predictor.dictionary
    label = predictor.dictionary[column].label if known else column
    return {"name": column if known else "", "label": label, "text": _describe_problem(problem)}
