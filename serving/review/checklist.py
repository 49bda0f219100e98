"""Which parts of a card a reviewer has opened, for as long as the pages are served."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from training.card.evidence import PLACE_OF
from training.card.fields import PLACES

__all__ = ["PARTS", "Checklist", "name_parts"]

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
