"""Text in the encoding that a mark or the user tells; never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.files.table import CLEANED, parse_table
from features.files.text import decode

CONTROLS = "".join(map(chr, {*range(32)} - {9, 10, 13}))
_LATIN = st.text(st.sampled_from("Zürich, Köln; 7,5 €’\n"), min_size=1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@given(
    text=st.text(
        st.characters(exclude_characters="\0\ufeff\x7f" + CONTROLS, codec="utf-8"), min_size=1
    )
)
def test_unicode_is_read_without_a_word(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), name="t") == text


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told_by_its_mark_whatever_is_stated(mark: str) -> None:
    assert decode("\ufeffa;b".encode(mark), name="t", encoding="windows-1252") == "a;b"


@given(text=_LATIN)
def test_windows_1252_is_read_when_stated(text: str) -> None:
    assert decode(text.encode("cp1252"), name="t", encoding="windows-1252") == text


def test_windows_1252_is_not_guessed() -> None:
    with pytest.raises(InputError, match=r'not UTF-8 text \(byte 1\).*"windows-1252"'):
        decode("Zürich".encode("cp1252"), name="t")


@pytest.mark.parametrize("encoding", ["windows-1525", "rot13", "hex"])
def test_what_is_no_encoding_is_said_with_the_nearest(encoding: str) -> None:
    with pytest.raises(InputError, match="no encoding"):
        decode(b"a", name="t", encoding=encoding)
    with pytest.raises(InputError, match="did you mean windows-1252"):
        decode(b"a", name="t", encoding="windows_1252x")


def test_bytes_that_the_stated_encoding_does_not_have() -> None:
    with pytest.raises(InputError, match="not windows-1252 text"):
        decode(b"a\x81", name="t", encoding="windows-1252")
    with pytest.raises(InputError, match="not utf-16 text"):
        decode(b"\xff\xfea", name="t")
    with pytest.raises(InputError, match="not a text file"):
        decode(b"a\0b", name="t")


@given(
    text=st.text(st.sampled_from("idnrs,;7\nü€"), max_size=6),
    encoding=st.sampled_from(["utf-16-le", "utf-16-be"]),
)
def test_utf_16_without_its_mark_is_known_and_read_when_stated(text: str, encoding: str) -> None:
    text = f"id,nrs\n{text}"
    with pytest.raises(InputError, match=f'encoding = "{encoding}"'):
        decode(text.encode(encoding), name="t")
    assert decode(text.encode(encoding), name="t", encoding=encoding) == text


def test_utf_32_is_told_by_its_mark() -> None:
    assert decode("a;b".encode("utf-32"), name="t") == "a;b"


@pytest.mark.parametrize(
    ("data", "kind", "action"),
    [
        (b"\r\n<HTML><body><table>", "a web page", "save it as .xlsx"),
        (b'<?xml version="1.0"?><Workbook>', "XML", "save it as .xlsx"),
        (b"%PDF-1.4\n", "a PDF", "ask for the table"),
        (b"\x1f\x8b\x08", "compressed", "unpack it first"),
        (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "a SAS file", ".sav or .dta"),
        (b"RDX3\nX\n", "an R data file", "write.csv"),
        (b"{\\rtf1", "a text document", "as CSV"),
    ],
)
def test_other_kinds_of_files_are_named_with_what_to_do(
    data: bytes, kind: str, action: str
) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, name="t.xls")
    assert f"t.xls is {kind}" in str(caught.value) and action in str(caught.value)


@given(st.text(st.sampled_from("Düsseldorf é €"), min_size=1).filter(lambda t: not t.isascii()))
def test_utf_8_is_not_read_as_anything_else(text: str) -> None:
    with pytest.raises(InputError, match="is UTF-8 text, not windows-1252: leave"):
        decode(text.encode(), name="t", encoding="windows-1252")
    assert decode(text.encode("utf-8"), name="t", encoding="utf-8") == text


def test_controls_are_passed_over_as_what_nobody_sees_is() -> None:
    assert decode(b"id,n\nA,7\n\x1a", name="t") == "id,n\nA,7\n"
    table = parse_table(b"id,n\nA\x1c1,7\nB\x7f,8\x0b9\n", name="t")
    assert table.to_numpy().tolist() == [["A1", "7"], ["B", "8 9"]]
    assert table.attrs[CLEANED] == 2
