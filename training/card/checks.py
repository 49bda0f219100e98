"""Whether a card answers everything that it must, and who can fill what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.card.author import AUTHOR_FIELDS, NOT_AVAILABLE, is_reasoned_absence
from training.card.fields import FIELDS
from training.card.schema import FieldAnswer, Status

__all__ = ["count_fields", "fill_fields", "list_missing"]

_AUTHOR = {field.key: field for field in AUTHOR_FIELDS}
_EMPTY_WORDS = frozenset({"", "-", "?", "n/a", "na", "none", "tbd", "todo", "unknown"})
_LEFT_EMPTY = NOT_AVAILABLE + "it is optional and the author's file leaves it empty"


def _find_fault(key: str, text: str, *, optional: bool) -> str:
    """Return what is wrong with an author's answer; empty if nothing is."""
    word = text.strip().lower().rstrip(".")
    if word == "unknown" and _AUTHOR[key].unknown_allowed:
        return ""
    if word in _EMPTY_WORDS:
        if optional and not word:
            return ""
        return f'{key}: {"empty" if not word else repr(text)}; say it, or "{NOT_AVAILABLE}..."'
    if word.startswith(("not available", "n/a")) and not is_reasoned_absence(text):
        return f'{key}: give the reason: "{NOT_AVAILABLE}..."'
    return ""


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
    needed = set(required)
    rows = []
    for field in FIELDS:
        answers, faults = [], []
        for source in field.sources:
            owner, _, key = source.partition(".")
            if owner == "run":
                answers.append(run[key])
                continue
            optional = _AUTHOR[source].optional and source not in needed
            given = author[source]
            text = ", ".join(given) if isinstance(given, list) else str(given)
            fault = _find_fault(source, text, optional=optional)
            if fault:
                faults.append(fault)
            elif text:
                answers.append(text)
        by_author = any(not source.startswith("run.") for source in field.sources)
        rows.append(
            FieldAnswer(
                table=field.table,
                id=field.id,
                title=field.title,
                place=field.place,
                answer="" if faults else "; ".join(answers) or _LEFT_EMPTY,
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
