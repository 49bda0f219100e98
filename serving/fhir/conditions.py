"""Who the patient is, and since when the disease has been there: Patient and Condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.dictionary.codes import MEASURED, Diagnosis, find_diagnosis
from features.dictionary.contract import CONTRACT
from features.errors import Problem
from features.texts import say
from serving.fhir.chart import PatientChart
from serving.fhir.elements import Element, Placed, find_codes_of, list_of, mapping_of, text_of
from serving.fhir.issues import Issue, issue_of, tell_unused
from serving.fhir.observations import read_quantity
from serving.fhir.times import Span, parse_span, read_period
from serving.fhir.values import Value, reckon

__all__ = ["Disease", "read_disease", "read_person"]

_DURATION = CONTRACT["disease_duration_years"]
_SEXES = ("female", "male")
_NEVER = ("refuted", "entered-in-error")
_OVER = ("inactive", "remission", "resolved")
_UNSURE = ("unconfirmed", "provisional", "differential")


@dataclass(frozen=True)
class Disease:
    """The patient's disease, as the record has it.

    Parameters
    ----------
    conditions : tuple of Placed
        What tells of it; empty where nothing does.
    values : tuple of Value
        Its type and its duration, where they are told.
    issues : tuple of Issue
        What cannot be used, and why.
    """

    conditions: tuple[Placed, ...] = ()
    values: tuple[Value, ...] = ()
    issues: tuple[Issue, ...] = ()


def read_person(chart: PatientChart) -> tuple[list[Value], list[Issue]]:
    """Return age (completed years at the infusion, or today) and sex of the Patient."""
    values, issues = [], []
    person, path = chart.subject.content, chart.subject.path
    birth = parse_span(person.get("birthDate"))
    if birth is not None:
        day = birth.middle if birth.is_rough else birth.begin
        at_day = chart.index.at
        had_none_yet = (at_day.month, at_day.day) < (day.month, day.day)
        age = at_day.year - day.year - had_none_yet
        at = f"{path}.birthDate"
        values.append(reckon("age_years", age, chart.index, chart.subject, at))
        if birth.is_rough:
            issues.append(_tell_rough("age_years", at))
    elif "birthDate" in person:
        expected, got = say("a date as 1980-01-31"), say("something else")
        problem = Problem("age_years", expected, got)
        issues.append(issue_of(problem, f"{path}.birthDate", severity="warning"))
    gender = text_of(person.get("gender"))
    if gender in _SEXES:
        values.append(reckon("sex", gender, chart.index, chart.subject, f"{path}.gender"))
    elif "gender" in person:
        why = say("the model knows female and male only")
        label = CONTRACT["sex"].label
        issues.append(tell_unused(label, why, f"{path}.gender", severity="information"))
    if person.get("deceasedBoolean") is True or person.get("deceasedDateTime"):
        text = say("The Patient is recorded as deceased.")
        issues.append(Issue("warning", "business-rule", text, (f"{path}.deceased",)))
    return values, issues


def read_disease(chart: PatientChart) -> Disease:
    """Return the disease that a model of CRPS speaks of."""
    found: list[tuple[Placed, Diagnosis]] = []
    issues: list[Issue] = []
    for placed in chart.find_all("Condition"):
        codes = find_codes_of(placed.content.get("code"))
        known = [hit for system, code in codes if (hit := find_diagnosis(system, code))]
        states = _list_states(placed.content, "verificationStatus")
        if not known or states & set(_NEVER):
            continue
        obstacle = chart.find_obstacle(placed)
        if not obstacle and _list_states(placed.content, "clinicalStatus") & set(_OVER):
            obstacle = say("it is over (clinicalStatus)")
        if obstacle:
            issues.append(tell_unused(CONTRACT["crps_type"].label, obstacle, placed.path))
        else:
            found += [(placed, hit) for hit in known]
            if states & set(_UNSURE):
                text = say("The diagnosis is not confirmed (verificationStatus).")
                issues.append(Issue("warning", "business-rule", text, (placed.path,)))
    conditions = tuple({id(placed): placed for placed, _ in found}.values())
    kind, told = _settle_type(chart, found)
    since, more = _read_duration(chart, conditions)
    return Disease(conditions, (*kind, *since), (*issues, *told, *more))


def _tell_rough(name: str, path: str) -> Issue:
    text = say(
        "{label}: the day is not given; the middle of the month or year is taken.",
        label=CONTRACT[name].label,
    )
    return Issue("information", "incomplete", text, (path,))


def _list_states(content: Element, name: str) -> set[str]:
    return {
        text_of(one.get("code")) for one in list_of(mapping_of(content.get(name)).get("coding"))
    }


def _settle_type(
    chart: PatientChart, found: Sequence[tuple[Placed, Diagnosis]]
) -> tuple[list[Value], list[Issue]]:
    """Return the type, where the diagnoses agree on it; one that names none says nothing."""
    types = {hit.crps_type: placed for placed, hit in found if hit.crps_type != "unspecified"}
    if len(types) > 1:
        paths = [f"{placed.path}.code" for placed in types.values()]
        why = say("the Conditions name both types")
        return [], [tell_unused(CONTRACT["crps_type"].label, why, *paths, code="conflict")]
    types = types or {hit.crps_type: placed for placed, hit in found}
    return [
        reckon("crps_type", kind, chart.index, placed, f"{placed.path}.code")
        for kind, placed in types.items()
    ], []


def _read_duration(
    chart: PatientChart, conditions: Sequence[Placed]
) -> tuple[list[Value], list[Issue]]:
    """Return the years since the earliest onset that is told."""
    onsets: list[tuple[Span, Placed, str]] = []
    issues = []
    for placed in conditions:
        onset, name = _find_onset(chart, placed)
        path = f"{placed.path}.onset"
        if onset is not None and not chart.index.precedes(Span(onset.begin, onset.begin)):
            onsets.append((onset, placed, path))
        elif name:
            later = say("{name} is from after the infusion or today", name=name)
            why = later if onset else say("{name} cannot be read", name=name)
            issues.append(tell_unused(_DURATION.label, why, path, code="value"))
    if not onsets:
        return [], issues
    onset, placed, path = min(onsets, key=lambda found: found[0].middle)
    years = max(0.0, round(chart.index.count_years_since(onset.middle), 2))
    if onset.is_rough:
        issues.append(_tell_rough(_DURATION.name, path))
    return [reckon("disease_duration_years", years, chart.index, placed, path)], issues


def _find_onset(chart: PatientChart, placed: Placed) -> tuple[Span | None, str]:
    """Return when the disease began, and the element that says so; nothing where none does."""
    content = placed.content
    for name in ("onsetDateTime", "onsetString", "onsetRange"):
        if name in content:
            return parse_span(content[name]), name
    if "onsetPeriod" in content:
        return read_period(content["onsetPeriod"])[0], "onsetPeriod"
    if "onsetAge" not in content:
        return None, ""
    years, doubt = read_quantity({"valueQuantity": content["onsetAge"]}, MEASURED["age_years"])
    birth = parse_span(chart.subject.content.get("birthDate"))
    if doubt or birth is None or not isinstance(years, int | float):
        return None, "onsetAge"
    return _add_years(birth, years), "onsetAge"


def _add_years(birth: Span, years: float) -> Span | None:
    from datetime import timedelta

    try:
        begin = birth.middle + timedelta(days=365.25 * years)
        # An age is told in completed years.
        return Span(begin, begin + timedelta(days=365.25), is_rough=True)
    except (OverflowError, ValueError):
        return None
