"""What is wrong with a review log, in words that name the entry."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from features.errors import Refused
from training.approval.case import Event

__all__ = [
    "SKEW",
    "Row",
    "Stored",
    "Tampered",
    "compute_digest",
    "find_backwards",
    "find_tampering",
    "mark",
    "to_event",
]

SKEW = timedelta(minutes=5)
"""How far the clock may be behind the log's last entry: two machines never agree to the second."""


class Tampered(Refused):
    """The review log, or what it speaks of, is not as it was written."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        listed = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"the review log cannot be trusted:\n{listed}")


@dataclass(frozen=True)
class Row:
    """An entry as it is stored; whoever changes a file can put anything into its cells."""

    number: object
    entry: object
    digest: object
    mac: object


@dataclass(frozen=True)
class Stored:
    """What the two places hold.

    Parameters
    ----------
    store : str
        The log's own random name.
    rows : list of Row
        In the order of their numbers.
    head : tuple of (int, str, str) or None
        Number, digest and mark of the last entry, as it is kept beside the key.
    displaced : int
        Entries of another log that was in the same place before.
    """

    store: str
    rows: list[Row]
    head: tuple[object, object, object] | None
    displaced: int


def compute_digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def mark(key: bytes, *parts: object) -> str:
    """Return the HMAC-SHA-256 of something under the review key, in hexadecimal."""
    return hmac.new(key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()


def _marked(key: bytes, mac: object, *parts: object) -> bool:
    if not isinstance(mac, str):
        return False
    # As bytes: two texts are compared only where both are ASCII, and a forged one need not be.
    return hmac.compare_digest(mac.encode(errors="replace"), mark(key, *parts).encode())


def find_tampering(stored: Stored, key: bytes) -> list[str]:
    """Return what is wrong with a log; empty if it is as it was written.

    Parameters
    ----------
    stored : Stored
        What was read of it.
    key : bytes
        The review key.
    """
    findings = []
    if stored.displaced and not stored.rows:
        findings.append(f"the log that was here, with {stored.displaced} entries, is gone")
    elif stored.displaced:
        findings.append(
            f"the log that was here, with {stored.displaced} entries, was replaced by another"
        )
    odd = [text for row in stored.rows for text in _find_odd_cells(row)]
    if odd:
        return [*findings, *odd]
    if stored.rows and not any(_marked(key, r.mac, "entry", r.digest) for r in stored.rows):
        return [*findings, "the whole log was rewritten: no entry was written with the review key"]
    previous = compute_digest(stored.store)
    for place, row in enumerate(stored.rows, start=1):
        findings += _find_in_row(row, place, previous, key)
        previous = str(row.digest)
    if stored.head is not None:
        findings += _find_at_end(stored, stored.head, key)
    elif stored.rows:
        findings.append("what was kept of the log's end, beside the key, is gone")
    return findings


def _find_odd_cells(row: Row) -> Iterator[str]:
    """Yield which cells hold what the log never writes: bytes, numbers, letters beyond ASCII."""
    for name in ("entry", "digest", "mac"):
        value = getattr(row, name)
        if not isinstance(value, str) or not value.isascii():
            what = "letters beyond ASCII" if isinstance(value, str) else "no text"
            yield f"entry {row.number} was changed: its {name} holds {what}"


def _find_in_row(row: Row, place: int, previous: str, key: bytes) -> list[str]:
    if compute_digest(str(row.entry)) != row.digest:
        return [f"entry {row.number} was changed"]
    if not _marked(key, row.mac, "entry", row.digest):
        return [f"entry {row.number} was not written with the review key"]
    entry = json.loads(str(row.entry))
    if entry["number"] != row.number or row.number != place or entry["previous"] != previous:
        return [
            f"entry {row.number} does not follow the one before it: entries were removed, "
            "added or moved"
        ]
    return []


def _find_at_end(stored: Stored, head: tuple[object, object, object], key: bytes) -> list[str]:
    number, digest, mac = head
    odd = not isinstance(number, int) or not isinstance(digest, str)
    if odd or not _marked(key, mac, "head", stored.store, number, digest):
        return ["what was kept of the log's end, beside the key, was changed"]
    last = stored.rows[-1].number if stored.rows else 0
    if isinstance(last, int) and isinstance(number, int) and last < number:
        return [
            f"the log ends after entry {last}, but {number} were written: its end was cut off "
            "or an older copy was put back"
        ]
    if not stored.rows or stored.rows[-1].digest != digest:
        return ["the log does not end as it was last written"]
    return []


def find_backwards(events: Sequence[Event]) -> list[str]:
    """Return where the time of a log runs backwards by more than :data:`SKEW`.

    Parameters
    ----------
    events : sequence of Event
        The whole log.
    """
    return [
        f"entry {event.number} is dated {event.at}, before entry {before.number} ({before.at}): "
        "the clock was set back"
        for before, event in pairwise(events)
        if datetime.fromisoformat(event.at) < datetime.fromisoformat(before.at) - SKEW
    ]


def to_event(row: Row) -> Event:
    """Return the event of an entry that was found as it was written."""
    entry = json.loads(str(row.entry))
    return Event(**{name: entry[name] for name in entry if name not in ("store", "previous")})
