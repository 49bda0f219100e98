"""Side effects as published: how often something unwanted was seen, and in whom."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from features.published.references import CHITNENI, MANGNUS, SIGTERMANS, ZHAO, Reference

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

    matter: str
    setting: str
    events: int
    n: int
    reference: Reference
    note: str = ""
    placebo_events: int | None = None
    placebo_n: int | None = None

    @property
    def rate(self) -> float:
        """Share of patients, in [0, 1]."""
        return self.events / self.n

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the attributes, with `source` in one line for the reference."""
        values = asdict(self) | {"source": self.reference.text}
        del values["reference"]
        return values


_LOW_DOSE = "low-dose course of up to 14 mg/h, 48 patients (no comparison group)"
_TRIAL = "titrated to about 22 mg/h at 70 kg over 4.2 days, 30 patients an arm"
_PER_CENT_NOTE = "The paper prints a percentage of the 30 patients with any side effect."


def _low_dose(matter: str, events: int, note: str = _PER_CENT_NOTE) -> SafetyFact:
    return SafetyFact(matter, _LOW_DOSE, events, 48, MANGNUS, note)


def _trial(matter: str, ketamine: int, placebo: int, note: str = "") -> SafetyFact:
    return SafetyFact(matter, _TRIAL, ketamine, 30, SIGTERMANS, note, placebo, 30)


SAFETY_FACTS = (
    _low_dose("any side effect", 30, ""),
    _low_dose("dizziness", 14),
    _low_dose("drowsiness", 11),
    _low_dose("nausea", 8),
    _low_dose("headache", 6),
    _low_dose("hallucinations", 0),
    _trial(
        "psychomimetic effects",
        28,
        5,
        "From 93% and 17% in the results; the abstract's 76% and 18% do not fit 30 patients.",
    ),
    _trial("nausea", 19, 5),
    _trial("vomiting", 14, 3),
    _trial("headache", 11, 10),
    SafetyFact(
        "infusion stopped early for a drug high",
        "the same trial, both arms together",
        2,
        60,
        SIGTERMANS,
        "Days 3 and 4; the arm is not told, ketamine is likely.",
    ),
    SafetyFact(
        "hallucinations",
        "continuous course, mean 23.4 mg/h (Correll 2004)",
        6,
        33,
        CHITNENI,
        "Printed as 18%; the count is computed from it.",
    ),
    SafetyFact(
        "raised liver enzymes",
        "continuous course, mean 23.4 mg/h (Correll 2004)",
        4,
        33,
        ZHAO,
        "Back to normal within 20 days.",
    ),
    SafetyFact(
        "raised liver enzymes",
        "racemic ketamine, 4.5 days (Goebel 2015)",
        1,
        5,
        ZHAO,
        "Lasted 2 months; the number of patients may be 6.",
    ),
    SafetyFact(
        "raised liver enzymes",
        "all patients of the 15 studies",
        5,
        258,
        ZHAO,
        "An underestimate: most studies do not report on it, and repeats are counted. Sigtermans "
        "2009 measured liver function daily and saw no effect.",
    ),
)
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
