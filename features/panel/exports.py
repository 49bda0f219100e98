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

import pandas as pd

from features.errors import InputError, Problem
from features.panel.matrix import parse_matrix
from features.panel.raw_panel import (
    ASSAY_HEADINGS,
    DELIMITERS,
    MOST_PROBLEMS,
    SAMPLE_HEADINGS,
    Layout,
    RawPanel,
    squeeze,
)

__all__ = ["decode_text", "parse_file"]


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
    return parse_matrix(
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
    for delimiter in DELIMITERS:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        names = [squeeze(cell) for cell in cells]
        sample, assay, ct = (
            _find_one(names, words) for words in (SAMPLE_HEADINGS, ASSAY_HEADINGS, _CT)
        )
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
            if len(problems) == MOST_PROBLEMS:
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
    key, value = squeeze(match[1]), match[2].strip().strip('",').strip()
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
        if squeeze(cells[columns.task]) in _NOT_SAMPLES:
            return "well without a sample (standard or no template)"
    if not cells[columns.sample] or not cells[columns.assay]:
        return "well without a name of sample or assay"
    return ""


def _read_flags(cells: Sequence[str], columns: _Columns) -> str:
    words = [cells[i] for i in columns.flags if i < len(cells)]
    words += [name for i, name in columns.yes_no if i < len(cells) and cells[i].lower() in _YES]
    return ";".join(filter(None, words))
