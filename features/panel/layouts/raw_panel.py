"""The wells of one file as they stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from features.errors import Problem

__all__ = ["LAYOUTS", "MOST_PROBLEMS", "WELL_COLUMNS", "Layout", "RawPanel"]

Layout = Literal["auto", "long", "samples_in_rows", "samples_in_columns"]
LAYOUTS = ("auto", "long", "samples_in_rows", "samples_in_columns")
WELL_COLUMNS = ("sample", "assay", "cell", "flag", "plate", "platform", "well")
MOST_PROBLEMS = 1000


@dataclass(frozen=True, eq=False)
class RawPanel:
    """The wells of one file.

    Attributes
    ----------
    wells : DataFrame of str
        Columns `sample`, `assay`, `cell` (the Ct as it stands), `flag` (words with ``;``
        between), `plate`, `platform`, `well` (as A1; empty where the file does not tell).
    layout : str
        How the file was read.
    left_out : Counter of str
        What was not taken as a well, in words, with counts.
    problems : tuple of Problem
        Lines that do not fit.
    notes : tuple of str
        What to know about the file, without patients' values.
    """

    wells: pd.DataFrame
    layout: str
    left_out: Counter[str]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
