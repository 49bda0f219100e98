"""Which card and which model somebody has read, as a form or a command carries it."""

from __future__ import annotations

from training.approval.case import Digests

__all__ = ["find_changed", "make_mark"]

_SHORTEST = 12
"""Digits of a digest that tell it from every other one that there is."""


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
    if min(len(card), len(model)) < _SHORTEST:
        return ["it is not said which card and which model were read"]
    pairs = (("card", card, digests.card), ("model", model, digests.model))
    return [
        f"the {what} is another one than was read: {seen[:_SHORTEST]} then, {now[:_SHORTEST]} now; "
        "read it again"
        for what, seen, now in pairs
        if not now.startswith(seen)
    ]
