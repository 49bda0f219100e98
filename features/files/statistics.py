"""A file of SPSS or Stata becomes records: codes, or their labels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

from features.errors import InputError, list_words
from features.files.records import Records, to_text, trim

__all__ = ["is_spss", "is_stata", "parse_statistics"]

_SPSS = (b"$FL2", b"$FL3")
_STATA = b"<stata_dta>"
_OLD_STATA = range(0x69, 0x74)


def is_spss(data: bytes) -> bool:
    """Return whether bytes are an SPSS file (.sav, .zsav)."""
    return data.startswith(_SPSS)


def is_stata(data: bytes) -> bool:
    """Return whether bytes are a Stata file (.dta) of any version from 105."""
    return data.startswith(_STATA) or (
        data[:1] != b"" and data[0] in _OLD_STATA and data[1:3] in (b"\1\1", b"\2\1")
    )


def parse_statistics(
    data: bytes, *, name: str, labels: bool = False, encoding: str | None = None
) -> Records:
    """Read an SPSS or Stata file.

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        What to call it in an error.
    labels, encoding
        As :class:`~features.files.options.TableOptions` has them.

    Returns
    -------
    Records
        Columns by their names. What the file declares missing is empty. With `labels` coded values
        are their labels, in each column where all have one.

    Raises
    ------
    InputError
        If pyreadstat is not installed, or the file is damaged.
    """
    program = "SPSS" if is_spss(data) else "Stata"
    try:
        import pyreadstat
    except ImportError as error:
        raise InputError(
            f"{name} is a {program} file, for which pyreadstat is needed: pip install '.[files]', "
            "or export it as CSV (UTF-8)"
        ) from error
    read = pyreadstat.read_sav if is_spss(data) else pyreadstat.read_dta
    try:
        frame, told = read(io.BytesIO(data), encoding=encoding)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OverflowError) as error:
        raise InputError(f"{name} is a damaged {program} file, or in another encoding") from error
    columns, partly = [], []
    for heading in frame:
        values = _list_values(frame[heading], told)
        words = told.variable_value_labels.get(str(heading), {}) if labels else {}
        known = {value for value in values if not pd.isna(value)}
        if known & words.keys() and not known <= words.keys():
            partly.append(str(heading))  # a scale with names for its ends is one of numbers
        elif known <= words.keys():
            values = [words.get(value, value) for value in values]
        columns.append(values)
    texts = [
        ["" if value is None or value is pd.NaT else to_text(value).strip() for value in column]
        for column in columns
    ]
    rows = [list(cells) for cells in zip(*texts, strict=True)]
    notes = (f"Read as codes, since not every value has a label: {list_words(partly)}.",)
    return trim(
        [str(name) for name in frame], rows, list(range(1, len(rows) + 1)), notes if partly else ()
    )


def _list_values(column: pd.Series[Any], told: Any) -> list[Any]:
    """Return the values of a column; Stata's short numbers with the digits that they have."""
    short = told.readstat_variable_types.get(column.name) == "float"
    if short and column.dtype == np.float64:
        return list(column.to_numpy(np.float32))
    return column.tolist()
