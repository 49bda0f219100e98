"""What was measured: Observations, by their LOINC code and in the units of UCUM."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from features.dictionary.codes import (
    MEASURED,
    OTHER_SCALES,
    PAIN_METHODS,
    PAIN_SCORE,
    Measured,
    find_system,
)
from features.dictionary.contract import CONTRACT
from features.texts import Text, say
from serving.fhir.chart import PatientChart
from serving.fhir.elements import (
    Element,
    Placed,
    find_codes_of,
    list_of,
    mapping_of,
    number_of,
    text_of,
)
from serving.fhir.issues import Issue, tell_unused
from serving.fhir.times import read_time
from serving.fhir.values import Value

__all__ = [
    "FINAL",
    "NOT_EXACT",
    "NO_NUMBER",
    "find_factor",
    "find_measured",
    "find_other_scales",
    "list_parts",
    "read_quantity",
    "tell_states",
    "tell_units",
]

FINAL = ("final", "amended", "corrected")
"""The states in which a result may be relied on."""
NO_NUMBER = say("the quantity has no number")
NOT_EXACT = say("the value is not exact (comparator)")
_NEVER = ("entered-in-error", "cancelled")
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_PAIN = "nrs_t0"
_BY_CODE = {
    ("LOINC", code): name for name, measured in MEASURED.items() for code in measured.codes
} | {PAIN_SCORE: _PAIN}


def list_parts(placed: Placed) -> Iterator[tuple[str, Element]]:
    """Yield an Observation and its components, each with its FHIRPath: whatever has a code."""
    yield placed.path, placed.content
    for number, part in enumerate(list_of(placed.content.get("component"))):
        yield f"{placed.path}.component[{number}]", part


def find_measured(chart: PatientChart, names: Collection[str]) -> tuple[list[Value], list[Issue]]:
    """Return the values of Observations, each in the unit of its variable.

    Parameters
    ----------
    chart : PatientChart
        Of the patient.
    names : collection of str
        The variables that are asked for.
    """
    values, issues = [], []
    for placed in chart.find_all("Observation"):
        for path, part in list_parts(placed):
            codes = find_codes_of(part.get("code"))
            name = next((_BY_CODE[code] for code in codes if code in _BY_CODE), "")
            if name not in names:
                continue
            found = _read(chart, placed, path, part, name)
            if isinstance(found, Issue):
                issues.append(found)
            elif found is not None:
                values.append(found)
    return values, issues


def _read(
    chart: PatientChart, placed: Placed, path: str, part: Element, name: str
) -> Value | Issue | None:
    """Return one value, or why the resource cannot be read; None where it is none any more."""
    status = text_of(placed.content.get("status"))
    if status in _NEVER or part.get("dataAbsentReason"):
        return None
    obstacle = chart.find_obstacle(placed)
    at = read_time(placed.content)
    if obstacle is None and at is None:
        obstacle = say("it does not say when it was measured (effectiveDateTime)")
    if obstacle is not None or at is None:
        label = CONTRACT[name].label
        return tell_unused(label, obstacle or Text(""), placed.path, code="required")
    measured = MEASURED[name]
    number, doubt = read_quantity(part, measured)
    if name == _PAIN and not _is_on_scale(part):
        doubt = say("it was measured in another way than by the numeric rating scale (method)")
    if status not in FINAL:
        doubt = tell_states(FINAL)
    return Value(name, number, at, placed, f"{path}.value", measured.days, doubt)


def _is_on_scale(part: Element) -> bool:
    """Return whether pain was measured by the numeric rating scale, as its code and method say."""
    ways = [
        PAIN_METHODS[code] for code in find_codes_of(part.get("method")) if code in PAIN_METHODS
    ]
    # This code leaves it to the method which scale it was; the others name the scale themselves.
    return all(ways) and (bool(ways) or PAIN_SCORE not in find_codes_of(part.get("code")))


def read_quantity(part: Element, measured: Measured) -> tuple[object, Text | None]:
    """Return the number of an Observation in the dictionary's unit, and why it cannot be used.

    Parameters
    ----------
    part : mapping
        An Observation or a component of one: `valueQuantity`, or `valueInteger` of a score.
    measured : Measured
        Which units there are.
    """
    plain = _is_plain(measured.units)
    if plain and isinstance(part.get("valueInteger"), int):
        return part["valueInteger"], None
    quantity = mapping_of(part.get("valueQuantity"))
    if not quantity:
        return None, say("it is not given as a quantity (valueQuantity)")
    value = number_of(quantity.get("value"))
    if value is None:
        return None, NO_NUMBER
    if quantity.get("comparator"):
        return None, NOT_EXACT
    factor = find_factor(quantity, measured.units)
    if factor is None:
        return None, tell_units(measured.units)
    return round(value * factor, 6), None


def tell_states(states: Collection[str]) -> Text:
    """Return that a resource has a status in which it is not read."""
    return say("its status is none of these: {states}", states=", ".join(states))


def tell_units(units: Collection[str]) -> Text:
    """Return that a unit is none of those that are read."""
    return say("its unit is none of these of UCUM: {units}", units=", ".join(units))


def _is_plain(units: Mapping[str, float]) -> bool:
    return "1" in units


def find_factor(quantity: Element, units: Mapping[str, float]) -> float | None:
    """Return what a quantity is multiplied with; None where its unit is not known.

    A unit in words is taken where no code stands beside it and it is spelt as UCUM's code. What
    stands in braces is UCUM's way of writing a remark: it has no dimension, as a score has none.
    """
    system, code = quantity.get("system"), text_of(quantity.get("code"))
    if code and system is not None and find_system(system) != "UCUM":
        return None
    unit = code or text_of(quantity.get("unit"))
    if _is_plain(units) and (not unit or _ANNOTATION.fullmatch(unit)):
        return units["1"]
    return units.get(unit)


def find_other_scales(chart: PatientChart) -> list[Issue]:
    """Return which measurements of pain there are on scales that are not taken for the NRS."""
    found: dict[str, list[str]] = {}
    for placed in chart.find_all("Observation"):
        for system, code in find_codes_of(placed.content.get("code")):
            if system == "LOINC" and code in OTHER_SCALES and not chart.find_obstacle(placed):
                found.setdefault(code, []).append(placed.path)
    return [
        tell_unused(
            CONTRACT[_PAIN].label,
            say("LOINC {code} is another scale than the numeric rating scale", code=code),
            *paths,
            severity="information",
            code="not-supported",
        )
        for code, paths in found.items()
    ]
