"""What does not count in a text, and sentences that can still be said in another language.

What does not count are characters that nobody sees, and how a word is spelt. A sentence for a
reader is made by :func:`say`. It is plain English text wherever a text is wanted, and remembers the
English pattern and the values that it was made of, so that whoever shows it can say it anew in the
reader's language: the pattern is what a catalogue of translations is asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

__all__ = [
    "Text",
    "as_text",
    "clean",
    "count_invisible",
    "holds_invisible",
    "replace_invisible",
    "say",
    "say_count",
    "say_list",
    "say_words",
    "squash",
]

# What Unicode calls default ignorable, by first and last: soft hyphens, zero-width spaces and
# joiners, marks of direction, variation selectors, the byte order mark, tags.
_RANGES = (
    "\u00ad\u00ad\u034f\u034f\u061c\u061c\u115f\u1160\u17b4\u17b5\u180b\u180f\u200b\u200f\u202a\u202e"
    "\u2060\u206f\u3164\u3164\ufe00\ufe0f\ufeff\ufeff\uffa0\uffa0\ufff0\ufff8\U0001bca0\U0001bca3"
    "\U0001d173\U0001d17a\U000e0000\U000e0fff"
)
_NOTHING = "".join(f"{a}-{b}" for a, b in zip(_RANGES[::2], _RANGES[1::2], strict=True))
# Spaces that do not break a line, and those of other widths: spreadsheets and web pages put them
# between a number and its unit.
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE = re.compile(f"[{_NOTHING}{_SPACES}]")
_IGNORED = re.compile(f"[{_NOTHING}]")
_OTHER_SPACES = re.compile(f"[{_SPACES}]")


def holds_invisible(text: str) -> bool:
    """Return whether a text holds any character that :func:`clean` takes out."""
    return not text.isascii() and _INVISIBLE.search(text) is not None


def count_invisible(texts: Sequence[str]) -> int:
    """Return how many of the texts hold such a character."""
    return 0 if "".join(texts).isascii() else sum(map(holds_invisible, texts))


def replace_invisible(text: str) -> str:
    """Return a text without zero-width characters, its spaces plain and its letters whole.

    A letter may be written as one with its accent or as two, which nobody sees: a Mac does so.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return _OTHER_SPACES.sub(" ", _IGNORED.sub("", text)) if holds_invisible(text) else text


def clean(text: str) -> str:
    """Return a text without zero-width characters, its letters whole, no spaces at its ends.

    Examples
    --------
    >>> clean("\\ufeffP\\u200b01\\u00a0")
    'P01'
    """
    return replace_invisible(text).strip()


def squash(text: str) -> str:
    """Return the letters and digits of a text: without case, accents, spaces and signs.

    Examples
    --------
    >>> squash("Std. Dev."), squash("\u00c9cart-type")
    ('stddev', 'ecarttype')
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


class Text(str):
    """A text in English that remembers what it was made of.

    Joining it to another text, or taking a part of it, gives a plain text that remembers nothing:
    what is to be said in other languages is one pattern with values.

    Parameters
    ----------
    pattern : str
        The English sentence, values in braces: ``"{label} is not known"``. Without any value it is
        taken as it stands, braces too.
    plural : str
        The pattern for other counts than one; empty where nothing is counted.
    counted : number or None
        What decides between the two.
    values : mapping
        By name: numbers, texts that are left as they are, and texts of this kind.
    """

    pattern: str
    plural: str
    counted: float | None
    values: Mapping[str, object]

    def __new__(
        cls,
        pattern: str,
        plural: str = "",
        counted: float | None = None,
        values: Mapping[str, object] = MappingProxyType({}),
    ) -> Text:
        """Make the English text, and keep what it was made of."""
        chosen = pattern if counted is None or counted == 1 else plural
        text = super().__new__(cls, chosen.format_map(values) if values else chosen)
        text.pattern, text.plural = pattern, plural
        text.counted, text.values = counted, dict(values)
        return text

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Text:
        """Return the text that :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If it is no such content.
        """
        try:
            pattern, plural, counted = (content[name] for name in ("pattern", "plural", "counted"))
            values = {
                str(name): cls.from_json(value) if isinstance(value, Mapping) else value
                for name, value in content["values"].items()
            }
            return cls(pattern, plural, counted, values)
        except (KeyError, IndexError, AttributeError, TypeError) as err:
            raise ValueError("no text") from err

    def to_json(self) -> dict[str, Any]:
        """Return what the text is made of, as plain values."""
        values = {
            name: value.to_json() if isinstance(value, Text) else value
            for name, value in self.values.items()
        }
        told = {"pattern": self.pattern, "plural": self.plural, "counted": self.counted}
        return {**told, "values": values}

    def __format__(self, format_spec: str) -> str:
        """Return the text; for "capital" as the beginning of a sentence: ``{reason:capital}``."""
        if format_spec == "capital":
            return self[:1].upper() + self[1:]
        return super().__format__(format_spec)


def as_text(words: str) -> Text:
    """Return words as a text: those of a study or a file, which may have a translation too."""
    return words if isinstance(words, Text) else Text(words)


def say(pattern: str, /, **values: object) -> Text:
    """Return a sentence with its values, in English until somebody wants another language.

    Parameters
    ----------
    pattern : str
        As :class:`Text` has it. It is looked for in the source by those who translate, so that it
        has to stand there as it is, and not in a variable.
    **values : object
        What is put into the pattern.

    Examples
    --------
    >>> text = say("{label} is not known", label=say("Age"))
    >>> text, text.pattern
    ('Age is not known', '{label} is not known')
    """
    return Text(pattern, values=values)


def say_count(one: str, many: str, /, count: float, **values: object) -> Text:
    """Return a sentence that counts something; `count` is one of its values.

    Examples
    --------
    >>> say_count("{count} patient", "{count} patients", 2)
    '2 patients'
    """
    return Text(one, many, count, {"count": count, **values})


def say_list(parts: Iterable[object], separator: str = ", ") -> Text:
    """Return texts in a row, each of which is said in its own right; so is what is between them.

    Examples
    --------
    >>> say_list([say("Age"), say("Sex")], say(" or "))
    'Age or Sex'
    """
    values = {f"part{place}": part for place, part in enumerate(parts)}
    pattern = "{between}".join(f"{{{name}}}" for name in values)
    return Text(pattern, values={**values, "between": separator})


def say_words(*parts: str) -> Text:
    """Return texts with spaces between, without those that say nothing: a number and its unit."""
    return say_list([part for part in parts if part], " ")
