"""A long export: one line per well, in one table or several, between any other lines."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from features.errors import InputError, Problem, list_words
from features.files.delimiter import DELIMITERS, find_delimiter
from features.panel.cells import is_ct
from features.panel.layouts.doubts import Doubts, find_split_decimals, find_twice
from features.panel.layouts.headings import (
    COLUMNS_ADVICE,
    PLATE_LINES,
    Columns,
    find_chosen,
    read_headings,
    reads_as_headings,
    split_line,
)
from features.panel.layouts.raw_panel import MOST_PROBLEMS, WELL_COLUMNS, RawPanel
from features.panel.names import names_an_assay
from features.panel.words import (
    is_control_role,
    is_empty,
    is_no,
    is_sample_role,
    is_summary,
    is_yes,
    says_not_seen,
    spell_well,
    squeeze,
)

__all__ = ["NO_CT", "holds_results", "parse_long"]

NO_CT = re.compile(r"999(?:[.,]0*)?")
"""What a BioMark writes for a well without a Ct."""

_PLATFORM_LINES = ("instrumenttype", "instrument", "instrumententyp", "geratetyp")
_BELOW = "line below the results"
_WELL = re.compile(r"\d+|[A-P]\d{1,2}|S\d+-A\d+", re.IGNORECASE)
_SHOWN = 5
_MOST_BREAKS = 5
_SEVERAL_FLAGS = re.compile(r"\s*[,;|]\s*|\s+/\s+")
_ROTOR_GENE = re.compile(r"quantitative analysis of .*\(([^()]+)\)\W*$", re.IGNORECASE)
"""The title of a Rotor-Gene's table: what is in brackets is the assay, or the number of a page."""


def parse_long(
    text: str,
    *,
    name: str,
    stem: str,
    chosen: Mapping[str, str] | None = None,
    keep_unnamed: bool = False,
) -> RawPanel | None:
    """Read every table of results in a text; None where no line has the headings.

    Parameters
    ----------
    text, name, stem : str
        The file's text; its name for messages; its name without the ending, taken as the plate
        where the file tells none, and as the assay where it is one's name and the file has no
        column for it.
    chosen : mapping of str to str or None
        Where each thing stands, as the user tells it.
    keep_unnamed : bool
        Whether wells without the name of a sample are kept: a design file tells them by place.

    Raises
    ------
    InputError
        If there are headings and no well of a sample, or the chosen columns are not there.
    """
    reader = _Reader(stem, text, chosen, keep_unnamed=keep_unnamed)
    for number, line in _join_lines(text):
        reader.take(number, line)
        if len(reader.problems) == MOST_PROBLEMS:
            break
    if not reader.seen:
        if chosen:
            raise InputError(name, [reader.describe_missing(text)])
        return None
    if reader.no_assay:
        expected = "a heading for the assay (Target, Detector, Assay, miRNA, Gene)"
        action = (
            "the file is of one assay and does not say which: name it after the assay "
            "(hsa-miR-16-5p.txt), or tell it, as --columns sample=Name,assay=hsa-miR-16-5p,ct=Cp"
        )
        got = "headings for the sample and the Ct only"
        raise InputError(name, [Problem("file", expected, got, action=action)])
    wells = pd.DataFrame(reader.rows, columns=list(WELL_COLUMNS), dtype="str")
    if wells.empty and not reader.problems:
        raise InputError(f"{name} has the headings of a long export and no well of a sample")
    problems = (*reader.problems, *reader.doubts.find_several(), *find_twice(wells))
    if reader.split and reader.columns is not None:
        problems = (*problems, *find_split_decimals(reader.split, reader.columns.ct))
    return RawPanel(wells, "long", reader.left_out, problems, reader.notes())


def holds_results(text: str, *, chosen: Mapping[str, str] | None = None) -> bool:
    """Return whether a text has a line with the headings of results, or the chosen columns."""
    reader = _Reader("", text, chosen, keep_unnamed=True)
    for number, line in _join_lines(text):
        reader.take(number, line)
        if reader.seen:
            return True
    return False


def _join_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number; a field in quotes that has line breaks is on one line."""
    lines = [line.rstrip("\n") for line in io.StringIO(text, newline=None)]
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        joined, ends = line, number
        while _is_open(joined) and ends < min(len(lines), number + _MOST_BREAKS):
            joined = f"{joined} {lines[ends]}"
            ends += 1
        line, at = (line, at + 1) if _is_open(joined) else (joined, ends)
        yield number, line


def _is_open(line: str) -> bool:
    """Return whether a quote opens a field of a line and is not closed on it."""
    opened, begins = False, True
    # Pairs are the rule: to go through every sign of every line would take long.
    for sign in line if line.count('"') % 2 else "":
        if sign == '"' and (opened or begins):
            opened = not opened  # two quotes in a field close it and open it again
        begins = opened or sign in '\t;,|"' or (begins and sign == " ")
    return opened


class _Reader:
    """Goes through the lines of a file and keeps what its tables hold."""

    def __init__(
        self, stem: str, text: str, chosen: Mapping[str, str] | None, *, keep_unnamed: bool
    ) -> None:
        self.stem, self.keep_unnamed = stem, keep_unnamed
        self.chosen = chosen
        self.numbered = bool(chosen) and all(
            value.isdecimal() for key, value in (chosen or {}).items() if key != "assay"
        )
        self.delimiter = find_delimiter(text) if self.numbered else ""
        self.rows: list[tuple[str, ...]] = []
        self.left_out: Counter[str] = Counter()
        self.problems: list[Problem] = []
        self.roles: Counter[str] = Counter()
        self.doubts = Doubts()
        self.split: list[list[str]] = []
        self.seen = self.no_assay = False
        self.columns: Columns | None = None
        self.ended: tuple[int, Columns | None, bool] | None = None
        self.about: dict[str, str] = {}
        self.above, self.blank = "", False

    def take(self, number: int, line: str) -> None:
        """Read one line."""
        if not line.strip():
            self.blank = True
            return
        after_blank, self.blank = self.blank, False
        found = self._find_headings(line)
        self.above = line
        if found is not None:
            self.columns, self.seen, self.ended = found, True, None
            if not self.numbered:
                return
        if self.columns is None:
            self._take_other(number, line)
            return
        cells = split_line(line, self.columns.delimiter)
        why = _why_ended(line, cells, self.columns, after_blank=after_blank)
        if why:
            # The results are over; what follows may be another plate.
            if why != "mark":
                self.left_out[_BELOW] += 1
                columns = None if why == "headings" else self.columns
                self.ended = (number, columns, why == "sums")
            self.columns, self.about = None, {}
            _read_about(line, self.about)
            return
        self._take_well(number, cells, self.columns)

    def _find_headings(self, line: str) -> Columns | None:
        if self.chosen is None:
            found = read_headings(line, DELIMITERS, above=self.above)
            # A table of sums has a sample and a Ct too, but no assay.
            lacks = found is not None and found.assay is None and not self._one_assay(found)
            return None if lacks and self.rows else found
        if not self.numbered:
            tried = (
                find_chosen(split_line(line, d), self.chosen, d, numbered=False) for d in DELIMITERS
            )
            return next((found for found in tried if found is not None), None)
        if self.seen:
            return None
        cells = split_line(line, self.delimiter)
        found = find_chosen(cells, self.chosen, self.delimiter, numbered=True)
        return found if found is not None and _reads_as_ct(cells[found.ct]) else None

    def _one_assay(self, columns: Columns) -> str:
        told = columns.name or self.about.get("assay", "")
        return told or (self.stem if names_an_assay(self.stem) else "")

    def _take_other(self, number: int, line: str) -> None:
        if self.numbered and not self.seen:
            self.left_out["line above the results"] += 1
        if self.ended is not None:
            end, columns, by_sums = self.ended
            cells = split_line(line, columns.delimiter) if columns is not None else []
            if columns is not None and _is_well_below(cells, columns, by_sums=by_sums):
                expected = f"no well below the end of the results (line {end})"
                self.problems.append(Problem(f"line {number}", expected, "a well"))
            self.left_out[_BELOW] += 1
        _read_about(line, self.about)

    def _take_well(self, number: int, cells: Sequence[str], columns: Columns) -> None:
        if _is_misfit(cells, columns):
            expected = (
                f"up to {columns.width} fields, as in the headings, with sample, assay and Ct"
            )
            got, action = f"{len(cells)} fields", "is the file whole?"
            if len(cells) > columns.width and columns.delimiter == ",":
                action = (
                    "decimal commas have to stand in quotes where commas stand between fields: "
                    "export with semicolons or tabs, or with decimal points"
                )
            self.problems.append(Problem(f"line {number}", expected, got, action=action))
            return
        name = "" if columns.assay is not None else self._one_assay(columns)
        if columns.assay is None and not name:
            self.no_assay = True
            return
        reason = _why_no_well(cells, columns, keep_unnamed=self.keep_unnamed)
        if reason:
            self.left_out[reason] += 1
            return
        self.roles.update(role for role in _get(cells, columns.roles) if not is_sample_role(role))
        ct = cells[columns.ct]
        plate = _one(cells, columns.plate) or self.about.get("plate", self.stem)
        self.doubts.twice.update([columns.twice] if columns.twice else [])
        assay = name if columns.assay is None else cells[columns.assay]
        self.doubts.take(cells, columns, plate, cells[columns.sample], assay)
        if self.numbered and columns.delimiter == ",":
            self.split.append(list(cells))
        self.rows.append(
            (
                cells[columns.sample],
                assay,
                "No Ct" if columns.call is not None and NO_CT.fullmatch(ct) else ct,
                _read_flags(cells, columns),
                plate,
                self.about.get("platform", ""),
                spell_well(_one(cells, columns.well)),
            )
        )

    def describe_missing(self, text: str) -> Problem:
        """Return that no line has the columns that are told."""
        lines = [line for line in text.splitlines() if line.strip()]
        first = next(iter(lines), "")
        expected = "the columns that --columns tells, as headings of one line"
        got = f"a first line {first[:200]!r}"
        if self.numbered and self.chosen is not None:
            rows = [split_line(line, self.delimiter) for line in lines]
            width, at = max(map(len, rows), default=0), int(self.chosen["ct"])
            expected = f"a Ct in field {at} of a line, as --columns tells"
            held = next((row[at - 1] for row in reversed(rows) if len(row) >= at), None)
            got = f"{width} fields in the longest line" if held is None else f"{held[:40]!r} there"
        return Problem("file", expected, got, action=COLUMNS_ADVICE)

    def notes(self) -> tuple[str, ...]:
        """Return what to know about the file, in words."""
        unused = self.doubts.tell_unused()
        if not self.roles:
            return unused
        shown = list_words([f"{role} ({n})" for role, n in self.roles.most_common()], most=_SHOWN)
        return (f"roles of wells that are not known were taken for samples: {shown}", *unused)


def _one(cells: Sequence[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""


def _get(cells: Sequence[str], places: Sequence[int]) -> list[str]:
    return [cells[i] for i in places if i < len(cells)]


def _reads_as_ct(cell: str) -> bool:
    return is_ct(cell) or says_not_seen(cell) or is_empty(cell)


def _has_well(cells: Sequence[str], columns: Columns) -> bool:
    """Return whether a line tells the place of a well, or counts the wells in its first field.

    The first field may also be a sample's name, which may read like a well: P1.
    """
    first = cells[0] if 0 not in (columns.sample, columns.assay) else ""
    return any(_WELL.fullmatch(cell) for cell in (first, _one(cells, columns.well)))


def _fits(cells: Sequence[str], columns: Columns) -> bool:
    """Return whether a line can be a well with a sample, an assay and a Ct."""
    named = len(cells) > columns.last and bool(cells[columns.sample])
    return named and not any(cells[columns.width :]) and _reads_as_ct(cells[columns.ct])


def _is_well_below(cells: Sequence[str], columns: Columns, *, by_sums: bool) -> bool:
    """Return whether a line below the end is a well; below sums each that has another name is."""
    if not _fits(cells, columns):
        return False
    other = by_sums and not is_summary(cells[columns.sample]) and is_ct(cells[columns.ct])
    return other or _has_well(cells, columns)


def _why_ended(line: str, cells: Sequence[str], columns: Columns, *, after_blank: bool) -> str:
    """Return whether a line is no well but the end of the table, and of which kind it is."""
    if line.startswith(("[", "*", "# ")) or _ROTOR_GENE.search(line):
        return "mark"
    if not is_ct(_one(cells, columns.ct)) and reads_as_headings(cells):
        return "headings"
    alone = sum(map(bool, cells)) == 1 and columns.width > 1
    if not alone and (is_summary(_one(cells, columns.sample)) or is_summary(cells[0])):
        return "sums"
    if not _has_well(cells, columns) and (alone or (after_blank and not _fits(cells, columns))):
        return "below"
    return ""


def _read_about(line: str, about: dict[str, str]) -> None:
    """Take the plate, the platform and the assay from a line above the results."""
    if line.startswith("SDS"):
        about.setdefault("platform", " ".join(line.split()[:2]))
    title = _ROTOR_GENE.search(line)
    if title is not None and names_an_assay(title[1].strip()):
        about["assay"] = title[1].strip()
    match = re.match(r"[*#\s]*\"?([^=:\t,;]+?)\"?\s*(?:[=:\t,;])\s*(.*)", line.strip())
    if match is None:
        return
    key, value = squeeze(match[1]), match[2].strip().strip('",;').strip()
    if key == "chipruninfo":
        fields = split_line(line, ";" if line.count(";") > line.count(",") else ",")
        about.update(platform="BioMark", plate=_one(fields, 2) or value)
        return
    if not value or value.upper() in ("NA", "N/A"):
        return
    if key in _PLATFORM_LINES:
        about["platform"] = value
    elif key in PLATE_LINES:
        rank = PLATE_LINES.index(key)
        if rank < int(about.get("rank", len(PLATE_LINES))):  # a barcode tells more than a name
            about.update(plate=value, rank=str(rank))


def _is_misfit(cells: Sequence[str], columns: Columns) -> bool:
    """Return whether a line reads like a well and does not fit the headings.

    Lines are often shorter than the headings, where the last columns are empty.
    """
    if len(cells) > columns.width and any(cells[columns.width :]):
        return True
    return len(cells) <= columns.last and _has_well(cells, columns)


def _why_no_well(cells: Sequence[str], columns: Columns, *, keep_unnamed: bool) -> str:
    if len(cells) <= columns.last:
        return _BELOW
    include = _one(cells, columns.include)
    if not is_no(_one(cells, columns.omit)) or (include and not is_yes(include)):
        return "well omitted in the instrument's software"
    controls = [role for role in _get(cells, columns.roles) if is_control_role(role)]
    if controls:
        kind = re.sub(r"[\W_]*\d+$", "", controls[0])
        return f"well of a control or a standard, not of a sample ({kind})"
    standard = _one(cells, columns.standard)
    if is_ct(standard) and standard.strip("0.,"):
        return "well of a control or a standard, not of a sample (Standard)"
    failed = squeeze(_one(cells, columns.call)) == "fail"
    if failed and not NO_CT.fullmatch(cells[columns.ct]):
        return "well that the instrument calls failed"
    unnamed = not cells[columns.sample] and not (keep_unnamed and _one(cells, columns.well))
    if unnamed or (columns.assay is not None and not cells[columns.assay]):
        return "well without a name of sample or assay"
    return ""


def _read_flags(cells: Sequence[str], columns: Columns) -> str:
    words = [w for cell in _get(cells, columns.flags) for w in _SEVERAL_FLAGS.split(cell)]
    words += [name for i, name in columns.yes_no if i < len(cells) and is_yes(cells[i])]
    return ";".join(filter(None, words))
