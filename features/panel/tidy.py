"""A panel's own file: one tidy table, written by the import and read back as it was."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.files.table import parse_table
from features.panel.cells import LOWEST_CT
from features.panel.panel import PANEL_COLUMNS

__all__ = ["is_tidy", "parse_tidy"]


def is_tidy(content: bytes) -> bool:
    """Return whether a file's bytes are those of a tidy panel."""
    if content.startswith(b"PAR1"):
        return True
    first = content[:4096].decode("utf-8-sig", errors="replace").lstrip().partition("\n")[0]
    # As a spreadsheet may have saved it: taken for an export, it would lose patients and ceilings.
    columns = {name.strip(' "\r') for name in re.split("[,;\t]", first)}
    return {"patient_id", "sample", "assay", "ct", "detected"} <= columns


def parse_tidy(content: bytes, *, name: str) -> pd.DataFrame:
    """Read and check a tidy panel, CSV or Parquet as `ketresponse panel import` writes it.

    Raises
    ------
    InputError
        Listing every column that is missing, of the wrong type or contradicts another one.
    """
    if content.startswith(b"PAR1"):
        try:
            raw = pd.read_parquet(io.BytesIO(content))
        except (OSError, ValueError) as error:
            raise InputError(f"{name} is a damaged Parquet file") from error
    else:
        raw = parse_table(content, name=name).reset_index(drop=True)
        raw = raw.assign(
            **{c: raw[c].replace("", np.nan) for c in ("ct", "spread", "sample_date") if c in raw}
        )
        if "detected" in raw:
            raw["detected"] = raw["detected"].map({"True": True, "False": False})
    action = "make the file with `ketresponse panel import`"
    problems = [
        Problem(column, "a column of that name", "no such column", action=action)
        for column in PANEL_COLUMNS
        if column not in raw
    ]
    if problems:
        raise InputError(name, problems)
    try:
        table = raw[list(PANEL_COLUMNS)].astype(PANEL_COLUMNS)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} is not a tidy panel: a column is of the wrong type") from error
    wrong = {
        "ct": table["detected"] != table["ct"].notna(),
        "ceiling": ~(table["ceiling"] > LOWEST_CT) | (table["ct"] >= table["ceiling"]),
        "timing": ~table["timing"].isin(["before", "same_day", "unknown"]),
        "assay": table.duplicated(["sample", "assay"]),
        "patient_id": table["patient_id"].isna() | (table["patient_id"] == ""),
    }
    problems = [
        Problem(column, "values that agree with the other columns", f"{int(n)} rows")
        for column, n in ((c, mask.sum()) for c, mask in wrong.items())
        if n
    ]
    if problems:
        raise InputError(f"{name} is not a tidy panel", problems)
    return table
