"""Whether a card answers everything that it must, and who can fill what is missing."""

import pytest

from tests.training.helpers.cards import full_author, small_card, small_facts, small_results
from training.card.answers import answer_from_run
from training.card.author import AUTHOR_FIELDS, empty_author
from training.card.checks import count_fields, fill_fields, list_missing
from training.store.results import Results


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


def test_an_optional_entry_that_a_model_needs_is_missing_where_it_is_empty() -> None:
    answers = answer_from_run(Results.model_validate(small_results()), small_facts())
    optional = next(field.key for field in AUTHOR_FIELDS if field.optional)
    free = list_missing(fill_fields(answers, full_author()))
    needed = list_missing(fill_fields(answers, full_author(), required=[optional]))
    assert free == {}
    assert [fault.partition(":")[0] for fault in needed] == [optional]


def test_what_is_missing_waits_under_the_entry_that_fills_it() -> None:
    answers = answer_from_run(Results.model_validate(small_results()), small_facts())
    fields = fill_fields(answers, full_author() | {"ethics.approval": "n/a"})
    [(fault, waiting)] = list_missing(fields).items()
    assert fault == "ethics.approval: 'n/a'; say it, or \"not available, because ...\""
    assert "TRIPOD+AI 17" in waiting
    counts = count_fields(fields)
    assert sum(found["missing"] for found in counts.values()) == len(waiting)
    assert list(counts["HTI-1"]) == ["filled", "not available", "missing"]
