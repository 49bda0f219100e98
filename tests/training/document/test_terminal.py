"""What a document says in a terminal."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from training.document.document import Bullets, Document, Section, Table
from training.document.terminal import leave_out_wide, tell_briefly

_WORDS = st.text(alphabet="ab ", min_size=1, max_size=300).filter(str.strip)


def _document(*sentences: str, stamp: str = "", tables: tuple[Table, ...] = ()) -> Document:
    blocks = ("A paragraph.", Bullets(sentences), Bullets(("Not in short.",)), *tables)
    return Document("Title", "Lead.", stamp, (Section("In short", blocks),))


def test_title_stamp_and_the_first_list_are_told() -> None:
    told = tell_briefly(_document("One.", "Two and two.", stamp="Simulated."), width=40)
    assert told == ["Title", "Simulated.", "- One.", "- Two and two."]


def test_a_sentence_that_does_not_fit_is_counted_and_not_cut() -> None:
    long = "word " * 20
    assert tell_briefly(_document("One.", long, "Three."), width=40, most=4) == [
        "Title",
        "- One.",
        "- 2 further sentences are on the page.",
    ]
    assert tell_briefly(_document("One.", long), width=40, most=4) == [
        "Title",
        "- One.",
        "- 1 further sentence is on the page.",
    ]


@given(st.lists(_WORDS, max_size=12), st.integers(1, 200))
def test_never_more_lines_than_asked_for_and_no_sentence_halved(
    sentences: list[str], width: int
) -> None:
    told = tell_briefly(_document(*sentences), width=width)
    assert len(told) <= 9
    assert all(len(line) <= max(width, 40) for line in told)
    words = " ".join(told[1:]).replace("- ", "").split()
    whole = " ".join(sentences).split()
    left = told[-1].startswith("- ") and "on the page." in told[-1]
    if not left and max((len(word) for word in whole), default=0) < 38:
        assert words == whole


def test_a_table_that_would_be_squeezed_goes_to_the_page_and_the_others_keep_their_numbers() -> (
    None
):
    wide = Table("wide", "Wide.", pd.DataFrame({f"column{i}": ["value"] for i in range(12)}))
    long = Table("long", "Long.", pd.DataFrame({"words": ["many words that wrap " * 20]}), "Note.")
    document = _document(tables=(wide, long))
    fitting = leave_out_wide(document, width=80, where="--out FOLDER writes it")
    left, kept = fitting.sections[0].blocks[-2:]
    assert isinstance(left, Table) and isinstance(kept, Table)
    assert left.rows == [("Too wide for this terminal: --out FOLDER writes it.",)]
    assert kept.rows == long.rows and kept.note == "Note."
    # 10 headings of 7 letters and 2 of 8, each with 3 characters around it, and the last rule.
    for width, shown in ((122, False), (123, True)):
        (section,) = leave_out_wide(document, width=width, where="").sections
        assert (wide in section.blocks) == shown
