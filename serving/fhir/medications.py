"""What the patient takes: statements and prescriptions, by ATC, state and period.

What is current with an ATC code is taken as the patient's list, and a drug class that is not on it
as not taken. Where something current has no such code the list is not whole: then classes that are
on it are taken, and of the others nothing is said. No statement and no prescription is no list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from features.dictionary.codes import INFUSION_DRUGS, NOTHING_TAKEN, ROUTES, WINDOWS
from features.dictionary.contract import CONTRACT
from features.dictionary.medication import (
    CLASS_COLUMNS,
    fill_classes,
    find_combination_drugs,
    parse_codes,
)
from features.dictionary.variable import spell_choice
from features.texts import say, say_count, say_list
from serving.fhir.chart import PatientChart, find_medicine, find_planned
from serving.fhir.elements import Placed, find_codes_of, list_of, mapping_of, text_of
from serving.fhir.issues import Issue, tell_unused
from serving.fhir.times import Span, parse_span, read_period, read_time
from serving.fhir.values import Value, reckon

__all__ = ["read_medications", "read_plan"]

_KINDS = ("MedicationStatement", "MedicationRequest")
_LIST_CODE = ("LOINC", "10160-0")
_TAKEN = "active"
_ENDED = ("completed", "stopped")
_UNSURE = ("unknown", "on-hold")
_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_COLUMN = CLASS_COLUMNS[0]
_LABEL = CONTRACT[_COLUMN].label
_NONE = "none"


@dataclass(frozen=True)
class _Taken:
    """One medicine that is taken at the infusion, or today: its ATC codes, none if unknown."""

    placed: Placed
    codes: tuple[str, ...]


def read_medications(chart: PatientChart) -> tuple[list[Value], list[Issue], list[Placed]]:
    """Return the co-medication, what is to be told of it, and the resources that it rests on."""
    taken: list[_Taken] = []
    issues: list[Issue] = []
    nothing: list[Placed] = _find_empty_lists(chart)
    for kind in _KINDS:
        for placed in chart.find_all(kind):
            codes = find_medicine(chart, placed)
            state = _judge(chart, placed)
            if state == "not":
                continue
            obstacle = chart.find_obstacle(placed)
            if obstacle:
                issues.append(tell_unused(_LABEL, obstacle, placed.path, code="required"))
                continue
            if NOTHING_TAKEN & set(codes):
                nothing.append(placed)
                continue
            atc = _list_readable([code for system, code in codes if system == "ATC"])
            if set(atc) <= set(INFUSION_DRUGS) and atc:
                continue  # the treatment itself
            taken.append(_Taken(placed, atc if state == "taken" else ()))
    return _conclude(chart, taken, nothing, issues)


def _judge(chart: PatientChart, placed: Placed) -> Literal["taken", "unsure", "not"]:
    """Return whether something is taken at the infusion, or today."""
    status = text_of(placed.content.get("status"))
    is_order = placed.kind == "MedicationRequest"
    if is_order and not _is_order_to_take(placed):
        return "not"
    start, end = _read_order_times(placed) if is_order else _read_statement_times(placed)
    if start is not None and chart.index.precedes(Span(start.begin, start.begin)):
        return "not"
    if end is not None and end.end <= chart.index.at:
        return "not"
    is_old = end is None and start is not None and _is_old(chart, start)
    if status == _TAKEN:
        # Old prescriptions are often left open, and sometimes still meant.
        return "unsure" if is_order and is_old else "taken"
    if status in _ENDED:
        if not chart.index.has_begun or is_old:
            return "not"
        # It ended since, and when the infusion began it was still taken, or may have been.
        return "unsure" if end is None else "taken"
    return "unsure" if status in _UNSURE else "not"


def _is_order_to_take(placed: Placed) -> bool:
    intent = text_of(placed.content.get("intent"))
    return intent in _ORDERS and placed.content.get("doNotPerform") is not True


def _read_statement_times(placed: Placed) -> tuple[Span | None, Span | None]:
    """Return since when and until when a statement says that something is taken."""
    start, end = read_period(placed.content.get("effectivePeriod"))
    return start or read_time(placed.content), end


def _read_order_times(placed: Placed) -> tuple[Span | None, Span | None]:
    """Return since when and until when a prescription holds."""
    dispense = mapping_of(placed.content.get("dispenseRequest"))
    _, end = read_period(dispense.get("validityPeriod"))
    return parse_span(placed.content.get("authoredOn")), end


def _is_old(chart: PatientChart, start: Span) -> bool:
    return chart.index.count_days_since(start) > WINDOWS["prescription"]


def _list_readable(codes: Sequence[str]) -> tuple[str, ...]:
    """Return the well-formed ATC codes, in capitals."""
    found: list[str] = []
    for code in codes:
        parsed = parse_codes(code)
        found += parsed if isinstance(parsed, list) else []
    return tuple(dict.fromkeys(found))


def _find_empty_lists(chart: PatientChart) -> list[Placed]:
    """Return the Lists that say that nothing is taken: empty on purpose ("nilknown")."""
    return [
        placed
        for placed in chart.find_all("List")
        if _LIST_CODE in find_codes_of(placed.content.get("code"))
        and text_of(placed.content.get("status")) == "current"
        and not list_of(placed.content.get("entry"))
        and not chart.find_obstacle(placed)
        and any(
            text_of(coding.get("code")) == "nilknown"
            for coding in list_of(mapping_of(placed.content.get("emptyReason")).get("coding"))
        )
    ]


def _conclude(
    chart: PatientChart, taken: Sequence[_Taken], nothing: Sequence[Placed], issues: list[Issue]
) -> tuple[list[Value], list[Issue], list[Placed]]:
    if nothing and taken:
        why = say("it is said that nothing is taken, and something is")
        paths = (*(one.path for one in nothing), *(one.placed.path for one in taken))
        return [], [*issues, tell_unused(_LABEL, why, *paths, code="conflict")], []
    if nothing:
        value = reckon(_COLUMN, _NONE, chart.index, nothing[0])
        return [value], issues, [*nothing]
    if not taken:
        return [], issues, []
    listed = list(dict.fromkeys(code for one in taken for code in one.codes))
    gaps = chart.find_gaps()
    used = [one.placed for one in taken if one.codes]
    open_ = [one.placed for one in taken if not one.codes]
    issues += _tell_combinations(listed, used)
    if not open_ and not gaps:
        text = say_count(
            "One current medicine is taken as the whole list; a drug class that it does not belong "
            "to counts as not taken.",
            "The {count} current medicines are taken as the whole list; a drug class that is not "
            "among them counts as not taken.",
            len(used),
        )
        issues.append(Issue("information", "informational", text))
        joined = ";".join(listed)
        return [reckon(_COLUMN, joined, chart.index, used[0])], issues, used
    if open_:
        text = say_count(
            "One current medicine has no ATC code, or it is not known whether it is taken. Classes "
            "that are not among the others stay unknown.",
            "{count} current medicines have no ATC code, or it is not known whether they are "
            "taken. Classes that are not among the others stay unknown.",
            len(open_),
        )
        issues.append(Issue("warning", "incomplete", text, tuple(one.path for one in open_)))
    filled, _ = fill_classes({_COLUMN: ";".join(listed) or None})
    values = [
        reckon(name, "yes", chart.index, used[0])
        for name in CLASS_COLUMNS[1:]
        if filled.get(name) == 1.0
    ]
    return values, issues, used


def _tell_combinations(codes: Sequence[str], used: Sequence[Placed]) -> list[Issue]:
    found = find_combination_drugs(codes)
    text = say(
        "Among the medicines: {drugs}. The patient is out of scope if they are infused in the same "
        "admission, which the list does not tell.",
        drugs=say_list([spell_choice(name) for name in found]),
    )
    return [Issue("information", "business-rule", text)] if found else []


def read_plan(chart: PatientChart) -> tuple[list[Value], list[Issue]]:
    """Return drug and route of the infusion that is prescribed, and a course that is not the first.

    How many courses there were a record tells only where it has them: that there was none it
    cannot tell.
    """
    values: list[Value] = []
    issues: list[Issue] = []
    planned = find_planned(chart)
    drugs = {drug: placed for placed, drug in planned}
    if len(drugs) > 1:
        why = say("ketamine and esketamine are both prescribed")
        paths = [placed.path for placed in drugs.values()]
        issues.append(tell_unused(CONTRACT["drug"].label, why, *paths, code="conflict"))
    elif drugs:
        ((drug, placed),) = drugs.items()
        values.append(reckon("drug", drug, chart.index, placed))
        routes = {
            ROUTES[code]
            for one, _ in planned
            for dosage in list_of(one.content.get("dosageInstruction"))
            for system, code in find_codes_of(dosage.get("route"))
            if system == "SNOMED" and code in ROUTES
        }
        if len(routes) == 1:
            path = f"{placed.path}.dosageInstruction.route"
            values.append(reckon("route", routes.pop(), chart.index, placed, path))
    if chart.n_courses:
        first = chart.find_all("MedicationAdministration")[0]
        number = chart.n_courses + 1
        values.append(reckon("course_number", number, chart.index, first))
    return values, issues
