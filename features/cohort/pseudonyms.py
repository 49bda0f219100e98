"""Which patient_ids are nobody's, and which may be one patient's in two ways of writing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.errors import Problem, list_words
from features.texts import squash
from features.totals import TOTALS

__all__ = ["check_pseudonyms", "find_alike", "find_bare", "find_totals", "tell_alike", "tell_bare"]

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
# Of a patient called by initials.
_INITIALS = re.compile(r"[^\W\d_]{1,3}|(?:[^\W\d_]\. ?){1,3}")
# What a program makes of a pseudonym, or of none. NA may be a patient's initials.
_SPOILT = (
    (
        "a long number that a spreadsheet has cut short",
        "write the pseudonym again, in a column that is formatted as text",
        re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+"),
    ),
    (
        "a word for a missing value",
        "write the pseudonym, or delete the line",
        re.compile(r"nan|null|none|n/a|<na>|missing", re.IGNORECASE),
    ),
)
# Signs beside a letter, and zeros before a digit; 1-12 does not become 112.
_IDLE = re.compile(r"(?<!\d)(?:[\W_]+|0+(?=\d))|[\W_]+(?!\d)")

# Small letters of the Greek and Cyrillic capitals (and some small ones) that look Latin.
_LOOK_LATIN = str.maketrans(
    "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455",
    "abezhikmnoptyxabekmhopctyxijs",
)


def find_totals(patients: Sequence[object]) -> tuple[list[int], list[int]]:
    """Return which lines sum up others and would pass for patients.

    Parameters
    ----------
    patients : sequence
        The patient_id of each row; what is no text is passed over.

    Returns
    -------
    totals : list of int
        Rows, from 0, that are lines of totals.
    doubtful : list of int
        Rows that have a word for totals but are taken for patients: the others have initials
        as well (``SD`` between ``AK`` and ``TR``), and no line is surely one of totals.

    Examples
    --------
    >>> find_totals(["P1", "P2", "SD"]), find_totals(["AK", "TR", "SD"])
    (([2], []), ([], [2]))
    """
    found = [row for row, name in enumerate(patients) if isinstance(name, str) and _is_total(name)]
    if not found:
        return [], []
    others = {name for name in patients if isinstance(name, str)}
    others -= {patients[row] for row in found}
    short = [row for row in found if _INITIALS.fullmatch(str(patients[row]).strip())]
    initials = sum(_INITIALS.fullmatch(name.strip()) is not None for name in others)
    doubtful = len(short) == len(found) and initials > len(others) / 2
    return ([], found) if doubtful else (found, [])


def check_pseudonyms(patients: Sequence[object], numbers: Sequence[int]) -> list[Problem]:
    """Return a problem for each line of totals, and each patient_id that a program has spoilt.

    Parameters
    ----------
    patients : sequence
        The patient_id of each row.
    numbers : sequence of int
        What each row is called.
    """
    expected = "a patient's pseudonym"
    action = (
        'delete the line (a mapping with totals = "leave_out" leaves it out); if it is a patient, '
        "give another pseudonym"
    )
    problems = [
        Problem(
            "patient_id", expected, f"{patients[row]!r}, a word for totals", numbers[row], action
        )
        for row in find_totals(patients)[0]
    ]
    for what, action, pattern in _SPOILT:
        problems += [
            Problem("patient_id", expected, f"{patient!r}, {what}", number, action)
            for number, patient in zip(numbers, patients, strict=True)
            if isinstance(patient, str) and pattern.fullmatch(patient)
        ]
    return problems


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
    """Return which patient_ids differ only by case, spaces, signs, zeros or another alphabet.

    Signs, leading zeros, and letters of another alphabet that look the same (a Cyrillic A).

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
    >>> find_alike(["A1", "\u0410" + "1"])  # the second letter is Cyrillic
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


def tell_alike(patients: Sequence[str]) -> str:
    """Return what to know of patients whose names differ only by spelling; empty where none do.

    Parameters
    ----------
    patients : sequence of str
        The pseudonym of each.

    Examples
    --------
    >>> tell_alike(["s1", "S1", "S 1", "S2"]).rpartition(": ")[-1]
    's1 / S1 / S 1'
    """
    alike = [" / ".join(patients[i] for i in rows) for rows in find_alike(patients)]
    if not alike:
        return ""
    return (
        "patients whose names differ only by case, spaces, signs, leading zeros or letters of "
        "another alphabet are kept apart: "
        f"{list_words(alike)}"
    )


def find_bare(table: pd.DataFrame) -> list[int]:
    """Return the rows, from 0, of which nothing is known but who and which course it is.

    A patient of whom nothing was written, or a note below the table, as
    ``(48 rows affected)``.
    """
    known = table.drop(columns=["patient_id", "course_number", "record_origin"], errors="ignore")
    if known.shape[1] == 0:
        return []
    return [int(row) for row in np.flatnonzero(known.isna().all(axis="columns").to_numpy())]


def tell_bare(lines: Sequence[int]) -> list[str]:
    """Return what to know of the lines that :func:`find_bare` finds: one sentence, or none."""
    if not lines:
        return []
    shown = list_words([str(line) for line in lines], most=5, more=False)
    rows = f"{len(lines)} rows have" if len(lines) > 1 else "a row has"
    return [f"Look again: {rows} nothing but a patient_id ({shown}): a note below the table?"]


def _reduce(patient: str) -> str:
    text = patient.casefold()
    if not text.isascii():
        text = text.translate(_LOOK_LATIN)
    return text if text.isalnum() and "0" not in text else _IDLE.sub("", text)
