"""A file of SPSS or Stata becomes records: codes, or their labels."""

from __future__ import annotations

import io

import pandas as pd

from features.errors import InputError
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
        Columns by their names. What the file declares missing is empty. With `labels` a coded
        value is its label where it has one.

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
        frame, _ = read(
            io.BytesIO(data),
            apply_value_formats=labels,
            formats_as_category=False,
            encoding=encoding,
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OverflowError) as error:
        raise InputError(f"{name} is a damaged {program} file, or in another encoding") from error
    texts = [
        ["" if value is None or value is pd.NaT else to_text(value).strip() for value in column]
        for column in (frame.iloc[:, i].tolist() for i in range(frame.shape[1]))
    ]
    rows = [list(cells) for cells in zip(*texts, strict=True)]
    return trim([str(name) for name in frame], rows, list(range(1, len(rows) + 1)))
