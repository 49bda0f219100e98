"""Which column of a long export says what: by its headings, or as the user tells it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from features.errors import InputError, Problem, did_you_mean
from features.panel.names import names_an_assay
from features.panel.words import squeeze

__all__ = [
    "ASSAY_HEADINGS",
    "COLUMNS_ADVICE",
    "CT_HEADINGS",
    "PLATE_LINES",
    "SAMPLE_HEADINGS",
    "UNDERSTOOD",
    "Columns",
    "find_chosen",
    "is_value_heading",
    "parse_columns",
    "read_headings",
    "reads_as_headings",
    "split_line",
]

SAMPLE_HEADINGS = (
    "samplename",
    "sample",
    "sampleid",
    "sampleinfosampleid",
    "wellname",
    "patientid",
    "patient",
    "subjectid",
    "subject",
    *("samplenumber", "sampleno", "specimen", "specimenid", "participantid", "participant"),
    *("probenname", "probenid", "probennummer", "probennr", "patientenid", "patientennummer"),
)
ASSAY_HEADINGS = (
    "detectorname",
    "detector",
    "targetname",
    "target",
    "assayname",
    "assay",
    "mirna",
    "mirnaname",
    "microrna",
    "genename",
    "gene",
    "assayassayname",
    *("zielname", "ziel", "zielgen", "genname", "gen", "detektor", "mikrorna"),
)
CT_HEADINGS = (
    "ct",
    "cq",
    "cp",
    "crt",
    "throughholect",
    *("ctvalue", "cqvalue", "cpvalue", "ctwert", "cqwert", "cpwert"),
    *("thresholdcycle", "thresholdcyclect", "ctthresholdcycle"),
    *("ctdrn", "ctdr", "ctrn", "ctr", "cqdrn", "cqdr", "cqrn", "cqr"),  # AriaMx: Cq (dRn)
)
_PLATE = (
    *("plate", "plateid", "platename", "platebarcode", "barcode", "openarrayplateserialnumber"),
    *("card", "cardid", "chip", "chipid", "array", "run", "runid", "runname"),
    *("platte", "plattenname", "plattenid", "plattenbarcode"),
)
PLATE_LINES = (*_PLATE, "experimentbarcode", "experimentname", "filename", "experimentfilename")
"""What a line above the results calls a plate, from what tells most to what tells least."""

_WELL = ("wellposition", "position", "pos", "chamberid", "well", "vertiefung", "kavitat")
_ROLES = (
    *("task", "content", "sampletype", "type", "role", "welltype", "samplerole", "welltask"),
    *("aufgabe", "inhalt", "probentyp", "typ"),
)
_TIMES = frozenset(
    "visit visitid timepoint time day week month date sampledate sampledatetime collectiondate "
    "samplingdate session treatment phase condition conditionname biologicalsetname biogroup "
    "biologicalgroup biologicalgroupname biogroupname patientid patient subjectid subject "
    "pseudonym participantid participant patientenid tissue material matrix biofluid".split()
)
"""Of one sample each has one value: where it has two, two samples have one name."""
_OMIT = ("omit", "omitted", "excluded", "exclude", "auslassen", "ausgelassen", "ausgeschlossen")
_INCLUDE = ("include", "included", "inc", "eingeschlossen")
_DYES = frozenset("dye fluor fluorophore fluorophor reporter channel".split())
"""Of one assay each has one value."""
_FLAGS = (
    *("flag", "flags", "ampstatus", "amplificationstatus", "qualityflag", "throughholeoutlier"),
    *("call", "resultqualityissues"),
)
_YES_NO_FLAGS = frozenset(
    "highsd noamp expfail noise spike badrox offscale blfail ctfail tholdfail prflow prfdrop "
    "outlierrg ampnc cqconf lowrox nosignal hmd fos lme naw ew bpr hrn hns eaf baf taf caf hsd "
    "gbo".split()
)
_OF_A_RUN = frozenset({"pos", "no", "color", "colour", "include", "inc", "well"})
"""Beside `Name` and a Ct: the export of one assay, as of LightCycler 480 and Rotor-Gene."""

_SUMS = frozenset(
    "well wells task rq rqmin rqmax ctmean meanct avgct ctavg averagect ctsd sdct ctsdev cqmean "
    "meancq deltact dct ddct deltadeltact mean average avg sd stdev median foldchange expression "
    "calibrator n group tm".split()
)
_VALUES = frozenset(
    f"{a}{b}"
    for ct in ("ct", "cq", "cp", "crt")
    for word in ("", "mean", "avg", "average", "median", "value", "values", "sd", "raw", "d", "dd")
    for a, b in ((ct, word), (word, ct), ("delta", ct), ("deltadelta", ct))
) | {"value", "values", "result", "results", "measurement", "expression", "rq", "foldchange"}
_MAY_BE_HEADINGS = re.compile(
    r"\bc(?:r?t|q|p|[\u0442\u0422\u03a4])(?:\b|wert)|\bvalue\b|throughholect|threshold ?cycle",
    re.IGNORECASE,
)

COLUMNS_ADVICE = (
    "tell the columns, --columns sample=...,assay=...,ct=..., by their headings, or by numbers "
    "from 1 where there are none"
)
UNDERSTOOD = (
    "a line with headings for the sample (Sample, Sample Name, Sample ID, Patient ID), the assay "
    "(Target, Detector, Assay, miRNA, Gene, each also with Name) and the Ct (Ct, Cq, Cp, Crt); or "
    "a matrix of Ct values whose headings, or first column, are names of microRNAs"
)
"""What a file may look like, for whoever has one that does not."""

_CHOICES = ("sample", "assay", "ct", "plate", "well", "role", "flag")


@dataclass(frozen=True)
class Columns:
    """Where each thing stands in a line of a long export.

    Parameters
    ----------
    delimiter : str
        What stands between fields.
    width : int
        Fields of the headings.
    sample, ct : int
        Positions from 0.
    assay : int or None
        None where the file is of one assay.
    plate, well, omit, include, standard : int or None
        None where there is no such column.
    roles, flags : tuple of int
        Columns with the role of a well, and with the instrument's words.
    times : tuple of (int, str)
        Columns that tell when a sample was taken, and their headings.
    dyes : tuple of (int, str)
        Columns that tell by what an assay is seen, and their headings.
    unused : tuple of (int, str)
        Columns that are not read, and their headings.
    twice : str
        The heading of the sample, the assay or the Ct where it stands above two columns.
    yes_no : tuple of (int, str)
        Columns that raise a flag by a yes, and what it is called.
    call : int or None
        The instrument's verdict on a well: a BioMark's Pass or Fail.
    name : str
        The assay of a file of one assay, where the user tells it.
    """

    delimiter: str
    width: int
    sample: int
    assay: int | None
    ct: int
    plate: int | None = None
    well: int | None = None
    omit: int | None = None
    include: int | None = None
    standard: int | None = None
    roles: tuple[int, ...] = ()
    flags: tuple[int, ...] = ()
    times: tuple[tuple[int, str], ...] = ()
    dyes: tuple[tuple[int, str], ...] = ()
    unused: tuple[tuple[int, str], ...] = ()
    twice: str = ""
    yes_no: tuple[tuple[int, str], ...] = ()
    call: int | None = None
    name: str = ""

    @property
    def needed(self) -> tuple[int, ...]:
        """Positions of the sample, the Ct, and the assay where there is a column for it."""
        return (self.sample, self.ct, *([] if self.assay is None else [self.assay]))

    @property
    def last(self) -> int:
        """The last position that every well has to reach."""
        return max(self.needed)


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line, without blanks around them."""
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _find_one(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(word) for word in wanted if word in names), None)


def _find_all(names: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    return tuple(i for i, name in enumerate(names) if name in wanted)


def _join_two_lines(above: Sequence[str], below: Sequence[str]) -> list[str]:
    """Return the headings of a BioMark's table, which stand in two lines (`Sample` over `Name`)."""
    names = [squeeze(a) + squeeze(b) for a, b in zip(above, below, strict=False)]
    assay = next((i for i, n in enumerate(names) if n.endswith("name") and n != "samplename"), None)
    if assay is not None:
        names[assay] = "assayname"
    return ["ct" if name == "ctvalue" else name for name in names]


def read_headings(line: str, delimiters: Sequence[str], *, above: str = "") -> Columns | None:
    """Return where things stand below a line, None where it has no headings of results.

    Parameters
    ----------
    line : str
        As it stands in the file.
    delimiters : sequence of str
        What may stand between fields.
    above : str
        The line before it, which may hold the upper half of the headings.
    """
    if _MAY_BE_HEADINGS.search(line) is None:
        return None
    for delimiter in delimiters:
        cells = split_line(line, delimiter)
        names = [squeeze(cell) for cell in cells]
        if "value" in names and names.count("name") > 1:
            names = _join_two_lines(split_line(above, delimiter), cells)
        found = _place(names, delimiter)
        if found is not None:
            return _tell_rest(found, cells, names)
    return None


def _place(names: Sequence[str], delimiter: str) -> Columns | None:
    sample, assay, ct = (
        _find_one(names, words) for words in (SAMPLE_HEADINGS, ASSAY_HEADINGS, CT_HEADINGS)
    )
    if sample is None and "name" in names and _OF_A_RUN & set(names):
        sample = names.index("name")
    # In German a sample; in English an assay, beside which another heading names the sample.
    if sample is None and assay is not None and "probe" in names:
        sample = names.index("probe")
    if sample is None or ct is None:
        return None
    return _complete(Columns(delimiter, len(names), sample, assay, ct), names)


def _complete(columns: Columns, names: Sequence[str]) -> Columns:
    """Return columns with what stands beside sample, assay and Ct."""
    flags = (*_FLAGS, "status") if "cp" in names else _FLAGS
    return replace(
        columns,
        plate=_find_one(names, _PLATE),
        well=_find_one(names, _WELL),
        omit=_find_one(names, _OMIT),
        include=_find_one(names, _INCLUDE),
        standard=_find_one(names, ("standard",)),
        roles=_find_all(names, _ROLES),
        flags=_find_all(names, flags),
        times=tuple((i, w) for i, w in enumerate(names) if w in _TIMES and i != columns.sample),
        dyes=tuple((i, word) for i, word in enumerate(names) if word in _DYES),
        yes_no=tuple(
            (i, word.upper())
            for i, word in enumerate(names)
            if word.rstrip("0123456789") in _YES_NO_FLAGS
        ),
        call=_find_one(names, ("ctcall",)),
    )


def _tell_rest(columns: Columns, cells: Sequence[str], names: Sequence[str]) -> Columns:
    """Return columns with those that are not read, and a heading that stands twice."""
    places = (columns.plate, columns.well, columns.omit, columns.include, columns.standard)
    read = {*columns.needed, *places, *columns.roles, *columns.flags, columns.call}
    read |= {i for i, _ in (*columns.times, *columns.dyes, *columns.yes_no)}
    twice = [cells[i] for i in columns.needed if names.count(names[i]) > 1]
    unused = tuple((i, cell) for i, cell in enumerate(cells) if i not in read and cell)
    return replace(columns, unused=unused, twice="".join(twice[:1]))


def is_value_heading(text: str) -> bool:
    """Return whether a heading is that of a column of Cts, or of what is made of them."""
    word = squeeze(text)
    return word in CT_HEADINGS or word in _VALUES


def reads_as_headings(cells: Sequence[str]) -> bool:
    """Return whether most cells of a line are headings, be it of wells or of what sums them up."""
    known = {*SAMPLE_HEADINGS, *ASSAY_HEADINGS, *CT_HEADINGS, *_ROLES, *_SUMS}
    held = [squeeze(cell) for cell in cells if cell]
    n = sum(word in known for word in held)
    return n >= 2 and 2 * n > len(held)


# -- told by the user -----------------------------------------------------------------------------


def parse_columns(text: str) -> dict[str, str]:
    """Return what `--columns` tells.

    Parameters
    ----------
    text : str
        As ``sample=Id,assay=miRNA,ct=Mean Ct``; also `plate`, `well`, `role` and `flag`.

    Raises
    ------
    InputError
        If it is not of this form, or does not tell the sample, the assay and the Ct.

    Examples
    --------
    >>> parse_columns("sample=Id,assay=miRNA,ct=Ct, mean")
    {'sample': 'Id', 'assay': 'miRNA', 'ct': 'Ct, mean'}
    """
    chosen: dict[str, str] = {}
    problems = []
    # A comma stands between two choices only where another choice follows: headings have commas.
    for part in re.split(r",\s*(?=\w+\s*=)", text):
        key, _, value = (word.strip() for word in part.partition("="))
        if key not in _CHOICES:
            expected = "one of " + ", ".join(_CHOICES)
            got = "another word"
            action = did_you_mean(key, _CHOICES) or "as sample=Id,assay=miRNA,ct=Ct"
            problems.append(Problem(f"--columns, {key[:40]}", expected, got, action=action))
        elif not value or key in chosen:
            got = "nothing" if not value else "told twice"
            problems.append(Problem(f"--columns, {key}", "one heading, or one number", got))
        chosen[key] = value
    problems += [
        Problem(f"--columns, {key}", "a heading, or a number from 1", "nothing", action="add it")
        for key in ("sample", "assay", "ct")
        if key not in chosen and not problems
    ]
    if problems:
        raise InputError("the columns", problems)
    return chosen


def find_chosen(
    cells: Sequence[str], chosen: Mapping[str, str], delimiter: str, *, numbered: bool
) -> Columns | None:
    """Return where the chosen columns stand; None where this line does not have them.

    Parameters
    ----------
    cells : sequence of str
        Of the line with the headings; of any line where the columns are numbered.
    chosen : mapping of str to str
        As :func:`parse_columns` returns it. An assay that is no heading names the one assay of
        the file.
    delimiter : str
        What stands between fields.
    numbered : bool
        Whether the columns are told by numbers.
    """
    names = [] if numbered else [squeeze(cell) for cell in cells]
    at = {key: _locate(value, cells, names, numbered=numbered) for key, value in chosen.items()}
    sample, assay, ct = at["sample"], at["assay"], at["ct"]
    one_assay = assay is None and names_an_assay(chosen["assay"])
    missing = [key for key, place in at.items() if place is None and key != "assay"]
    if sample is None or ct is None or missing or (assay is None and not one_assay):
        return None
    columns = _complete(Columns(delimiter, len(cells), sample, assay, ct), names)
    role, flag, plate, well = (at.get(key) for key in ("role", "flag", "plate", "well"))
    told = replace(
        columns,
        plate=columns.plate if plate is None else plate,
        well=columns.well if well is None else well,
        roles=columns.roles if role is None else (role,),
        flags=columns.flags if flag is None else (flag,),
        name=chosen["assay"] if one_assay else "",
    )
    # What the user has told is meant, though a heading may stand twice.
    return told if numbered else replace(_tell_rest(told, cells, names), twice="")


def _locate(
    value: str, cells: Sequence[str], names: Sequence[str], *, numbered: bool
) -> int | None:
    """Return the place of a column that the user tells, None where there is no such column."""
    if numbered:
        return int(value) - 1 if value.isdecimal() and 0 < int(value) <= len(cells) else None
    if value in cells:
        return list(cells).index(value)
    word = squeeze(value)
    return names.index(word) if word and word in names else None
