"""One variable: what its values are, and how one value is read.

The same :func:`parse_value` reads a cell of a training table and a field of a request, so that
training and serving cannot differ.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from features.errors import Problem, list_words
from features.numerals import DecimalSign, parse_number
from features.texts import Text, as_text, clean, say, say_list, say_words

__all__ = [
    "MISSING_WORDS",
    "YES_NO_WORDS",
    "KnownAt",
    "Variable",
    "VariableRole",
    "parse_value",
    "spell_choice",
]

Kind = Literal["number", "integer", "yes_no", "category", "text", "codes"]
KnownAt = Literal["always", "baseline", "infusion", "t1", "t2", "later"]
VariableRole = Literal[
    "identifier", "provenance", "group", "eligibility", "predictor", "source", "course", "outcome"
]
MISSING_WORDS = ("", "unknown")
"""What is read as not known, in any case of letters."""

YES_NO_WORDS: Mapping[str, float] = MappingProxyType(
    {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
)
"""The words of a yes/no variable, in any case of letters."""

_MEANT_AS_MISSING = frozenset("nan inf +inf -inf infinity na n/a null none . - ?".split())
# What Excel and LibreOffice show, in any language: #DIV/0!, #REF!, #WERT!, #NAME?, #N/A, #NV.
_SPREADSHEET_ERROR = re.compile(r"#(?:[^\W\d_][\w/]*[!?]|N/[A-Z]|NV|#+)")
_NO_DECIMALS = re.compile(r"(?<=^[0-9])[.,]0+$")
_HAS_SEPARATORS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,' _][0-9]{3})+(?:[.,][0-9]*)?")


@dataclass(frozen=True)
class Variable:
    """One variable of the contract, or one that a study declares.

    Parameters
    ----------
    name : str
        Column name; lower case, with the unit at its end where there is one.
    label : str
        Plain words for people.
    kind : {"number", "integer", "yes_no", "category", "text", "codes"}
        How a value is written. `codes` are ATC codes with `;` between.
    known_at : {"always", "baseline", "infusion", "t1", "t2", "later"}
        When the value is first known. Only what is known at baseline can be a predictor.
    roles : tuple of str
        What the variable is for.
    unit : str
        Unit in plain words; empty where there is none.
    low, high : float or None
        Inclusive range of possible values, in `unit`.
    categories : tuple of str
        The values a `category` may take.
    transform : {"", "log1p"}
        Scale on which a numeric predictor enters a model; log1p(x) = log(1 + x).
    precision : float
        Step to which stored background values are rounded, in `unit`.
    parent : str
        The wider class this one is part of (`strong_opioid` is part of `opioid`); a class and
        its parent are never predictors together.
    codes : tuple of (str, str)
        Pairs of coding system (LOINC, SNOMED, ATC) and code.
    hint : str
        A short note for the form: how to measure or count.
    source : str
        Where the variable and its range come from.
    measure : str
        Of a score that an outcome is read from: what it measures, within a sentence.
    better : {"", "low", "high"}
        Of such a score: which end of the range is the better one.
    """

    name: str
    label: str
    kind: Kind
    known_at: KnownAt
    roles: tuple[VariableRole, ...]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    transform: Literal["", "log1p"] = ""
    precision: float = 1.0
    parent: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    source: str = ""
    measure: str = ""
    better: Literal["", "low", "high"] = ""

    def __post_init__(self) -> None:
        # What people read can be said in their language, also of a dictionary read from a file.
        for name in ("label", "unit", "hint", "measure"):
            object.__setattr__(self, name, as_text(getattr(self, name)))

    @property
    def is_numeric(self) -> bool:
        """Whether the value is a number with a unit (not a yes/no or a category)."""
        return self.kind in ("number", "integer")

    @property
    def is_encodable(self) -> bool:
        """Whether the value can be written as one float."""
        return self.kind in ("number", "integer", "yes_no", "category")

    @property
    def short_unit(self) -> Text:
        """The unit without what its ends mean: "points"."""
        return Text(self.unit.split(",")[0])

    def name_scale(self) -> str:
        """Return what a score measures and its range, as "pain (NRS), 0 to 10 points"."""
        return f"{self.measure}, {self.low:g} to {self.high:g} {self.short_unit}".rstrip()

    def expected(self) -> Text:
        """Return what a right value looks like, for messages and forms."""
        if self.kind == "yes_no":
            return say("yes or no")
        if self.kind == "category":
            return say("one of {words}", words=list_words(self.categories))
        if self.kind == "codes":
            return say("ATC codes with ; between, or none")
        if self.kind == "text":
            return say("text")
        noun = say("a whole number") if self.kind == "integer" else say("a number")
        return say_words(noun, self.range)

    @property
    def range(self) -> Text:
        """Between which ends a number lies, with its unit: "from 0 to 120 years"."""
        unit = say_list(["", self.unit], " ") if self.unit else ""
        if self.low is not None and self.high is not None:
            return say("from {low:g} to {high:g}{unit}", low=self.low, high=self.high, unit=unit)
        if self.low is not None:
            return say("of at least {low:g}{unit}", low=self.low, unit=unit)
        if self.high is not None:
            return say("of at most {high:g}{unit}", high=self.high, unit=unit)
        return Text(self.unit)

    def problem(self, got: str, *, action: str = "", row: int | None = None) -> Problem:
        """Return the problem that `got` is not what this variable expects."""
        return Problem(self.name, self.expected(), got, row=row, action=action)

    def decode(self, value: float) -> float | str | None:
        """Return an encoded value as people write it; None when missing."""
        if math.isnan(value):
            return None
        if self.kind == "yes_no":
            return "yes" if value >= 0.5 else "no"
        if self.kind == "category":
            return self.categories[round(value)]
        return int(value) if float(value).is_integer() else float(value)


def spell_choice(word: str) -> Text:
    """Return a category's word as people write it: "S-ketamine" for ``s_ketamine``."""
    return Text(word.replace("s_ketamine", "S-ketamine").replace("_", " "))


# What programs write for a value that is not known, out of range on purpose.
_CODE = re.compile("-?9+|-[1-8]")


def _show(raw: object) -> str:
    text = str(raw)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _hint(text: str) -> str:
    """Return what to do about a text that is no number."""
    if text.lower() in _MEANT_AS_MISSING:
        return say("leave a missing value empty")
    if _HAS_SEPARATORS.fullmatch(text):
        return say("write it without separators of thousands, and decimals with a point")
    return ""


def _parse_number(variable: Variable, raw: object, decimal: DecimalSign | None) -> float | Problem:
    if isinstance(raw, bool):
        return variable.problem(_show(raw))
    if isinstance(raw, str):
        number = parse_number(raw, decimal=decimal)
        if number is None:
            return variable.problem(_show(raw), action=_hint(raw))
        value = number
    else:
        try:
            value = float(raw)  # type: ignore[arg-type]  # anything else raises, and is reported
        except (TypeError, ValueError, OverflowError):
            return variable.problem(_show(raw))
        if not math.isfinite(value):
            return variable.problem(_show(raw), action=say("leave a missing value empty"))
    if variable.kind == "integer" and not value.is_integer():
        return variable.problem(_show(raw))
    too_low = variable.low is not None and value < variable.low
    too_high = variable.high is not None and value > variable.high
    if too_low or too_high:
        return variable.problem(say("{value:g}", value=value), action=_advise(variable, value))
    return value


def _advise(variable: Variable, value: float) -> str:
    """Return what to do about a number that is out of range."""
    if variable.unit == "years" and 1900 <= value <= 2100:
        return say("a year of birth or onset is no age or duration: `until` of a mapping makes one")
    advice = []
    if _CODE.fullmatch(f"{value:g}"):
        advice.append(say("if it stands for not known, leave it empty, or list it as missing"))
    if variable.unit == "years" and variable.high is not None and 0 <= value / 12 <= variable.high:
        advice.append(say("if this is in months, divide by 12"))
    return say_list(advice, "; ")


def parse_value(
    variable: Variable, raw: object, *, decimal: DecimalSign | None = None
) -> float | str | Problem | None:
    """Read one value as the dictionary expects it.

    Parameters
    ----------
    variable : Variable
        What the value should be.
    raw : object
        A cell of a table or a field of a JSON record. A text is read without invisible
        characters, as a number by :func:`features.numerals.parse_number`.
    decimal : {".", ","} or None
        What is known to stand before decimals in a text.

    Returns
    -------
    float, str, None or Problem
        A float for numbers, yes (1) or no (0) and categories (their position); text for text
        and codes; None when missing (empty, "unknown", NaN or null); a Problem when the value
        cannot be read. A problem is returned, not raised, so that all of them can be listed.
    """
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None
    if isinstance(raw, str):
        raw = clean(raw)
        if raw.lower() in MISSING_WORDS and raw.lower() not in variable.categories:
            return None
    if isinstance(raw, (dict, list, tuple, set)):
        return variable.problem(say("a list or an object"))
    if variable.is_numeric:
        return _parse_number(variable, raw, decimal)
    if variable.kind == "yes_no":
        if isinstance(raw, (bool, np.bool_)):
            return float(raw)
        word = str(raw).lower()
        value = YES_NO_WORDS.get(word)
        return variable.problem(_show(raw)) if value is None else value
    if variable.kind == "category":
        # Whole numbers beside empty cells are saved with decimals by many programs.
        word = _NO_DECIMALS.sub("", str(raw).lower())
        lowered = [category.lower() for category in variable.categories]
        if word in lowered:
            return float(lowered.index(word))
        return variable.problem(_show(raw))
    text = str(raw)
    if variable.kind == "text" and _SPREADSHEET_ERROR.fullmatch(text):
        action = say("a formula has failed in the spreadsheet: correct it, or leave the cell empty")
        return variable.problem(_show(raw), action=action)
    return text
