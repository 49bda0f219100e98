"""What an import did with one variable, and what it refused, in words.

Counts of lists (medication) are told code by code, never list by list: a combination of drugs is
one patient's. A code that fewer than :data:`features.shares.FEWEST` patients have is told without
its number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from features.dictionary.variable import Variable
from features.errors import Problem
from features.mapping.codes import normalise_code
from features.mapping.column_rule import UNITS, ColumnRule
from features.mapping.conversion import (
    NONE_BESIDE,
    Reading,
    Texts,
    Unread,
    Value,
    read_box,
    split_texts,
)
from features.mapping.dates import advise_dates, parse_date
from features.mapping.filtering import count_rows
from features.numerals import DecimalSign, may_have_thousands, parse_number
from features.shares import format_count

__all__ = ["describe_conversion", "describe_refused", "tell_unchosen", "tell_unsure"]

_SHOWN = 20
_LONGEST = 20
_LISTS = ("codes", "text")
_AS_WRITTEN = Reading()


def describe_conversion(
    rule: ColumnRule, variable: Variable, inputs: Sequence[Texts], values: Sequence[Value]
) -> str:
    """Return what was done, with counts of courses.

    Parameters
    ----------
    rule : ColumnRule
        What the mapping says.
    variable : Variable
        What came out.
    inputs, values : sequence
        What each course had in the raw columns, and the value that it got.
    """
    how = [f"at time {rule.at}"] if rule.at else []
    if rule.by:
        how.append(f"chosen by {rule.by}")
    if rule.unit:
        how.append(f"{rule.unit} to {variable.unit}")
    if rule.until:
        how.append(f"{'completed ' * rule.completed}{variable.unit} until {rule.until}")
    if rule.part:
        how.append(f"{rule.part} of the date")
    if variable.kind == "yes_no" and len(rule.sources) > 1 and not rule.by:
        how.append("yes if any is")
    if rule.yes_if:
        known = [value for value in values if value is not None]
        how.append(f"yes if {rule.yes_if} ({known.count('yes')} of {len(known)})")
    if rule.recode is not None:
        how += _count_recoded(rule, rule.recode, variable, inputs)
    if rule.boxes:
        how += _count_boxes(rule, variable, inputs)
    return ", ".join(how) or "as it is"


def _count_recoded(
    rule: ColumnRule, recode: Mapping[str, str], variable: Variable, inputs: Sequence[Texts]
) -> list[str]:
    counts = Counter[str]()
    for texts, courses in Counter(inputs).items():
        for code in {normalise_code(part) for part in split_texts(rule, variable, texts)}:
            counts[code] += courses
    exact = variable.kind not in _LISTS
    nothing = _describe_unknown(variable)
    return [
        f"{raw} to {recode[raw] or nothing} ({format_count(counts[raw], exact=exact)})"
        for raw in sorted(counts.keys() & recode.keys())
    ]


def _describe_unknown(variable: Variable) -> str:
    """Return what becomes of a value that the mapping gives no word."""
    return "a list not known" if variable.kind == "codes" else "not known"


def _count_boxes(rule: ColumnRule, variable: Variable, inputs: Sequence[Texts]) -> list[str]:
    counts = Counter[str]()
    none = unknown = 0
    for texts, courses in Counter(inputs).items():
        try:
            boxes = [read_box(rule, text) for text in texts]
        except ValueError:
            continue  # told as refused
        unknown += courses * (None in boxes)
        none += courses * (None not in boxes and not any(boxes))
        for column, box in zip(rule.boxes, boxes, strict=True):
            counts[column] += courses * bool(box)
    exact = variable.kind not in _LISTS
    nothing = _describe_unknown(variable)
    how = [
        f"{column} to {word or nothing} ({format_count(counts[column], exact=exact)})"
        for column, word in rule.boxes.items()
        if counts[column]
    ]
    if none:
        how.append(f"no box ticked: {rule.none_ticked or 'not known'} ({none})")
    if unknown:
        how.append(f"a box not known: not known ({unknown})")
    return how


def tell_unchosen(rule: ColumnRule, columns: Mapping[str, Sequence[str | None]]) -> list[str]:
    """Return how many values nothing chose, though there were some: one part of a line, or none.

    Parameters
    ----------
    rule : ColumnRule
        What the mapping says.
    columns : mapping of str to sequence of str or None
        By raw column, what each course has in it.
    """
    if not rule.by:
        return []
    there = zip(*(columns[source] for source in rule.sources), strict=True)
    lost = sum(not key and any(texts) for key, texts in zip(columns[rule.by], there, strict=True))
    return [f"{rule.by} is empty beside values: not known ({lost})"] if lost else []


def tell_unsure(
    rule: ColumnRule, variable: Variable, inputs: Sequence[Texts], reading: Reading
) -> list[str]:
    """Return how many numbers could have thousands, though they were read with decimals.

    Nothing in the file tells of ``1.200``; it is read as the point is most often meant, and told.

    Parameters
    ----------
    rule, variable, inputs
        As in :func:`describe_conversion`.
    reading : Reading
        How the texts are written.
    """
    if reading.decimal is not None or not _reads_numbers(rule, variable):
        return []
    unsure = sum(
        may_have_thousands(text, ".") for texts in inputs for text in texts if text is not None
    )
    return [f'{unsure} such as 1.500 read as 1.5 (if so, say decimal = ".")'] if unsure else []


def _reads_numbers(rule: ColumnRule, variable: Variable) -> bool:
    numeric = variable.is_numeric or bool(rule.yes_if)
    return numeric and rule.recode is None and not (rule.until or rule.part)


def describe_refused(
    rule: ColumnRule,
    variable: Variable,
    refused: Iterable[Unread],
    *,
    chosen: bool = False,
    reading: Reading = _AS_WRITTEN,
) -> Problem:
    """Return the problem of the raw values that nothing covers, with their counts.

    Parameters
    ----------
    rule : ColumnRule
        What the mapping says.
    variable : Variable
        What should have come out.
    refused : iterable of Unread
        One for each course that has such values.
    chosen : bool
        Whether they are values of the column that chooses another (`by`).
    reading : Reading
        How the texts are written.
    """
    refused = list(refused)
    counts = Counter(part for each in refused for part in dict.fromkeys(each.parts))
    shown = [
        f"{_cut(part)!r} in {count_rows(count)}" for part, count in list(counts.items())[:_SHOWN]
    ]
    more = f" and {len(counts) - _SHOWN} more values" if len(counts) > _SHOWN else ""
    hint = next((each.hint for each in refused if each.hint), "")
    if chosen:
        choices = rule.given if isinstance(rule.given, dict) else {}
        expected = f"a value of {rule.by} that from lists: " + ", ".join(choices)
        action = 'add it to from ("" for not known), or list it as missing'
    else:
        expected = _expect(rule, variable)
        action = _advise(rule, variable, list(counts), hint, reading)
    return Problem(variable.name, expected, ", ".join(shown) + more, action=action)


def _cut(part: str) -> str:
    return part if len(part) <= _LONGEST else f"{part[:_LONGEST]}..."


def _expect(rule: ColumnRule, variable: Variable) -> str:
    if rule.recode is not None:
        words = list(rule.recode)
        more = ", ..." if len(words) > _SHOWN else ""
        return "a value that recode lists: " + ", ".join(words[:_SHOWN]) + more
    if rule.boxes:
        return "boxes that say 1, yes, true, checked or x; or 0, no, false or unchecked"
    if rule.until or rule.part:
        return f"dates, for {variable.expected()}"
    if rule.yes_if:
        return f"a number, to be compared by {rule.yes_if}"
    return variable.expected()


def _advise(
    rule: ColumnRule, variable: Variable, parts: Sequence[str], hint: str, reading: Reading
) -> str:
    """Return the next step that the entry allows."""
    order, decimal = rule.dates or reading.dates, reading.decimal
    if rule.recode is not None:
        return 'add them to recode ("" for not known), or list them as missing'
    if rule.boxes:
        return hint or "list the words under ticked, not_ticked or missing"
    if rule.until or rule.part:
        return hint or advise_dates(parts, order)
    numeric = _reads_numbers(rule, variable)
    if numeric and (sign := _find_other_sign(parts, decimal)):
        return (
            f'if this column has decimals, say decimal = "{sign}" in its entry; else '
            "write its numbers with one sign and without thousands"
        )
    if numeric and decimal is None and any(map(may_have_thousands, parts)):
        return (
            'say decimal = "," if these have decimals; if they have thousands, write them without '
            "the comma"
        )
    if rule.yes_if:
        return "list what is no number as missing, or use recode in place of yes_if"
    if variable.is_numeric and any(parse_date(part) for part in parts):
        return "a spreadsheet has made dates of numbers: correct them, or list them as missing"
    if rule.unit:
        return f"check that they are in {rule.unit}, correct them, or list them as missing"
    if hint.startswith("if this is in months"):
        return 'if these are in months, say unit = "months"'
    if variable.kind == "codes":
        if list(parts) == [NONE_BESIDE]:
            return "correct the file: none says that there is no other"
        return hint if ";" in hint else "cover names with recode, or list them as missing"
    if variable.measure and not hint and all(parse_number(part) is not None for part in parts):
        return (
            "if they are on another scale, declare it ([outcome] scale, docs/mapping.md); else "
            "correct them, or list them as missing"
        )
    if variable.is_numeric:
        others = [unit for unit in UNITS.get(variable.unit, {}) if unit != variable.unit]
        unit = f"say unit = ... if they are in {' or '.join(others)}; else " if others else ""
        return hint or f"{unit}correct them, or list them as missing"
    return hint or "cover them with recode, or list them as missing"


def _find_other_sign(parts: Sequence[str], decimal: DecimalSign | None) -> DecimalSign | None:
    """Return the sign that numbers have, where another one was looked for."""
    if decimal is None:
        return None
    other: DecimalSign = "," if decimal == "." else "."
    written = (part for part in parts if other in part)
    return other if any(parse_number(part, decimal=other) is not None for part in written) else None
