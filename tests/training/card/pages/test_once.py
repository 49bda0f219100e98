"""No sentence is said a second time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from training.card.pages.once import say_once, split_sentences
from training.document.document import Block, Bullets, Section, make_table

LONG = "There is no comparison group behind any of these estimates."
OTHER = "Whether its use changes what happens to patients has not been studied."
SHORT = "Not estimable."


def _blocks(*blocks: Block, said: tuple[str, ...] = ()) -> tuple[Block, ...]:
    [section] = say_once([Section("One", blocks, "one")], said)
    return section.blocks


def test_a_sentence_that_was_said_is_left_out_of_texts_lists_and_notes() -> None:
    first = Bullets((LONG, f"{SHORT} {OTHER}"), "warning")
    table = make_table("", ("a",), [("b",)], f"{LONG} Rows are patients.")
    shown = _blocks(f"{LONG} {SHORT}", first, table, OTHER)
    assert shown[0] == f"{LONG} {SHORT}"
    assert shown[1] == Bullets((f"{SHORT} {OTHER}",), "warning")
    assert getattr(shown[2], "note", None) == "Rows are patients."
    assert len(shown) == 3


def test_what_page_one_says_is_said_there_only() -> None:
    assert _blocks(LONG, OTHER, said=(f"Before. {LONG}",)) == (OTHER,)


def test_a_reference_stays_with_its_table_and_a_section_is_never_left_empty() -> None:
    reference = "Sigtermans 2009, Pain 145:304-311, doi:10.1016/j.pain.2009.06.023"
    tables = [make_table("", ("a",), [("b",)], reference) for _ in range(2)]
    assert [getattr(block, "note", "") for block in _blocks(*tables)] == [reference] * 2
    assert _blocks(LONG, said=(LONG,)) == (LONG,)


WORDS = st.lists(st.sampled_from("alpha beta gamma delta".split()), min_size=1, max_size=9)
SENTENCE = WORDS.map(lambda words: " ".join(words).capitalize() + ".")


@given(st.lists(st.lists(SENTENCE, min_size=1, max_size=4), min_size=2, max_size=6))
def test_nothing_is_lost_and_nothing_long_is_said_twice(texts: list[list[str]]) -> None:
    sections = [Section("S", ("Kept.", " ".join(text))) for text in texts]
    shown = [
        sentence
        for section in say_once(sections, [])
        for block in section.blocks
        for sentence in split_sentences(str(block))
    ]
    long = [sentence for sentence in shown if len(sentence.split()) >= 6]
    assert len(long) == len(set(long))
    assert {sentence for text in texts for sentence in text} <= set(shown)
