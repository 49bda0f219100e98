"""A microRNA panel in a record: Observations of assays by their name in miRBase, in cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from features.dictionary.codes import NOT_DETECTED, WINDOWS
from features.panel.words import says_not_seen
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
from serving.fhir.observations import FINAL, NOT_EXACT, find_factor, list_parts, tell_units
from serving.fhir.times import Span, read_time

__all__ = ["read_wells"]

_CYCLES: Mapping[str, float] = {"1": 1.0}
_PANEL = say("The microRNA panel")
_UNSEEN = "Undetermined"
_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class _Well:
    assay: str
    ct: object
    at: Span
    placed: Placed
    path: str

    @property
    def day(self) -> date:
        """When blood was drawn."""
        return self.at.begin.date()


def read_wells(chart: PatientChart) -> tuple[dict[str, Any] | None, list[Issue], list[Placed]]:
    """Return the newest panel as a request holds it, what is to be told, and what it rests on.

    Returns
    -------
    panel : dict or None
        As :func:`serving.estimate.panel.parse_sample` takes it: all assays of the newest day of
        sampling; None where there is none.
    issues : list of Issue
        What is not used, and why.
    used : list of Placed
        The Observations.
    """
    wells, issues = _list_wells(chart)
    late = [well for well in wells if chart.index.precedes(well.at)]
    if late:
        why = say("its sample is from after the infusion began, or may be")
        paths = [well.path for well in late]
        issues.append(tell_unused(_PANEL, why, *paths, severity="information"))
    early = [well for well in wells if not chart.index.precedes(well.at)]
    recent = [w for w in early if chart.index.count_days_since(w.at) <= WINDOWS["panel"]]
    if early and not recent:
        why = say("its sample is more than {days} days old", days=WINDOWS["panel"])
        issues.append(tell_unused(_PANEL, why, early[0].path, severity="information"))
    if not recent:
        return None, issues, []
    newest = max(well.day for well in recent)
    chosen = [well for well in recent if well.day == newest]
    return _make_panel(chart, chosen), issues, _list_once(chosen)


def _list_once(wells: Sequence[_Well]) -> list[Placed]:
    return list({id(well.placed): well.placed for well in wells}.values())


def _make_panel(chart: PatientChart, wells: Sequence[_Well]) -> dict[str, Any]:
    cts: dict[str, list[object]] = {}
    for well in wells:
        cts.setdefault(well.assay, []).append(well.ct)
    last = max((well.at for well in wells), key=lambda at: at.end)
    taken = last.end.strftime(_MINUTE) if last.begin == last.end else last.begin.date().isoformat()
    panel: dict[str, Any] = {"ct": cts, "sample_date": taken}
    if chart.index.has_begun:
        panel["infusion_start"] = chart.index.at.strftime(_MINUTE)
    return panel


def _list_wells(chart: PatientChart) -> tuple[list[_Well], list[Issue]]:
    wells, issues = [], []
    for placed in chart.find_all("Observation"):
        parts = [(path, part) for path, part in list_parts(placed) if _find_assay(part)]
        if not parts or text_of(placed.content.get("status")) not in FINAL:
            continue
        obstacle = chart.find_obstacle(placed)
        at = read_time(placed.content)
        if at is None or at.is_rough:
            obstacle = obstacle or say("it does not say on which day the sample was taken")
        if obstacle or at is None:
            why = obstacle or Text("")
            issues.append(tell_unused(_PANEL, why, placed.path, code="required"))
            continue
        for path, part in parts:
            ct, doubt = _read_ct(part)
            if doubt:
                issues.append(tell_unused(_find_assay(part), doubt, f"{path}.value", code="value"))
            elif ct is not None:
                wells.append(_Well(_find_assay(part), ct, at, placed, path))
    return wells, issues


def _find_assay(part: Element) -> str:
    codes = find_codes_of(part.get("code"))
    return next((code for system, code in codes if system == "miRBase"), "")


def _read_ct(part: Element) -> tuple[object, Text | None]:
    """Return cycles, or the word for not detected; None where nothing was measured."""
    words = text_of(part.get("valueString"))
    said = {*find_codes_of(part.get("valueCodeableConcept"))}
    marked = [
        text_of(coding.get("code"))
        for one in list_of(part.get("interpretation"))
        for coding in list_of(one.get("coding"))
    ]
    if "ND" in marked or said & NOT_DETECTED or (words and says_not_seen(words)):
        return _UNSEEN, None
    if part.get("dataAbsentReason"):
        return None, None
    quantity = mapping_of(part.get("valueQuantity"))
    value = number_of(quantity.get("value"))
    if value is None:
        return None, say("it tells neither cycles as a quantity nor that nothing was detected")
    if quantity.get("comparator"):
        return None, NOT_EXACT
    if find_factor(quantity, _CYCLES) is None:
        return None, tell_units(("1", "{Ct}"))
    return value, None
