"""References as they are printed beside a number."""

import json

from features.published.references import CHITNENI, MANGNUS, SIGTERMANS, ZHAO, Reference, read_data


def test_a_reference_is_one_line_with_its_doi_where_one_is_known() -> None:
    assert MANGNUS.text == "Mangnus 2021, Pain Pract 21:890-897, doi:10.1111/papr.13056"
    assert Reference("Someone", 1999, "A journal", "").text == "Someone 1999, A journal"


def test_every_reference_can_be_looked_up() -> None:
    for reference in (CHITNENI, MANGNUS, SIGTERMANS, ZHAO):
        assert reference.doi.startswith("10.")
        assert str(reference.year) in reference.text


def test_data_are_read_from_beside_the_module() -> None:
    assert json.loads(read_data("published_studies.json"))
