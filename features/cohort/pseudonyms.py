"""Which patient_ids are nobody's, and which may be one patient's in two ways of writing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from features.errors import Problem
from features.texts import squash
from features.totals import TOTALS

__all__ = ["find_alike", "find_totals"]

# Below a list of patients these are no patients either, though they are short.
_SHORT = frozenset(
    "n min max minmax std se iqr range var count all allpatients overall mw ges mittel anzahl "
    "aantal som ensemble effectif".split()
)
_SIGNS = frozenset("\u03a3\u2211\u00d8")
_LONG = "|".join(sorted(word for word in TOTALS if len(word) > 3))
_SEVERAL = re.compile(rf"(?:{_LONG})(?:{'|'.join(sorted(TOTALS | _SHORT))})*")
# "N = 48", "Total (n = 48)", "Mean \u00b1 SD", "Sum: 3": the word stands before the sign.
_MARKS = frozenset("=([\u00b1+:")
_BEHIND = re.compile(r"(?<=\w)\s*(?:[=(\[\u00b1]|\+/|:(?!\S)).*", re.DOTALL)
# Signs beside a letter, and zeros before a digit; 1-12 does not become 112.
_IDLE = re.compile(r"(?<!\d)(?:[\W_]+|0+(?=\d))|[\W_]+(?!\d)")


def find_totals(patients: Sequence[object], numbers: Sequence[int]) -> list[Problem]:
    """Return a problem for each line that sums up others and would pass for a patient.

    Parameters
    ----------
    patients : sequence
        The patient_id of each row; what is no text is passed over.
    numbers : sequence of int
        What each row is called.
    """
    expected = "a patient's pseudonym"
    action = "delete the line from the file; if it is a patient, give another pseudonym"
    return [
        Problem("patient_id", expected, f"{patient!r}, a word for totals", row, action)
        for row, patient in zip(numbers, patients, strict=True)
        if isinstance(patient, str) and _is_total(patient)
    ]


def _is_total(name: str) -> bool:
    if name[-1:].isdigit() and _MARKS.isdisjoint(name):
        return False  # most pseudonyms are done with at once
    word = squash(_BEHIND.sub("", name))
    return (
        word in TOTALS
        or word in _SHORT
        or _SEVERAL.fullmatch(word) is not None
        or name.strip() in _SIGNS
    )


def find_alike(patients: Sequence[object]) -> list[list[int]]:
    """Return which patient_ids differ only by case, spaces, signs or leading zeros.

    Parameters
    ----------
    patients : sequence
        The patient_id of each row; what is no text is passed over.

    Returns
    -------
    list of list of int
        For each patient_id that is written in several ways, the first row of each, from 0.

    Examples
    --------
    >>> find_alike(["P 01", "p1", "P-2", "1-12", "11-2"])
    [[0, 1]]
    """
    first: dict[str, int] = {}
    for row, patient in enumerate(patients):
        if isinstance(patient, str):
            first.setdefault(patient, row)
    groups: dict[str, list[int]] = {}
    for patient, row in first.items():
        groups.setdefault(_reduce(patient), []).append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def _reduce(patient: str) -> str:
    text = patient.casefold()
    return text if text.isalnum() and "0" not in text else _IDLE.sub("", text)
