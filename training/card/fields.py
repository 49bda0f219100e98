"""What a model card must answer: TRIPOD+AI, CHAI and HTI-1, field by field.

Each field has a place on the card and the sources of its answer: entries of the author's file
(``openness.funding``), or answers that the run gives (``run.flow``; :mod:`training.card.answers`).

References
----------
TRIPOD+AI: Collins 2024, doi:10.1136/bmj-2023-078378 (27 items, 52 subitems).
PROBAST+AI: Moons 2025, doi:10.1136/bmj-2024-082505.
CHAI Applied Model Card, schema v0.2, https://github.com/coalition-for-health-ai/mc-schema.
HTI-1: 45 CFR 170.315(b)(11), source attributes of predictive decision support interventions.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

from pydantic import TypeAdapter

from training.card.schema import Table

__all__ = ["FIELDS", "PLACES", "read_rows"]

PLACES = {
    "top": "In plain words",
    "gates": "Gates before approval",
    "data_protection": "Data protection",
    "use": "How to use the number, and how not",
    "population": "Patients",
    "outcome": "Outcome",
    "predictors": "Predictors and missing data",
    "model": "How the estimate is made",
    "performance": "Performance",
    "calibration": "Calibration",
    "decision": "Decision curve",
    "stability": "Stability and sample size",
    "fairness": "Subgroups and fairness",
    "literature": "Beside what is published",
    "limitations": "Limitations",
    "safety": "Safety context",
    "people": "People, ethics, openness",
    "maintenance": "Maintenance",
    "provenance": "Versions and digests",
    "history": "Review and history",
}
"""Sections of the card, by their anchor: page one, the two of page two, then the annex."""


@dataclass(frozen=True)
class Field:
    """One thing that a card must answer.

    Parameters
    ----------
    table : {"TRIPOD+AI", "CHAI", "HTI-1", "ketresponse"}
        Who asks for it; the last is this project itself.
    id : str
        Number or name there.
    title : str
        What is asked, shortly.
    place : str
        A key of :data:`PLACES`.
    sources : tuple of str
        Where the answer comes from; all of them are needed.
    """

    table: Table
    id: str
    title: str
    place: str
    sources: tuple[str, ...]


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the tables that lie beside this module."""
    text = files("training.card").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


FIELDS = TypeAdapter(tuple[Field, ...]).validate_python(
    [row | {"sources": tuple(row["sources"].split())} for row in read_rows("fields.csv")]
)
"""Everything that a card must answer, table by table."""
