"""Empty forms to collect a cohort with, derived from the dictionary of variables.

A file collected with either of them needs no mapping: what REDCap adds to an export of raw data
(:func:`is_redcap_own`) is left aside when a cohort is read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem

__all__ = ["REDCAP_COLUMNS", "is_redcap_own", "make_redcap_dictionary", "make_template"]

REDCAP_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The columns of a REDCap data dictionary, in its order."""

# REDCap wants the fields of a form together, and the record's id first.
_FORMS = {
    "always": "baseline",
    "baseline": "baseline",
    "infusion": "infusion",
    "t1": "discharge_t1",
    "t2": "follow_up_t2",
    "later": "later",
}
_REDCAP_OWN = frozenset(
    {f"{form}_{what}" for form in _FORMS.values() for what in ("complete", "timestamp")}
    | {f"redcap_{what}" for what in ("survey_identifier", "data_access_group", "event_name")}
    | {f"redcap_repeat_{what}" for what in ("instrument", "instance")}
)
_CHOICE = re.compile(r"[A-Za-z0-9_]+")


def _to_csv(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _collected(dictionary: Dictionary) -> list[Variable]:
    """Return what people fill in: where a record comes from is for software to say."""
    return [variable for variable in dictionary if "provenance" not in variable.roles]


def make_template(dictionary: Dictionary = CONTRACT) -> str:
    """Return an empty cohort file: one header line, as CSV.

    Returns
    -------
    str
        Column names in the dictionary's order. One row per course goes below; an unknown value
        is left empty.
    """
    return _to_csv([[variable.name for variable in _collected(dictionary)]])


def is_redcap_own(name: str) -> bool:
    """Return whether REDCap adds a column of that name to an export of the template's project.

    They tell how a form was filled in (``baseline_complete``), not what the patient has.
    """
    return name in _REDCAP_OWN


def make_redcap_dictionary(dictionary: Dictionary = CONTRACT) -> str:
    """Return a REDCap data dictionary, as CSV, to be uploaded into a new project.

    Returns
    -------
    str
        One line per variable, a form for each time at which values become known. Choices carry
        the contract's own words as codes, so that an export of *raw* data has the contract's
        values. One record is one course: a patient's first.

    Raises
    ------
    InputError
        Listing every category of a study's own that REDCap does not take as a code.
    """
    variables = _collected(dictionary)
    action = "rename the category in the mapping"
    problems = [
        Problem(variable.name, "categories of letters, digits and _", repr(category), action=action)
        for variable in variables
        for category in variable.categories
        if not _CHOICE.fullmatch(category)
    ]
    if problems:
        raise InputError("REDCap data dictionary", problems)
    forms = list(dict.fromkeys(_FORMS.values()))
    ordered = sorted(variables, key=lambda variable: forms.index(_FORMS[variable.known_at]))
    return _to_csv([REDCAP_COLUMNS, *(_redcap_row(variable) for variable in ordered)])


def _redcap_row(variable: Variable) -> list[str]:
    choices = _choices(variable)
    validation = {"integer": "integer", "number": "number"}.get(variable.kind, "")
    is_id = "identifier" in variable.roles
    notes = [variable.expected() if variable.is_numeric else "", variable.hint]
    codes = [f"{system} {code}" for system, code in variable.codes]
    cells = {
        "Variable / Field Name": variable.name,
        "Form Name": _FORMS[variable.known_at],
        "Field Type": "text" if not choices else "radio",
        "Field Label": variable.label,
        "Choices, Calculations, OR Slider Labels": " | ".join(choices),
        "Field Note": "; ".join(note for note in notes if note),
        "Text Validation Type OR Show Slider Number": validation,
        "Text Validation Min": _bound(variable.low),
        "Text Validation Max": _bound(variable.high),
        "Identifier?": "y" if is_id else "",
        "Required Field?": "y" if is_id else "",
        "Field Annotation": "; ".join(codes),
    }
    return [cells.get(column, "") for column in REDCAP_COLUMNS]


def _choices(variable: Variable) -> list[str]:
    words = variable.categories or (("yes", "no") if variable.kind == "yes_no" else ())
    return [f"{word}, {word.replace('_', ' ')}" for word in words]


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
