"""Parts of a FHIR resource, read without trusting what came: what is not as it should be is none.

These are readers of the few elements that an estimate can rest on. A model of all of R4 would check
a thousand things that nobody asked, for thousands of resources that are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.dictionary.codes import find_system

__all__ = [
    "Element",
    "Placed",
    "find_codes_of",
    "list_of",
    "mapping_of",
    "name_reference",
    "number_of",
    "place",
    "text_of",
]

Element = Mapping[str, Any]
"""Whatever has parts: a resource, or an element of one."""
_LARGEST = 1e15
_DEEPEST = 3
"""Bundles within bundles: an answer to a search within a collection, and no more."""


@dataclass(frozen=True)
class Placed:
    """A resource, and where it stands.

    Parameters
    ----------
    path : str
        FHIRPath of the resource in what was sent, as ``Bundle.entry[3].resource``.
    content : mapping
        The resource.
    url : str
        `fullUrl` of its entry; empty where there is none.
    """

    path: str
    content: Element
    url: str = ""

    @property
    def kind(self) -> str:
        """Type of the resource; empty where it does not say."""
        return text_of(self.content.get("resourceType"))

    @property
    def id(self) -> str:
        """Its id; empty where it has none."""
        return text_of(self.content.get("id"))

    @property
    def reference(self) -> str:
        """How others refer to it; empty where they cannot."""
        return self.url or (f"{self.kind}/{self.id}" if self.id else "")

    @property
    def names(self) -> frozenset[str]:
        """Everything by which others may refer to it."""
        parts = self.url.split("/")
        ends = {"/".join(parts[-2:])} if parts[-2:-1] == [self.kind] else set()
        own = {f"{self.kind}/{self.id}"} if self.id else set()
        return frozenset({self.url} | ends | own) - {""}

    @property
    def is_closed(self) -> bool:
        """Whether an extension changes what it means: it must not be read then, as R4 says."""
        return bool(self.content.get("modifierExtension"))


def text_of(value: object) -> str:
    """Return a text, empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def mapping_of(value: object) -> Element:
    """Return an element's parts, none for anything else."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[Element]:
    """Return the elements of a list that have parts, none for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def number_of(value: object) -> float | int | None:
    """Return a number that can be reckoned with; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _LARGEST else None  # NaN is not


def find_codes_of(concept: object) -> list[tuple[str, str]]:
    """Return the codes of a CodeableConcept, by short names of systems; others are left out."""
    return [
        (system, code)
        for coding in list_of(mapping_of(concept).get("coding"))
        if (system := find_system(coding.get("system"))) and (code := text_of(coding.get("code")))
    ]


def name_reference(value: object) -> str:
    """Return what a Reference refers to, without a version; empty where it names nothing."""
    return text_of(mapping_of(value).get("reference")).partition("/_history/")[0]


def place(content: object, path: str = "Bundle", *, url: str = "") -> list[Placed]:
    """Return the resources in a Bundle, or the one resource that came in place of it.

    Parameters
    ----------
    content : object
        What came: a Bundle, also with Bundles within; a resource; anything.
    path : str
        FHIRPath of it.
    url : str
        Its `fullUrl`.

    Returns
    -------
    list of Placed
        In order; one that came twice is there once. A Bundle is among them where it is a page and
        more pages follow.
    """
    seen: dict[tuple[str, str], list[Element]] = {}
    found = []
    for placed in _walk(content, path, url, 0):
        alike = seen.setdefault((placed.kind, placed.reference), [])
        if placed.reference and placed.content in alike:
            continue
        alike.append(placed.content)
        found.append(placed)
    return found


def _walk(content: object, path: str, url: str, depth: int) -> Iterator[Placed]:
    if not isinstance(content, Mapping):
        return
    if content.get("resourceType") != "Bundle":
        yield Placed(path, content, url)
        return
    if any(link.get("relation") == "next" for link in list_of(content.get("link"))):
        yield Placed(path, content, url)  # a page: there are more
    entries: object = content.get("entry")
    if depth == _DEEPEST or not isinstance(entries, list):
        return
    for number, entry in enumerate(entries):
        if isinstance(entry, Mapping):
            where = f"{path}.entry[{number}].resource"
            yield from _walk(entry.get("resource"), where, text_of(entry.get("fullUrl")), depth + 1)
