"""The fields that a card must answer, and who answers them."""

from collections import Counter

import pytest

from tests.training.helpers.cards import full_author, small_card, small_facts, small_results
from training.card.answers import answer_from_run
from training.card.author import AUTHOR_FIELDS, empty_author
from training.card.checks import count_fields, fill_fields, list_missing
from training.card.fields import CHAI, FIELDS, HTI1, PLACES, TRIPOD_AI
from training.store.results import Results


def test_tripod_ai_has_27_items_and_52_subitems() -> None:
    items = {field.id.rstrip("abcdefg") for field in TRIPOD_AI}
    assert items == {str(i) for i in range(1, 28)}
    assert len(TRIPOD_AI) == 52


def test_hti_1_has_31_source_attributes_in_nine_groups() -> None:
    groups = Counter(field.id.partition(".")[0] for field in HTI1)
    assert groups == {
        "details": 4,
        "purpose": 4,
        "cautions": 2,
        "development": 4,
        "fairness": 2,
        "validation": 4,
        "performance": 5,
        "maintenance": 4,
        "updates": 2,
    }


def test_chai_asks_six_things_of_each_of_its_three_key_metrics() -> None:
    groups = Counter(field.id.partition(".")[0] for field in CHAI)
    for metric in ("UsefulnessUsabilityEfficacy", "FairnessEquity", "SafetyReliability"):
        assert groups[metric] == 6
    assert len({field.id for field in CHAI}) == len(CHAI) == 56


def test_every_field_has_a_place_and_a_source_that_exists() -> None:
    answers = answer_from_run(Results.model_validate(small_results()), small_facts())
    known = {f"run.{key}" for key in answers} | {field.key for field in AUTHOR_FIELDS}
    for field in FIELDS:
        assert field.place in PLACES
        assert set(field.sources) <= known, field.id


def test_every_entry_of_the_authors_file_is_asked_for() -> None:
    used = {source for field in FIELDS for source in field.sources}
    assert {field.key for field in AUTHOR_FIELDS} <= used


def test_a_full_author_completes_the_card() -> None:
    assert list_missing(small_card().body.fields) == {}


def test_an_empty_author_is_told_each_answer_once() -> None:
    fields = small_card(author=empty_author()).body.fields
    waiting = list_missing(fields)
    asked = [field.key for field in AUTHOR_FIELDS if not field.optional]
    assert sorted(fault.partition(":")[0] for fault in waiting) == sorted(asked)
    assert all(field.by == "author" for field in fields if field.status == "missing")
    assert sum(count_fields(fields)["TRIPOD+AI"].values()) == 52


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("a committee said yes", "filled"),
        ("not available, because it was before 2005", "not available"),
        ("not available", "missing"),
        ("not available, because ", "missing"),
        ("unknown", "missing"),
        ("TBD", "missing"),
        ("", "missing"),
    ],
)
def test_an_answer_is_given_or_its_absence_explained(text: str, status: str) -> None:
    answers = answer_from_run(Results.model_validate(small_results()), small_facts())
    fields = fill_fields(answers, full_author() | {"ethics.approval": text})
    ethics = next(f for f in fields if (f.table, f.id) == ("TRIPOD+AI", "17"))
    assert ethics.status == status


def test_only_the_device_status_may_be_unknown() -> None:
    answers = answer_from_run(Results.model_validate(small_results()), small_facts())
    author = full_author() | {"regulatory.device_status": "unknown"}
    fields = {field.id: field for field in fill_fields(answers, author)}
    assert fields["device_status"].status == "filled"
    fields = {
        field.id: field for field in fill_fields(answers, author | {"regulatory.device_status": ""})
    }
    assert fields["device_status"].status == "missing"


def test_an_optional_entry_left_empty_says_so() -> None:
    fields = small_card().body.fields
    security = next(field for field in fields if field.id == "AISystemFacts.Security")
    assert security.status == "not available"
    assert "optional" in security.answer
