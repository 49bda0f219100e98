"""Any export becomes a cohort file: a mapping says how, in TOML.

A mapping has these parts, of which only `[columns]` is needed to import a file (and only
`[variables]` to declare a study's own variables):

``missing``
    Codes that mean "not known" anywhere in the file, beside the empty cell.
``[filter]``
    Raw columns and the value, or list of values, that a row must have to be kept.
``[rows]``
    For a file with more than one row per patient: `time`, the raw column that tells a patient's
    rows apart. `key`, the raw column that names the patient, is the one `patient_id` comes from.
``[columns]``
    One entry per contract (or declared) variable: the name of a raw column, or a table with

    ========== =========================================================================
    `from`     the raw column; for ATC codes also a list of columns
    `at`       the time whose row gives the value (needs `[rows]`); without it, all rows
               of a patient must agree
    `missing`  further codes that mean "not known" in this column
    `recode`   every raw value with what it becomes ("" for not known); a raw value that is
               not listed is a problem
    `unit`     the raw unit, when it is not the dictionary's
    `yes_if`   a comparison such as ">= 6" that makes a yes/no variable
    `separator` what stands between ATC codes, when it is not ``;``
    `constant` one value for every row, in place of `from`
    ========== =========================================================================
``[variables.NAME]``
    A variable of the study's own; see :func:`features.schema.declare_variable`.

Raw columns that no entry uses are dropped, and listed. Numbers compare as numbers: 1, "1" and
"1.0" are the same code. A complete example with comments is in ``docs/mapping.md``.
"""

from __future__ import annotations

import math
import operator
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from features.cohort import parse_cohort
from features.errors import InputError, Problem
from features.schema import CONTRACT, Dictionary, Variable, declare_variable, parse_value
from features.table import did_you_mean, read_bytes

__all__ = ["UNITS", "CohortMapping", "ColumnRule", "ImportReport", "apply_mapping", "read_mapping"]
