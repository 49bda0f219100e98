"""Whose each well of a panel is, and which wells are of one sample.

An instrument gives the same names on every plate. Wells of one name are one sample where they
stand on one plate of one file, or where the design file says so; never because of the name alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from features.cohort.pseudonyms import tell_alike
from features.errors import Problem
from features.panel.design import PanelDesign, Sample
from features.panel.patients import find_spelt_otherwise
from features.panel.words import looks_like_control

__all__ = ["CONTROLS", "Owners", "find_owners"]

CONTROLS = ("ask", "leave_out", "keep")
"""What to do with a sample whose name looks like that of a control."""

_SHOWN = 5
_PLACE = ("file", "plate", "sample", "well")


@dataclass
class Owners:
    """Whose the wells of a panel are.

    Attributes
    ----------
    samples : dict of str to Sample
        By the name that a sample has from here on.
    label : list of str
        That name, for each well; empty for a well that is left out.
    left_out : dict of str to int
        Samples that are left out, in words, with counts.
    absent : int
        Rows of the design that no well belongs to.
    problems : list of Problem
    notes : list of str
        What to know: for whoever sent the files, since it may name samples.
    """

    samples: dict[str, Sample] = field(default_factory=dict)
    label: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    absent: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_owners(
    wells: pd.DataFrame, design: PanelDesign | None, paths: Sequence[Path], *, controls: str
) -> Owners:
    """Return whose each well is.

    Parameters
    ----------
    wells : DataFrame
        Columns `file` (position in `paths`), `plate`, `sample`, `well`.
    design : PanelDesign or None
        None: each sample is a patient of that name.
    paths : sequence of Path
        The panel's files.
    controls : str
        One of :data:`CONTROLS`; with a design its rows tell, and this is not asked.
    """
    if design is None:
        found = _take_names(wells, controls)
    else:
        found = _follow_design(wells, design, paths)
    alike = tell_alike([owner.patient_id for owner in found.samples.values()])
    found.notes += [alike] if alike else []
    return found


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _take_names(wells: pd.DataFrame, controls: str) -> Owners:
    found = Owners()
    places = wells[["sample", "file", "plate"]].drop_duplicates()
    names = wells["sample"].unique().tolist()
    doubtful = [name for name in names if looks_like_control(name)]
    several = places["sample"].value_counts(sort=False)
    apart = [str(name) for name in several.index[several > 1]]
    if doubtful and controls == "ask":
        expected = "samples of patients"
        got = f"{len(doubtful)} that look like a control: {_list(doubtful)}"
        action = (
            "say --controls leave_out, or --controls keep if they are patients; in a design file "
            "an empty patient_id leaves a sample out"
        )
        found.problems.append(Problem("sample", expected, got, action=action))
    gone = set(doubtful) if controls == "leave_out" else set()
    apart = [name for name in apart if name not in doubtful or controls == "keep"]
    if apart:
        expected = "a name on one plate of one file only"
        got = f"{len(apart)} on several: {_list(apart)}"
        action = (
            "say whose they are with --design, a table with sample, plate (or file) and "
            "patient_id: the rows of one sample have the same patient_id"
        )
        found.problems.append(Problem("sample", expected, got, action=action))
    if gone:
        found.left_out["name looks like that of a control"] = len(gone)
    found.samples = {name: Sample(name, name=name) for name in names if name not in gone}
    found.label = ["" if name in gone else name for name in wells["sample"].tolist()]
    return found


def _follow_design(wells: pd.DataFrame, design: PanelDesign, paths: Sequence[Path]) -> Owners:
    found = Owners()
    by_well = any(row.well for row in design.rows)
    keys = wells[list(_PLACE)].assign(well=wells["well"] if by_well else "")
    code, places = pd.factorize(pd.MultiIndex.from_frame(keys))
    plates = set(wells["plate"].unique().tolist())
    rows = _match(places.tolist(), design, paths, plates, found)
    belongs = {i: row for i, row in enumerate(rows) if row is not None}
    found.problems += _find_late([design.rows[row] for row in dict.fromkeys(belongs.values())])
    names = _name_samples(places.tolist(), belongs, design)
    # A plate by which the files' samples are told apart is known from the files.
    used = {
        names[i]: replace(row, plate="" if row.plate in plates else row.plate)
        for i, row in ((i, design.rows[at]) for i, at in belongs.items())
    }
    found.samples = {name: row for name, row in used.items() if row.patient_id}
    found.absent = len(design.rows) - len(set(belongs.values()))
    n_out = len(used) - len(found.samples)
    if n_out:
        found.left_out["no patient_id in the design file"] = n_out
    found.label = [names[i] if names.get(i) in found.samples else "" for i in code.tolist()]
    unnamed = sum(rows[i] is None and not places[i][2] for i in code.tolist())
    if unnamed:
        found.notes.append(f"{unnamed} wells without a sample's name have no row: left out")
    spread: dict[str, set[tuple[object, object]]] = {}
    for i, name in names.items():
        spread.setdefault(name, set()).add(places[i][:2])
    n_spread = sum(len(spread[name]) > 1 for name in found.samples)
    if n_spread:
        found.notes.append(
            f"{n_spread} samples stand on several plates or in several files: each is one sample, "
            "as the design file says"
        )
    return found


def _match(
    places: Sequence[tuple[int, str, str, str]],
    design: PanelDesign,
    paths: Sequence[Path],
    plates: set[str],
    found: Owners,
) -> list[int | None]:
    """Return which row of the design each place belongs to, and tell what does not fit."""
    by_name: dict[str, list[int]] = {}
    for i, row in enumerate(design.rows):
        by_name.setdefault(row.name, []).append(i)
    keyed = [_tells_plate(row, design, by_name, plates) for row in design.rows]
    matched: list[int | None] = []
    lacking, twice = [], []
    for file, plate, sample, well in places:
        fits = [
            i
            for i in (*by_name.get(sample, ()), *(by_name.get("", ()) if sample else ()))
            if design.rows[i].well in ("", well)
            and _is_file(design.rows[i].file, paths[file])
            and (not keyed[i] or design.rows[i].plate == plate)
        ]
        matched.append(fits[0] if len(fits) == 1 else None)
        if len(fits) > 1:
            twice.append(sample or well)
        elif not fits and sample:
            lacking.append(sample)
    _tell_unmatched(lacking, twice, design, found)
    _tell_spread_labels(places, matched, design, keyed, found)
    return matched


def _is_file(told: str, path: Path) -> bool:
    """Return whether a row of the design means a file, by its name, with a folder or without."""
    return told in ("", str(path)) or re.split(r"[\\/]", told)[-1] in (path.name, path.stem)


def _tells_plate(
    row: Sample, design: PanelDesign, by_name: Mapping[str, Sequence[int]], plates: set[str]
) -> bool:
    """Return whether a row's plate tells samples apart; otherwise it is only what to call it."""
    if not row.plate or row.plate in plates:
        return bool(row.plate)
    others = (design.rows[i] for i in by_name[row.name])
    alike = [o for o in others if (o.file, o.well) == (row.file, row.well)]
    return len(alike) > 1


def _tell_unmatched(
    lacking: Sequence[str], twice: Sequence[str], design: PanelDesign, found: Owners
) -> None:
    names = list(dict.fromkeys(lacking))
    if names:
        expected = "a row of the design file for each sample"
        near = [
            f"{one!r} there for {own!r}"
            for own, one in find_spelt_otherwise(names, sorted(design.names))
        ]
        spelt = f"; spelt otherwise: {_list(near)}" if near else ""
        got = f"{len(names)} without one: {_list(names)}{spelt}"
        action = (
            "add them, with the plate or the file as the panel's files have it where the row "
            "tells one; an empty patient_id leaves a sample out"
        )
        found.problems.append(Problem("sample", expected, got, action=action))
    names = list(dict.fromkeys(twice))
    if names:
        expected = "one row of the design file for each sample, file, plate and well"
        got = f"several fit {len(names)}: {_list(names)}"
        action = "tell the plate, the file or the well in each of them"
        found.problems.append(Problem("sample", expected, got, action=action))


def _tell_spread_labels(
    places: Sequence[tuple[int, str, str, str]],
    matched: Sequence[int | None],
    design: PanelDesign,
    keyed: Sequence[bool],
    found: Owners,
) -> None:
    """Tell rows whose plate is none of the files', though their sample is on several."""
    held: dict[int, set[tuple[int, str]]] = {}
    for (file, plate, _, _), row in zip(places, matched, strict=True):
        if row is not None and design.rows[row].plate and not keyed[row]:
            held.setdefault(row, set()).add((file, plate))
    wrong = [design.rows[row].name for row, where in held.items() if len(where) > 1]
    if wrong:
        expected = "a plate as the panel's files call it, where a sample is on several"
        got = f"another one for {len(wrong)}: {_list(wrong)}"
        found.problems.append(Problem("plate", expected, got, action="correct it, or leave it out"))


def _find_late(rows: Sequence[Sample]) -> list[Problem]:
    expected = "a sample taken before the infusion began"
    action = "leave it out (empty patient_id): what is measured later is no predictor"
    return [
        Problem("sample_date", expected, f"{row.name or row.well} taken after it", action=action)
        for row in rows
        if row.timing == "after" and row.patient_id
    ]


def _name_samples(
    places: Sequence[tuple[int, str, str, str]], belongs: Mapping[int, int], design: PanelDesign
) -> dict[int, str]:
    """Return what the sample of each place is called from here on.

    Places of one name, one patient and one date are one sample. A name that several samples have
    is told apart by the patient, and by the date where they are of one patient.
    """
    identity = {}
    of_name: dict[str, set[object]] = {}
    of_patient: dict[tuple[str, str], set[object]] = {}
    for i, at in belongs.items():
        row = design.rows[at]
        name = places[i][2] if row.name else ""
        identity[i] = name, row
        of_name.setdefault(name, set()).add((row.patient_id, row.sample_date, row.infusion_start))
        dates = of_patient.setdefault((name, row.patient_id), set())
        dates.add((row.sample_date, row.infusion_start))
    names: dict[int, str] = {}
    for i, (name, row) in identity.items():
        patient = row.patient_id or "left out"
        several = len(of_patient[name, row.patient_id]) > 1
        who = f"{patient}, {row.sample_date or 'no date'}" if several else patient
        alone = bool(name) and len(of_name[name]) == 1
        names[i] = name if alone else f"{name} ({who})" if name else who
        if not name and who in design.names:
            names[i] = f"{who} (by well)"
    return names
