"""The fields that a card must answer, and who answers them."""

from collections import Counter

from tests.training.helpers.cards import small_facts, small_results
from training.card.answers import answer_from_run
from training.card.author import AUTHOR_FIELDS
from training.card.fields import FIELDS, PLACES
from training.store.results import Results

TRIPOD_AI, CHAI, HTI1 = (
    [field for field in FIELDS if field.table == table] for table in ("TRIPOD+AI", "CHAI", "HTI-1")
)


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
