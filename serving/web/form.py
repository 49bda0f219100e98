"""The form of the clinician's page: its groups and fields, made from the model's dictionary.

Fields for numbers are plain text: a browser's number field drops what it cannot read, and a value
lost without a word would be taken for a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.dictionary.variable import Variable, spell_choice
from features.errors import Problem
from features.texts import Text, as_text, say, say_list
from serving.estimate.centre import OTHER_CENTRE, SITE
from serving.estimate.notices import EVIDENCE_VARIABLES
from serving.estimate.predictor import Predictor
from training.model.centres import NO_CENTRE

__all__ = [
    "COMPARED",
    "describe_problem",
    "make_compare_fields",
    "make_form_sections",
    "make_outcome_fields",
    "make_panel_fields",
    "make_record_fields",
    "short_unit",
    "show_problem",
]

COMPARED = "compare-"
"""Before the name of a variable: its value in the patient that the first is compared with."""

_MEDICATION = "medication_atc"
_MOST_RADIOS = 3
_EMPTY: dict[str, Any] = {
    "unit": "",
    "chosen": "",
    "options": [],
    "numeric": False,
    "is_open": True,
}
_PANEL_TITLE = say("A microRNA panel, if there is one")
_CHOICES = {"yes": say("yes"), "no": say("no")}
_NOT_KNOWN = ("", say("not known"))


def make_form_sections(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the form's groups of fields: scope first, then predictors, then the optional."""
    scope = [name for name in predictor.eligibility_names if name in predictor.dictionary]
    asked = [name for name in predictor.model.predictors if name not in scope]
    drugs = [name for name in asked if _is_drug_class(predictor.dictionary[name])]
    optional = EVIDENCE_VARIABLES if predictor.facts.condition == "CRPS" else ()
    shown = {*scope, *asked}
    groups = [
        (say("Where is the patient treated?"), [SITE] if predictor.centres else [], False),
        (say("Is this patient one the model can speak about?"), scope, False),
        (say("The patient"), [name for name in asked if name not in drugs], False),
        (
            say("Pain medication, by class or by drug"),
            [*drugs, _MEDICATION] if drugs else [],
            False,
        ),
        (say("More, if you have it"), [name for name in optional if name not in shown], True),
    ]
    wrong = {problem.column for problem in problems}
    return [
        {
            "title": title,
            "fields": [
                _make_centre_field(predictor, fields, problems)
                if name == SITE
                else _make_field(predictor, name, fields, problems)
                for name in names
            ],
            "folded": folded,
            "open": any(name in fields or name in wrong for name in names),
        }
        for title, names, folded in groups
        if names
    ]


def _make_centre_field(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> dict[str, Any]:
    """Return the choice among the centres of a model: one of them is always chosen."""
    options = [*((name, Text(name)) for name in predictor.centres), (NO_CENTRE, OTHER_CENTRE)]
    sent = fields.get(SITE) or predictor.centre
    return _make_field(predictor, SITE, fields, problems) | {
        "options": options,
        "chosen": sent if sent in predictor.centres else NO_CENTRE,
        "control": "select",
        "is_open": False,
    }


def _is_drug_class(variable: Variable) -> bool:
    return any(system == "ATC" for system, _ in variable.codes)


def make_compare_fields(predictor: Predictor, known: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the fields in which one value of a patient can be changed for a comparison.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    known : mapping
        The patient's values by predictor, as they are typed; "" where not known.
    """
    fields = [_make_field(predictor, name, known, ()) for name in predictor.model.predictors]
    for field in fields:
        field["name"] = f"{COMPARED}{field['name']}"
        field["hints"] = []
    return fields


def make_panel_fields(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the group of fields for a microRNA panel, where the model has a use for one."""
    if predictor.panel is None:
        return []
    date = say("2026-01-31, or with the time 2026-01-31T08:30")
    asked = [
        (
            "panel_text",
            say("Paste it"),
            "area",
            say(
                "a line for each assay with its Ct, a plate's text export, or a table of Ct "
                "values; Undetermined or an empty cell: not detected"
            ),
        ),
        (
            "panel_file",
            say("Or choose a file"),
            "file",
            say("text or CSV; it stands above what is pasted"),
        ),
        (
            "panel_sample",
            say("Sample"),
            "text",
            say("only where the file holds several: its name there"),
        ),
        ("panel_sample_date", say("Blood drawn on"), "text", date),
        (
            "panel_infusion_start",
            say("Infusion begins on"),
            "text",
            say("{date}; a sample taken later is refused", date=date),
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
        "label": say("Number of the estimate"),
        "control": "text",
        "value": fields.get("request_id", ""),
        "hints": [say("it stands below the estimate; its first 12 letters are enough")],
        "problems": _describe_problems(problems, "request_id"),
    }
    pseudonym = _make_field(predictor, "patient_id", fields, problems)
    pseudonym["hints"] = [say("as it was given when the estimate was asked for")]
    groups = {say("Whose, by one of the two"): [number, pseudonym]}
    for name in names:
        is_first = name.endswith("_t1")
        title = say("At discharge (T1)") if is_first else say("At the first follow-up (T2)")
        groups.setdefault(title, []).append(_make_field(predictor, name, fields, problems))
    return [{"title": title, "fields": shown} for title, shown in groups.items()]


def make_record_fields(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the group of fields by which an estimate can be found again."""
    field = _make_field(predictor, "patient_id", fields, problems)
    field["hints"] = [
        say(
            "optional: under it the outcome can be reported later, and all that is kept be shown "
            "or deleted"
        ),
        *field["hints"],
    ]
    return [{"title": say("For the record"), "fields": [field], "folded": False, "open": True}]


def _name_assay(problem: Problem) -> str:
    """Return the assay or the line of the panel that a problem is about, with a colon."""
    _, dot, rest = problem.column.partition(".")
    return f"{rest}: " if dot else ""


def _make_field(
    predictor: Predictor, name: str, fields: Mapping[str, str], problems: Sequence[Problem]
) -> dict[str, Any]:
    variable = predictor.dictionary[name]
    value = fields.get(name, "")
    options: list[tuple[str, Text]] = []
    if variable.kind == "yes_no":
        options = [*_CHOICES.items(), _NOT_KNOWN]
    elif variable.kind == "category":
        options = [*((word, spell_choice(word)) for word in variable.categories), _NOT_KNOWN]
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


def short_unit(variable: Variable) -> Text:
    """Return the unit without what explains it."""
    return variable.short_unit


def _hints(predictor: Predictor, variable: Variable) -> list[str]:
    hints: list[str] = []
    if variable.is_numeric:
        hints.append(variable.range)
    if variable.hint:
        hints.append(variable.hint)
    if variable.name in predictor.eligibility_names:
        rule = predictor.eligibility.describe(variable.name, dictionary=predictor.dictionary)
        hints.append(say("the model is for: {rule}", rule=rule))
    if variable.name == _MEDICATION:
        hints.append(say("names are read too: tramadol; amitriptyline"))
    return hints


def _describe_problems(problems: Sequence[Problem], name: str) -> list[Text]:
    return [
        say_list([_name_assay(problem), describe_problem(problem)], "")
        for problem in problems
        if problem.column.partition(".")[0] == name
    ]


def describe_problem(problem: Problem) -> Text:
    """Return what was expected, what came and what to do, as a sentence."""
    told = {"expected": problem.expected, "got": problem.got}
    if not problem.action:
        return say("Expected {expected}; got {got}.", **told)
    action = as_text(problem.action)
    return say("Expected {expected}; got {got}. {action:capital}.", **told, action=action)


def show_problem(predictor: Predictor, problem: Problem) -> dict[str, str]:
    """Return a problem with the label of the field that it stands beside."""
    column = problem.column
    if predictor.panel is not None and column.startswith("panel_"):
        text = say_list([_name_assay(problem), describe_problem(problem)], "")
        return {"name": column.split(".")[0], "label": say("The microRNA panel"), "text": text}
    known = column in predictor.dictionary
    label = predictor.dictionary[column].label if known else column
    return {"name": column if known else "", "label": label, "text": describe_problem(problem)}
