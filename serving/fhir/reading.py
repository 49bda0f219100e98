"""From the resources of a record to the patient that a model is asked about.

Nothing is made up: what no resource tells stays unknown, and what is from after the infusion, too
old, in another unit or about somebody else is passed over and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features.dictionary.contract import CONTRACT
from features.dictionary.medication import CLASS_COLUMNS, fill_classes
from features.dictionary.variable import YES_NO_WORDS
from features.texts import say
from serving.estimate.centre import SITE
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.fhir.chart import PatientChart, make_chart
from serving.fhir.conditions import Disease, read_disease, read_person
from serving.fhir.elements import Placed
from serving.fhir.issues import Issue, issue_of, tell_unused
from serving.fhir.medications import read_medications, read_plan
from serving.fhir.names import is_id
from serving.fhir.observations import find_measured, find_other_scales
from serving.fhir.questionnaire import read_responses
from serving.fhir.values import Value, choose
from serving.fhir.wells import read_wells
from serving.records.record import PSEUDONYM

__all__ = ["FhirPatient", "Used", "list_issues", "read_bundle"]

_PANEL = "panel"


@dataclass(frozen=True)
class Used:
    """A resource on which the record rests.

    Parameters
    ----------
    placed : Placed
        The resource.
    variables : tuple of str
        What it told: variables of the dictionary, or "panel".
    """

    placed: Placed
    variables: tuple[str, ...]


@dataclass(frozen=True)
class FhirPatient:
    """The patient of a record system, as a model is asked about one.

    Parameters
    ----------
    patient : dict
        What :meth:`serving.estimate.predictor.Predictor.predict` takes, the pseudonym among it:
        the logical id of the Patient.
    panel : dict or None
        The microRNA panel, where there is one.
    used : tuple of Used
        On what it rests.
    problems : tuple of Issue
        What cannot be used, and why; none of them an error.
    subject : Placed
        The Patient.
    conditions : tuple of Placed
        What says that the patient has the disease of the model; empty where nothing does.
    paths : mapping of str to str
        FHIRPath by variable.
    """

    patient: dict[str, Any]
    panel: dict[str, Any] | None
    used: tuple[Used, ...]
    problems: tuple[Issue, ...]
    subject: Placed
    conditions: tuple[Placed, ...]
    paths: Mapping[str, str]


def read_bundle(resources: Iterable[Placed], predictor: Predictor, *, now: datetime) -> FhirPatient:
    """Return the patient whom resources are about.

    Parameters
    ----------
    resources : iterable of Placed
        As :func:`serving.fhir.elements.place` finds them in a Bundle, or in several.
    predictor : Predictor
        Whose dictionary says what is asked.
    now : datetime
        With its zone. Everything must have been known by then, or by the beginning of the infusion
        where the record has one.

    Raises
    ------
    RequestError
        If there is no Patient, or more than one. Its problems' columns are FHIRPaths.
    """
    chart = make_chart(resources, now=now)
    names = [v.name for v in predictor.dictionary if v.known_at == "baseline"]
    names += [SITE] if predictor.centres else []
    disease = _find_disease(chart, predictor)
    values, issues, medicines = _gather(chart, predictor, disease, names)
    chosen: dict[str, Value] = {}
    for name in names:
        found, told = choose(predictor.dictionary[name], values.get(name, ()), chart.index)
        issues += told
        if found is not None:
            chosen[name] = found
    issues += _settle_classes(chosen)
    if "nrs_t0" in names and "nrs_t0" not in chosen:
        issues += find_other_scales(chart)
    panel, told, wells = read_wells(chart)
    patient = {name: value.value for name, value in chosen.items()}
    if is_id(chart.subject.id):
        patient[PSEUDONYM] = chart.subject.id
    return FhirPatient(
        patient,
        panel,
        _list_used(chosen, medicines, wells),
        tuple(issues + told),
        chart.subject,
        disease.conditions,
        {name: value.path for name, value in chosen.items()},
    )


def _find_disease(chart: PatientChart, predictor: Predictor) -> Disease:
    if predictor.facts.condition != "CRPS":
        return Disease()
    disease = read_disease(chart)
    if disease.conditions:
        return disease
    text = say(
        "No Condition says that the patient has CRPS now: the model speaks of such patients only."
    )
    missing = Issue("warning", "not-found", text)
    return Disease((), disease.values, (*disease.issues, missing))


def _gather(
    chart: PatientChart, predictor: Predictor, disease: Disease, names: list[str]
) -> tuple[dict[str, list[Value]], list[Issue], list[Placed]]:
    """Return every value that came, by variable; what cannot be read; the medicines on the list."""
    medication, told, medicines = read_medications(chart)
    values: list[Value] = [*disease.values, *medication]
    issues: list[Issue] = [*chart.find_gaps(), *disease.issues, *told]
    for found, more in (
        read_person(chart),
        read_plan(chart),
        find_measured(chart, names),
        read_responses(chart, predictor, names),
    ):
        values += found
        issues += more
    by_name: dict[str, list[Value]] = {}
    for value in values:
        by_name.setdefault(value.variable, []).append(value)
    return by_name, issues, medicines


def _settle_classes(chosen: dict[str, Value]) -> list[Issue]:
    """Let the list of medicines stand above an answer about a class, which is older."""
    listed = chosen.get(CLASS_COLUMNS[0])
    if listed is None:
        return []
    filled, _ = fill_classes({CLASS_COLUMNS[0]: str(listed.value)})
    issues = []
    for name in CLASS_COLUMNS[1:]:
        value, known = chosen.get(name), filled.get(name)
        if value is None or known is None or YES_NO_WORDS[_word(value.value)] == known:
            continue
        why = say("the answer contradicts the list of medicines")
        paths = (value.path, listed.path)
        issues.append(tell_unused(CONTRACT[name].label, why, *paths, code="conflict"))
        del chosen[name]
    return issues


def _word(value: object) -> str:
    return str(value).lower()


def _list_used(
    chosen: Mapping[str, Value], medicines: Iterable[Placed], wells: Iterable[Placed]
) -> tuple[Used, ...]:
    """Return the resources on which the record rests, each once, in the order of the dictionary."""
    told: dict[int, tuple[Placed, list[str]]] = {}
    for name, value in chosen.items():
        told.setdefault(id(value.source), (value.source, []))[1].append(name)
    if {*chosen} & {*CLASS_COLUMNS}:
        for placed in medicines:
            told.setdefault(id(placed), (placed, [CLASS_COLUMNS[0]]))
    for placed in wells:
        told.setdefault(id(placed), (placed, []))[1].append(_PANEL)
    return tuple(Used(placed, tuple(names)) for placed, names in told.values())


def list_issues(error: RequestError, paths: Mapping[str, str] | None = None) -> list[Issue]:
    """Return the problems of a request as issues, each with the FHIRPath it is about.

    Parameters
    ----------
    error : RequestError
        Of reading the resources, or of :meth:`Predictor.predict`.
    paths : mapping of str to str
        FHIRPath by variable.
    """
    known = paths or {}
    return [issue_of(problem, known.get(problem.column, "")) for problem in error.problems]
