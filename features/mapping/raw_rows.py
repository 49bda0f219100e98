"""The rows of an export, gathered by course, with those of the files joined to it.

Each course has the rows of its patient: one, or several at different times, and the patient's rows
of every joined file. A column belongs to one file, and only that file's rows tell its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from features.cohort.pseudonyms import find_alike
from features.dictionary.variable import Variable
from features.errors import Problem
from features.mapping.codes import normalise_code
from features.mapping.column_rule import ColumnRule
from features.mapping.filtering import find_near
from features.mapping.import_report import JoinReport
from features.numerals import parse_number

__all__ = ["JoinedRows", "RawRows", "join_rows", "read_column"]

Cells = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class JoinedRows:
    """The rows of a joined file.

    Attributes
    ----------
    cells : mapping of str to sequence of str
        By ``NAME.column``, one cell for each row.
    patients : sequence of str
        The patient of each row.
    times : sequence of str or None
        The time of each row, normalised; None where a patient's rows have none: they must agree,
        or are one list of codes.
    """

    cells: Cells
    patients: Sequence[str]
    times: Sequence[str] | None


@dataclass(frozen=True)
class RawRows:
    """Rows gathered by course.

    Attributes
    ----------
    cells : mapping of str to sequence of str
        By raw column, one cell for each row of its file.
    groups : sequence of sequence of int
        The export's rows of each course.
    times : sequence of str
        The time of each of the export's rows, normalised; empty where they have none.
    joined : mapping of str to JoinedRows
        The joined files, by name.
    matched : mapping of str to sequence of sequence of int
        By joined file: its rows of each course.
    """

    cells: Cells
    groups: Sequence[Sequence[int]]
    times: Sequence[str] = ()
    joined: Mapping[str, JoinedRows] = field(default_factory=dict)
    matched: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)

    def get_file(self, column: str) -> str:
        """Return the name of the joined file that a column is of; empty for the export."""
        return next((name for name, rows in self.joined.items() if column in rows.cells), "")

    def get_groups(self, file: str) -> Sequence[Sequence[int]]:
        """Return a file's rows of each course."""
        return self.matched[file] if file else self.groups

    def get_times(self, file: str) -> Sequence[str] | None:
        """Return the time of each row of a file; None where its rows have none."""
        return self.joined[file].times if file else self.times or None


def join_rows(
    data: RawRows, patients: Sequence[str], joined: Mapping[str, JoinedRows]
) -> tuple[RawRows, tuple[JoinReport, ...], list[Problem]]:
    """Give each course its patient's rows of the joined files.

    Parameters
    ----------
    data : RawRows
        The export alone.
    patients : sequence of str
        The patient of each course, as the export writes it.
    joined : mapping of str to JoinedRows
        The files to join.

    Returns
    -------
    data : RawRows
        With the joined files. A patient with several courses has the same rows in each.
    reports : tuple of JoinReport
        How well the patients fit, file by file.
    problems : list of Problem
        Files that share no patient with the export, and patients that are one only once their
        numbers are compared as numbers (``01`` and ``1``).
    """
    codes = [normalise_code(patient) for patient in patients]
    problems = _find_ambiguous("columns.patient_id", patients) if joined else []
    matched = {}
    reports = []
    for name, rows in joined.items():
        place = f"join.{name}.patient"
        problems += _find_ambiguous(place, rows.patients)
        by_patient: dict[str, list[int]] = {}
        for row, patient in enumerate(rows.patients):
            by_patient.setdefault(normalise_code(patient), []).append(row)
        nobody = len(by_patient.pop("", ()))
        matched[name] = [by_patient.get(code, []) for code in codes]
        known, there = frozenset(codes), frozenset(by_patient)
        reports.append(
            JoinReport(
                name,
                len(rows.patients),
                len(known & there),
                len(known - there),
                len(there - known),
                nobody,
                _find_near_pairs(known - there, there - known),
            )
        )
        if not known & there:
            problems.append(_describe_strangers(place, known, there))
    return (
        RawRows({**data.cells, **_gather_cells(joined)}, data.groups, data.times, joined, matched),
        tuple(reports),
        problems,
    )


def _gather_cells(joined: Mapping[str, JoinedRows]) -> dict[str, Sequence[str]]:
    return {column: cells for rows in joined.values() for column, cells in rows.cells.items()}


def _find_ambiguous(place: str, patients: Sequence[str]) -> list[Problem]:
    spelled: dict[str, set[str]] = {}
    for patient in patients:
        spelled.setdefault(normalise_code(patient), set()).add(patient)
    several = sum(len(texts) > 1 for texts in spelled.values())
    if not several:
        return []
    expected = "each patient written in one way"
    got = f"{several} written in several, such as 1 and 01"
    return [Problem(place, expected, got, action="write each in one way")]


def _find_near_pairs(
    without: frozenset[str], strangers: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    names = [*sorted(strangers), *sorted(without)]
    groups = ([names[at] for at in group] for group in find_alike(names))
    return tuple(
        (other, patient)
        for group in groups
        for other in group
        for patient in group
        if other in strangers and patient in without
    )


def _describe_strangers(place: str, known: frozenset[str], there: frozenset[str]) -> Problem:
    pairs = ((other, find_near(other, known)) for other in sorted(there))
    other, near = next((pair for pair in pairs if pair[1]), ("", ""))
    got = f"none of its {len(there)} patients is in the export"
    if near:
        got += f"; {other!r} is nearly {near!r}"
    action = "write both alike" if near else "name the column that holds the same pseudonyms"
    return Problem(place, "patients of the export", got, action=action)


def read_column(
    data: RawRows, rule: ColumnRule, variable: Variable, column: str, missing: frozenset[str]
) -> tuple[list[str | None], list[Problem]]:
    """Read what each course has in one raw column.

    Returns
    -------
    texts : list of str or None
        For each course: its text; empty where nothing is written; None where a code says that it
        is not known. Codes of a joined file without times are gathered into one text.
    problems : list of Problem
        That rows of a patient disagree, if they do.
    """
    file = data.get_file(column)
    times, cells = data.get_times(file), data.cells[column]
    codes = {cell: normalise_code(cell) for cell in set(cells)}
    meanings = {cell: _find_meaning(rule, variable, code) for cell, code in codes.items()}
    # A patient may be called 99.
    unknowns = frozenset[str]() if variable.name == "patient_id" else missing | rule.missing
    gathered = bool(file) and times is None and variable.kind == "codes" and not rule.boxes
    texts: list[str | None] = []
    disagreeing = 0
    for group in data.get_groups(file):
        known: dict[str, str] = {}
        unknown = False
        for row in group:
            if rule.at and (times is None or times[row] != rule.at):
                continue
            code = codes[cells[row]]
            if code and code in unknowns:
                unknown = True
            elif code:
                known.setdefault(meanings[cells[row]], cells[row])
        disagreeing += len(known) > 1 and not gathered
        several = rule.separator.join(known.values())
        first = several if gathered else next(iter(known.values()), "")
        texts.append(None if unknown and not first else first)
    if not disagreeing:
        return texts, []
    expected = "the same value in all rows of a patient"
    got = f"different values of {column} in {disagreeing} of {len(texts)} patients"
    timed = times is not None
    action = "say which row with at = ..., or correct the file" if timed else "correct the file"
    return texts, [Problem(variable.name, expected, got, action=action)]


def _find_meaning(rule: ColumnRule, variable: Variable, code: str) -> str:
    """Return what one text means, so that `7,5` agrees with `7.5`, `Yes` with `yes`."""
    if rule.boxes or rule.by or rule.until or rule.part:
        return code
    if variable.kind == "codes":  # in any order
        return ";".join(sorted({part.strip() for part in code.split(rule.separator)}))
    if rule.recode is not None:
        return rule.recode.get(code) or code
    if variable.kind in ("category", "yes_no"):
        return code.lower()
    number = parse_number(code) if variable.is_numeric else None
    return code if number is None else repr(number)
