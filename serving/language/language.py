"""A language: texts said in it, numbers and dates written as it writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from string import Formatter
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

from babel import Locale, negotiate_locale
from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol
from markupsafe import Markup, escape
from starlette.datastructures import Headers
from starlette.types import Scope

from features.texts import Text
from serving.language.catalogue import make_messages, read_catalogue

__all__ = ["ENGLISH", "LANGUAGES", "Language", "find_language", "has_words", "keep_language"]

_FIELD = re.compile(r"\{[^{}]*\}")
_LONGEST = 200


@dataclass(frozen=True)
class Language:
    """One of the languages in which answers and pages can be read.

    Parameters
    ----------
    code : str
        "en", "nl" or "de".
    messages : mapping
        English pattern to the translations of it, one for each plural form.
    own : mapping of str to str
        What a model's study says in this language, by its English; see :meth:`with_texts`.
    """

    code: str
    messages: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    own: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def locale(self) -> Locale:
        """Babel's description of the language."""
        return Locale(self.code)

    @property
    def name(self) -> str:
        """What the language calls itself."""
        return str(self.locale.language_name).capitalize()

    @property
    def headers(self) -> dict[str, str]:
        """What an answer says of its language: which it is, and that another was to be had."""
        return {"Content-Language": self.code, "Vary": "Accept-Language"}

    def with_texts(self, texts: Mapping[str, Mapping[str, str]]) -> Language:
        """Return the language with what a model's study says in it.

        Parameters
        ----------
        texts : mapping
            Code of a language to the study's texts in it, by their English.
        """
        return replace(self, own=texts.get(self.code, {}))

    def knows(self, text: str) -> bool:
        """Return whether a text can be said in this language.

        English knows all, and a text that is nothing but its values needs no translation.
        """
        return self.code == "en" or self._find(text) is not None or not has_words(text)

    def tell(self, value: Any) -> Any:
        """Return a value as it is said in this language.

        Parameters
        ----------
        value : object
            A :class:`features.texts.Text` is said in this language, or in English where there is
            no translation; so is each in a list or a mapping. All else, plain texts and numbers
            too, stays as it is.

        Examples
        --------
        >>> from features.texts import say
        >>> LANGUAGES["de"].tell({"label": say("Age"), "value": 1.5, "word": "Age"})
        {'label': 'Alter', 'value': 1.5, 'word': 'Age'}
        """
        if isinstance(value, Text):
            return self._say(value)
        if isinstance(value, Mapping):
            return {key: self.tell(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.tell(item) for item in value]
        return value

    def mark(self, text: str) -> Markup:
        """Return a text for a page: as :meth:`tell`, its parts in English marked as such."""
        return self._mark(text) if isinstance(text, Text) else escape(text)

    def number(self, value: float, pattern: str = "g") -> str:
        """Return a number as the language writes it.

        Parameters
        ----------
        value : float
            Any.
        pattern : str
            As Python formats numbers.

        Examples
        --------
        >>> LANGUAGES["de"].number(1234.5, ",.1f"), LANGUAGES["nl"].number(0.25, ".0%")
        ('1.234,5', '25%')
        """
        written = format(value, pattern)
        if self.code == "en":
            return written
        signs = str.maketrans(".,", get_decimal_symbol(self.code) + get_group_symbol(self.code))
        written = written.translate(signs)
        return written.replace("%", self.percent_sign)

    @property
    def percent_sign(self) -> str:
        """The sign as it stands behind a number, in German after a space that does not break."""
        return str(self.locale.percent_formats[None].pattern).lstrip("#,0.")

    def date(self, day: date | datetime) -> str:
        """Return a day as the language writes it, its month in letters."""
        # The English of the catalogue is no American.
        return format_date(day, "d MMMM y" if self.code == "en" else "long", locale=self.locale)

    def _find(self, text: str) -> str | None:
        """Return the pattern of a text in this language; None where there is none."""
        if not isinstance(text, Text):
            return self.own.get(text)
        if text.pattern in self.own:
            return self.own[text.pattern]
        found = self.messages.get(text.pattern)
        if found is None:
            return None
        one = text.counted is None or self.locale.plural_form(text.counted) == "one"
        return found[0 if one else -1]

    def _say(self, text: Text) -> str:
        if self.code == "en":
            return str(text)
        found = self._find(text)
        pattern = _choose(text) if found is None else found
        # A study's own sentence has no values: its braces are braces.
        return _Teller(self).vformat(pattern, (), text.values) if text.values else pattern

    def _mark(self, text: Text) -> Markup:
        found = None if self.code == "en" else self._find(text)
        pattern = escape(_choose(text) if found is None else found)
        if text.values:
            pattern = Markup(_Marker(self).vformat(str(pattern), (), text.values))
        if self.knows(text):
            return pattern
        return Markup('<span lang="en">{}</span>').format(pattern)


def _choose(text: Text) -> str:
    return text.pattern if text.counted is None or text.counted == 1 else text.plural


def has_words(text: str) -> bool:
    """Return whether a text or pattern says anything beside its values."""
    pattern = text.pattern if isinstance(text, Text) else text
    # A per cent sign stands elsewhere in other languages.
    return any(letter.isalpha() or letter == "%" for letter in _FIELD.sub("", pattern))


class _Teller(Formatter):
    """Puts values into a pattern as a language writes them."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._language.number(value, format_spec)
        if isinstance(value, date) and self._language.code != "en":  # English has it as it is kept
            return self._language.date(value)
        if isinstance(value, Text):  # which knows how to begin a sentence
            value = Text(self._language.tell(value))
        return format(value, format_spec)


class _Marker(_Teller):
    """Puts values into a pattern that is markup."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, Text) and not format_spec:
            return self._language.mark(value)
        return str(escape(super().format_field(value, format_spec)))


ENGLISH = Language("en")
LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "en": ENGLISH,
        **{code: Language(code, make_messages(read_catalogue(code))) for code in ("nl", "de")},
    }
)
"""The languages by their code, English first."""


def keep_language(scope: Scope) -> str:
    """Return what an address needs to stay in the language that was asked for: ``?lang=nl``.

    Empty where the address named none that is spoken here: the browser then tells it each time.
    """
    asked = _read_address(scope)
    return f"?lang={asked}" if asked else ""


def _read_address(scope: Scope) -> str:
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[-1]
    return asked if asked in LANGUAGES else ""


def find_language(scope: Scope) -> Language:
    """Return the language for whoever sends a request.

    The one that the address names (``?lang=nl``), else the one the reader's program prefers of
    those spoken here (`Accept-Language`), else English.
    """
    asked = _read_address(scope)
    if asked:
        return LANGUAGES[asked]
    return LANGUAGES[_negotiate(Headers(scope=scope).get("accept-language", "")[:_LONGEST])]


@lru_cache(maxsize=256)
def _negotiate(accepted: str) -> str:
    wanted = []
    for entry in accepted.split(","):
        name, _, weight = entry.replace(" ", "").partition(";q=")
        try:
            wanted.append((float(weight or 1), name))
        except ValueError:
            continue
    # Sorting keeps the order of what is wanted alike.
    ordered = [name for weight, name in sorted(wanted, key=lambda w: -w[0]) if name and weight > 0]
    return (negotiate_locale(ordered, list(LANGUAGES), sep="-") or "en").lower()
