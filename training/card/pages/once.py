"""Sections in which no sentence is said a second time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from training.document.document import Block, Bullets, Drawings, Section, Table

__all__ = ["say_once", "split_sentences"]

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\"])")
_SHORTEST = 6
"""Words from which on a sentence is one that a reader knows again."""


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return _END.split(text) if text else []


def say_once(sections: Sequence[Section], said: Iterable[str]) -> list[Section]:
    """Return sections without the sentences that were said before, in them or above them.

    Parameters
    ----------
    sections : sequence of Section
        In the order in which they are read.
    said : iterable of str
        What stands above them, as texts.

    Returns
    -------
    list of Section
        What stands in a table's cells, its caption or a picture stays, and so does a reference: it
        belongs to its table. A section never loses all that it holds.
    """
    known = {_fold(sentence) for text in said for sentence in split_sentences(text)}
    found = []
    for section in sections:
        blocks = [left for block in section.blocks for left in _leave_out(block, known)]
        found.append(replace(section, blocks=tuple(blocks) or section.blocks))
    return found


def _leave_out(block: Block, known: set[str]) -> list[Block]:
    """Return what is left of a block: itself, less, or nothing."""
    match block:
        case str():
            text = _drop(block, known)
            return [text] if text else []
        case Bullets():
            items = tuple(text for item in block.items if (text := _drop(item, known)))
            return [replace(block, items=items)] if items else []
        case Table() | Drawings():
            return [replace(block, note=_drop(block.note, known))]
        case _:
            return [block]


def _drop(text: str, known: set[str]) -> str:
    kept = []
    for sentence in split_sentences(text):
        folded = _fold(sentence)
        if folded in known:
            continue
        if len(folded.split()) >= _SHORTEST and "doi:" not in folded:
            known.add(folded)
        kept.append(sentence)
    return " ".join(kept)


def _fold(sentence: str) -> str:
    return " ".join(sentence.lower().rstrip(".").split())
