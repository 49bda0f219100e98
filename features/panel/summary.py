"""What the import of a panel did, in counts, and what its user should know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.errors import list_words
from features.panel.design import PanelDesign
from features.panel.names import AssayName, name_has_dots
from features.panel.owners import Owners

__all__ = ["FileReport", "PanelReport", "describe_levels", "make_panel_report", "write_notices"]

_SHOWN = 5
_LOW = 12.0
_LOWEST_PILE = 35.0
_FEWEST_IN_PILE = 3


@dataclass(frozen=True)
class FileReport:
    """What was in one file.

    Attributes
    ----------
    name, layout : str
        The file, and how it was read.
    wells : int
        Wells of samples.
    ceiling : float
        Cycle from which nothing counts as detected.
    ceiling_source : {"given", "found", "assumed"}
        `found`: values pile up at it. `assumed`: nothing tells; see docs/panel.md.
    left_out : dict of str to int
        What was not taken as a well.
    """

    name: str
    layout: str
    wells: int
    ceiling: float
    ceiling_source: str
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class PanelReport:
    """What an import did.

    Attributes
    ----------
    files : tuple of FileReport
        In order.
    patients, samples, assays, cells, not_detected, replicated : int
        Of the panel: its size, cells not detected, and cells combined from several wells.
    non_detects : dict of str to int
        Wells that count as not detected, by the first reason that holds: word, empty, flag,
        ceiling.
    flags : dict of str to int
        The instrument's flags other than passed, by well.
    names : dict of str to int
        Assays by what became of their names; see :class:`features.panel.names.AssayName`.
    unsure : dict of str to str
        Assays whose name is not certain, with the reason; they keep their raw name.
    others : tuple of str
        Assays that are no microRNA; they are kept.
    timing : dict of str to int
        Samples by when they were taken.
    notices : tuple of str
        What to know or to do, without patients' values.
    """

    files: tuple[FileReport, ...]
    patients: int
    samples: int
    assays: int
    cells: int
    not_detected: int
    replicated: int
    non_detects: Mapping[str, int]
    flags: Mapping[str, int]
    names: Mapping[str, int]
    unsure: Mapping[str, str]
    others: tuple[str, ...]
    timing: Mapping[str, int]
    notices: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return asdict(self)


def make_panel_report(
    table: pd.DataFrame,
    files: tuple[FileReport, ...],
    counts: Counter[str],
    flags: pd.Series[Any],
    assays: Mapping[str, AssayName],
    notices: tuple[str, ...],
) -> PanelReport:
    """Count what an import did."""
    words = Counter[str]()
    for text, count in Counter(flags[flags != ""]).items():
        words.update({word: count for word in text.split(";")})
    timing = Counter(table.drop_duplicates("sample")["timing"].tolist())
    return PanelReport(
        files=files,
        patients=table["patient_id"].nunique(),
        samples=table["sample"].nunique(),
        assays=table["assay"].nunique(),
        cells=len(table),
        not_detected=int((~table["detected"]).sum()),
        replicated=int((table["replicates"] > 1).sum()),
        non_detects={reason: n for reason, n in counts.items() if n},
        flags=dict(words.most_common()),
        names=dict(Counter(assay.status for assay in assays.values())),
        unsure={a.raw: a.reason for a in assays.values() if a.status in ("ambiguous", "clash")},
        others=tuple(a.raw for a in assays.values() if a.status == "other"),
        timing=dict(timing),
        notices=notices,
    )


def _tell_spellings(assays: Mapping[str, AssayName]) -> list[str]:
    """Return which raw names are one assay."""
    spelt: dict[str, list[str]] = {}
    for raw, assay in assays.items():
        spelt.setdefault(assay.name, []).append(raw)
    shown = [" / ".join(raws) for raws in spelt.values() if len(raws) > 1]
    return [f"read as one assay: {list_words(shown, most=_SHOWN)}"] if shown else []


def describe_levels(ct: FloatArray, ceilings: FloatArray) -> list[str]:
    """Return what the detected values themselves give cause to doubt.

    Parameters
    ----------
    ct, ceilings : ndarray of shape (n,)
        Of the detected wells: the Ct, and the cycle from which nothing counts as detected.
    """
    notes = []
    if len(ct) and ct.max() < _LOW:
        notes.append(
            f"no Ct is above {ct.max():g}: values of delta Ct are not to be read as Ct values"
        )
    at = ct[(ct >= _LOWEST_PILE) & (ct == np.floor(ct)) & (ct < ceilings)]
    notes += [
        f"{n} values are exactly {cycle:g}: if that stands for not detected, say --ceiling "
        f"{cycle:g}"
        for cycle, n in sorted(Counter(at.tolist()).items())
        if n >= _FEWEST_IN_PILE
    ]
    return notes


def write_notices(
    assays: Mapping[str, AssayName],
    names: Mapping[str, str] | None,
    design: PanelDesign | None,
    owners: Owners,
    files: Sequence[FileReport],
    counts: Mapping[str, int],
) -> tuple[str, ...]:
    """Return what the user of an import should know or do, in counts and names of assays."""
    notices = []
    timing = Counter(owner.timing for owner in owners.samples.values())
    if timing["unknown"]:
        notices.append(
            f"{timing['unknown']} samples without a date, or without the start of the infusion: "
            "make sure that they were taken before it"
        )
    if timing["same_day"]:
        notices.append(
            f"{timing['same_day']} samples taken on the day the infusion began: make sure that "
            "they were taken before it"
        )
    notices += [f"{n} samples left out: {reason}" for reason, n in owners.left_out.items()]
    notices += owners.notes
    if design is not None:
        if owners.absent:
            notices.append(f"{owners.absent} samples of the design file are in no panel file")
        if design.unused_columns:
            notices.append(
                "columns of the design file not used: " + ", ".join(design.unused_columns)
            )
    dotted = [assay for assay in assays.values() if name_has_dots(assay)]
    if dotted:
        notices.append(
            f"{len(dotted)} assays are named as R writes them, {dotted[0].raw} for "
            f"{dotted[0].name}: read so"
        )
    notices += _tell_spellings(assays)
    patients = Counter(owner.patient_id for owner in owners.samples.values())
    several = [patient for patient, n in patients.items() if n > 1]
    if several:
        notices.append(
            f"several samples of one patient: {list_words(several, most=_SHOWN)}; a model takes one"
        )
    unused = sorted(set(names or {}) - set(assays))
    if unused:
        notices.append(f"names given for assays that are not there: {', '.join(unused[:_SHOWN])}")
    ceilings = {file.ceiling for file in files if file.ceiling_source != "not used"}
    if len(ceilings) > 1:
        notices.append(
            "the files have different ceilings: a model sees all of them at the lowest, "
            f"{min(ceilings):g} cycles"
        )
    if any(file.ceiling_source == "assumed" for file in files) and any(counts.values()):
        notices.append("no value piles up at a ceiling: it is assumed; --ceiling tells it")
    if counts.get("empty"):
        notices.append(
            f"{counts['empty']} empty cells were read as not detected; --empty not_measured reads "
            "them as not run"
        )
    return tuple(notices)
