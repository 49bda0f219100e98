"""Whether a card answers everything that it must, and who can fill what is missing."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.helpers.cards import full_author, small_card, small_facts, small_results
from training.card.answers import answer_from_run
from training.card.author import AUTHOR_FIELDS, empty_author
from training.card.checks import (
    count_fields,
    fill_fields,
    find_declaration_fault,
    find_faults,
    list_missing,
    require,
)
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


ASKED = [field for field in AUTHOR_FIELDS if not (field.optional or field.many)]
KEYS = st.sampled_from([field.key for field in ASKED])


def test_honest_answers_have_no_fault() -> None:
    assert find_faults(full_author()) == {}


@pytest.mark.parametrize("nonsense", ["ok", "x", "asdf", "n.v.t", "...", "12", "bla bla", "1) -"])
def test_one_nonsense_for_every_question_passes_nowhere(nonsense: str) -> None:
    author = full_author() | {field.key: nonsense for field in ASKED}
    assert set(find_faults(author)) == {field.key for field in ASKED}


@pytest.mark.parametrize(
    "write",
    [
        lambda place: "this was thought about by everybody",
        lambda place: f"Answer number {place} to what is asked.",
        lambda place: f"not available, because nobody knows it ({place})",
        lambda place: "  This WAS thought\u00a0about by everybody" + "." * place,
    ],
)
def test_answers_that_repeat_one_another_leave_one(write: Callable[[int], str]) -> None:
    author = full_author() | {field.key: write(place) for place, field in enumerate(ASKED)}
    faults = find_faults(author)
    assert set(faults) == {field.key for field in ASKED[1:]}
    assert f"the answer of {ASKED[0].key} again" in faults[ASKED[1].key]


@settings(max_examples=20)
@given(KEYS, st.sampled_from([field.question for field in AUTHOR_FIELDS]), st.booleans())
def test_the_sentences_of_the_template_are_no_answers(key: str, asked: str, upper: bool) -> None:
    text = asked.upper() if upper else asked.rstrip(".")
    assert key in find_faults(full_author() | {key: text})
    assert key in find_faults(full_author() | {key: f"not available, because {text}"})


@settings(max_examples=20)
@given(KEYS, KEYS, st.sampled_from(["{}", "{}!", "  {} ", "{} 2"]))
def test_the_answer_of_another_entry_is_none(key: str, other: str, form: str) -> None:
    author = full_author()
    author[key] = form.format(author[other])
    later = max(key, other, key=[field.key for field in AUTHOR_FIELDS].index)
    assert set(find_faults(author)) == (set() if key == other else {later})


@settings(max_examples=20)
@given(KEYS, st.text(alphabet="0123456789 .,;:-_/?!()", max_size=30))
def test_an_answer_without_words_is_none(key: str, text: str) -> None:
    assert key in find_faults(full_author() | {key: text})


@pytest.mark.parametrize(
    "text",
    [
        "Physicians",
        "ISRCTN01234567",
        "https://osf.io/ab3de",
        "METC P10.123",
        "疼痛科医生和护士负责随访患者",
    ],
)
def test_short_answers_that_say_something_stand(text: str) -> None:
    assert find_faults(full_author() | {"openness.protocol": text}) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "names the author who declares it"),
        ("yes", "has to name one of people.authors"),
        ("  ALICE ", ""),
        ("Dr. B.  Writer", ""),
    ],
)
def test_an_author_declares_by_name_that_the_patients_are_real(name: str, words: str) -> None:
    fault = find_declaration_fault(full_author() | {"study.declared_real_by": name})
    assert fault.endswith(words)
    assert bool(fault) is bool(words)


def test_a_card_from_before_the_declaration_lacks_it() -> None:
    author = full_author()
    del author["study.declared_real_by"]
    assert find_declaration_fault(author)
    assert find_faults(author) == {}


def test_flags_ask_for_a_leakage_review() -> None:
    assert require([]) == ()
    assert require(["T1: suspicious"]) == ("extra.leakage_review",)
