"""A cohort's panels as arrays beside its clinical data.

Most patients have no panel: their rows are NaN throughout, and they take part in the clinical
estimate only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.errors import InputError, Problem
from features.panel.normaliser import BY_PLATE, PanelNormaliser
from features.panel.panel import Panel, encode_plates, to_matrix
from features.panel.patients import find_spelt_otherwise, tell_spelt_otherwise
from training.fitting.response import TrainingData
from training.panel.procedure import PanelProcedure

__all__ = ["PanelData", "join_panel"]


_FEWEST_ON_PLATE = 3


@dataclass(frozen=True, eq=False)
class PanelData:
    """Labelled patients and their panels.

    Parameters
    ----------
    clinical : TrainingData
        All patients, those without a panel included.
    rows : ndarray of shape (n, n_columns)
        Raw Ct rows: `ceiling` for a non-detect, NaN where not measured; the plate's code in the
        last column where `plates` are known.
    has : ndarray of bool of shape (n,)
        Who has a panel.
    assays : tuple of str
        The columns but the plate's.
    plates : tuple of str
        Plates by code; empty where they are not corrected.
    ceiling : float
        In cycles.
    counts : dict of str to int
        `panels` in the file, `without_course`: those of no eligible patient, `unknown_timing`:
        samples of which it is not known that they were taken before the infusion.
    sha256 : str
        Digest of the panel.
    spelt_otherwise : tuple of (str, str)
        Patients of the panel who are none of the cohort's, and those whose pseudonyms they have
        but for the spelling. They are told to whoever trains, and kept nowhere.
    """

    clinical: TrainingData
    rows: FloatArray
    has: BoolArray
    assays: tuple[str, ...]
    plates: tuple[str, ...]
    ceiling: float
    counts: dict[str, int]
    sha256: str = ""
    spelt_otherwise: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: IntArray | BoolArray) -> PanelData:
        """Return the data of some patients."""
        return replace(
            self, clinical=self.clinical.take(rows), rows=self.rows[rows], has=self.has[rows]
        )

    @property
    def strata(self) -> IntArray:
        """What folds are balanced over: the outcomes, and who has a panel."""
        return np.asarray(self.clinical.strata * 2 + self.has, dtype=np.intp)

    def count(self, horizon: str) -> tuple[int, int]:
        """Return how many with a panel have a known outcome at a horizon, and the events."""
        y = self.clinical.y[horizon][self.has]
        return int((~np.isnan(y)).sum()), int(np.nansum(y))

    def make_normaliser(self, procedure: PanelProcedure) -> PanelNormaliser:
        """Return the unfitted normaliser of these rows."""
        reference: str | list[int] = (
            procedure.reference
            if isinstance(procedure.reference, str)
            else [self.assays.index(name) for name in procedure.reference]
        )
        return PanelNormaliser(
            ceiling=self.ceiling,
            reference=reference,
            n_references=procedure.n_references,
            min_detected=procedure.min_detected,
            plate_column=len(self.assays) if self.plates else None,
        )


def join_panel(
    panel: Panel, clinical: TrainingData, patients: Sequence[str], procedure: PanelProcedure
) -> PanelData:
    """Put the panels of a cohort's patients beside their clinical data.

    Parameters
    ----------
    panel : Panel
        With one sample per patient, taken before the infusion.
    clinical : TrainingData
        The eligible patients.
    patients : sequence of str
        `patient_id` of each of them.
    procedure : PanelProcedure
        Whether plates are corrected, and the references asked for.

    Raises
    ------
    InputError
        If nobody has a panel, a sample was taken after the infusion began, or a reference
        assay that is asked for is not in the panel.
    """
    timing = Counter(panel.table.drop_duplicates("sample")["timing"])
    matrix = to_matrix(panel)
    place = {patient: i for i, patient in enumerate(matrix.patients)}
    found = np.array([place.get(str(patient), -1) for patient in patients], dtype=np.intp)
    has = found >= 0
    near = find_spelt_otherwise(matrix.patients, [str(patient) for patient in patients])
    problems = []
    if timing["after"]:
        problems.append(
            Problem(
                "timing",
                "samples taken before the infusion began",
                f"{timing['after']} taken after it",
                action="leave them out: what is measured later is no predictor",
            )
        )
    if not has.any():
        problems.append(
            Problem(
                "patient_id",
                "patients of the cohort",
                f"{len(matrix.patients)} patients, none of them eligible in the cohort"
                + (f": {tell_spelt_otherwise(near)}" if near else ""),
                action="give the panel's samples the cohort's pseudonyms (design file)",
            )
        )
    own = [matrix.plates[i] if i >= 0 else "" for i in found]
    plates = _find_plates(own) if procedure.plates else ()
    problems += _check_references(procedure, matrix.assays, plates)
    if problems:
        raise InputError("panel", problems)
    rows = np.where(has[:, np.newaxis], matrix.ct[found], np.nan)
    if plates:
        rows = np.column_stack([rows, encode_plates(own, plates)])
    return PanelData(
        clinical=clinical,
        rows=rows,
        has=has,
        assays=matrix.assays,
        plates=plates,
        ceiling=matrix.ceiling,
        counts={
            "panels": len(matrix.patients),
            "without_course": len(matrix.patients) - len(np.unique(found[has])),
            "unknown_timing": timing["unknown"],
        },
        sha256=panel.sha256,
        spelt_otherwise=near,
    )


def _check_references(
    procedure: PanelProcedure, assays: Sequence[str], plates: Sequence[str]
) -> list[Problem]:
    """Return what keeps the references that are asked for from being chosen."""
    if not isinstance(procedure.reference, str):
        return [
            Problem("panel.reference", "assays of the panel", repr(name))
            for name in procedure.reference
            if name not in assays
        ]
    if procedure.reference != BY_PLATE or plates:
        return []
    expected = (
        f"for {BY_PLATE}, two plates with {_FEWEST_ON_PLATE} of the cohort's patients or more"
    )
    got = "fewer" if procedure.plates else "plates = false, by which they are not told apart"
    action = "take normfinder, which needs no plates"
    return [Problem("panel.reference", expected, got, action=action)]


def _find_plates(own: Sequence[str]) -> tuple[str, ...]:
    """Return the plates that can be told apart, from that of each patient."""
    # A plate that holds one or two samples is not corrected, and may bear a sample's name.
    large = sorted(p for p, n in Counter(own).items() if p and n >= _FEWEST_ON_PLATE)
    return tuple(large) if len(large) > 1 else ()
