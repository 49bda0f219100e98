"""The optional microRNA panel: one tidy table, and the array that a model's transformer takes.

A non-detect is a censored value: the assay was run and nothing was seen within the cycles that
count, the ceiling. A cell that is not there was not measured. The two are never mixed up: in the
array a non-detect stands at the ceiling and what was not measured is NaN.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray, IntArray
from features.cohort.cohort import is_synthetic_id
from features.errors import InputError, Problem

__all__ = [
    "PANEL_COLUMNS",
    "Panel",
    "PanelMatrix",
    "apply_ceiling",
    "combine_wells",
    "encode_plates",
    "to_matrix",
]


PANEL_COLUMNS = {
    "patient_id": "str",
    "sample": "str",
    "assay": "str",
    "ct": "float64",
    "detected": "bool",
    "ceiling": "float64",
    "flag": "str",
    "replicates": "int64",
    "spread": "float64",
    "plate": "str",
    "platform": "str",
    "sample_date": "datetime64[s]",
    "timing": "str",
}
"""Columns of the tidy table and their types."""

_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Panel:
    """A checked panel.

    Attributes
    ----------
    table : DataFrame
        One row per sample and assay. `patient_id`, `sample`, `assay`; `ct` in cycles, NaN when
        not detected; `detected`; `ceiling`, the cycle from which nothing counts as detected;
        `flag`, the instrument's words with ``;`` between; `replicates`, wells combined, and
        `spread`, largest minus smallest Ct of the detected ones (NaN with fewer than two);
        `plate`, `platform` (with ``+`` between where a cell comes from several); `sample_date`
        (NaT where unknown); `timing`: before, same_day or unknown, seen from the start of the
        infusion.
    """

    table: pd.DataFrame

    @property
    def synthetic(self) -> bool:
        """Whether any patient is simulated."""
        return any(map(is_synthetic_id, self.table["patient_id"].unique().tolist()))

    @property
    def sha256(self) -> str:
        """Digest of the content, whatever the order of the rows."""
        keys = ["patient_id", "sample", "assay"]
        text = self.table.sort_values(keys).to_csv(index=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class PanelMatrix:
    """A panel as an array.

    Attributes
    ----------
    ct : ndarray of shape (n_patients, n_assays)
        Ct in cycles; `ceiling` for a non-detect; NaN where not measured.
    patients, assays : tuple of str
        Of the rows and the columns.
    plates : tuple of str
        Of each patient, with ``+`` between where the assays were spread over several plates.
    ceiling : float
        Values at or above it are non-detects.
    """

    ct: FloatArray
    patients: tuple[str, ...]
    assays: tuple[str, ...]
    plates: tuple[str, ...]
    ceiling: float


def _join(texts: Sequence[str], separator: str) -> str:
    words = [word for text in texts for word in text.split(separator) if word]
    return separator.join(dict.fromkeys(words))


def combine_wells(wells: pd.DataFrame) -> pd.DataFrame:
    """Combine the wells of each sample and assay.

    A cell counts as detected when at least half of its wells are; its Ct is then the mean of the
    detected wells. With fewer it is a non-detect: one lucky well of three says little. Its
    ceiling is the lowest of its wells'.

    Parameters
    ----------
    wells : DataFrame
        Columns `sample`, `assay`, `ct` (NaN where not detected), `detected`, `ceiling`, `flag`,
        `plate`, `platform`.

    Returns
    -------
    DataFrame
        One row per sample and assay, in the order in which samples, then assays, first come;
        the columns of `wells` with `replicates` and `spread`.
    """
    sample_of, samples = pd.factorize(wells["sample"])
    assay_of, assays = pd.factorize(wells["assay"])
    keys, cell_of = np.unique(sample_of * np.intp(len(assays)) + assay_of, return_inverse=True)
    order = np.argsort(cell_of, kind="stable")
    starts = np.searchsorted(cell_of[order], np.arange(len(keys)))
    detected = wells["detected"].to_numpy()[order]
    ct = wells["ct"].to_numpy()[order]
    n_wells = np.add.reduceat(np.ones(len(order), dtype=np.int64), starts)
    n_detected = np.add.reduceat(detected.astype(np.int64), starts)
    total = np.add.reduceat(np.where(detected, ct, 0.0), starts)
    highest = np.maximum.reduceat(np.where(detected, ct, -np.inf), starts)
    lowest = np.minimum.reduceat(np.where(detected, ct, np.inf), starts)
    ceiling = np.minimum.reduceat(wells["ceiling"].to_numpy()[order], starts)
    mean = total / np.maximum(n_detected, 1)
    seen = (n_detected > 0) & (2 * n_detected >= n_wells) & (mean < ceiling)
    several = n_detected > 1
    with np.errstate(invalid="ignore"):
        spread = highest - lowest
    texts = {
        column: _combine_texts(wells[column].iloc[order], starts, n_wells, separator)
        for column, separator in (("flag", ";"), ("plate", "+"), ("platform", "+"))
    }
    return pd.DataFrame(
        {
            "sample": pd.Series(samples.take(keys // len(assays)), dtype="str"),
            "assay": pd.Series(assays.take(keys % len(assays)), dtype="str"),
            "ct": np.where(seen, mean, np.nan),
            "detected": seen,
            "ceiling": ceiling,
            "replicates": n_wells,
            "spread": np.where(several, spread, np.nan),
            **texts,
        }
    )


def _combine_texts(
    texts: pd.Series[Any], starts: IntArray, sizes: IntArray, separator: str
) -> pd.Series[Any]:
    """Return the different texts of each cell's wells, joined."""
    codes, values = pd.factorize(texts)
    first = codes[starts]
    mixed = np.flatnonzero(np.maximum.reduceat(codes, starts) != np.minimum.reduceat(codes, starts))
    joined = values.take(first).to_numpy(dtype=object)
    for cell in mixed:
        held = values.take(codes[starts[cell] : starts[cell] + sizes[cell]])
        joined[cell] = _join(held.tolist(), separator)
    return pd.Series(joined, dtype="str")


def apply_ceiling(table: pd.DataFrame, ceiling: float) -> pd.DataFrame:
    """Return a tidy table in which every Ct at or above a ceiling is a non-detect.

    Parameters
    ----------
    table : DataFrame
        As :attr:`Panel.table`.
    ceiling : float
        In cycles.

    Raises
    ------
    InputError
        If the table has non-detects at a lower ceiling: what was not seen within 35 cycles may
        or may not have been seen within 40.
    """
    lower = int((~table["detected"] & (table["ceiling"] < ceiling)).sum())
    if lower:
        expected = f"non-detects at {ceiling:g} cycles or more"
        got = f"{lower} non-detects at fewer cycles"
        action = "import it with --ceiling, if its run had more cycles"
        raise InputError("panel", [Problem("ceiling", expected, got, action=action)])
    detected = table["detected"] & (table["ct"] < ceiling)
    return table.assign(ct=table["ct"].where(detected), detected=detected, ceiling=ceiling)


def to_matrix(
    panel: Panel, *, assays: Sequence[str] | None = None, ceiling: float | None = None
) -> PanelMatrix:
    """Return a panel as an array.

    Parameters
    ----------
    panel : Panel
        With one sample per patient.
    assays : sequence of str or None
        The columns wanted, such as those of a model; one that the panel does not have is NaN
        throughout. None: all, in the order in which they first come.
    ceiling : float or None
        The model's ceiling. None: the lowest ceiling of the panel, so that non-detects of
        different platforms mean the same.

    Raises
    ------
    InputError
        If a patient has several samples, or as :func:`apply_ceiling` does.
    """
    table = panel.table
    pairs = table[["patient_id", "sample"]].drop_duplicates()
    several = pairs["patient_id"].value_counts()
    repeated = [str(patient) for patient in several.index[several > 1]]
    if repeated:
        got = f"several for {len(repeated)}: {', '.join(repeated[:_SHOWN])}"
        action = (
            "choose one before the infusion, and empty the others' patient_id in the design file"
        )
        problem = Problem("sample", "one sample for each patient", got, action=action)
        raise InputError("panel", [problem])
    limit = float(table["ceiling"].min()) if ceiling is None else ceiling
    table = apply_ceiling(table, limit)
    row_of, patients = pd.factorize(table["patient_id"])
    wanted = pd.Index(table["assay"].unique() if assays is None else list(assays))
    column_of = wanted.get_indexer(pd.Index(table["assay"]))
    ct = np.full((len(patients), len(wanted)), np.nan)
    there = column_of >= 0
    values = table["ct"].fillna(limit).to_numpy()
    ct[row_of[there], column_of[there]] = values[there]
    plates = table[["patient_id", "plate"]].drop_duplicates().sort_values("plate")
    joined = plates.groupby("patient_id", sort=False)["plate"].agg(
        lambda names: _join(names.tolist(), "+")
    )
    return PanelMatrix(
        ct,
        tuple(map(str, patients)),
        tuple(map(str, wanted)),
        tuple(joined.loc[list(patients)].tolist()),
        limit,
    )


def encode_plates(plates: Sequence[str], known: Sequence[str]) -> FloatArray:
    """Return each plate's position among the known ones, NaN for a new plate.

    Parameters
    ----------
    plates : sequence of str of length n
        Plate of each sample.
    known : sequence of str
        Plates of the training cohort, in the order that gives their codes.
    """
    codes = {plate: float(code) for code, plate in enumerate(known)}
    return np.array([codes.get(plate, np.nan) for plate in plates], dtype=np.float64)
