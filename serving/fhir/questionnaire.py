"""What a record lacks is asked: a Questionnaire made from the dictionary, and its answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from features.dictionary.codes import MEASURED, SYSTEMS, UNITS, WINDOWS
from features.dictionary.variable import Variable, spell_choice
from features.texts import Text, say
from serving.estimate.centre import SITE
from serving.estimate.notices import EVIDENCE_VARIABLES
from serving.estimate.predictor import Predictor
from serving.fhir.chart import PatientChart
from serving.fhir.elements import Element, list_of, mapping_of, number_of, text_of
from serving.fhir.issues import Issue, tell_unused
from serving.fhir.names import NAMESPACE, QUESTIONNAIRE, name_questionnaire
from serving.fhir.observations import NO_NUMBER, find_factor, tell_states, tell_units
from serving.fhir.times import parse_span
from serving.fhir.values import Value
from training.model.centres import NO_CENTRE

__all__ = ["make_questionnaire", "read_responses"]

_TYPES = {"number": "decimal", "integer": "integer", "yes_no": "boolean", "category": "choice"}
_RESPONSE = say("The QuestionnaireResponse")
_DONE = ("completed", "amended")
_EXTENSION = "http://hl7.org/fhir/StructureDefinition"
_DEEPEST = 10


def make_questionnaire(predictor: Predictor) -> dict[str, Any]:
    """Return the Questionnaire of the loaded model: an item for each variable, by its name."""
    facts = predictor.facts
    scope = [name for name in predictor.eligibility_names if name in predictor.dictionary]
    asked = [name for name in predictor.model.predictors if name not in scope]
    more = ["medication_atc"]
    if facts.condition == "CRPS":
        more += EVIDENCE_VARIABLES
    shown = {*scope, *asked}
    groups = (
        ("scope", say("Is this patient one the model can speak about?"), scope),
        ("patient", say("The patient"), asked),
        ("more", say("More, if you have it"), [name for name in more if name not in shown]),
    )
    return {
        "resourceType": "Questionnaire",
        "id": QUESTIONNAIRE,
        "url": name_questionnaire(facts.name),
        "version": facts.version,
        "name": "KetresponseRecord",
        "title": say("What the model {name} asks of a patient before treatment", name=facts.name),
        "status": "active" if facts.status.startswith("approved") else "draft",
        "experimental": not facts.status.startswith("approved"),
        "subjectType": ["Patient"],
        "date": facts.created,
        "description": say(
            "{population}; {treatment}. Leave out what is not known.",
            population=facts.say(facts.population),
            treatment=facts.say(facts.treatment),
        ),
        "item": [
            {
                "linkId": key,
                "text": title,
                "type": "group",
                "required": False,
                "item": [_make_item(predictor.dictionary[name]) for name in names],
            }
            for key, title, names in groups
            if names
        ]
        + _make_centre_group(predictor),
    }


def _make_centre_group(predictor: Predictor) -> list[dict[str, Any]]:
    """Return the question at which centre a patient is, where the model tells centres apart."""
    if not predictor.centres:
        return []
    options = [{"valueString": name} for name in (*predictor.centres, NO_CENTRE)]
    item = _make_item(predictor.dictionary[SITE]) | {"type": "choice", "answerOption": options}
    title = say("Where is the patient treated?")
    group = {"linkId": "centre", "text": title, "type": "group", "required": False}
    return [{**group, "item": [item]}]


def _make_item(variable: Variable) -> dict[str, Any]:
    told = {"label": variable.label, "hint": variable.hint}
    item: dict[str, Any] = {
        "linkId": variable.name,
        "text": say("{label} ({hint})", **told) if variable.hint else variable.label,
        "type": _TYPES.get(variable.kind, "string"),
        "required": False,
        "repeats": False,
    }
    codes = [code for system, code in variable.codes if system == "LOINC"]
    if codes:
        item["code"] = [{"system": SYSTEMS["LOINC"][0], "code": code} for code in codes]
    if variable.kind == "category":
        item["answerOption"] = [
            {"valueCoding": _code(variable, word)} for word in variable.categories
        ]
    extensions = _make_limits(variable)
    if extensions:
        item["extension"] = extensions
    return item


def _code(variable: Variable, word: str) -> dict[str, str]:
    system = f"{NAMESPACE}/CodeSystem/{variable.name.replace('_', '-')}"
    return {"system": system, "code": word, "display": spell_choice(word)}


def _make_limits(variable: Variable) -> list[dict[str, Any]]:
    """Return the extensions that tell unit and range of a number."""
    if not variable.is_numeric:
        return []
    whole = variable.kind == "integer"
    extensions: list[dict[str, Any]] = []
    for name, bound in (("minValue", variable.low), ("maxValue", variable.high)):
        if bound is not None:
            value = {"valueInteger": int(bound)} if whole else {"valueDecimal": bound}
            extensions.append({"url": f"{_EXTENSION}/{name}", **value})
    code = UNITS.get(variable.short_unit)
    if code:
        unit = {"system": SYSTEMS["UCUM"][0], "code": code, "display": variable.short_unit}
        extensions.append({"url": f"{_EXTENSION}/questionnaire-unit", "valueCoding": unit})
    return extensions


def read_responses(
    chart: PatientChart, predictor: Predictor, names: Collection[str]
) -> tuple[list[Value], list[Issue]]:
    """Return the answers to the model's Questionnaire.

    Parameters
    ----------
    chart : PatientChart
        Of the patient.
    predictor : Predictor
        Whose Questionnaire was answered; the answers to another are not read.
    names : collection of str
        The variables that may be answered.
    """
    url = name_questionnaire(predictor.facts.name)
    values, issues = [], []
    for placed in chart.find_all("QuestionnaireResponse"):
        named = text_of(placed.content.get("questionnaire")).partition("|")[0]
        if named != url or text_of(placed.content.get("status")) == "entered-in-error":
            continue
        obstacle = chart.find_obstacle(placed)
        at = parse_span(placed.content.get("authored"))
        if text_of(placed.content.get("status")) not in _DONE:
            obstacle = obstacle or tell_states(_DONE)
        if at is None:
            obstacle = obstacle or say("it does not say when it was answered (authored)")
        if obstacle is not None or at is None:
            why = obstacle or Text("")
            issues.append(tell_unused(_RESPONSE, why, placed.path, code="required"))
            continue
        days = WINDOWS["questionnaire"]
        for path, item in _walk(placed.path, placed.content, 0):
            name = text_of(item.get("linkId"))
            answers = list_of(item.get("answer"))
            if name not in names or not answers:
                continue
            value, doubt = _read_answer(predictor.dictionary[name], answers)
            values.append(Value(name, value, at, placed, f"{path}.answer", days, doubt))
    return values, issues


def _walk(path: str, content: Element, depth: int) -> Iterator[tuple[str, Element]]:
    if depth == _DEEPEST:
        return
    items = content.get("item")
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            where = f"{path}.item[{number}]"
            yield where, item
            yield from _walk(where, item, depth + 1)


def _read_answer(variable: Variable, answers: list[Element]) -> tuple[object, Text | None]:
    """Return the one answer as the dictionary takes it, and why it cannot be used."""
    if len(answers) > 1:
        return None, say("there are {count} answers to one question", count=len(answers))
    (answer,) = answers
    for name in ("valueInteger", "valueDecimal"):
        if name in answer:
            number = number_of(answer[name])
            return number, None if number is not None else say("the answer is no number")
    for name in ("valueBoolean", "valueString"):
        if name in answer:
            return answer[name], None
    if "valueCoding" in answer:
        return mapping_of(answer["valueCoding"]).get("code"), None
    if "valueQuantity" in answer:
        return _read_amount(variable, mapping_of(answer["valueQuantity"]))
    return None, say("the answer is of a kind that is not read")


def _read_amount(variable: Variable, quantity: Element) -> tuple[object, Text | None]:
    own = UNITS.get(variable.short_unit, "1")
    units = MEASURED[variable.name].units if variable.name in MEASURED else {own: 1.0}
    value, factor = number_of(quantity.get("value")), find_factor(quantity, units)
    if value is None:
        return None, NO_NUMBER
    if factor is None or quantity.get("comparator"):
        return None, tell_units(units)
    return value * factor, None
