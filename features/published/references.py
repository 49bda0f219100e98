"""The papers that facts are taken from, and the files in which they are kept here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict

__all__ = ["CHITNENI", "MANGNUS", "SIGTERMANS", "ZHAO", "STRICT", "Cited", "Reference", "read_data"]

STRICT = ConfigDict(extra="forbid")
"""How the typed facts are read: a key that nobody declared is an error."""


@dataclass(frozen=True)
class Reference:
    """Where a fact was printed. `doi` is empty where none is known."""

    __pydantic_config__ = STRICT

    study: str
    year: int
    journal: str
    doi: str

    @property
    def text(self) -> str:
        """The reference in one line."""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"{self.study} {self.year}, {self.journal}{doi}"


MANGNUS = Reference("Mangnus", 2021, "Pain Pract 21:890-897", "10.1111/papr.13056")
SIGTERMANS = Reference("Sigtermans", 2009, "Pain 145:304-311", "10.1016/j.pain.2009.06.023")
ZHAO = Reference("Zhao", 2018, "Curr Pain Headache Rep 22:12", "10.1007/s11916-018-0664-x")
CHITNENI = Reference("Chitneni", 2021, "Cureus 13(10):e18910", "10.7759/cureus.18910")

_PAPERS = {paper.study: paper for paper in (MANGNUS, SIGTERMANS, ZHAO, CHITNENI)}
Cited = Annotated[Reference, BeforeValidator(_PAPERS.__getitem__)]
"""One of these papers, which a data file names by its first author."""


def read_data(name: str) -> bytes:
    """Return the content of one of the data files beside this module."""
    return files("features.published").joinpath("data", name).read_bytes()
