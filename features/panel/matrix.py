"""A panel written as a matrix: samples in its rows, or in its columns."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.panel.cells import holds_ct
from features.panel.names import is_micro_rna
from features.panel.raw_panel import (
    ASSAY_HEADINGS,
    DELIMITERS,
    MOST_PROBLEMS,
    SAMPLE_HEADINGS,
    Layout,
    RawPanel,
    squeeze,
)

__all__ = ["parse_matrix"]

_FIRST_ASSAY = frozenset({*ASSAY_HEADINGS, "mirnas", "mirnaname", "probe", "genesymbol", "genes"})
_FIRST_SAMPLE = frozenset({*SAMPLE_HEADINGS, "subject", "patient", "patientid", "id", "samples"})


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
    """
    header, body = _read_cells(text, name=name)
    if layout == "auto":
        layout = _find_layout(header, [row[0] for row in body], samples, name=name)
    table = np.array(body, dtype=object)
    names = np.array(header[1:], dtype=object)
    cells = table[:, 1:]
    held = np.array([bool(holds_ct(cells[:, j])) for j in range(cells.shape[1])], dtype=bool)
    asked = np.array([column in ignore for column in names], dtype=bool)
    left_out = Counter({f"column without a Ct: {column}": 1 for column in names[~held & ~asked]})
    left_out.update({f"column to ignore: {column}": 1 for column in names[asked]})
    kept = held & ~asked
    rows, columns, cells = table[:, 0], names[kept], cells[:, kept]
    action = "correct the column to ignore"
    problems = [
        Problem(column, "one of the matrix's columns", "no such column", action=action)
        for column in sorted(ignore - set(header))
    ]
    empty = int(sum(not str(row).strip() for row in rows))
    if empty:
        problems.append(
            Problem(header[0] or "first column", "a name in each row", f"{empty} empty cells")
        )
    first = np.repeat(rows, len(columns))
    second = np.tile(columns, len(rows))
    in_rows = layout == "samples_in_rows"
    wells = pd.DataFrame(
        {
            "sample": first if in_rows else second,
            "assay": second if in_rows else first,
            "cell": cells.ravel(),
        },
        dtype="str",
    ).assign(flag="", plate=stem, platform="")
    return RawPanel(wells, layout, left_out, tuple(problems))


def _read_cells(text: str, *, name: str) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the lines of a matrix, every line as long as the headings."""
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
    lines = [[cell.strip() for cell in row] for row in reader]
    numbered = [(number, row) for number, row in enumerate(lines, start=1) if any(row)]
    if len(numbered) < 2 or len(numbered[0][1]) < 2:
        raise InputError(f"{name} is neither a long export nor a matrix of Ct values")
    header = numbered[0][1]
    body = [row for _, row in numbered[1:]]
    if all(len(row) == len(header) + 1 for row in body):
        header = ["", *header]  # R leaves the corner out
    problems = [
        Problem(f"line {number}", f"{len(header)} fields as in the first line", f"{len(row)}")
        for number, row in numbered[1:]
        if len(row) != len(header)
    ]
    if problems:
        raise InputError(f"{name} is not a table", problems[:MOST_PROBLEMS])
    return header, body


def _find_layout(
    header: Sequence[str], first_column: Sequence[str], samples: Collection[str], *, name: str
) -> Layout:
    """Return which way round a matrix is; every sign there is must point the same way."""
    corner = squeeze(header[0])
    known = set(samples)
    signs: list[tuple[bool, Layout]] = [
        (corner in _FIRST_SAMPLE, "samples_in_rows"),
        (corner in _FIRST_ASSAY, "samples_in_columns"),
        (_share(header[1:]) > 0.5 >= _share(first_column), "samples_in_rows"),
        (_share(first_column) > 0.5 >= _share(header[1:]), "samples_in_columns"),
        (bool(known) and known.issuperset(first_column), "samples_in_rows"),
        (bool(known) and known.issuperset(header[1:]), "samples_in_columns"),
    ]
    pointed = {layout for holds, layout in signs if holds}
    if len(pointed) == 1:
        return pointed.pop()
    expected = "a long export, or a matrix whose names tell which way round it is"
    got = "contradicting signs" if pointed else "no sign"
    action = "say --format samples_in_rows or --format samples_in_columns"
    raise InputError(name, [Problem("file", expected, got, action=action)])


def _share(names: Sequence[str]) -> float:
    return sum(map(is_micro_rna, names)) / max(len(names), 1)
