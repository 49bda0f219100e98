"""What a cohort file may hold, told for people: from the dictionary alone.

`docs/dictionary.md` and `ketresponse cohort columns` are both made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from features.dictionary.variable import MISSING_WORDS, YES_NO_WORDS, Variable
from features.mapping.column_rule import UNITS
from features.mapping.dates import DAY_UNITS

__all__ = ["describe_columns", "make_page", "make_text"]

_KNOWN_AT = {
    "always": "always",
    "baseline": "before treatment",
    "infusion": "during the infusion",
    "t1": "at discharge (T1)",
    "t2": "at the first follow-up (T2)",
    "later": "later",
}
_HEAD = """# The columns of a cohort file

One row per course of treatment, one column per variable. Only `patient_id` must be there. Made from
the dictionary by `ketresponse cohort columns --markdown > docs/dictionary.md`; `ketresponse cohort
columns` prints it, with `--mapping` also a study's own variables, with `--json` for programs.

- Names are written as here. Words are read in any case of letters, spaces around them do not count.
- Not known is an empty cell{missing}.
- Numbers have a decimal point or, where it is sure, a comma; never separators of thousands.
- Anything else is a problem, told with its column and line: a file that is written otherwise is
  imported with a [mapping](mapping.md). "In a mapping" stand the raw units that one can name.
- [Synonyms](mapping.md) of words (`f` for `female`) are the mapping's `recode`: none is guessed.
"""


@dataclass(frozen=True)
class _Column:
    """One column, in words.

    Attributes
    ----------
    name, label : str
        Its name and what it is.
    kind : str
        number, integer, yes_no, category, text or codes.
    values : str
        What a right value looks like, with unit and range.
    unit : str
        Empty where there is none.
    low, high : float or None
        Inclusive range.
    allowed : tuple of str
        The words it takes; empty where they are not listed.
    understood : tuple of str
        What else is read as one of its values, and as which.
    raw_units : tuple of str
        Units that a mapping converts from.
    known_at : str
        When it is first known.
    roles : tuple of str
        What it is for.
    codes : tuple of str
        Coding systems and codes.
    hint, source : str
        How to measure or count it, and where it comes from.
    """

    name: str
    label: str
    kind: str
    values: str
    unit: str
    low: float | None
    high: float | None
    allowed: tuple[str, ...]
    understood: tuple[str, ...]
    raw_units: tuple[str, ...]
    known_at: str
    roles: tuple[str, ...]
    codes: tuple[str, ...]
    hint: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Return the column as plain values, for JSON."""
        return asdict(self)


def describe_columns(dictionary: Dictionary = CONTRACT) -> tuple[_Column, ...]:
    """Return every column of a dictionary, in its order."""
    return tuple(_describe(variable) for variable in dictionary)


def _describe(variable: Variable) -> _Column:
    yes_no = ("yes", "no") if variable.kind == "yes_no" else ()
    none = ("none",) if variable.kind == "codes" else ()
    return _Column(
        name=variable.name,
        label=variable.label,
        kind=variable.kind,
        values=variable.expected(),
        unit=variable.unit,
        low=variable.low,
        high=variable.high,
        allowed=variable.categories or yes_no or none,
        understood=tuple(_list_understood(variable)),
        raw_units=tuple(_list_raw_units(variable)),
        known_at=_KNOWN_AT[variable.known_at],
        roles=variable.roles,
        codes=tuple(f"{system} {code}" for system, code in variable.codes),
        hint=variable.hint,
        source=variable.source,
    )


def _list_understood(variable: Variable) -> Iterator[str]:
    if variable.kind == "yes_no":
        for word in YES_NO_WORDS:
            if word not in ("yes", "no"):
                yield f"{word} as {'yes' if YES_NO_WORDS[word] else 'no'}"
    if variable.kind == "codes":
        yield "codes in small letters, of 3, 4, 5 or 7 characters"


def _list_raw_units(variable: Variable) -> Iterator[str]:
    if not variable.is_numeric:
        return
    yield from (unit for unit in UNITS.get(variable.unit, {}) if unit != variable.unit)
    if variable.unit in DAY_UNITS:
        yield "two dates"


def make_page(dictionary: Dictionary = CONTRACT) -> str:
    """Return the page about all columns, in Markdown."""
    missing = "".join(f", or the word `{word}`" for word in MISSING_WORDS if word)
    head = ("Column", "What it is", "Values", "Also understood", "In a mapping", "Notes")
    parts = [_HEAD.format(missing=missing)]
    for title, columns in _group(dictionary):
        rows = [
            (
                f"`{column.name}`",
                column.label,
                column.values,
                "; ".join(column.understood),
                ", ".join(column.raw_units),
                "; ".join(filter(None, [column.hint, ", ".join(column.codes), column.source])),
            )
            for column in columns
        ]
        lines = [_make_row(head), _make_row(["---"] * len(head)), *map(_make_row, rows)]
        parts.append("\n".join([f"## {title}", "", *lines, ""]))
    return "\n".join(parts)


def make_text(dictionary: Dictionary = CONTRACT) -> str:
    """Return all columns in plain lines, one for each."""
    lines = []
    for title, columns in _group(dictionary):
        lines += [title, *(f"  {_make_line(column)}" for column in columns)]
    return "\n".join([*lines, ""])


def _make_line(column: _Column) -> str:
    units = f"in a mapping from {', '.join(column.raw_units)}" if column.raw_units else ""
    more = "; ".join(filter(None, [*column.understood, units]))
    return f"{column.name}: {column.label}; {column.values}{f' ({more})' if more else ''}"


def _group(dictionary: Dictionary) -> Iterator[tuple[str, list[_Column]]]:
    columns = describe_columns(dictionary)
    for known_at in _KNOWN_AT.values():
        group = [column for column in columns if column.known_at == known_at]
        if group:
            yield f"Known {known_at}", group


def _make_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
