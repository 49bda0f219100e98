"""Texts with delimiters are read as they were written, each row with its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.files.delimited import parse_delimited
from features.files.delimiter import DELIMITERS
from features.files.options import TableOptions
from features.files.table import parse_table


def test_commas_inside_quotes_do_not_make_columns() -> None:
    found = parse_delimited('"Record ID";"Pain, NRS"\n1;7\n2;8\n', name="t")
    assert (found.header, found.rows) == (["Record ID", "Pain, NRS"], [["1", "7"], ["2", "8"]])
    assert found.lines == [2, 3]


def test_lines_are_counted_through_line_breaks_in_cells_and_blank_lines() -> None:
    found = parse_delimited('\n"a\nb";c\n\n"x\ry";1\nz;2\n;\n', name="t")
    assert (found.header, found.rows) == (["a\nb", "c"], [["x\ny", "1"], ["z", "2"]])
    assert found.lines == [5, 7]


def test_a_line_that_says_the_delimiter_is_obeyed() -> None:
    found = parse_delimited("sep=|\na,b|c;d\n1|2\n", name="t")
    assert (found.header, found.rows, found.lines) == (["a,b", "c;d"], [["1", "2"]], [3])
    with pytest.raises(InputError, match="is empty"):
        parse_delimited("sep=;\n", name="t")


def test_a_line_that_does_not_fit_is_told_by_the_line_it_begins_on() -> None:
    with pytest.raises(InputError) as caught:
        parse_delimited('a;b\n"1\n";2\n3\n4;5;6\n', name="t")
    assert [(p.row, p.expected, p.got) for p in caught.value.problems] == [
        (4, "2, as in the header", "1"),
        (5, "2, as in the header", "3"),
    ]
    with pytest.raises(InputError, match="near line 2"):
        parse_delimited('a;b\n"1;2\n3;4\n', name="t")


_HEADINGS = st.lists(
    st.sampled_from(["Record ID", "Pain, NRS", "age;years", "a|b", "x\ty", 'the "dose"', "Größe"]),
    min_size=2,
    max_size=5,
    unique=True,
)


@settings(max_examples=200, deadline=None)  # the first one loads the reader
@given(
    data=st.data(),
    delimiter=st.sampled_from(DELIMITERS),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    decimal=st.sampled_from(",."),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1252"]),
)
def test_what_was_written_is_read_however_it_was_written(
    data: st.DataObject, delimiter: str, quoting: int, decimal: str, encoding: str
) -> None:
    header = data.draw(_HEADINGS)
    number = st.decimals(-1000, 1000, places=2).map(lambda n: str(n).replace(".", decimal))
    cell = number | st.sampled_from(["", "NA", "a, b", "ä\n;", "two words", "c|d"])
    row = st.lists(cell, min_size=len(header), max_size=len(header)).filter(any)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    if delimiter == ",":  # a comma is told from others only where headings hold none of them
        header = [heading.translate({ord(c): " " for c in "\t;|"}) for heading in header]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, quoting=quoting).writerows([header, *rows])
    options = TableOptions(encoding=encoding)
    table = parse_table(buffer.getvalue().encode(encoding), name="t", options=options)
    assert table.columns.tolist() == header
    assert table.to_numpy().tolist() == rows
