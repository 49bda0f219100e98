"""Who the patient is, and since when the disease has been there: Patient and Condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.dictionary.codes import MEASURED, Diagnosis, find_diagnosis
from serving.fhir.chart import PatientChart
from serving.fhir.elements import Element, Placed, find_codes_of, list_of, mapping_of, text_of
from serving.fhir.issues import Issue
from serving.fhir.observations import read_quantity
from serving.fhir.times import Span, parse_span, read_period
from serving.fhir.values import Value, reckon

__all__ = ["Disease", "read_disease", "read_person"]

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
            text = (
                "age_years: not the day of birth is given; its month's or year's middle is taken."
            )
            issues.append(Issue("information", "incomplete", text, (at,)))
    elif "birthDate" in person:
        text = "age_years: expected a date as 1980-01-31; got something else."
        issues.append(Issue("warning", "value", text, (f"{path}.birthDate",)))
    gender = text_of(person.get("gender"))
    if gender in _SEXES:
        values.append(reckon("sex", gender, chart.index, chart.subject, f"{path}.gender"))
    elif "gender" in person:
        text = f"sex: the model knows {' and '.join(_SEXES)}; another word is taken as not known."
        issues.append(Issue("information", "value", text, (f"{path}.gender",)))
    if person.get("deceasedBoolean") is True or person.get("deceasedDateTime"):
        text = "The Patient is recorded as deceased."
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
            obstacle = "is over (clinicalStatus)"
        if obstacle:
            text = f"crps_type: this Condition {obstacle}. It is not used."
            issues.append(Issue("warning", "business-rule", text, (placed.path,)))
        else:
            found += [(placed, hit) for hit in known]
            if states & set(_UNSURE):
                text = "crps_type: this Condition is not confirmed (verificationStatus)."
                issues.append(Issue("warning", "business-rule", text, (placed.path,)))
    conditions = tuple({id(placed): placed for placed, _ in found}.values())
    kind, told = _settle_type(chart, found)
    since, more = _read_duration(chart, conditions)
    return Disease(conditions, (*kind, *since), (*issues, *told, *more))


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
        text = "crps_type: the Conditions name both types; none is taken."
        paths = tuple(f"{placed.path}.code" for placed in types.values())
        return [], [Issue("warning", "conflict", text, paths)]
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
            words = "is after the infusion" if onset else "cannot be read"
            text = f"disease_duration_years: {name} {words}. It is not used."
            issues.append(Issue("warning", "value", text, (path,)))
    if not onsets:
        return [], issues
    onset, placed, path = min(onsets, key=lambda found: found[0].middle)
    years = max(0.0, round(chart.index.count_years_since(onset.middle), 2))
    if onset.is_rough:
        text = (
            "disease_duration_years: not the day of onset is given; the middle of the month or "
            "year is taken."
        )
        issues.append(Issue("information", "incomplete", text, (path,)))
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
