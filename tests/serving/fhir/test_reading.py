from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given as when
from hypothesis import settings
from hypothesis import strategies as st

from features.dictionary.variable import Variable
from features.errors import Problem
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.fhir.elements import place
from serving.fhir.names import name_questionnaire
from serving.fhir.reading import list_issues, read_bundle
from tests.serving.helpers.fhir import (
    NOW,
    bundle,
    condition,
    given,
    observation,
    person,
    read,
    request,
    response,
    statement,
    texts,
)
from tests.serving.helpers.models import make_loaded

URL = name_questionnaire("demo-crps")
WHOLE = (
    person(),
    condition(),
    observation(),
    observation(4, effectiveDateTime="2026-11-10"),
    statement(),
    request(),
    given("2024-01-01"),
    response(URL, {"setting": {"valueString": "elective"}}),
)


def test_a_record_is_what_its_resources_tell(predictor):
    found = read(predictor, *WHOLE)
    assert found.patient == {
        "age_years": 46,
        "sex": "female",
        "crps_type": "1",
        "disease_duration_years": 3.5,
        "nrs_t0": 8,
        "medication_atc": "N02AX02;N06AA09",
        "course_number": 2,
        "setting": "elective",
        "patient_id": "p1",
    }
    told = {used.placed.kind: used.variables for used in found.used}
    assert told["Patient"] == ("age_years", "sex")
    assert told["Condition"] == ("crps_type", "disease_duration_years")
    assert told["Observation"] == ("nrs_t0",)


def test_a_record_that_did_not_come_whole_has_no_whole_list(predictor):
    page = bundle(*WHOLE)
    page["link"] = [{"relation": "next", "url": "https://records.example/fhir?page=2"}]
    found = read_bundle(place(page), predictor, now=NOW)
    assert "medication_atc" not in found.patient
    assert found.patient["opioid"] == found.patient["antidepressant"] == "yes"
    assert "anti_epileptic" not in found.patient
    (issue,) = [one for one in found.problems if "more pages" in one.text]
    assert issue.expressions == ("Bundle",)
    denied = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    found = read(predictor, *WHOLE, denied)
    assert "medication_atc" not in found.patient
    hint = {"resourceType": "OperationOutcome", "issue": [{"severity": "information"}]}
    assert "medication_atc" in read(predictor, *WHOLE, hint).patient


def test_only_an_id_is_a_pseudonym(predictor):
    found = read(predictor, person(id="Jane Doe"))
    assert "patient_id" not in found.patient


def test_the_order_of_the_entries_does_not_matter(predictor):
    first = read(predictor, *WHOLE)
    for seed in range(5):
        mixed = [*WHOLE]
        random.Random(seed).shuffle(mixed)
        again = read(predictor, *mixed)
        codes = {
            **again.patient,
            "medication_atc": sorted(again.patient["medication_atc"].split(";")),
        }
        assert codes == {**first.patient, "medication_atc": ["N02AX02", "N06AA09"]}


def test_an_empty_record_makes_nothing_up(predictor):
    found = read(predictor, {"resourceType": "Patient"})
    assert found.patient == {} and found.panel is None and found.used == ()


def test_nothing_from_after_the_infusion_is_read(predictor):
    infusion = given("2026-11-15T08:00:00Z")
    found = read(predictor, *WHOLE[:4], infusion)
    assert found.patient["nrs_t0"] == 4
    assert any("after the infusion" in text for text in texts(found, "information"))
    assert found.patient["age_years"] == 46


def test_answers_newer_than_a_measurement_stand_above_it(predictor):
    newer = response(URL, {"nrs_t0": {"valueDecimal": 6}})
    assert read(predictor, observation(8), newer).patient["nrs_t0"] == 6
    older = response(URL, {"nrs_t0": {"valueDecimal": 6}}, authored="2026-11-01")
    assert read(predictor, observation(8), older).patient["nrs_t0"] == 8


def test_the_list_of_medicines_stands_above_an_answer(predictor):
    answer = response(URL, {"opioid": {"valueBoolean": False}, "sex": {"valueString": "female"}})
    found = read(predictor, statement("N02AX02"), answer)
    assert "opioid" not in found.patient
    assert any("contradicts" in text for text in texts(found, "warning"))
    predictor.predict(found.patient, request_id="1")
    same = response(URL, {"opioid": {"valueBoolean": True}})
    assert read(predictor, statement("N02AX02"), same).patient["opioid"] is True


def test_only_what_the_models_dictionary_has_is_asked():
    own = Variable("crp", "CRP", "number", "baseline", ("predictor",), low=0, high=500)
    from features.dictionary.contract import CONTRACT

    predictor = Predictor(make_loaded(dictionary=CONTRACT.with_variables([own])))
    found = read(predictor, response(URL, {"crp": {"valueDecimal": 4}}))
    assert found.patient["crp"] == 4


def test_problems_of_the_dictionary_tell_where_they_came_from(predictor):
    error = RequestError("x", [Problem("nrs_t0", "a", "b"), Problem("Bundle.entry", "c", "d")])
    first, second = list_issues(error, {"nrs_t0": "Bundle.entry[1].resource.value"})
    assert first.expressions == ("Bundle.entry[1].resource.value",)
    assert second.expressions == ("Bundle.entry",)
    assert first.severity == "error"


def test_a_moment_without_a_zone_cannot_be_now():
    with pytest.raises(TypeError):
        read(Predictor(make_loaded()), observation(), now=datetime(2026, 1, 1))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, math.nan, math.inf, 1e300, 10**400, -1]),
    st.text(max_size=4),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just([None]),
    st.just("2026-11-20"),
    st.just({"coding": [{"system": "http://loinc.org", "code": "72514-3"}]}),
)


def list_places(value, way=()):
    """Yield the way to every part of a JSON value."""
    yield way
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in parts:
        yield from list_places(part, (*way, key))


def replace(content, way, junk):
    """Put junk in a place, where an earlier change has left it."""
    try:
        for key in way[:-1]:
            content = content[key]
        content[way[-1]]  # an entry that is not there stays so
        content[way[-1]] = junk
    except (KeyError, IndexError, TypeError):
        pass


PLACES = [*list_places(bundle(*WHOLE))][1:]


@settings(max_examples=150)
@when(st.lists(st.tuples(st.sampled_from(PLACES), JUNK), min_size=1, max_size=4))
def test_whatever_is_put_into_a_record_it_is_answered_or_its_problems_are_told(predictor, changes):
    content = json.loads(json.dumps(bundle(*WHOLE)))
    for way, junk in changes:
        replace(content, way, junk)
    try:
        found = read_bundle(place(content), predictor, now=NOW)
        answer = predictor.predict(found.patient, request_id="1", panel=found.panel)
    except RequestError as err:
        assert err.problems
    else:
        assert set(found.patient) <= {*predictor.dictionary.names}
        assert all(0 <= e["probability"] <= 1 for e in answer["estimates"])


def test_what_happens_later_does_not_change_a_record_read_now(predictor):
    later = [
        observation(0, effectiveDateTime="2027-01-01"),
        statement("N06AA09", effectivePeriod={"start": "2027-01-01"}),
        given("2027-01-01"),
        condition(id="c9", onsetDateTime="2027-01-01"),
    ]
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert (
        read(predictor, *WHOLE, *later, now=now).patient == read(predictor, *WHOLE, now=now).patient
    )
