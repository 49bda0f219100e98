"""A plain text is read at once, and as the careful reader reads it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.files.delimited import parse_delimited
from features.files.plain import parse_plain


@pytest.mark.parametrize(
    "text",
    [
        "id,pain\nA,7\nB,\n",
        "id;pain\r\nA;7,5\r\nB;\r\n\r\n",
        '"id","pain"\n"A, the ""first""",7\n"B",""\n',
        'id\tpain\rA\t""\rB\t""""',
    ],
    ids=["bare", "Windows", "quoted", "old Macintosh"],
)
def test_a_plain_text_is_read(text: str) -> None:
    expected = parse_delimited(text, name="t").to_columns()
    found = parse_plain(text)
    assert found is not None and found.header == ["id", "pain"]
    assert (found.cells, list(found.lines)) == (expected.cells, [2, 3])


@pytest.mark.parametrize(
    "text",
    [
        "id,pain",
        "id\nA\n",
        "id,pain,\nA,7,\n",
        "id,pain\nA\n",
        "id,pain\n\nA,7\n",
        "id,pain\n , \nA,7\n",
        'id,pain\nA,"7\n"\n',
        'id,pain\nA,7"\n',
        'id,pain\n"A,"7,"8"\n',
        'id,pain\nA,"7\n',
        '"id,\npain",x\nA,7\n',
        "sep=,\nid,pain\nA,7\n",
        'id,pain\n"=""001""",7\n',
    ],
)
def test_anything_else_is_left_to_the_careful_reader(text: str) -> None:
    assert parse_plain(text) is None


@settings(max_examples=500)
@given(text=st.text(st.sampled_from('aä1,;"\n\r \t|='), min_size=3, max_size=40))
def test_whatever_is_read_is_read_alike(text: str) -> None:
    found = parse_plain("a,b\n" + text)
    if found is not None:
        expected = parse_delimited("a,b\n" + text, name="t").to_columns()
        assert (found.header, found.cells) == (expected.header, expected.cells)
        assert list(found.lines) == list(expected.lines)


_CELL = st.sampled_from(["a", "ä b", "1", '"a"', '"a,b"', '"a""b"', '""', "", " ", '"\n"', 'a"'])


@settings(max_examples=500)
@given(
    rows=st.lists(st.lists(_CELL, min_size=2, max_size=2), min_size=1, max_size=5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_tables_are_read_alike(rows: list[list[str]], end: str) -> None:
    text = end.join(",".join(row) for row in [["x", "y"], *rows])
    found = parse_plain(text)
    strange = {'"\n"', 'a"'} & {cell for row in rows for cell in row}
    assert (found is None) == bool(strange or any(not row[0].strip('" ') for row in rows))
    if found is not None:
        expected = parse_delimited(text, name="t").to_columns()
        assert (found.header, found.cells) == (expected.header, expected.cells)
        assert list(found.lines) == list(expected.lines)
