from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serving.fhir.elements import (
    Placed,
    find_codes_of,
    list_of,
    name_reference,
    number_of,
    place,
    text_of,
)
from tests.serving.helpers.fhir import LOINC, bundle, concept, observation, person

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceType", "entry", "resource", "coding", "x"]), inner
        )
    ),
    max_leaves=15,
)


def test_each_resource_knows_where_it_stands():
    inner = bundle(observation(id="o1"))
    found = place(bundle(person(), inner))
    assert [placed.path for placed in found] == [
        "Bundle.entry[0].resource",
        "Bundle.entry[1].resource.entry[0].resource",
    ]
    assert [placed.kind for placed in found] == ["Patient", "Observation"]


def test_what_came_twice_is_there_once():
    same = observation(id="o1")
    assert len(place(bundle(same, dict(same)))) == 1
    assert len(place(bundle(same, observation(7, id="o1")))) == 2
    # Without a name nobody can tell that they are one.
    assert len(place(bundle(observation(), observation()))) == 2


def test_a_resource_goes_by_all_its_names():
    placed = Placed("Bundle", person(), "https://records.example/fhir/Patient/p1")
    assert placed.reference == "https://records.example/fhir/Patient/p1"
    assert placed.names == {"https://records.example/fhir/Patient/p1", "Patient/p1"}
    assert Placed("Bundle", person()).reference == "Patient/p1"
    assert Placed("Bundle", {"resourceType": "Patient"}).reference == ""
    assert Placed("", {}, "urn:uuid:1").names == {"urn:uuid:1"}


def test_a_version_is_no_part_of_a_name():
    assert name_reference({"reference": "Patient/p1/_history/3"}) == "Patient/p1"
    assert name_reference({"reference": 3}) == name_reference(None) == ""


def test_codes_of_systems_that_are_not_read_are_passed_over():
    both = {"coding": [{"system": "http://x", "code": "1"}, {"system": LOINC, "code": "72514-3"}]}
    assert find_codes_of(both) == [("LOINC", "72514-3")]
    assert find_codes_of(concept(LOINC, "")) == find_codes_of({"coding": "x"}) == []


@given(JSON)
def test_nothing_that_comes_breaks_the_readers(value):
    for placed in place(value):
        assert isinstance(placed.kind, str) and isinstance(placed.names, frozenset)
    assert isinstance(text_of(value), str)
    assert isinstance(list_of(value), list)
    assert isinstance(find_codes_of(value), list)


def test_numbers_are_those_that_can_be_reckoned_with():
    assert number_of(0) == 0 and number_of(-2.5) == -2.5
    for value in (True, "1", None, float("nan"), float("inf"), 10**400, -1e300):
        assert number_of(value) is None


def test_a_page_that_others_follow_is_told():
    page = {**bundle(person()), "link": [{"relation": "next", "url": "x"}]}
    assert [placed.kind for placed in place(page)] == ["Bundle", "Patient"]
    last = {**bundle(person()), "link": [{"relation": "self", "url": "x"}]}
    assert [placed.kind for placed in place(last)] == ["Patient"]


def test_bundles_within_bundles_have_an_end():
    content = person()
    for _ in range(5):
        content = bundle(content)
    assert place(content) == []
