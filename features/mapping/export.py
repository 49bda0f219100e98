"""An export as a mapping reads it: its table, and those of the files joined to it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.files.table import read_table
from features.mapping.mapping_file import CohortMapping

__all__ = ["find_joined", "read_export"]


def find_joined(path: Path, mapping: CohortMapping) -> dict[str, Path]:
    """Return the paths of the files joined to an export: they are named from its folder."""
    return {name: path.parent / joined.file for name, joined in mapping.joins.items()}


def read_export(path: Path, mapping: CohortMapping) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Read the files that a mapping is about.

    Parameters
    ----------
    path : Path
        The export.
    mapping : CohortMapping
        It says which they are, and how each is to be read.

    Returns
    -------
    raw : DataFrame of str
        The export, as it stands.
    joined : dict of str to DataFrame of str
        The joined files, by name.

    Raises
    ------
    InputError
        If one of them cannot be read as a table.
    """
    raw = read_table(path, mapping.options)
    joined = find_joined(path, mapping)
    return raw, {
        name: read_table(joined[name], mapping.joins[name].options) for name in mapping.joins
    }
