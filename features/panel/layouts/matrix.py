"""A panel written as a matrix: samples in its rows, or in its columns.

A table that only looks like one is refused: read as a matrix, a long table would give means over
different microRNAs.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.arrays import BoolArray
from features.cohort.pseudonyms import find_totals
from features.errors import InputError, Problem, list_words
from features.files.delimiter import DELIMITERS, find_delimiter
from features.panel.cells import holds_ct
from features.panel.layouts.headings import (
    ASSAY_HEADINGS,
    COLUMNS_ADVICE,
    SAMPLE_HEADINGS,
    UNDERSTOOD,
    is_value_heading,
    split_line,
)
from features.panel.layouts.raw_panel import MOST_PROBLEMS, Layout, RawPanel
from features.panel.names import is_known_assay, is_micro_rna
from features.panel.words import is_summary, looks_like_control, squeeze

__all__ = ["parse_matrix"]

_FIRST_ASSAY = frozenset({*ASSAY_HEADINGS, "mirnas", "genesymbol", "genes"})
_FIRST_SAMPLE = frozenset({*SAMPLE_HEADINGS, "id", "samples"})
_OF_A_LINE = _FIRST_SAMPLE | {*ASSAY_HEADINGS}
_NO_ASSAY = _FIRST_SAMPLE | frozenset(
    "age ageyears sex gender group bmi weight weightkg height heightcm year visit week day month "
    "dose nrs vas pain painscore batch plate run well rin concentration volume duration".split()
)
"""Headings of what is known of a patient or a sample: no assay, though numbers read like Cts."""

_OF_A_WELL = frozenset(["", *"well wellposition position pos no nr number index".split()])
_DECIMAL = re.compile("[0-9]+[.,][0-9]+")
_SHOWN = 20
_FEW = 5
_MOST_ABOVE = 100
_LONGEST = 300


@dataclass(frozen=True, eq=False)
class _Table:
    """A table cut into its first column and the others.

    Attributes
    ----------
    corner : str
        Heading of the first column.
    first : ndarray of str of shape (n_rows,)
        The first column.
    names : ndarray of str of shape (n_columns,)
        Headings of the others.
    cells : ndarray of str of shape (n_rows, n_columns)
    held : ndarray of bool of shape (n_columns,)
        Whether a column holds a Ct, or a word for "not seen".
    """

    corner: str
    first: NDArray[Any]
    names: NDArray[Any]
    cells: NDArray[Any]
    held: BoolArray

    def take(self, kept: BoolArray) -> _Table:
        """Return the table with some of its columns."""
        return _Table(
            self.corner, self.first, self.names[kept], self.cells[:, kept], self.held[kept]
        )


def parse_matrix(
    text: str, *, name: str, stem: str, layout: Layout, samples: Collection[str], ignore: set[str]
) -> RawPanel:
    """Return the wells of a matrix; a column without any Ct is left out, and counted.

    Parameters
    ----------
    text, name, stem : str
        The file's text; its name for messages; its name without the ending, taken as the plate.
    layout : str
        Which way round it is; "auto" finds out.
    samples : collection of str
        Names of samples that are known.
    ignore : set of str
        Columns to leave out.

    Raises
    ------
    InputError
        If it is no table, no matrix, or does not tell which way round it is.
    """
    left_out: Counter[str] = Counter()
    header, body = _read_cells(text, left_out, name=name)
    problems = [
        Problem(
            column,
            "one of the matrix's columns",
            "no such column",
            action="correct the column to ignore",
        )
        for column in sorted(ignore - set(header))
    ]
    table, below = _cut(header, body, ignore, left_out)
    problems += below
    wrong = _find_long(table)
    if layout == "auto" and wrong is None:
        layout = _find_layout(table, samples, name=name)
        told = bool(samples) and set(samples).issuperset(table.first)
        known = any(map(is_known_assay, table.names[table.held]))
        if layout == "samples_in_rows" and not known and not told:
            wrong = _refuse("no heading of a column with Cts names a microRNA")
    if wrong is not None:
        shown = f"; its first line: {', '.join(header[:_SHOWN])}"[:_LONGEST]
        raise InputError(name, [replace(wrong, got=f"{wrong.got}{shown}")])
    left_out.update({f"column without a Ct: {column}": 1 for column in table.names[~table.held]})
    table = table.take(table.held)
    in_rows = layout == "samples_in_rows"
    empty = int(sum(not str(row) for row in table.first))
    if empty:
        problems.append(
            Problem(table.corner or "first column", "a name in each row", f"{empty} empty cells")
        )
    if in_rows:
        others = np.array([squeeze(column) in _NO_ASSAY for column in table.names], dtype=bool)
        problems += map(_refuse_column, table.names[others])
        table = table.take(~others)
    first = np.repeat(table.first, len(table.names))
    second = np.tile(table.names, len(table.first))
    wells = pd.DataFrame(
        {
            "sample": first if in_rows else second,
            "assay": second if in_rows else first,
            "cell": table.cells.ravel(),
        },
        dtype="str",
    ).assign(flag="", plate=stem, platform="", well="")
    of_samples, of_assays = map(
        _find_repeated, (table.first, table.names) if in_rows else (table.names, table.first)
    )
    # What becomes of controls is asked later, of all layouts alike.
    apart = [n for n in of_samples if n and n not in samples and not looks_like_control(n)]
    problems += [_refuse_repeated(apart, in_rows=in_rows)] if apart else []
    again = [name for name in (*of_samples, *of_assays) if name not in apart]
    note = f"taken as replicates, since the matrix has them several times: {list_words(again)}"
    notes = (note,) if again else ()
    return RawPanel(wells, layout, left_out, tuple(problems), notes)


def _read_cells(
    text: str, left_out: Counter[str], *, name: str
) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the lines of a matrix, every line as long as the headings.

    What stands below an empty line is no more of it where none of its lines is as long.
    """
    lines = list(io.StringIO(text, newline=None))
    start = _find_start(lines)
    left_out.update(["line above the results"] * sum(map(bool, map(str.strip, lines[:start]))))
    text = "".join(lines[start:])
    reader = csv.reader(io.StringIO(text), delimiter=find_delimiter(text))
    numbered: list[tuple[int, list[str]]] = []
    ends = 0  # after how many lines the last empty one stands
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            numbered.append((start + reader.line_num, cells))
        elif len(numbered) > 1 and len(numbered[-1][1]) == len(numbered[-2][1]):
            ends = len(numbered)
    below = numbered[ends:] if ends else []
    if below and all(len(row) != len(numbered[ends - 1][1]) for _, row in below):
        left_out["line below the results"] += len(below)
        numbered = numbered[:ends]
    if len(numbered) < 2 or len(numbered[0][1]) < 2:
        problem = Problem("file", UNDERSTOOD, "neither", action=COLUMNS_ADVICE)
        raise InputError(f"{name} is neither a long export nor a matrix of Ct values", [problem])
    header = numbered[0][1]
    body = [row for _, row in numbered[1:]]
    if all(len(row) == len(header) + 1 for row in body):
        if not any(row[-1] for row in body):  # each row ends with a delimiter
            body = [row[:-1] for row in body]
            numbered = [numbered[0], *((n, row[:-1]) for n, row in numbered[1:])]
        elif squeeze(header[0]) not in _FIRST_SAMPLE | _FIRST_ASSAY:
            header = ["", *header]  # R leaves the corner out
    problems = [
        Problem(f"line {number}", f"{len(header)} fields as in the first line", f"{len(row)}")
        for number, row in numbered[1:]
        if len(row) != len(header)
    ]
    if problems:
        raise InputError(f"{name} is not a table", problems[:MOST_PROBLEMS])
    return header, body


def _find_start(lines: Sequence[str]) -> int:
    """Return the line with the headings: the first with names of microRNAs, or with fields."""
    fields = [
        [list(filter(None, split_line(line, mark))) for mark in DELIMITERS]
        for line in lines[:_MOST_ABOVE]
    ]
    named = (
        i for i, ways in enumerate(fields) if any(len(w) > 1 and _share(w) > 0.5 for w in ways)
    )
    first = (i for i, ways in enumerate(fields) if any(len(w) > 1 for w in ways))
    return next(named, next(first, 0))


def _cut(
    header: Sequence[str], body: Sequence[Sequence[str]], ignore: set[str], left_out: Counter[str]
) -> tuple[_Table, list[Problem]]:
    """Return a table without what is to be ignored, what sums up, and what has no name."""
    cells = np.array(body, dtype=object)
    names = np.array(header, dtype=object)
    order = _find_order(names, cells)
    left_out.update(
        f"column without a Ct: {names[i]}" for i in set(range(len(names))) - {*order} if names[i]
    )
    names, cells = names[order], cells[:, order]
    ends = next((i for i, row in enumerate(cells[:, 0]) if i and is_summary(row)), len(cells))
    below = _find_below(cells[ends:, 0])
    if ends < len(cells):
        left_out["line below the results"] += len(cells) - ends
        cells = cells[:ends]
    asked = np.array([column in ignore for column in names[1:]], dtype=bool)
    sums = np.array([is_summary(column) for column in names[1:]], dtype=bool) & ~asked
    unnamed = np.array([not column for column in names[1:]], dtype=bool)
    left_out.update({f"column to ignore: {column}": 1 for column in names[1:][asked]})
    left_out.update({f"column that sums up others: {column}": 1 for column in names[1:][sums]})
    left_out.update(["column without a name"] * int(unnamed.sum()))
    held = [holds_ct(cells[:, j]) for j in range(1, len(names))]
    whole = _Table(str(names[0]), cells[:, 0], names[1:], cells[:, 1:], np.array(held, dtype=bool))
    return whole.take(~(asked | sums | unnamed)), below


def _find_order(names: NDArray[Any], cells: NDArray[Any]) -> list[int]:
    """Return the columns with the one first that names the rows.

    Before it may stand the numbers that a spreadsheet or a program gives to lines, or wells.
    """
    words = [squeeze(column) for column in names]
    samples = [i for i, word in enumerate(words) if word in _FIRST_SAMPLE]
    assays = [i for i, word in enumerate(words) if word in ASSAY_HEADINGS]
    others = [column for i, column in enumerate(names) if column and i not in samples]
    lead, above = 0, 0
    if len(samples) == 1 and _share(others) > 0.5:
        lead = samples[0]
        above = int(lead > 0 and all(map(str.isdecimal, cells[:, 0])))
    elif len(assays) == 1 and _OF_A_WELL.issuperset(words[: assays[0]]):
        held = sum(holds_ct(cells[:, j]) for j in range(assays[0] + 1, len(names)))
        known = sum(map(is_known_assay, cells[:, assays[0]]))
        if 2 * known > len(cells) and held > 1:
            lead = above = assays[0]
    return [lead, *(i for i in range(above, len(names)) if i != lead)]


def _find_below(rows: NDArray[Any]) -> list[Problem]:
    """Return a problem where what stands below the first line of sums has other names."""
    known = {rows[i] for found in find_totals(rows.tolist()) for i in found}
    others = [str(row) for row in rows if row and row not in known and not is_summary(row)]
    if not others:
        return []
    expected = "nothing but sums below a line that sums up others"
    got = f"{len(others)} lines with other names: {list_words(others, most=_FEW)}"
    action = "delete the lines that sum up others, and what else is no sample and no assay"
    return [Problem("first column", expected, got, action=action)]


def _refuse(got: str) -> Problem:
    return Problem("file", UNDERSTOOD, got, action=COLUMNS_ADVICE)


def _find_long(table: _Table) -> Problem | None:
    """Return what speaks for one line per well, or for several lines per sample; None for nothing.

    A long export with the headings that are understood has been read before this is asked.
    """
    if is_micro_rna(table.corner) or any(map(_DECIMAL.fullmatch, table.names)):
        return _refuse("a first line that is one of data, not of headings")
    if any(map(is_value_heading, table.names)):
        return _refuse("a heading for the Ct, as in a table with one line for each well")
    assays_above, assays_beside = _share(table.names) > 0.5, _share(table.first) > 0.5
    if not assays_above and _OF_A_LINE & set(map(squeeze, table.names)):
        return _refuse("a heading for the sample or the assay beside the first column")
    texts = [j for j, held in enumerate(table.held) if not held and any(table.cells[:, j])]
    if not assays_beside and any(_share(table.cells[:, j]) > 0.5 for j in texts):
        return _refuse("a column that holds names of microRNAs")
    # In a matrix with samples in columns an assay may stand in several lines, each with its place.
    several = assays_beside and int(table.held.sum()) > 1
    apart = [str(table.names[j]) for j in texts if _differ(table.first, table.cells[:, j])]
    if several or not apart:
        return None
    if not assays_above:
        return _refuse("several lines of one name with different texts in another column")
    expected = "one row for each sample"
    got = f"several rows of one sample that differ in {apart[0]}"
    action = "keep one of them, or name the samples apart"
    return Problem(table.corner or "first column", expected, got, action=action)


def _differ(names: NDArray[Any], texts: NDArray[Any]) -> bool:
    """Return whether lines of the same name have different texts."""
    held: dict[str, set[str]] = {}
    for row, text in zip(names, texts, strict=True):
        held.setdefault(row, set()).add(text)
    return any(len(found) > 1 for found in held.values())


def _refuse_column(name: str) -> Problem:
    got = "a heading of what is known about a patient"
    action = "leave it out with --ignore, or give it another name if it is an assay"
    return Problem(name, "a microRNA, or another assay", got, action=action)


def _find_repeated(names: NDArray[Any]) -> list[str]:
    return [str(name) for name, count in Counter(names.tolist()).items() if count > 1]


def _refuse_repeated(names: Sequence[str], *, in_rows: bool) -> Problem:
    """Return the problem of samples in several rows: a matrix does not tell their plates."""
    expected = f"each sample in one {'row' if in_rows else 'column'}"
    action = (
        "name them apart, or say with --design that the ones of a name are one sample, as are "
        "replicates"
    )
    return Problem("sample", expected, f"several for {list_words(names)}", action=action)


def _find_layout(table: _Table, samples: Collection[str], *, name: str) -> Layout:
    """Return which way round a matrix is; every sign there is must point the same way."""
    corner = squeeze(table.corner)
    known = set(samples)
    names, first = table.names.tolist(), table.first.tolist()
    signs: list[tuple[bool, Layout]] = [
        (corner in _FIRST_SAMPLE, "samples_in_rows"),
        (corner in _FIRST_ASSAY, "samples_in_columns"),
        (_share(names) > 0.5 >= _share(first), "samples_in_rows"),
        (_share(first) > 0.5 >= _share(names), "samples_in_columns"),
        (bool(known) and known.issuperset(first), "samples_in_rows"),
        (bool(known) and known.issuperset(names), "samples_in_columns"),
    ]
    pointed = {layout for holds, layout in signs if holds}
    if len(pointed) == 1:
        return pointed.pop()
    got = "contradicting signs" if pointed else "no sign"
    expected = "a long export, or a matrix whose names tell which way round it is"
    action = "say --format samples_in_rows or --format samples_in_columns"
    if not pointed:
        # Never a format that the file does not have.
        may_be = 2 * int(table.held.sum()) > len(names)
        expected, action = (
            UNDERSTOOD,
            f"{COLUMNS_ADVICE}; for a matrix {action}" if may_be else COLUMNS_ADVICE,
        )
    raise InputError(name, [Problem("file", expected, got, action=action)])


def _share(names: Sequence[str] | NDArray[Any]) -> float:
    return sum(is_micro_rna(name) for name in names) / max(len(names), 1)
