"""The catalogues of translations: a gettext file for each language, its keys in English."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

__all__ = ["CATALOGUES", "make_messages", "read_catalogue"]

CATALOGUES = Path(__file__).parent / "data"


def read_catalogue(code: str) -> Catalog:
    """Return the catalogue of a language as it is on disk."""
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def make_messages(catalogue: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Return the translations by their English pattern; where something is counted, by that of one.

    What is empty or marked as uncertain (fuzzy) is left out: English is better than a guess.
    """
    messages = {}
    for message in catalogue:
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = message.string if isinstance(message.string, list | tuple) else [message.string]
        if key and all(forms) and not message.fuzzy:
            messages[key] = tuple(map(str, forms))
    return MappingProxyType(messages)
