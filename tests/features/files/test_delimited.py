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


@settings(max_examples=200)  # the first one loads the reader
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


def test_rows_of_delimiters_alone_are_blank_wherever_they_stand() -> None:
    found = parse_delimited("id;n\n1;7\n;\n ; \n2;8\n;;;\n", name="t")
    assert (found.rows, found.lines) == ([["1", "7"], ["2", "8"]], [2, 5])
    assert found.notes == ("Passed over 2 blank rows, the first in line 3.",)


def test_row_numbers_of_r_have_no_heading_and_are_told() -> None:
    found = parse_delimited('"id","n"\n"1","A",7\n"3","B",8\n,,\n', name="t")
    assert found.header == ["", "id", "n"]
    assert found.rows == [["1", "A", "7"], ["3", "B", "8"]]
    assert found.notes == (
        "The first column has no heading and numbers the rows, as R writes them.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "id,n\n1,A,7\n2,B,8\n",  # the first may be the patients and the last a remark
        '"id","n"\n"1","A",7\n"1","B",8\n',
        '"id","n"\n1,"A",7\n2,"B",8\n',
        '"id","n"\n"P1","A",7\n"P2","B",8\n',
        "id;n\nA;7;x\n",
    ],
)
def test_which_column_has_no_heading_is_not_guessed(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_delimited(text, name="t")
    [problem] = caught.value.problems
    assert (problem.expected, problem.got) == ("2, as in the header", "3 in each row")
    assert "row.names = FALSE" in problem.action


def test_a_delimiter_at_the_end_of_each_row_is_no_column() -> None:
    found = parse_delimited("id,n\nA,7,\nB,8, \n", name="t")
    assert (found.header, found.rows) == (["id", "n"], [["A", "7"], ["B", "8"]])
    assert found.notes == ("Each row ends with a delimiter: passed over.",)
    # With a single row that does not, one more cell is one too many.
    with pytest.raises(InputError) as caught:
        parse_delimited("id,n\nA,7,\nB,8\n", name="t")
    assert [p.row for p in caught.value.problems] == [2]


@pytest.mark.parametrize(
    "above", ["Study X\n", "# a; b\n# c\n\n", '"Title\nin two lines"\n', "\n\nx\n"]
)
def test_headings_below_other_lines_are_found_for_whoever_says_where(above: str) -> None:
    text = above + "id;n;m\nA;7;1\n\nB;8;2\n"
    line = above.count("\n") + 1
    with pytest.raises(InputError, match=f"header_line = {line}") as caught:
        parse_delimited(text, name="t")
    assert f"3 in line {line}" in caught.value.problems[0].got
    found = parse_delimited(text, name="t", header_line=line)
    assert (found.header, found.rows) == (["id", "n", "m"], [["A", "7", "1"], ["B", "8", "2"]])
    assert found.lines == [line + 1, line + 3]


def test_a_table_that_ends_above_its_headings_is_empty() -> None:
    with pytest.raises(InputError, match="nothing from line 9 on: header_line is wrong"):
        parse_delimited("a,b\n1,2\n", name="t", header_line=9)
    with pytest.raises(InputError, match="near line 4"):
        parse_delimited('t\n\na;b\n"1;2\n', name="t", header_line=3)


@given(
    above=st.lists(st.sampled_from(["Study X", "# by me", "", "date: 2021"]), max_size=5),
    rows=st.integers(2, 6),
    delimiter=st.sampled_from(DELIMITERS),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_stands_above_the_headings_is_never_read(
    above: list[str], rows: int, delimiter: str, end: str
) -> None:
    table = [["id", "n"], *([f"P{row}", "7"] for row in range(rows))]
    text = end.join([*above, *(delimiter.join(cells) for cells in table), ""])
    stated = parse_delimited(text, name="t", header_line=len(above) + 1)
    assert [stated.header, *stated.rows] == table
    assert list(stated.lines) == [len(above) + 2 + row for row in range(rows)]
    if any(above):
        with pytest.raises(InputError, match=f"header_line = {len(above) + 1}"):
            parse_delimited(text, name="t")
    else:
        assert parse_delimited(text, name="t").header == table[0]


def test_a_text_with_blanks_between_quoted_fields_is_told_to_be_no_csv() -> None:
    with pytest.raises(InputError, match="no sign of , ; "):
        parse_delimited('"id" "n"\n"1" "A" 7\n', name="t")


def test_a_text_in_a_formula_is_that_text() -> None:
    found = parse_delimited('="id",n\n="001",7\n"=""002""",8\nx="3",9\n', name="t")
    assert (found.header, found.rows) == (["id", "n"], [["001", "7"], ["002", "8"], ['x="3"', "9"]])
    assert found.notes == ('Took the text out of formulas such as ="001" in 3 rows.',)
    assert parse_delimited('id,n\nx="3",7\n', name="t").notes == ()
