"""The wells of one file as they stand, and the headings by which they are found."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from features.errors import Problem

__all__ = [
    "ASSAY_HEADINGS",
    "DELIMITERS",
    "LAYOUTS",
    "MOST_PROBLEMS",
    "SAMPLE_HEADINGS",
    "Layout",
    "RawPanel",
    "squeeze",
]

Layout = Literal["auto", "long", "samples_in_rows", "samples_in_columns"]
LAYOUTS = ("auto", "long", "samples_in_rows", "samples_in_columns")
DELIMITERS = ("\t", ",", ";")
SAMPLE_HEADINGS = ("samplename", "sample", "sampleid", "sampleinfosampleid")
ASSAY_HEADINGS = (
    "detectorname",
    "detector",
    "targetname",
    "target",
    "assayname",
    "assay",
    "mirna",
    "gene",
    "assayassayname",
)
MOST_PROBLEMS = 1000


@dataclass(frozen=True, eq=False)
class RawPanel:
    """The wells of one file.

    Attributes
    ----------
    wells : DataFrame of str
        Columns `sample`, `assay`, `cell` (the Ct as it stands), `flag` (words with ``;``
        between), `plate`, `platform`.
    layout : str
        How the file was read.
    left_out : Counter of str
        What was not taken as a well, in words, with counts.
    problems : tuple of Problem
        Lines that do not fit.
    """

    wells: pd.DataFrame
    layout: str
    left_out: Counter[str]
    problems: tuple[Problem, ...]


def squeeze(header: str) -> str:
    """Return a heading without case, blanks and signs; instruments write Ct with a Cyrillic т."""
    latin = header.replace("\u0442", "t").replace("\u0422", "t").replace("\u03a4", "t")
    return re.sub(r"[^a-z0-9]", "", latin.lower())
