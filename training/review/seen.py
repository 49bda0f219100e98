"""Which card and which model somebody has read, as a form or a command carries it."""

from __future__ import annotations

from training.approval.case import Digests

__all__ = ["TYPED", "find_changed", "make_mark"]

TYPED = 32
"""Digits of each digest where a person hands them on. Of fewer, somebody who writes cards could
make two that begin alike, and have one read and the other signed."""

_SHOWN = 12


def make_mark(digests: Digests, length: int = 64) -> str:
    """Return what tells this card and this model from any other.

    Parameters
    ----------
    digests : Digests
        As they are now.
    length : int
        Hexadecimal digits of each; fewer where a person types them.
    """
    return f"{digests.card[:length]}-{digests.model[:length]}"


def find_changed(mark: str, digests: Digests) -> list[str]:
    """Return what is no longer as it was read, a sentence each; empty if it is.

    Parameters
    ----------
    mark : str
        As :func:`make_mark` made it when it was read.
    digests : Digests
        As they are now.
    """
    card, _, model = mark.strip().partition("-")
    if not mark.strip():
        return ["it is not said which card and which model were read"]
    if min(len(card), len(model)) < TYPED:
        return [
            f"what is given as read names no card and model in full ({TYPED} digits of each, with "
            "a hyphen between them): take what `ketresponse review status` tells"
        ]
    pairs = (("card", card, digests.card), ("model", model, digests.model))
    return [
        f"the {what} is another one than was read: {seen[:_SHOWN]} then, {now[:_SHOWN]} now; "
        "read it again"
        for what, seen, now in pairs
        if not now.startswith(seen)
    ]
