"""Codes of an export as they are compared: a number is one code however it was written."""

from __future__ import annotations

import re

__all__ = ["normalise_code"]

_NUMBER = re.compile(r"[+-]?\d+(\.0+)?")


def normalise_code(value: object) -> str:
    """Return a code as text, whole numbers without decimals: 1, "1" and "1.0" are one code."""
    text = str(value).strip()
    return str(int(float(text))) if _NUMBER.fullmatch(text) else text
