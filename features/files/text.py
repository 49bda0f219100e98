"""The bytes of a text file become its text."""

from __future__ import annotations

import codecs
import re

from features.errors import InputError, did_you_mean

__all__ = ["decode"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OFTEN = ("utf-8", "utf-16", "windows-1252", "windows-1250", "iso-8859-1", "iso-8859-15")
_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
_LOOKED_AT = 4096
# Nobody sees them: they become one of the characters that are passed over and counted. A vertical
# tab is a line break within a cell.
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Files that are taken for tables: how each kind begins, what it is and what to do.
_OTHER_KINDS = tuple(
    (re.compile(begins, re.IGNORECASE), kind, action)
    for begins, kind, action in (
        (
            rb"\s*<(?:!doctype html|html|head|meta|table)",
            "a web page",
            "open it in Excel or LibreOffice and save it as .xlsx",
        ),
        (rb"\s*<\?xml", "XML", "open it in Excel or LibreOffice and save it as .xlsx"),
        (rb"%PDF", "a PDF", "ask for the table as CSV or .xlsx"),
        (rb"\{\\rtf", "a text document (RTF)", "save the table as CSV or .xlsx"),
        (rb"\x1f\x8b|BZh\d|7z\xbc\xaf|Rar!", "compressed", "unpack it first"),
        (
            rb"\0{12}\xc2\xea\x81\x60|HEADER RECORD\*+LIBRARY",
            "a SAS file",
            "export it as CSV, .sav or .dta",
        ),
        (rb"RD[AX]\d\n", "an R data file", "write it with write.csv(data, row.names = FALSE)"),
    )
)


def decode(data: bytes, *, name: str, encoding: str | None = None) -> str:
    """Return the text of a file.

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        What to call it in an error.
    encoding : str or None
        As :class:`~features.files.options.TableOptions` has it. A mark at the beginning of the
        file stands above it: it cannot be there by chance.

    Raises
    ------
    InputError
        If it is a file of another kind, there is no such encoding, the bytes are not text in it,
        or they are UTF-8 although another is stated.
    """
    for begins, kind, action in _OTHER_KINDS:
        if begins.match(data[:_LOOKED_AT]):
            raise InputError(f"{name} is {kind}, whatever its ending; {action}")
    marked = next((word for mark, word in _MARKS if data.startswith(mark)), None)
    told = marked or encoding or "utf-8"
    try:
        # Python also has codecs that are no encodings of text, and two that run what they read.
        if not codecs.lookup(told)._is_text_encoding:
            raise LookupError(told)
        text = data.decode(told)
    except LookupError as error:
        action = did_you_mean(told, _OFTEN) or f"often it is one of {', '.join(_OFTEN)}"
        raise InputError(f"there is no encoding {told!r}: {action}") from error
    except UnicodeError as error:
        _check_unmarked(data, name=name)
        at = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        words = "UTF-8" if told == "utf-8" else told
        raise InputError(
            f"{name} is not {words} text{at}; save it as CSV with UTF-8 encoding, or import it "
            'with a mapping that states its encoding (often encoding = "windows-1252")'
        ) from error
    if told not in _UNICODE and not data.isascii() and _is_utf_8(data):
        raise InputError(f"{name} is UTF-8 text, not {told}: leave its encoding out")
    text = text.rstrip("\x1a")  # the end of a text, to DOS
    if _CONTROLS.search(text):
        text = _CONTROLS.sub("\u200b", text.replace("\v", " "))
    if "\0" in text:
        _check_unmarked(data, name=name)
        raise InputError(f"{name} is not a text file; expected CSV, .xlsx, .sav, .dta or Parquet")
    return text


def _is_utf_8(data: bytes) -> bool:
    """Return whether bytes are UTF-8, which those of another encoding are not by chance."""
    try:
        data.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _check_unmarked(data: bytes, *, name: str) -> None:
    """Say that a text looks like UTF-16 that does not begin with its mark."""
    first, second = data[:_LOOKED_AT:2], data[1:_LOOKED_AT:2]
    for zeros, others, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        # Each letter of a Latin script has one zero.
        if len(data) % 2 == 0 and others.count(0) == 0 and zeros.count(0) > len(zeros) / 2:
            raise InputError(
                f"{name} looks like UTF-16 without the mark that says so; save it as CSV with "
                f'UTF-8 encoding, or import it with a mapping that says encoding = "{encoding}"'
            )
