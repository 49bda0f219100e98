"""A panel's own file: one tidy table, written by the import and read back as it was."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from features.errors import InputError, Problem
from features.files.table import parse_table
from features.panel.cells import LOWEST_CT
from features.panel.panel import PANEL_COLUMNS
from features.panel.words import is_no, is_yes

__all__ = ["is_tidy", "parse_tidy"]


_COLUMNS = frozenset({"patient_id", "sample", "assay", "ct", "detected"})


def is_tidy(content: bytes) -> bool:
    """Return whether a file's bytes are those of a tidy panel."""
    if content.startswith(b"PAR1"):
        try:
            return _COLUMNS.issubset(pq.read_schema(io.BytesIO(content)).names)
        except (OSError, ValueError):
            return True  # whoever reads it says that it is damaged
    first = content[:4096].decode("utf-8-sig", errors="replace").lstrip().partition("\n")[0]
    # As a spreadsheet may have saved it: taken for an export, it would lose patients and ceilings.
    columns = {name.strip(' "\r') for name in re.split("[,;\t]", first)}
    return columns >= _COLUMNS


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
            # A spreadsheet writes its own words for yes and no.
            raw["detected"] = raw["detected"].map(
                lambda cell: True if is_yes(cell) else False if is_no(cell) else None
            )
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
