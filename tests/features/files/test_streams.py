"""A table in pieces says what the table says."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import fsspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputError, Problem
from features.files import streams
from features.files.streams import Source, find_sources, is_stream
from features.files.table import parse_table


def read(source: Source) -> tuple[pd.DataFrame, list[Problem], int]:
    """Return all rows, all problems, and how many pieces there were."""
    pieces = list(source.read_pieces())
    read = [piece.read() for piece in pieces]
    tables = [table for table, _ in read if len(table)]
    problems = [problem for _, found in read for problem in found]
    return (pd.concat(tables) if tables else pd.DataFrame()), problems, len(pieces)


def put(data: bytes, name: str = "memory://piece/table.csv") -> Source:
    with fsspec.open(name, "wb") as file:
        file.write(data)
    [source] = find_sources(name)
    return source


cells = st.text(st.sampled_from('ab7 ,;"\n\u00e9'), max_size=6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12),
    st.integers(8, 200),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_pieces_hold_the_rows_of_the_table_under_their_numbers(
    rows: list[tuple[str, ...]], size: int, end: str, closed: bool
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(("first", "second", "third"))
    writer.writerows([(f"r{i}", *row) for i, row in enumerate(row[:2] for row in rows)])
    data = text.getvalue().encode()
    data = data if closed else data.removesuffix(end.encode())
    whole = parse_table(data, name="table")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "PIECE_BYTES", max(size, 2 * len(max(data.split(b"r"), key=len))))
        found, problems, n_pieces = read(put(data))
    pd.testing.assert_frame_equal(found, whole)
    assert problems == []
    assert n_pieces >= 1


def test_lines_that_do_not_fit_are_told_and_the_rest_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "PIECE_BYTES", 24)
    lines = ["a,b", "1,2", "3", "4,5", '"6\n6",7', "8,9,10", "11,12", "", ",", "13,14"]
    source = put("\n".join(lines).encode())
    found, problems, n_pieces = read(source)
    assert n_pieces > 1
    # Lines of the file: the quoted cell takes lines 5 and 6.
    assert [(p.row, p.column, p.expected, p.got) for p in problems] == [
        (3, "fields", "2, as in the header", "1"),
        (7, "fields", "2, as in the header", "3"),
    ]
    assert (found.index + 1).tolist() == [2, 4, 5, 8, 11]
    assert found["b"].tolist() == ["2", "5", "7", "12", "14"]


@pytest.mark.parametrize("data", [b"a,b\n", b"a,b", b"a,b\n\n,\n"])
def test_a_table_without_rows_has_none(data: bytes) -> None:
    found, problems, _ = read(put(data))
    assert (len(found), problems) == (0, [])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "is neither Parquet nor CSV in UTF-8"),
        (b'a,b\n1,2\n"3,4\n' + b"5,6\n" * 40, "row 3, fields: expected a quote that is closed"),
        (b"PAR1" + bytes(40), "is a damaged Parquet file"),
    ],
)
def test_what_is_no_table_is_one_error(
    data: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PIECE_BYTES", 40)
    with pytest.raises(InputError, match=told):
        read(put(data))


def test_parquet_comes_in_pieces_as_the_whole_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame(
        {
            "patient_id": [f"P{i}" for i in range(7)],
            "nrs": pd.array([1, 2, None, 4, 5, 6, 7], dtype="Int64"),
            "years": [0.1, 2.0, None, 3.5, 1e-3, 4.0, 5.0],
            "opioid": [True, False, None, True, True, False, None],
            "day": pd.to_datetime(["2026-01-02"] * 6 + [None]),
        }
    )
    table.to_parquet(tmp_path / "t.parquet", index=False)
    monkeypatch.setattr(streams, "PIECE_ROWS", 3)
    [source] = find_sources(str(tmp_path / "t.parquet"))
    found, _, n_pieces = read(source)
    whole = parse_table((tmp_path / "t.parquet").read_bytes(), name="t")
    pd.testing.assert_frame_equal(found, whole, check_index_type=False)
    assert n_pieces == source.count_pieces() == 3


def test_files_are_found_by_folder_pattern_and_address(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.parquet", "notes.txt"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    names = [Path(source.name).name for source in find_sources(str(tmp_path))]
    assert names == ["a.csv", "b.csv", "c.parquet"]
    [one] = find_sources(str(tmp_path / "b*.csv"))
    assert one.size == 8
    put(b"a,b\n1,2\n", "memory://found/x.csv")
    put(b"a,b\n3,4\n", "memory://found/y.csv")
    assert [source.name for source in find_sources("memory://found/*.csv")] == [
        "memory:///found/x.csv",
        "memory:///found/y.csv",
    ]
    for stream, expected in (
        (tmp_path, True),
        ("s3://b/x.csv", True),
        ("x*.csv", True),
        (tmp_path / "a.csv", False),
    ):
        assert is_stream(str(stream)) == expected


@pytest.mark.parametrize("where", ["memory://none/x.csv", "no/such/*.csv", "nix://a/b.csv"])
def test_a_place_without_files_is_one_error(where: str) -> None:
    with pytest.raises(InputError, match=where.replace("*", r"\*")):
        find_sources(where)


def test_another_content_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    [source] = find_sources(str(path))
    first = source.fingerprint()
    path.write_text("a,b\n1,3\n")
    assert first != source.fingerprint()
    before = put(b"a,b\n1,2\n", "memory://mark/x.csv").fingerprint()
    assert before != put(b"a,b\n1,2,\n", "memory://mark/x.csv").fingerprint()
