"""Side effects as published: how often something unwanted was seen, and in whom."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from features.published.references import STRICT, Cited, read_data
from features.texts import Text

__all__ = ["SAFETY_FACTS", "describe_safety"]


@dataclass(frozen=True)
class SafetyFact:
    """How often something unwanted was seen: context for people, never a prediction.

    Attributes
    ----------
    matter : str
        What was seen.
    setting : str
        In whom, at which dose.
    events, n : int
        Patients with it, out of how many.
    placebo_events, placebo_n : int or None
        The same under placebo, where there was a placebo arm.
    reference : Reference
        Source.
    note : str
        May be empty.
    """

    __pydantic_config__ = STRICT

    matter: str
    setting: str
    events: int
    n: int
    reference: Cited
    note: str
    placebo_events: int | None
    placebo_n: int | None

    @property
    def rate(self) -> float:
        """Share of patients, in [0, 1]."""
        return self.events / self.n

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the attributes, with `source` in one line for the reference."""
        values = asdict(self) | {"source": self.reference.text}
        values |= {name: Text(values[name]) for name in ("matter", "setting", "note")}
        del values["reference"]
        return values


SAFETY_FACTS = TypeAdapter(tuple[SafetyFact, ...]).validate_json(read_data("safety_facts.json"))
"""Side effects with count and source; what to do about them is not for this software."""


def describe_safety(condition: str) -> list[dict[str, Any]]:
    """Return published side effects as plain values; none for another condition than CRPS.

    Returns
    -------
    list of dict
        `matter`, `setting`, `events`, `n`, `placebo_events`, `placebo_n`, `source`, `note`.
    """
    if condition != "CRPS":
        return []
    return [fact.to_dict() for fact in SAFETY_FACTS]
