"""What reviewers were shown, and which parts of it they opened, as long as pages are served."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.card.diff import compare_cards
from training.card.evidence import PLACE_OF
from training.card.fields import PLACES
from training.card.schema import Body
from training.review.seen import find_changed, make_mark

if TYPE_CHECKING:  # the desk brings MLflow, which no page needs
    from training.review.file import File

__all__ = ["PARTS", "Checklist", "Shown", "name_parts"]

_MOST_SHOWN = 50

PARTS = {
    anchor: PLACES.get(anchor, "All fields")
    for anchor in dict.fromkeys(("top", *(PLACE_OF[gate] for gate in sorted(PLACE_OF))))
}
"""Parts of a card that a reviewer is led to, by their anchor: page one, and what gates rest on."""


def name_parts(anchors: Sequence[str]) -> list[str]:
    """Return what parts of a card are called; one of an older card goes by its anchor."""
    return [PARTS.get(anchor, anchor) for anchor in anchors]


class Checklist:
    """What each reviewer has opened of each card.

    A card that is made again is another one, and nothing of it was opened.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str], set[str]] = {}

    def add(self, account: str, card: str, part: str) -> None:
        """Note that somebody opened a part; what is no part is passed over.

        Parameters
        ----------
        account : str
            Name of the account.
        card : str
            Digest of the card.
        part : str
            Its anchor, one of :data:`PARTS`.
        """
        if part in PARTS:
            with self._lock:
                self._opened.setdefault((account, card), set()).add(part)

    def read(self, account: str, card: str) -> tuple[str, ...]:
        """Return the anchors of what somebody has opened, in the order of :data:`PARTS`."""
        with self._lock:
            opened = set(self._opened.get((account, card), ()))
        return tuple(part for part in PARTS if part in opened)


class Shown:
    """The cards that were shown, to tell what changed since in one that was then signed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cards: dict[str, Body] = {}

    def add(self, file: File) -> None:
        """Note that a model's card is shown; of many the oldest are forgotten."""
        with self._lock:
            self._cards[make_mark(file.case.digests)] = file.card.body
            for mark in list(self._cards)[:-_MOST_SHOWN]:
                del self._cards[mark]

    def describe_changes(self, seen: str, file: File) -> list[str]:
        """Return what differs in a card from the one that was shown, a line each.

        Parameters
        ----------
        seen : str
            What a form carries: :func:`training.review.seen.make_mark`.
        file : File
            The model as it is now.
        """
        with self._lock:
            before = self._cards.get(seen)
        if before is None or not find_changed(seen, file.case.digests):
            return []
        return [
            f"{change.what}: {change.before} when you read it, {change.after} now"
            for change in compare_cards(before, file.card.body)
        ]
