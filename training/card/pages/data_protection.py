"""What a data protection officer asks for: what people answer, and what the software knows."""

from __future__ import annotations

from training.card.schema import Body
from training.document.document import Block, Bullets, make_table
from training.document.words import capital

__all__ = ["make_data_protection_blocks"]

_PLACE = "data_protection"


def make_data_protection_blocks(body: Body) -> list[Block]:
    """Return the questions with their answers, and who gave each; one without says so.

    What the software stores and how is its own to tell; everything else somebody has to answer for.
    """
    asked = [field for field in body.fields if field.place == _PLACE]
    if not asked:
        return [
            Bullets(
                (
                    "Nobody was asked: this card is older than these questions. Make it again "
                    "before the model is used for patients.",
                ),
                "warning",
            )
        ]
    rows = [
        (
            field.title,
            "Not answered." if field.status == "missing" else _finish(field.answer),
            "software" if field.by == "run" else "author",
        )
        for field in asked
    ]
    waiting = sum(field.status == "missing" for field in asked)
    note = f"{waiting} of {len(asked)} wait for an answer (gate 10)." if waiting else ""
    table = make_table("", ("asked", "answer", "by"), rows)
    return [*((Bullets((note,), "warning"),) if note else ()), table]


def _finish(answer: str) -> str:
    return capital(answer) if answer.endswith((".", "!", "?")) else f"{capital(answer)}."
