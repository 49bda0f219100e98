"""What a table file does not tell about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TableOptions"]


@dataclass(frozen=True)
class TableOptions:
    """How a table file is to be read, where it does not tell.

    Parameters
    ----------
    decimal : {".", ","} or None
        What stands before decimals. None: each column tells. Cells are handed on as they stand;
        whoever reads one as a number says this sign.
    encoding : str or None
        Of a text file, by a name that Python knows (``windows-1252``). None: UTF-8, or UTF-16
        where the file begins with its mark.
    sheet : str, int or None
        Of a workbook: the sheet's name, or its number from 1. None: the only one with cells.
    labels : bool
        Of an SPSS or Stata file: whether cells are the labels of coded values, not the codes.
    number_repeated : bool
        Whether headings that stand several times are told apart by position, ``Pain (1)`` and
        ``Pain (2)``, as where a mapping names the columns that are used. Else they are a problem.
    header_line : int or None
        The line of a text, or row of a sheet, with the headings; what stands above is passed over.
        None: the first one that is not blank.
    data_line : int or None
        The first line below the headings that holds data. None: the one that follows them.
    """

    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    sheet: str | int | None = None
    labels: bool = False
    number_repeated: bool = False
    header_line: int | None = None
    data_line: int | None = None
