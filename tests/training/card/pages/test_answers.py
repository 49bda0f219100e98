"""What is asked of every card, each answer once, and an index that leads to it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.helpers.cards import full_author, small_card, small_results
from training.card.author import AUTHOR_FIELDS, empty_author
from training.card.fields import FIELDS, PLACES
from training.card.pages.answers import list_asked, make_answers_blocks
from training.card.pages.data_protection import make_data_protection_blocks
from training.card.schema import Body
from training.document.document import Bullets, Table

ASKED = [f.key for f in AUTHOR_FIELDS if not (f.optional or f.many)]


def _answers(body: Body) -> list[str]:
    places = [place for place in PLACES if place != "data_protection"]  # it has its own table
    blocks = [block for place in places for block in make_answers_blocks(body, place)]
    tables = [b for b in blocks if isinstance(b, Table)]
    return [answer for table in tables for _, answer, _ in table.rows]


def test_every_answer_of_the_author_stands_once() -> None:
    body = small_card().body
    protection = make_data_protection_blocks(body)
    shown = " | ".join(
        [*_answers(body), *(a for b in protection if isinstance(b, Table) for _, a, _ in b.rows)]
    )
    for key in ASKED:
        answer = str(full_author()[key])
        assert shown.lower().count(answer.lower()) == 1, key
    given_once = Counter(a for a in _answers(body) if not a.startswith("Not available"))
    assert set(given_once.values()) == {1}


def test_what_a_run_alone_can_answer_stands_where_no_section_tells_it() -> None:
    shown = _answers(small_card().body)
    assert any(answer.startswith("A value that cannot be read") for answer in shown)
    assert not any("courses left after each step" in answer.lower() for answer in shown)


def test_an_optional_entry_that_was_left_empty_is_no_row() -> None:
    body = small_card().body
    assert not any("leaves it empty" in answer for answer in _answers(body))
    statuses = {
        name: status
        for row in list_asked(body)
        for fields in row.tables.values()
        for name, status in fields
    }
    assert statuses["Reimbursement"] == "left empty"


@settings(max_examples=10)
@given(st.sets(st.sampled_from(ASKED)))
def test_what_is_not_answered_is_told_and_marked_in_the_index(left: set[str]) -> None:
    body = small_card(author=full_author() | dict.fromkeys(left, "")).body
    index = [
        (name, status)
        for row in list_asked(body)
        for fields in row.tables.values()
        for name, status in fields
    ]
    missing = Counter(status for _, status in index)["missing"]
    assert missing == sum(bool(left & set(field.sources)) for field in FIELDS)
    assert len(index) == len(FIELDS)


def test_what_the_author_has_not_answered_is_a_warning() -> None:
    blocks = make_answers_blocks(small_card(author=empty_author()).body, "use")
    [warning] = [b for b in blocks if isinstance(b, Bullets)]
    assert warning.tone == "warning"
    assert warning.items[0].startswith("The author has not answered: ")


def test_the_index_leads_to_the_section_that_answers() -> None:
    rows = {row.place: row.tables for row in list_asked(small_card().body)}
    assert list(rows) == [place for place in PLACES if place in rows]
    assert ("5b Dates", "filled") in rows["population"]["TRIPOD+AI"]
    # asked twice, answered once: where it is asked first
    assert ("Fairness: test data", "filled") in rows["fairness"]["CHAI"]
    assert ("Demographics", "filled") in rows["fairness"]["HTI-1"]
    assert ("Leakage review", "filled") in rows["limitations"]["ketresponse"]


def test_a_leakage_review_is_shown() -> None:
    results = small_results()
    [row] = [r for r in results["performance"]["t1"]["rows"] if r["metric"] == "auc"]
    row["estimate"] = 0.9
    review = "Two statisticians went through every column and found none"
    author = full_author() | {"extra.leakage_review": review}
    assert any(review in answer for answer in _answers(small_card(results, author).body))
