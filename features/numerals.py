"""One grammar for numbers, wherever people write them: files, requests, forms, commands.

Python's own is wider than what people mean: it reads ``1_0`` as ten, ``infinity`` and ``nan`` as
numbers, and digits of other scripts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal

__all__ = [
    "DecimalSign",
    "combine_signs",
    "find_decimal",
    "may_have_thousands",
    "parse_number",
    "settle_decimal",
]

DecimalSign = Literal[".", ","]
"""What stands before the decimals of a number."""

_POINT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
# 1,500 may be one and a half or fifteen hundred; 0,500 and 12,50 can only be decimals.
_GROUPED = {",": re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")}
_GROUPED["."] = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")


def parse_number(text: str, *, decimal: DecimalSign | None = None) -> float | None:
    """Return the number that a text writes, None where it writes none that is sure.

    Parameters
    ----------
    text : str
        ASCII digits with a sign, decimals after ``.`` or ``,``, and a power of ten (``1e-3``).
        Nothing else is a number: no separators of thousands, no words, no spaces.
    decimal : {".", ","} or None
        What is known to stand before decimals. None: both may, but ``1,500`` is none that is
        sure. With ``,`` it is 1.5, and ``1.500`` is not sure.

    Examples
    --------
    >>> parse_number("7,5"), parse_number("1,500"), parse_number("1_0")
    (7.5, None, None)
    >>> parse_number("1,500", decimal=","), parse_number("1.500", decimal=",")
    (1.5, None)
    """
    if _POINT.fullmatch(text):
        sure = decimal != "," or not _GROUPED["."].fullmatch(text)
    elif decimal != "." and _COMMA.fullmatch(text):
        sure = decimal == "," or not _GROUPED[","].fullmatch(text)
        text = text.replace(",", ".")
    else:
        return None
    value = float(text) if sure else math.nan
    return value if math.isfinite(value) else None


def may_have_thousands(text: str, sign: DecimalSign = ",") -> bool:
    """Return whether a sign in a number may stand before decimals or between thousands.

    Examples
    --------
    >>> may_have_thousands("1,500"), may_have_thousands("0,500"), may_have_thousands("1.500")
    (True, False, False)
    """
    return _GROUPED[sign].fullmatch(text) is not None


def find_decimal(texts: Iterable[str]) -> DecimalSign | None:
    """Return the sign that the texts of one column have before decimals; None if they do not tell.

    Numbers that could have thousands (``1,500``) tell nothing, and neither do texts of both kinds.
    """
    signs: set[DecimalSign] = set()
    for text in texts:
        if _COMMA.fullmatch(text) and not _GROUPED[","].fullmatch(text):
            signs.add(",")
        elif "." in text and _POINT.fullmatch(text) and not _GROUPED["."].fullmatch(text):
            signs.add(".")
    return signs.pop() if len(signs) == 1 else None


def combine_signs(signs: Iterable[DecimalSign | None]) -> DecimalSign | None:
    """Return the sign of a file from those of its columns; None where they do not tell one."""
    found = {sign for sign in signs if sign}
    return found.pop() if len(found) == 1 else None


def settle_decimal(texts: Iterable[str], file: DecimalSign | None) -> DecimalSign | None:
    """Return the sign of one column, where other columns of its file may tell.

    In a file with decimal commas ``1.500`` is not sure. ``1,500`` stays as unsure as it is alone:
    the other columns may have been written by someone else.

    Examples
    --------
    >>> [settle_decimal([text], ",") for text in ("1.500", "1,500", "1.5")]
    [',', None, '.']
    """
    texts = list(texts)
    own = find_decimal(texts)
    return own or (None if any(map(may_have_thousands, texts)) else "," if file == "," else None)
