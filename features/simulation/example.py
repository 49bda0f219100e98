"""A made-up hospital export, to practise on: a simulated cohort as a hospital might write it.

Its columns bear other names, its drugs are written out, its duration is in months, some of its
empty cells hold a code. The patients are those of :mod:`features.simulation.cohort`, and stay
marked as simulated by their pseudonyms.
"""

from __future__ import annotations

import datetime
import io
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import InputError
from features.files.temporary import temporary_folder
from features.simulation.cohort import make_cohort

__all__ = ["make_example_export", "write_example"]

_MAPPING = files(__package__).joinpath("data/mapping.toml").read_text("utf-8")
"""The mapping by which the export becomes a cohort file."""

_NOT_ASKED = -9
_SHARE_CODED = 0.5  # of the scores that are not known
_TYPES = {"1": "I", "2": "II"}
_SEXES = {"female": 1, "male": 2}
_COPIED = {
    "patient_id": "Patient",
    "site": "Centre",
    "age_years": "Age",
    "nrs_t0": "NRS admission",
    "nrs_t1": "NRS discharge",
    "nrs_t2": "NRS follow-up",
    "follow_up_weeks": "Follow-up (weeks)",
    "success_t1": "Better at discharge",
    "success_t2": "Better at follow-up",
}
_WHOLE = ("Age", "NRS admission", "NRS discharge", "NRS follow-up", "Follow-up (weeks)")


def make_example_export(n: int, seed: int) -> pd.DataFrame:
    """Return a made-up export.

    Parameters
    ----------
    n : int
        Patients, at least 1.
    seed : int
        Same seed, same export.

    Returns
    -------
    DataFrame
        A row per patient; numbers, dates and texts as a hospital's own tables hold them, missing
        cells empty or -9.
    """
    table = make_cohort(n, seed=seed).table
    rng = np.random.default_rng([seed, n])
    columns: dict[str, Any] = {ours: table[theirs] for theirs, ours in _COPIED.items()}
    for score in ("NRS discharge", "NRS follow-up"):
        coded = columns[score].isna() & (rng.random(n) < _SHARE_CODED)
        columns[score] = columns[score].mask(coded, float(_NOT_ASKED))
    for name in _WHOLE:
        columns[name] = columns[name].round().astype("Int64")
    columns["Sex"] = table["sex"].map(_SEXES)
    columns["CRPS"] = table["crps_type"].map(_TYPES)
    days = rng.integers(0, 365, n)
    columns["Admitted"] = [
        datetime.date(int(year), 1, 1) + datetime.timedelta(days=int(day))
        for year, day in zip(table["treatment_year"], days, strict=True)
    ]
    columns["Ill for (months)"] = (12 * table["disease_duration_years"]).round(1)
    columns["Home medication"] = _spell_drugs(table["medication_atc"])
    order = ("Patient", "Centre", "Admitted", "Age", "Sex", "CRPS", "Ill for (months)")
    return pd.DataFrame(columns)[[*order, "Home medication", *list(_COPIED.values())[3:]]]


def _spell_drugs(codes: pd.Series[Any]) -> pd.Series[Any]:
    names = _read_drug_names()
    return codes.map(
        lambda listed: ", ".join(names[code] for code in listed.split(";")), na_action="ignore"
    )


def _read_drug_names() -> Mapping[str, str]:
    recoded = tomllib.loads(_MAPPING)["columns"]["medication_atc"]["recode"]
    return {code: name for name, code in recoded.items()}


def _to_csv(export: pd.DataFrame) -> bytes:
    """Return an export as a spreadsheet saves it: semicolons, decimal commas, a mark of UTF-8."""
    told = export.assign(Admitted=[day.strftime("%d.%m.%Y") for day in export["Admitted"]])
    return told.to_csv(index=False, sep=";", decimal=",").encode("utf-8-sig")


def _to_workbook(export: pd.DataFrame) -> bytes:
    """Return an export as an Excel workbook of one sheet."""
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        export.to_excel(writer, sheet_name="Export", index=False)
    return buffer.getvalue()


def write_example(folder: Path, export: pd.DataFrame) -> None:
    """Write an export as CSV and as workbook, with its mapping, into a new folder.

    Raises
    ------
    InputError
        If there is something of this name already, or the folder cannot be made.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already; choose another name")
    try:
        with temporary_folder(folder.resolve().parent, prefix=".example-") as temporary:
            whole = temporary / folder.name
            whole.mkdir()
            (whole / "export.csv").write_bytes(_to_csv(export))
            (whole / "export.xlsx").write_bytes(_to_workbook(export))
            (whole / "mapping.toml").write_text(_MAPPING, "utf-8")
            whole.rename(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}") from error
