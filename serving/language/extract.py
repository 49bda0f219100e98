"""What there is to translate, and bringing the catalogues up to it.

``python -m serving.language.extract`` goes through the templates and the source, adds to each
catalogue what is new, with an empty translation, and takes out what is said no longer. See
docs/languages.md.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from features.dictionary.contract import CONTRACT
from features.dictionary.variable import Variable, spell_choice
from features.errors import KetresponseError
from features.published.safety import SAFETY_FACTS
from serving.language.catalogue import CATALOGUES, read_catalogue
from serving.language.language import LANGUAGES, has_words
from training.store.facts import STATUSES

__all__ = ["extract_texts", "update_catalogues"]

_FLOORS = ("features", "training", "serving")
_OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "silent": "false"}}
_KEYWORDS: dict[str, Any] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_count": (1, 2)
}  # fmt: skip
_WIDTH = 100


def _extract_calls(
    file: IO[bytes], keywords: Collection[str], comment_tags: object, options: object
) -> Iterator[tuple[int, str, list[str], list[str]]]:
    """Yield the patterns of each call, as Babel asks for them.

    Babel's own reader passes over a call within a call within a call.

    Raises
    ------
    KetresponseError
        If a pattern does not stand in its call: nobody could translate it.
    """
    for node in ast.walk(ast.parse(file.read())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        name = node.func.id
        if name not in keywords:
            continue
        given = node.args[: 2 if name == "say_count" else 1]
        texts = [arg.value for arg in given if isinstance(arg, ast.Constant)]
        patterns = [text for text in texts if isinstance(text, str)]
        if len(patterns) < len(given):
            raise KetresponseError(f"line {node.lineno}: {name} has a pattern that is no text")
        yield node.lineno, name, patterns, []


_METHODS = [
    ("**.py", "serving.language.extract:_extract_calls"),
    ("**/templates/**.html", "jinja2"),
]


def extract_texts(root: Path) -> Catalog:
    """Return everything that can be said, as a catalogue without translations.

    Parameters
    ----------
    root : Path
        The folder of the source.
    """
    template = Catalog(project="ketresponse", fuzzy=False)
    for floor in _FLOORS:
        found = extract_from_dir(
            root / floor, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS
        )
        for file, _, message, comments, _ in found:
            if not has_words(message if isinstance(message, str) else message[0]):
                continue  # nothing but values
            template.add(message, locations=[(f"{floor}/{file}", 0)], auto_comments=comments)
    for text, file in _list_words():
        template.add(text, locations=[(file, 0)])
    for entry in template:
        entry.locations.sort()  # by which a catalogue is in order
    return template


def _list_words() -> Iterator[tuple[str, str]]:
    """Yield what is data and stands in no call: of the dictionary, and what papers report."""
    for variable in CONTRACT:
        for word in _list_words_of(variable):
            if has_words(word):
                yield word, "features/dictionary/contract.py"

    for fact in SAFETY_FACTS:
        for word in filter(None, (fact.matter, fact.setting, fact.note)):
            yield word, "features/published/safety.py"
    for status in STATUSES:
        yield status, "training/store/facts.py"


def _list_words_of(variable: Variable) -> list[str]:
    """Return what a reader sees of a variable."""
    choices = [spell_choice(word) for word in variable.categories]
    texts = [variable.label, variable.unit, variable.short_unit, variable.hint, variable.measure]
    return [str(text) for text in [*texts, *choices]]


def update_catalogues(root: Path) -> dict[str, int]:
    """Bring each catalogue up to what is said now, and return how many texts each lacks."""
    template = extract_texts(root)
    lacking = {}
    for code in LANGUAGES:
        if code == "en":
            continue
        catalogue = read_catalogue(code)
        template.creation_date = catalogue.creation_date  # it tells nothing, and would change
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.msgid_bugs_address = ""
        with (CATALOGUES / f"{code}.po").open("wb") as file:
            write_po(
                file,
                catalogue,
                width=_WIDTH,
                sort_by_file=True,
                ignore_obsolete=True,
                include_lineno=False,
            )
        lacking[code] = sum(
            not all(m.string if isinstance(m.string, tuple) else (m.string,))
            for m in catalogue
            if m.id
        )
    return lacking


if __name__ == "__main__":
    print(json.dumps(update_catalogues(Path.cwd())))
