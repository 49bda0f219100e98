"""What every part of a run's results is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from features.errors import Problem

__all__ = [
    "Horizon",
    "EstimateRow",
    "MetricRow",
    "NotDone",
    "Number",
    "OrNotDone",
    "Outcome",
    "ResultsPart",
    "list_problems",
]

Horizon = Literal["t1", "t2"]
Outcome = Annotated[str, Field(pattern="^(response|kept)$")]
Number = int | float
"""As it stands in a file of the user's: 10 stays 10, for the digest of a card."""


class ResultsPart(BaseModel):
    """A part of the document; nothing that is not named here may stand in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_json(self) -> dict[str, Any]:
        """Return plain values with the keys that were given, and no others."""
        # What was left out stays out: the digest of a card covers every key.
        return self.model_dump(mode="json", exclude_unset=True)


class NotDone(ResultsPart):
    """What stands for a part that was not computed: why, and what would fill it."""

    done: Literal[False]
    reason: str
    command: str = ""

    @property
    def told(self) -> str:
        """The reason, and what to run where that would help."""
        return f"{self.reason}; {self.command}" if self.command else self.reason


_Part = TypeVar("_Part")
_DONE, _NOT_DONE = "(done)", "(not done)"


def _tag(value: object) -> str:
    absent = isinstance(value, Mapping) and value.get("done") is False
    return _NOT_DONE if absent or isinstance(value, NotDone) else _DONE


# Told apart by `done` before anything else is read: of a part that does not fit, the errors name
# what is wrong with it and not that it is no NotDone either.
OrNotDone = Annotated[
    Annotated[_Part, Tag(_DONE)] | Annotated[NotDone, Tag(_NOT_DONE)], Discriminator(_tag)
]
"""A part that was computed, or the reason why it was not."""


class EstimateRow(ResultsPart):
    """An estimate and its 95% interval."""

    estimate: float | None = None
    low: float | None = None
    high: float | None = None


class MetricRow(EstimateRow):
    """A measure of performance."""

    metric: str
    n_failed: int | None = Field(default=None, description="resamples without it")
    note: str = ""


_EXPECTED = {"missing": "an entry", "extra_forbidden": "no such entry"}


def list_problems(err: ValidationError) -> list[Problem]:
    """Return everything that is wrong with a document, by its place in it."""
    problems = []
    for found in err.errors(include_url=False):
        # A place in brackets only says which of two forms of a part was read.
        place = ".".join(str(part) for part in found["loc"] if not str(part).startswith("("))
        words = found["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        got = "nothing" if found["type"] == "missing" else type(found["input"]).__name__
        problems.append(Problem(place or "results", _EXPECTED.get(found["type"], words), got))
    return problems
