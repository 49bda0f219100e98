"""A panel's files as they come from instruments and spreadsheets, read into one row per well.

Nothing is decided here about what a cell means: that is for :mod:`features.panel.importing`. A
long export has one line per well below any number of other lines; a matrix has samples in its
rows or in its columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.panel.cells import holds_ct
from features.panel.names import is_micro_rna

__all__ = ["LAYOUTS", "Layout", "RawPanel", "decode_text", "parse_file"]

Layout = Literal["auto", "long", "samples_in_rows", "samples_in_columns"]
LAYOUTS = ("auto", "long", "samples_in_rows", "samples_in_columns")

_DELIMITERS = ("\t", ",", ";")
_SAMPLE = ("samplename", "sample", "sampleid", "sampleinfosampleid")
_ASSAY = (
    "detectorname",
    "detector",
    "targetname",
    "target",
    "assayname",
    "assay",
    "mirna",
    "gene",
    "assayassayname",
)
_CT = ("ct", "cq", "cp", "crt", "throughholect")
_PLATE = ("plate", "plateid", "platename", "platebarcode", "barcode", "openarrayplateserialnumber")
_PLATE_LINES = (*_PLATE, "experimentbarcode", "experimentname", "filename", "experimentfilename")
_PLATFORM_LINES = ("instrumenttype", "instrument")
_FLAGS = ("flag", "ampstatus", "throughholeoutlier")
_YES_NO_FLAGS = frozenset(
    "highsd noamp expfail noise spike badrox offscale blfail ctfail tholdfail prflow prfdrop "
    "outlierrg ampnc cqconf lowrox nosignal hmd fos lme naw ew bpr hrn hns eaf baf taf caf hsd "
    "gbo".split()
)
_YES = frozenset({"true", "yes", "y", "1"})
_NOT_SAMPLES = frozenset({"ntc", "standard", "std", "blank", "negativecontrol", "notemplate"})
_MAY_BE_HEADINGS = re.compile(r"\bc(?:r?t|q|p|[\u0442\u0422\u03a4])\b", re.IGNORECASE)
_FIRST_ASSAY = frozenset({*_ASSAY, "mirnas", "mirnaname", "probe", "genesymbol", "genes"})
_FIRST_SAMPLE = frozenset({*_SAMPLE, "subject", "patient", "patientid", "id", "samples"})
_MOST_PROBLEMS = 1000


@dataclass(frozen=True, eq=False)
class RawPanel:
    """The wells of one file.

    Attributes
    ----------
    wells : DataFrame of str
        Columns `sample`, `assay`, `cell` (the Ct as it stands), `flag` (words with ``;``
        between), `plate`, `platform`.
    layout : str
        How the file was read.
    left_out : Counter of str
        What was not taken as a well, in words, with counts.
    problems : tuple of Problem
        Lines that do not fit.
    """

    wells: pd.DataFrame
    layout: str
    left_out: Counter[str]
    problems: tuple[Problem, ...]


def _squeeze(header: str) -> str:
    """Return a heading without case, blanks and signs; instruments write Ct with a Cyrillic т."""
    latin = header.replace("\u0442", "t").replace("\u0422", "t").replace("\u03a4", "t")
    return re.sub(r"[^a-z0-9]", "", latin.lower())


def decode_text(data: bytes, *, name: str) -> str:
    """Return a file's text; UTF-8, UTF-16 with its mark, or Windows-1252 as instruments write.

    Raises
    ------
    InputError
        If it is a workbook or no text at all.
    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(f"{name} is a workbook; save the sheet with the results as text or CSV")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InputError(f"{name} is not a text file")
    return text


def parse_file(
    data: bytes,
    *,
    name: str,
    stem: str,
    layout: Layout = "auto",
    samples: Collection[str] = (),
    ignore: Collection[str] = (),
) -> RawPanel:
    """Read one file into wells.

    Parameters
    ----------
    data : bytes
        The file's content.
    name, stem : str
        What to call the file in an error, and its plate where it tells none.
    layout : {"auto", "long", "samples_in_rows", "samples_in_columns"}
        `auto` looks for the headings of a long export, else decides the way round of a matrix by
        its first heading, by which names read like microRNAs, and by `samples`.
    samples : collection of str
        Names of samples, from a design file.
    ignore : collection of str
        Columns of a matrix that are neither samples nor assays.

    Raises
    ------
    InputError
        If the layout cannot be told, or is not there.
    """
    text = decode_text(data, name=name)
    if layout in ("auto", "long"):
        found = _parse_long(text, name=name, stem=stem)
        if found is not None:
            return found
        if layout == "long":
            headings = "a line with headings for sample, assay (detector, target) and Ct"
            raise InputError(name, [Problem("file", headings, "no such line")])
    return _parse_matrix(
        text, name=name, stem=stem, layout=layout, samples=samples, ignore=set(ignore)
    )


# -- long exports ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Columns:
    """Where each thing stands in a line of a long export."""

    delimiter: str
    width: int
    sample: int
    assay: int
    ct: int
    plate: int | None
    task: int | None
    omit: int | None
    flags: tuple[int, ...]
    yes_no: tuple[tuple[int, str], ...]


def _find_one(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(word) for word in wanted if word in names), None)


def _read_headings(line: str) -> _Columns | None:
    if _MAY_BE_HEADINGS.search(line) is None:
        return None
    for delimiter in _DELIMITERS:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        names = [_squeeze(cell) for cell in cells]
        sample, assay, ct = (_find_one(names, words) for words in (_SAMPLE, _ASSAY, _CT))
        if sample is None or assay is None or ct is None:
            continue
        return _Columns(
            delimiter,
            len(names),
            sample,
            assay,
            ct,
            plate=_find_one(names, _PLATE),
            task=_find_one(names, ("task",)),
            omit=_find_one(names, ("omit",)),
            flags=tuple(i for i, word in enumerate(names) if word in _FLAGS),
            yes_no=tuple(
                (i, word.upper())
                for i, word in enumerate(names)
                if word.rstrip("0123456789") in _YES_NO_FLAGS
            ),
        )
    return None


def _parse_long(text: str, *, name: str, stem: str) -> RawPanel | None:
    """Read every block of results in a text; None where no line has the headings."""
    rows: list[tuple[str, str, str, str, str, str]] = []
    left_out: Counter[str] = Counter()
    problems: list[Problem] = []
    columns: _Columns | None = None
    seen = False
    about: dict[str, str] = {}
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        found = _read_headings(line)
        if found is not None:
            columns, seen = found, True
            continue
        if columns is None or line.startswith(("[", "*", "# ")):
            if columns is not None:  # the results are over; what follows may be another plate
                columns, about = None, {}
            _read_about(line, about)
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=columns.delimiter))]
        if _is_misfit(cells, columns):
            problems.append(
                Problem(
                    f"line {number}",
                    f"up to {columns.width} fields, as in the headings, with sample, assay and Ct",
                    f"{len(cells)} fields",
                    action="is the file whole?",
                )
            )
            if len(problems) == _MOST_PROBLEMS:
                break
            continue
        reason = _why_no_well(cells, columns)
        if reason:
            left_out[reason] += 1
            continue
        plate = cells[columns.plate] if columns.plate is not None else ""
        rows.append(
            (
                cells[columns.sample],
                cells[columns.assay],
                cells[columns.ct],
                _read_flags(cells, columns),
                plate or about.get("plate", stem),
                about.get("platform", ""),
            )
        )
    if not seen:
        return None
    wells = pd.DataFrame(
        rows, columns=["sample", "assay", "cell", "flag", "plate", "platform"], dtype="str"
    )
    if wells.empty and not problems:
        raise InputError(f"{name} has the headings of a long export and no well of a sample")
    return RawPanel(wells, "long", left_out, tuple(problems))


def _read_about(line: str, about: dict[str, str]) -> None:
    """Take the plate and the platform from a line above the results."""
    if line.startswith("SDS"):
        about.setdefault("platform", " ".join(line.split()[:2]))
    match = re.match(r"[*#\s]*\"?([^=:\t,]+?)\"?\s*(?:[=:\t,])\s*(.*)", line.strip())
    if match is None:
        return
    key, value = _squeeze(match[1]), match[2].strip().strip('",').strip()
    if not value or value.upper() in ("NA", "N/A"):
        return
    if key in _PLATFORM_LINES:
        about["platform"] = value
    elif key in _PLATE_LINES:
        rank = _PLATE_LINES.index(key)
        if rank < int(about.get("rank", len(_PLATE_LINES))):  # a barcode tells more than a name
            about.update(plate=value, rank=str(rank))


def _is_misfit(cells: Sequence[str], columns: _Columns) -> bool:
    """Return whether a line reads like a well and does not fit the headings.

    Lines are often shorter than the headings, where the last columns are empty.
    """
    if len(cells) > columns.width and any(cells[columns.width :]):
        return True
    reaches = len(cells) > max(columns.sample, columns.assay, columns.ct)
    looks_like_well = re.fullmatch(r"\d+|[A-P]\d{1,2}", cells[0], re.IGNORECASE) is not None
    return not reaches and looks_like_well


def _why_no_well(cells: Sequence[str], columns: _Columns) -> str:
    if len(cells) <= max(columns.sample, columns.assay, columns.ct):
        return "line below the results"
    if columns.omit is not None and len(cells) > columns.omit:
        if cells[columns.omit].lower() in _YES:
            return "well omitted in the instrument's software"
    if columns.task is not None and len(cells) > columns.task:
        if _squeeze(cells[columns.task]) in _NOT_SAMPLES:
            return "well without a sample (standard or no template)"
    if not cells[columns.sample] or not cells[columns.assay]:
        return "well without a name of sample or assay"
    return ""


def _read_flags(cells: Sequence[str], columns: _Columns) -> str:
    words = [cells[i] for i in columns.flags if i < len(cells)]
    words += [name for i, name in columns.yes_no if i < len(cells) and cells[i].lower() in _YES]
    return ";".join(filter(None, words))


# -- matrices -------------------------------------------------------------------------------------


def _parse_matrix(
    text: str, *, name: str, stem: str, layout: Layout, samples: Collection[str], ignore: set[str]
) -> RawPanel:
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
    problems = [
        Problem(
            column,
            "one of the matrix's columns",
            "no such column",
            action="correct the column to ignore",
        )
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
    delimiter = max(_DELIMITERS, key=first.count)
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
        raise InputError(f"{name} is not a table", problems[:_MOST_PROBLEMS])
    return header, body


def _find_layout(
    header: Sequence[str], first_column: Sequence[str], samples: Collection[str], *, name: str
) -> Layout:
    """Tell which way round a matrix is; every sign there is must point the same way."""
    corner = _squeeze(header[0])
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
    raise InputError(
        name,
        [
            Problem(
                "file",
                "a long export, or a matrix whose names tell which way round it is",
                "contradicting signs" if pointed else "no sign",
                action="say --format samples_in_rows or --format samples_in_columns",
            )
        ],
    )


def _share(names: Sequence[str]) -> float:
    return sum(map(is_micro_rna, names)) / max(len(names), 1)
