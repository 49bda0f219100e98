"""The bytes of a text file become its text."""

from __future__ import annotations

import codecs

from features.errors import InputError, did_you_mean

__all__ = ["decode"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OFTEN = ("utf-8", "utf-16", "windows-1252", "windows-1250", "iso-8859-1", "iso-8859-15")


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
        If there is no such encoding, or the bytes are not text in it.
    """
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
        at = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        words = "UTF-8" if told == "utf-8" else told
        raise InputError(
            f"{name} is not {words} text{at}; save it as CSV with UTF-8 encoding, or import it "
            'with a mapping that states its encoding (often encoding = "windows-1252")'
        ) from error
    if "\0" in text:
        raise InputError(f"{name} is not a text file; expected CSV or Parquet")
    return text
