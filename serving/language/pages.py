"""Templates in several languages: ``{{ _("...") }}`` and ``{% trans %}`` of Jinja.

What a template writes is put into the language of the page that is made, which is its value
`language`: its own sentences by these two, texts that it is handed (:class:`features.texts.Text`)
of themselves. A macro that is imported needs ``with context``.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from features.texts import Text
from serving.language.language import ENGLISH, LANGUAGES, Language
from training.document.words import capital

__all__ = ["add_languages"]


_HERE = "serving.language"


@pass_context
def _gettext(context: Context, message: str, /, **values: Any) -> str:
    return _fill(context, Text(message), values)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int, /, **values: Any) -> str:
    return _fill(context, Text(one, many, count), {"num": count, **values})


def _fill(context: Context, text: Text, values: dict[str, Any]) -> str:
    """Return a sentence of a template with its values, which are escaped; numbers as is usual."""
    language: Language = context["language"]
    told = {name: _write(language, value) for name, value in values.items()}
    # As Jinja's own: a per cent sign of the sentence is written twice.
    return Markup(language.tell(text)) % told


def _write(language: Language, value: Any) -> Any:
    """Return a number as text, so that ``%(n)s`` has its decimal comma; all else told."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return language.number(value, "")
    if isinstance(value, date) and language.code != "en":
        return language.date(value)
    return language.tell(value)


@pass_context
def _tell(context: Context, value: Any) -> Any:
    return context.get("language", ENGLISH).tell(value) if isinstance(value, Text) else value


@pass_context
def _told(context: Context, value: Any) -> Any:
    language: Language = context["language"]
    return language.tell(value)


@pass_context
def _capital(context: Context, value: str) -> str:
    return capital(context.get("language", ENGLISH).tell(value))


@pass_context
def _mark(context: Context, value: Any) -> Markup:
    language: Language = context["language"]
    return language.mark(value)


@pass_context
def _number(context: Context, value: float, pattern: str = ".0f") -> str:
    language: Language = context["language"]
    return language.number(value, pattern)


@pass_context
def _date(context: Context, value: Any) -> str:
    language: Language = context["language"]
    return language.date(value)


def add_languages(environment: Environment) -> Environment:
    """Teach an environment to write in the language of the page, and return it.

    Beside ``_``, ``ngettext`` and ``{% trans %}`` there are the filters `mark` (a text whose parts
    in English are marked as such where the page is in another language), `told` (a text, before
    another filter takes it for a plain one), `written` (a number, by Python's pattern for it) and
    `day` (a date); `capital` knows of languages. ``languages.html`` can be included: links to the
    page in the others.
    """
    environment.loader = ChoiceLoader([*filter(None, [environment.loader]), PackageLoader(_HERE)])
    environment.globals["languages"] = LANGUAGES
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=False)  # type: ignore[attr-defined]
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.finalize = _tell
    environment.filters |= {"mark": _mark, "told": _told, "capital": _capital}
    environment.filters |= {"written": _number, "day": _date}
    return environment
