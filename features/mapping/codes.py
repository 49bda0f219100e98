"""Codes of an export as they are compared: a number is one code however it was written."""

from __future__ import annotations

import re

from features.numerals import parse_number
from features.texts import clean

__all__ = ["normalise_code"]

_WHOLE = re.compile(r"([+-]?[0-9]+)(?:[.,]0*)?")


def normalise_code(value: object) -> str:
    """Return a code as text: 1, "1", "1.0" and "1,00" are one code.

    Whole numbers lose their decimals, after a point or a comma. "-99,000" stays as it is: it may
    be thousands.
    """
    text = clean(str(value))
    whole = _WHOLE.fullmatch(text)
    # By its digits, not as a float: two long numbers of patients must not become one.
    return str(int(whole[1])) if whole and parse_number(text) is not None else text
