"""What a course has in the raw columns of one variable becomes one value, or is refused."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.cohort.columns import parse_cell
from features.dictionary.variable import Variable, parse_value
from features.errors import Problem
from features.mapping.codes import normalise_code
from features.mapping.column_rule import UNITS, ColumnRule
from features.mapping.dates import DateOrder, compute_time_between, parse_date, parse_year
from features.numerals import DecimalSign

__all__ = [
    "NONE_BESIDE",
    "Reading",
    "Unread",
    "Texts",
    "Value",
    "choose_columns",
    "convert",
    "read_box",
    "split_texts",
]

Value = float | str | None
Texts = tuple[str | None, ...]

_ANY_NUMBER = Variable("raw", "raw value", "number", "always", ())
NONE_BESIDE = "none beside others"
"""What is told of a list that says none and names drugs."""
_TICKED = frozenset({"1", "yes", "true", "checked", "x"})
_NOT_TICKED = frozenset({"0", "no", "false", "unchecked"})


@dataclass(frozen=True)
class Reading:
    """How texts of one file are written.

    Attributes
    ----------
    dates : {"dmy", "mdy", "excel"} or None
        The order of dates that do not tell it, or that numbers count days as Excel does.
    decimal : {".", ","} or None
        What stands before decimals.
    """

    dates: DateOrder | None = None
    decimal: DecimalSign | None = None


_AS_WRITTEN = Reading()


@dataclass(frozen=True)
class Unread:
    """Raw values that nothing covers.

    Attributes
    ----------
    parts : tuple of str
        The raw values, each as it stands; of a list of codes only those at fault.
    hint : str
        What the dictionary says to do; may be empty.
    """

    parts: tuple[str, ...]
    hint: str = ""


def choose_columns(
    rule: ColumnRule, keys: Sequence[str | None], columns: Mapping[str, Sequence[str | None]]
) -> list[Texts | Unread]:
    """Take, for each course, the raw column that the value of another chooses.

    Parameters
    ----------
    rule : ColumnRule
        One with `by`.
    keys : sequence of str or None
        The value that chooses.
    columns : mapping of str to sequence of str or None
        The texts of each column that may be chosen.

    Returns
    -------
    list
        The chosen text, nothing where no column is chosen; a value that chooses nothing is
        refused.
    """
    choices = rule.given if isinstance(rule.given, dict) else {}
    chosen: list[Texts | Unread] = []
    for course, key in enumerate(keys):
        code = normalise_code(key or "")
        if code and code not in choices:
            chosen.append(Unread((str(key),)))
            continue
        column = choices.get(code, "")
        chosen.append((columns[column][course],) if column else ("",))
    return chosen


def split_texts(rule: ColumnRule, variable: Variable, texts: Texts) -> list[str]:
    """Return the single raw values of a course: codes one by one, else each text."""
    known = [text for text in texts if text]
    if variable.kind != "codes":
        return known
    parts = (part.strip() for text in known for part in text.split(rule.separator))
    return [part for part in parts if part]


def read_box(rule: ColumnRule, text: str | None) -> bool | None:
    """Return whether a box is ticked; None where it is not known.

    Raises
    ------
    ValueError
        If the word is neither one for a ticked box nor one for a box that is not.
    """
    if text is None or (not text and "" not in rule.not_ticked):
        return None
    code = normalise_code(text)
    for words, ticked in ((rule.ticked, True), (rule.not_ticked, False)):
        if code in words:
            return ticked
    if code.lower() in _TICKED | _NOT_TICKED:
        return code.lower() in _TICKED
    raise ValueError(text)


def convert(
    rule: ColumnRule, variable: Variable, texts: Texts, reading: Reading = _AS_WRITTEN
) -> Value | Unread:
    """Return what a course has in the raw columns as the contract writes it.

    Parameters
    ----------
    rule : ColumnRule
        What to do.
    variable : Variable
        What comes out.
    texts : tuple of str or None
        One for each raw column of the rule; empty or None where not known.
    reading : Reading
        How the texts are written.

    Returns
    -------
    float, str, None or Unread
        None where not known. Of several yes/no columns, yes if any is, no if all are no.
    """
    if rule.boxes:
        return _convert_boxes(rule, variable, texts)
    if rule.until or rule.part:
        return _convert_dates(rule, variable, texts, rule.dates or reading.dates)
    decimal = reading.decimal
    parts = split_texts(rule, variable, texts)
    if rule.recode is not None:
        uncovered = tuple(part for part in parts if normalise_code(part) not in rule.recode)
        if uncovered:
            return Unread(uncovered)
        parts = [rule.recode[normalise_code(part)] for part in parts]
        decimal = None  # these words are the mapping's
        if variable.kind == "codes" and "" in parts:
            return None  # a drug that is not known: each class but those listed may hold it
    if variable.kind == "yes_no":
        return _convert_any(rule, variable, parts, len(texts), decimal)
    return _convert_word(rule, variable, ";".join(filter(None, parts)), decimal)


def _convert_word(
    rule: ColumnRule, variable: Variable, text: str, decimal: DecimalSign | None = None
) -> Value | Unread:
    word: object = text
    if rule.unit or rule.yes_if:
        number = parse_value(_ANY_NUMBER, text, decimal=decimal)
        if not isinstance(number, float):
            return None if number is None else Unread((text,))
        word = rule.holds(number) if rule.yes_if else number * UNITS[variable.unit][rule.unit]
    parsed = parse_cell(variable, word, decimal=decimal)
    if isinstance(parsed, Problem):
        return Unread(_find_malformed(variable, text), parsed.action)
    return variable.decode(parsed) if isinstance(parsed, float) else parsed


def _find_malformed(variable: Variable, text: str) -> tuple[str, ...]:
    """Return the codes of a list that cannot be read, without those that can."""
    if variable.kind != "codes":
        return (text,)
    parts = [part for part in text.split(";") if isinstance(parse_cell(variable, part), Problem)]
    return tuple(parts) or (NONE_BESIDE,)


def _convert_any(
    rule: ColumnRule,
    variable: Variable,
    parts: Sequence[str],
    n_columns: int,
    decimal: DecimalSign | None,
) -> Value | Unread:
    values = [_convert_word(rule, variable, part, decimal) for part in parts]
    refused = tuple(part for value in values if isinstance(value, Unread) for part in value.parts)
    if refused:
        return Unread(refused)
    if "yes" in values:
        return "yes"
    return "no" if len(values) == n_columns and None not in values else None


def _convert_boxes(rule: ColumnRule, variable: Variable, texts: Texts) -> Value | Unread:
    wrong: list[str] = []
    boxes: list[bool | None] = []
    for text in texts:
        try:
            boxes.append(read_box(rule, text))
        except ValueError:
            wrong.append(str(text))
    if wrong:
        return Unread(tuple(wrong))
    if None in boxes:
        return None  # a list that may lack something is not a list
    means = zip(rule.boxes.items(), boxes, strict=True)
    ticked = {column: word for (column, word), box in means if box}
    if variable.kind == "codes" and "" in ticked.values():
        return None
    word = ";".join(dict.fromkeys(filter(None, ticked.values()))) if ticked else rule.none_ticked
    parsed = parse_cell(variable, word)
    if isinstance(parsed, Problem):
        several = " and ".join(ticked) if variable.kind == "category" else NONE_BESIDE
        return Unread((several,), "correct the file: these boxes exclude one another")
    return variable.decode(parsed) if isinstance(parsed, float) else parsed


def _convert_dates(
    rule: ColumnRule, variable: Variable, texts: Texts, order: DateOrder | None
) -> Value | Unread:
    known = [text for text in texts if text]
    if rule.part:
        return _convert_year(variable, known[0], order) if known else None
    days = [parse_date(text, order) for text in known]
    unread = tuple(text for text, day in zip(known, days, strict=True) if day is None)
    if unread:
        return Unread(unread)
    read = [day for day in days if day is not None]
    if len(read) < len(texts):
        return None
    value = _measure(rule, variable, read[0], read[1])
    parsed = parse_cell(variable, value)
    if isinstance(parsed, Problem) or value < 0:
        action = "correct the file: the second date is before the first" if value < 0 else ""
        return Unread((" to ".join(known),), action)
    return variable.decode(parsed) if isinstance(parsed, float) else parsed


def _convert_year(variable: Variable, text: str, order: DateOrder | None) -> Value | Unread:
    year = parse_year(text, order)
    parsed = None if year is None else parse_cell(variable, float(year))
    if isinstance(parsed, float):
        return variable.decode(parsed)
    hint = (
        "" if year is None else f"expected {variable.expected()}: correct it, or list it as missing"
    )
    return Unread((text,), hint)


def _measure(
    rule: ColumnRule, variable: Variable, start: datetime.date, end: datetime.date
) -> float:
    time = compute_time_between(start, end, variable.unit)
    return float(int(time)) if rule.completed or variable.kind == "integer" else time
