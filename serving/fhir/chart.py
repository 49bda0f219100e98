"""The resources about one patient, and the moment before which all of it must have been known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from features.dictionary.codes import INFUSION_DRUGS, WINDOWS
from features.errors import Problem
from features.texts import Text, say
from serving.estimate.request import RequestError
from serving.fhir.elements import (
    Placed,
    find_codes_of,
    list_of,
    mapping_of,
    name_reference,
    text_of,
)
from serving.fhir.issues import Issue
from serving.fhir.times import Index, Span, parse_span, read_period, read_time

__all__ = ["PatientChart", "find_medicine", "find_planned", "make_chart"]

_READ = (
    "Patient",
    "Condition",
    "Observation",
    "MedicationStatement",
    "MedicationRequest",
    "MedicationAdministration",
    "Medication",
    "QuestionnaireResponse",
    "List",
    "Bundle",
    "OperationOutcome",
)
_GIVEN = ("in-progress", "completed", "stopped", "on-hold")
_PLANNED = ("active", "draft", "on-hold")


@dataclass(frozen=True)
class PatientChart:
    """What came about one patient.

    Parameters
    ----------
    subject : Placed
        The Patient.
    index : Index
        The moment before which all that is read must have been known.
    n_courses : int
        Courses of (es)ketamine that are over by then.
    by_kind : mapping of str to list of Placed
        The resources of the types that are read; also those about others.
    by_name : mapping of str to Placed
        Medication by everything that may refer to it.
    """

    subject: Placed
    index: Index
    n_courses: int = 0
    by_kind: Mapping[str, list[Placed]] = field(default_factory=dict)
    by_name: Mapping[str, Placed] = field(default_factory=dict)

    def find_all(self, kind: str) -> list[Placed]:
        """Return the resources of a type."""
        return self.by_kind.get(kind, [])

    def find_gaps(self) -> list[Issue]:
        """Return what says that the record did not come whole: then no list in it is whole."""
        pages = tuple(placed.path for placed in self.find_all("Bundle"))
        failed = tuple(
            placed.path
            for placed in self.find_all("OperationOutcome")
            if any(
                issue.get("severity") in ("fatal", "error")
                for issue in list_of(placed.content.get("issue"))
            )
        )
        more = say("There are more pages than were sent: no list of medicines is taken as whole.")
        told = say("The record system tells of an error: no list of medicines is taken as whole.")
        found = ((pages, more), (failed, told))
        return [Issue("warning", "incomplete", text, paths) for paths, text in found if paths]

    def find_obstacle(self, placed: Placed) -> Text | None:
        """Return why a resource must not be read; None where it may be."""
        if placed.is_closed:
            return say("an extension changes what it means (modifierExtension)")
        if _is_about(placed, self.subject):
            return None
        if name_reference(placed.content.get("subject")):
            return say("it is about somebody else")
        return say("it does not say whom it is about (subject)")


def make_chart(resources: Iterable[Placed], *, now: datetime) -> PatientChart:
    """Return the chart of the one patient whom resources are about.

    Parameters
    ----------
    resources : iterable of Placed
        All that came; what is of no use here is passed over.
    now : datetime
        With its zone.

    Raises
    ------
    RequestError
        If there is no Patient among them, or more than one.
    """
    by_kind: dict[str, list[Placed]] = {}
    for placed in resources:
        if placed.kind in _READ:
            by_kind.setdefault(placed.kind, []).append(placed)
    patients = by_kind.get("Patient", [])
    if len(patients) != 1:
        expected = say("the Patient whom it is about, and no other")
        got = say("{count} of the kind {kind}", count=len(patients), kind="Patient")
        where = [placed.path for placed in patients] or ["Bundle.entry"]
        raise RequestError("the Bundle", [Problem(path, expected, got) for path in where])
    (subject,) = patients
    by_name = {name: one for one in by_kind.get("Medication", []) for name in one.names}
    chart = PatientChart(subject, Index(now), by_kind=by_kind, by_name=by_name)
    index, n_courses = _find_index(chart, now)
    return PatientChart(subject, index, n_courses, by_kind, by_name)


def _is_about(placed: Placed, subject: Placed) -> bool:
    element = mapping_of(placed.content.get("subject"))
    named = name_reference(element)
    if named:
        relative = f"Patient/{subject.id}" if subject.id else ""
        return named in subject.names or bool(relative and named.endswith(f"/{relative}"))
    given = mapping_of(element.get("identifier"))
    known = list_of(subject.content.get("identifier"))
    same = ("system", "value")
    return bool(given.get("value")) and any(
        all(given.get(part) == one.get(part) for part in same) for one in known
    )


def find_medicine(chart: PatientChart, placed: Placed) -> list[tuple[str, str]]:
    """Return the codes of what a statement, a prescription or an administration is about.

    Parameters
    ----------
    chart : PatientChart
        Where a Medication is looked up that is only referred to.
    placed : Placed
        With `medicationCodeableConcept` or `medicationReference`.
    """
    found = find_codes_of(placed.content.get("medicationCodeableConcept"))
    named = name_reference(placed.content.get("medicationReference"))
    if named.startswith("#"):
        inside = list_of(placed.content.get("contained"))
        medicines = [one for one in inside if text_of(one.get("id")) == named[1:]]
    else:
        known = chart.by_name.get(named) or chart.by_name.get("/".join(named.split("/")[-2:]))
        medicines = [dict(known.content)] if known else []
    return found + [code for one in medicines for code in find_codes_of(one.get("code"))]


def find_infusion_drug(chart: PatientChart, placed: Placed) -> str:
    """Return which of ketamine and esketamine a resource is about; empty for anything else."""
    codes = [code.upper() for system, code in find_medicine(chart, placed) if system == "ATC"]
    return next((INFUSION_DRUGS[code] for code in codes if code in INFUSION_DRUGS), "")


def find_planned(chart: PatientChart) -> list[tuple[Placed, str]]:
    """Return the prescriptions of (es)ketamine that stand, each with the category of its drug."""
    return [
        (placed, drug)
        for placed in chart.find_all("MedicationRequest")
        if text_of(placed.content.get("status")) in _PLANNED
        and placed.content.get("doNotPerform") is not True
        and (drug := find_infusion_drug(chart, placed))
        and not chart.find_obstacle(placed)
    ]


def _find_index(chart: PatientChart, now: datetime) -> tuple[Index, int]:
    """Return the beginning of the infusion, or now, and how many courses are over.

    Infusions that follow one another within the days of :data:`WINDOWS` are one course. One whose
    last infusion is no longer ago than that is the course that is asked about.
    """
    given = sorted(
        (
            span
            for placed in chart.find_all("MedicationAdministration")
            if text_of(placed.content.get("status")) in _GIVEN
            and not chart.find_obstacle(placed)
            and find_infusion_drug(chart, placed)
            and (span := read_time(placed.content)) is not None
            and span.begin <= now
        ),
        key=lambda span: span.begin,
    )
    courses: list[list[Span]] = []
    for span in given:
        if courses and Index(span.begin).count_days_since(courses[-1][-1]) <= WINDOWS["course"]:
            courses[-1].append(span)
        else:
            courses.append([span])
    if courses and Index(now).count_days_since(courses[-1][-1]) <= WINDOWS["course"]:
        return Index(courses[-1][0].begin, has_begun=True), len(courses) - 1
    begun = [span for span in _list_starts(chart) if span.begin <= now]
    recent = [span for span in begun if Index(now).count_days_since(span) <= WINDOWS["course"]]
    if recent:
        return Index(min(span.begin for span in recent), has_begun=True), len(courses)
    return Index(now), len(courses)


def _list_starts(chart: PatientChart) -> list[Span]:
    """Return when prescribed infusions were to begin; what is not signed yet begins nothing."""
    starts = []
    for placed, _ in find_planned(chart):
        if text_of(placed.content.get("status")) != "active":
            continue
        for dosage in list_of(placed.content.get("dosageInstruction")):
            timing = mapping_of(dosage.get("timing"))
            events = timing.get("event")
            starts += [parse_span(event) for event in events] if isinstance(events, list) else []
            starts.append(read_period(mapping_of(timing.get("repeat")).get("boundsPeriod"))[0])
    return [span for span in starts if span is not None]
