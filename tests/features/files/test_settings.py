"""Settings files: what is read, and what is told of one that cannot be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from features.errors import InputError
from features.files.settings import (
    Number,
    Settings,
    Texts,
    beside,
    between,
    fits,
    one_of,
    read_settings,
    read_toml,
    show,
    worded,
)


@dataclass(frozen=True)
class Place:
    folder: Path


class Inner(Settings):
    retired: ClassVar[dict[str, str]] = {"colour": "write kind"}
    size: Annotated[int, between(2, 20)] = 5
    share: Annotated[Number, between(0, 1)] = 0.5
    words: Annotated[Texts, fits("at least one", bool)] = ("a",)
    kind: Annotated[str, one_of(("red", "blue"))] = "red"
    source: Annotated[str, worded("the name of a column")] = Field(default="x", alias="from")


class Needed(Settings):
    colour: Literal["red", "blue"]
    text: str
    below: Inner = Inner()


class Whole(Settings):
    name: str
    needed: Needed
    inner: Inner = Inner()
    file: Annotated[str, beside("make it")] | None = None


def _told(content: object, kind: type[Settings] = Whole, **more: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_settings(kind, content, "test file", **more)
    return [problem.text(values=True) for problem in caught.value.problems]


def test_what_is_left_out_has_its_default_and_numbers_stay_as_written() -> None:
    inner = read_settings(Inner, {"share": 1, "words": ["b", "c"], "from": "y"}, "test file")
    assert inner == Inner(share=1, words=("b", "c"), **{"from": "y"})
    assert inner.size == 5 and type(inner.share) is int


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"size": "5"}, "size: expected a whole number; got '5'"),
        ({"size": True}, "size: expected a whole number; got true"),
        ({"size": 5.0}, "size: expected a whole number; got 5.0"),
        ({"size": 1}, "size: expected from 2 to 20; got 1"),
        ({"size": 21}, "size: expected from 2 to 20; got 21"),
        ({"share": True}, "share: expected a number; got true"),
        ({"share": "0.5"}, "share: expected a number; got '0.5'"),
        ({"share": float("nan")}, "share: expected a number; got nan"),
        ({"words": "b"}, "words: expected a list; got 'b'"),
        ({"words": []}, "words: expected at least one; got []"),
        ({"words": ["b", 3]}, "words: expected text; got 3"),
        ({"words": {"b": 1}}, "words: expected a list; got a table"),
        ({"kind": "green"}, "kind: expected one of red, blue; got 'green'"),
        ({"from": 3}, "from: expected the name of a column; got 3"),
        (
            {"form": "y"},
            "form: expected one of size, share, words, kind, from; got an unknown key; "
            "did you mean from?",
        ),
        (
            {"colour": "red"},
            "colour: expected one of size, share, words, kind, from; got a key of earlier "
            "versions; write kind",
        ),
        (3, ": expected a table; got 3"),
    ],
)
def test_one_problem_is_told_in_these_words(content: object, told: str) -> None:
    assert _told(content, Inner) == [told]
    where = "test.one" if told.startswith(":") else "test.one."
    assert _told(content, Inner, at="test.one") == [f"{where}{told}"]


def test_every_problem_is_told_at_once_at_any_depth() -> None:
    content = {
        "name": 1,
        "inner": 2,
        "needed": {"colour": "green", "below": {"size": 1, "share": [0], "sizes": 2}},
        "need": {},
        "nam": "x",
    }
    assert _told(content) == [
        "name: expected text; got 1",
        "needed.colour: expected one of red, blue; got 'green'",
        "needed.text: expected a value; got nothing; add it",
        "needed.below.size: expected from 2 to 20; got 1",
        "needed.below.share: expected a number; got [0]",
        "needed.below.sizes: expected one of size, share, words, kind, from; got an unknown key; "
        "did you mean size?",
        "inner: expected a table; got 2",
        "[need]: expected one of name, needed, inner, file; got an unknown table; "
        "did you mean [needed]?",
        "nam: expected one of name, needed, inner, file; got an unknown key; did you mean name?",
    ]


def test_of_a_table_that_is_missing_all_that_it_needs_is_told() -> None:
    assert _told({}) == [
        "name: expected a value; got nothing; add it",
        "needed.colour: expected one of red, blue; got nothing; add it",
        "needed.text: expected a value; got nothing; add it",
    ]


def test_a_file_beside_the_settings_must_be_there(tmp_path: Path) -> None:
    content = {"name": "a", "needed": {"colour": "red", "text": ""}, "file": "b.csv"}
    [told] = _told(content, context=Place(tmp_path))
    assert told == (
        f"file: expected a file beside the study; got {tmp_path / 'b.csv'} does not exist; make it"
    )
    (tmp_path / "b.csv").touch()
    read = read_settings(Whole, content, "test file", context=Place(tmp_path))
    assert read.file == "b.csv"


def test_what_came_is_not_in_the_text_that_may_be_logged() -> None:
    with pytest.raises(InputError) as caught:
        read_settings(Inner, {"kind": "secret"}, "test file")
    assert str(caught.value) == "test file: 1 problem\n  kind: expected one of red, blue"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Inner().size = 3


def test_long_texts_are_cut() -> None:
    assert show("a" * 70) == repr("a" * 57 + "...")
    assert show([True, "b", 1.5, {}]) == "[true, 'b', 1.5, a table]"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_toml_is_read_with_a_byte_order_mark_or_without(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "Ångström"\n', encoding=encoding)
    assert read_toml(path, "test file") == ('name = "Ångström"\n', {"name": "Ångström"})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "does not exist: check the path"),
        (b"name = [", "is not TOML: Invalid value (at end of document)"),
        (b'name = "\xff"', "cannot be read as UTF-8 text; save it as UTF-8"),
        ('name = "a"'.encode("utf-16"), "cannot be read as UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, data: bytes | None, told: str
) -> None:
    path = tmp_path / "a.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_toml(path, "test file")
    assert str(caught.value) == f"test file {path} {told}"


def test_what_nobody_sees_in_a_text_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(
        '[columns]\nid = "Record\u00a0ID"\nsex = { "f\u200b" = ["fe\u00admale", " "], m = 1 }\n',
        encoding="utf-8",
    )
    assert read_toml(path, "mapping file")[1] == {
        "columns": {"id": "Record ID", "sex": {"f": ["female", " "], "m": 1}}
    }
    path.write_text('[recode]\n"f" = "female"\n"f\u200b" = "male"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_toml(path, "mapping file")
    assert [(p.column, p.expected) for p in caught.value.problems] == [("f", "each name once")]


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as UTF-8 text; save it as UTF-8"):
        read_toml(tmp_path, "test file")
