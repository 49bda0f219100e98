"""Whether a card answers everything that it must, and who can fill what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from training.approval.reasons import count_words, find_repeated, fold, is_alike
from training.card.author import (
    AUTHOR_FIELDS,
    DECLARED_REAL,
    NOT_AVAILABLE,
    AuthorField,
    is_reasoned_absence,
)
from training.card.fields import FIELDS
from training.card.schema import FieldAnswer, Status

__all__ = [
    "LEFT_EMPTY",
    "count_fields",
    "fill_fields",
    "find_declaration_fault",
    "find_faults",
    "list_missing",
    "require",
]

_EMPTY_WORDS = frozenset({"", "-", "?", "n/a", "na", "none", "tbd", "todo", "unknown"})
_ASKED = [
    sentence
    for field in AUTHOR_FIELDS
    for sentence in (field.question, field.key, field.key.partition(".")[2])
]
LEFT_EMPTY = NOT_AVAILABLE + "it is optional and the author's file leaves it empty"
"""The answer of an optional field that its author has left empty."""

_FEWEST_WORDS = 2
_LONG_WORD, _DIFFERENT_LETTERS = 8, 5
_FEWEST_DIGITS = 3


def require(flags: Sequence[str]) -> tuple[str, ...]:
    """Return the optional entries of the author's file that a model with these flags needs."""
    return ("extra.leakage_review",) if flags else ()


def find_faults(author: Mapping[str, Any], *, required: Iterable[str] = ()) -> dict[str, str]:
    """Return what is wrong with an author's answers, by entry; empty where nothing is.

    An answer is missing where nothing is said, where it is the template's own sentence, where it
    holds no words, and where it is that of an earlier entry, or nearly so: somebody who answers
    every question alike has read none.

    Parameters
    ----------
    author : mapping
        :func:`training.card.author.read_author`; an entry that is not there is empty.
    required : iterable of str
        Optional entries that this model needs all the same.
    """
    needed = set(required)
    faults: dict[str, str] = {}
    said: list[tuple[str, str]] = []
    for field in AUTHOR_FIELDS:
        text = _write(author.get(field.key, ""))
        fault = _find_fault(field, text, optional=field.optional and field.key not in needed)
        if not fault and text and not field.name:
            alike = find_repeated(_strip_absence(text), said)
            if alike:
                fault = f"{field.key}: the answer of {alike} again; say what is true of this one"
            elif not _is_unknown(field, text):
                said.append((field.key, _strip_absence(text)))
        if fault:
            faults[field.key] = fault
    return faults


def find_declaration_fault(author: Mapping[str, Any]) -> str:
    """Return what is wrong with an author's declaration that the patients are real.

    Empty where one of the authors has declared it by name.
    """
    name, authors = str(author.get(DECLARED_REAL, "")), author.get("people.authors", [])
    if not name.strip():
        return f"{DECLARED_REAL} in the author's file names the author who declares it"
    if fold(name) not in {fold(one) for one in authors}:
        return f"{DECLARED_REAL} in the author's file has to name one of people.authors"
    return ""


def _write(given: object) -> str:
    return ", ".join(given) if isinstance(given, list) else str(given)


def _strip_absence(text: str) -> str:
    """Return an answer, or of one that is not available the reason, for comparison."""
    stripped = text.strip()
    return stripped[len(NOT_AVAILABLE) :] if is_reasoned_absence(stripped) else stripped


def _is_unknown(field: AuthorField, text: str) -> bool:
    return field.unknown_allowed and text.strip().lower().rstrip(".") == "unknown"


@lru_cache(maxsize=1024)  # every gate and page of a card looks at the same answers again
def _is_asked(text: str) -> bool:
    """Return whether a text is a sentence of the template, or nearly so."""
    return any(is_alike(text, asked) for asked in _ASKED)


def _find_fault(field: AuthorField, text: str, *, optional: bool) -> str:
    """Return what is wrong with one answer by itself; empty if nothing is."""
    key, word = field.key, text.strip().lower().rstrip(".")
    if _is_unknown(field, text):
        return ""
    if word in _EMPTY_WORDS:
        if optional and not word:
            return ""
        return f'{key}: {"empty" if not word else repr(text)}; say it, or "{NOT_AVAILABLE}..."'
    if word.startswith(("not available", "n/a")) and not is_reasoned_absence(text):
        return f'{key}: give the reason: "{NOT_AVAILABLE}..."'
    reason = _strip_absence(text)
    if _is_asked(reason):
        return f"{key}: the sentence of the template; answer it"
    if _holds_words(reason, one_is_enough=field.name or field.many):
        return ""
    return f"{key}: {text!r} says nothing in words; answer in a sentence"


def _holds_words(text: str, *, one_is_enough: bool) -> bool:
    """Return whether a text can be an answer: two words, one with a number, or a long one."""
    if one_is_enough:
        return any(letter.isalpha() for letter in text)
    words = count_words(text)
    if words >= _FEWEST_WORDS:
        return True
    if words and sum(letter.isdigit() for letter in text) >= _FEWEST_DIGITS:
        return True  # as a registry or a committee numbers what it has seen
    # One long word: a profession, a hospital, or a sentence of a script without spaces.
    letters = [letter for letter in fold(text) if letter.isalpha()]
    return len(letters) >= _LONG_WORD and len(set(letters)) >= _DIFFERENT_LETTERS


def fill_fields(
    run: Mapping[str, str], author: Mapping[str, Any], *, required: Iterable[str] = ()
) -> list[FieldAnswer]:
    """Answer every field of :data:`training.card.fields.FIELDS`.

    Parameters
    ----------
    run : mapping
        :func:`training.card.answers.answer_from_run`.
    author : mapping
        :func:`training.card.author.read_author`.
    required : iterable of str
        Optional entries of the author's file that this model needs all the same.

    Returns
    -------
    list of FieldAnswer
        `status` is "not available" where the answer is a reason; `missing` tells what to fill.
    """
    found = find_faults(author, required=required)
    rows = []
    for field in FIELDS:
        answers, faults = [], []
        for source in field.sources:
            owner, _, key = source.partition(".")
            if owner == "run":
                answers.append(run[key])
                continue
            text = _write(author.get(source, ""))
            if source in found:
                faults.append(found[source])
            elif text:
                answers.append(text)
        by_author = any(not source.startswith("run.") for source in field.sources)
        rows.append(
            FieldAnswer(
                table=field.table,
                id=field.id,
                title=field.title,
                place=field.place,
                answer="" if faults else "; ".join(answers) or LEFT_EMPTY,
                status=_evaluate(answers, faults),
                by="author" if by_author else "run",
                missing=faults,
            )
        )
    return rows


def _evaluate(answers: Sequence[str], faults: Sequence[str]) -> Status:
    if faults:
        return "missing"
    if all(is_reasoned_absence(answer) for answer in answers):  # none at all: left empty
        return "not available"
    return "filled"


def list_missing(fields: Sequence[FieldAnswer]) -> dict[str, list[str]]:
    """Return what an author has to fill: entry to the fields that wait for it."""
    waiting: dict[str, list[str]] = {}
    for field in fields:
        for fault in field.missing:
            waiting.setdefault(fault, []).append(f"{field.table} {field.id}")
    return waiting


def count_fields(fields: Sequence[FieldAnswer]) -> dict[str, dict[str, int]]:
    """Return for each table how many fields are filled, not available and missing."""
    counts: dict[str, Counter[str]] = {}
    for field in fields:
        counts.setdefault(field.table, Counter())[field.status] += 1
    return {
        table: {status: found[status] for status in ("filled", "not available", "missing")}
        for table, found in counts.items()
    }
