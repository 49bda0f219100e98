"""What stands between the fields of a text table."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.files.delimiter import DELIMITERS, find_delimiter, find_table


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        # More commas than semicolons, all of them in quotes or before decimals.
        ('sample;"hsa-miR-16-5p, FAM";"hsa-miR-21-5p, FAM"\nP01;22,1;23,4\n', ";"),
        ('"Record ID";"Pain, NRS"\n1;7\n', ";"),
        ("id;a;b\n1;2,5;3,5\n", ";"),
        ("id,a,b\n1,2.5,3.5\n", ","),
        ("id\ta\n1\t2,5\n", "\t"),
        # Both fit: a comma may stand before decimals, a semicolon may not.
        ("sample;hsa-miR-16-5p, FAM\nP01;22,1\n", ";"),
        ("A, x;B, y;C, z\n1,5;2,5;3,5\n", ";"),
        ("id|a|b\n1|2,5|3;5\n", "|"),
        # R leaves the corner out.
        ("a,b\nP01,1,2\nP02,3,4\n", ","),
        # A text with the other delimiter in it, in one line.
        ("id,drugs\n1,a;b\n2,c\n", ","),
        # None fits every line: that of the header whose lines fit most often.
        ("id,a,b\n1,2,3\n2,3\n3,4,5\n", ","),
        ("id,a\n1;2,3\n2,x\n", ","),
        ("\n \nid;a\n\n1;2\n\n", ";"),
        ("", "\t"),
    ],
)
def test_the_delimiter_is_the_one_that_fits_every_line(text: str, delimiter: str) -> None:
    assert find_delimiter(text) == delimiter


_CELLS = st.one_of(
    st.text(alphabet='ab ,;\t"\n', max_size=6),
    st.floats(3, 60).map(lambda ct: f"{ct:.1f}".replace(".", ",")),
)


@given(
    st.sampled_from(DELIMITERS),
    st.integers(2, 5).flatmap(
        lambda width: st.lists(
            st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
)
def test_a_table_written_with_quotes_is_read_back(delimiter: str, rows: list[list[str]]) -> None:
    # Every cell in quotes: no other delimiter can then split the header.
    header = [f"column {i}" for i in range(len(rows[0]))]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    assert find_delimiter(buffer.getvalue()) == delimiter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Study X\nid,n\nA,7\n", (2, 2)),
        ("Study X, 2021; all\n\nid;n;m\nA;7;1\nB;8;2\n", (3, 3)),
        # The first line is part of the table, or nothing is.
        ("id,n\nA,7\nB,8\n", (0, 0)),
        ("id,n\nA,7,1,2\nB,8,3,4\n", (0, 0)),  # numbers are no headings
        ("a\nb\nc\n", (0, 0)),
        ("", (0, 0)),
        ("t\n" * 21 + "id,n\n" + "A,7\n" * 99, (0, 0)),
    ],
)
def test_a_table_below_other_lines_is_found_by_its_width(text: str, found: tuple[int, int]) -> None:
    assert find_table(text) == found


def test_lines_of_other_widths_may_stand_above_a_table() -> None:
    above = '"Dataset Name:","X"\n"Subjects","2"\n"Events","1"\n"A","b"\n'
    assert find_table(above + "\nid,a,b,c,d\nA,1,2,3,4\nB,1,2,3,4\nC,1,2,3,4\n") == (6, 5)
