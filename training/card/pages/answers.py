"""Answers to what is asked of every card, each where it belongs and only once.

TRIPOD+AI, CHAI and HTI-1 ask much of the same. An answer stands in the section of the first field
that asks for it, unless that section tells it already, in tables or in words of its own; the index
of fields leads to it from every field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from training.card.checks import LEFT_EMPTY
from training.card.fields import FIELDS, PLACES
from training.card.schema import Body, FieldAnswer
from training.document.document import Block, Bullets, make_table
from training.document.words import capital

__all__ = ["list_asked", "make_answers_blocks"]

_TOLD = frozenset(
    f"run.{key}"
    for key in (
        "title summary interpretation population treatment eligibility flow numbers "
        "outcome label_provenance low_baseline score_labels missing_outcomes predictors "
        "preparation missing calculation partitioning imbalance sample_size version "
        "created stage performance external null_test subgroups useful_result "
        "reliable_result outcome_evaluation contradictions limitations probast"
    ).split()
)
"""Answers of the run that the sections tell by themselves."""

_UPDATE = "run.updating"
"""Told by the section on the model where there was an update; else an answer like any other."""

_HOMES = {"top": "provenance", "gates": "limitations"}
"""Where an answer stands whose place is one of the first two pages, which hold no such tables."""

_SOURCES = {(field.table, field.id): field.sources for field in FIELDS}
_ALONE = {field.sources[0] for field in FIELDS if len(field.sources) == 1}


@dataclass(frozen=True)
class _Asked:
    """What is answered in one section: each field by its table, with how it is answered."""

    place: str
    tables: dict[str, list[tuple[str, str]]]


def _find_home(field: FieldAnswer) -> str:
    return _HOMES.get(field.place, field.place)


def _is_told(body: Body, sources: tuple[str, ...]) -> bool:
    """Return whether sections tell all of an answer, or other fields each part of it."""
    told = _TOLD | {_UPDATE} if body.results.update else _TOLD
    if len(sources) == 1:
        return sources[0] in told
    return all(source in told or source in _ALONE for source in sources)


def _list_once(body: Body) -> Iterator[tuple[str, FieldAnswer]]:
    """Give every answer once, with the section where it stands."""
    seen = set()
    for field in body.fields:
        # A field that is asked no more has no sources: it stands for itself.
        sources = _SOURCES.get((field.table, field.id), (field.table, field.id))
        if sources in seen or _is_told(body, sources):
            continue
        seen.add(sources)
        yield _find_home(field), field


def make_answers_blocks(body: Body, place: str) -> list[Block]:
    """Return the answers that belong into a section, and what its author left open.

    Parameters
    ----------
    body : Body
        Of the card.
    place : str
        A key of :data:`training.card.fields.PLACES`.
    """
    here = [field for home, field in _list_once(body) if home == place]
    missing = dict.fromkeys(f.title.lower() for f in here if f.status == "missing")
    rows = [
        (field.title, capital(field.answer), field.by)
        for field in here
        if field.status != "missing" and field.answer != LEFT_EMPTY
    ]
    blocks: list[Block] = []
    if rows:
        blocks.append(make_table("Further answers", ("asked", "answer", "by"), rows))
    if missing:
        blocks.append(Bullets((f"The author has not answered: {', '.join(missing)}.",), "warning"))
    return blocks


def list_asked(body: Body) -> list[_Asked]:
    """Return every field of every table by the section that answers it, in the card's order."""
    homes = {
        _SOURCES[field.table, field.id]: home
        for home, field in _list_once(body)
        if (field.table, field.id) in _SOURCES
    }
    found: dict[str, dict[str, list[tuple[str, str]]]] = {place: {} for place in PLACES}
    for field in body.fields:
        sources = _SOURCES.get((field.table, field.id), ())
        place = homes.get(sources) or (
            field.place if _is_told(body, sources) else _find_home(field)
        )
        name = f"{field.id} {field.title}" if field.table == "TRIPOD+AI" else field.title
        status = "left empty" if field.answer == LEFT_EMPTY else field.status
        found[place].setdefault(field.table, []).append((name, status))
    return [_Asked(place, tables) for place, tables in found.items() if tables]
