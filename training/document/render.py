"""Documents as a page for people (HTML, self-contained) and as Markdown, by Jinja templates.

The environment is made here for whoever has templates of their own: the card, the clinician's
page, the reviewers' pages. What is said of all of them (nothing undefined, everything escaped) is
said once, and all of them can include the templates of this package: ``document.html``, the page
around everything, ``block.html`` and ``block.md.jinja``.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from training.document.document import Block, Bullets, Document, Drawings, Picture, Table
from training.document.words import capital, number, percent

__all__ = ["make_environment", "to_html", "to_markdown"]

_HERE = "training.document"
_KINDS = {Bullets: "bullets", Table: "table", Picture: "picture", Drawings: "drawings"}


def _to_uri(data: bytes | str, kind: str) -> str:
    """Return a picture as a link that holds all of it."""
    data = data.encode() if isinstance(data, str) else data
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _find_kind(block: Block) -> str:
    return _KINDS.get(type(block), "text")


def _escape_cell(text: object) -> str:
    return str(text).replace("|", "\\|")


def _escape_markdown(value: Any) -> Any:
    """Keep what people have written from becoming markup, a heading or a further row.

    Only what could open a tag is escaped: "p <0.001" stays readable in a terminal.
    """
    if not isinstance(value, str):
        return value
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", " ".join(value.splitlines()))


@lru_cache
def make_environment(package: str = _HERE, *, markdown: bool = False) -> Environment:
    """Return the Jinja environment of a package's templates.

    Parameters
    ----------
    package : str
        Its folder `templates` is searched first, that of this package second.
    markdown : bool
        Whether the templates write Markdown; else HTML, in which everything is escaped.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, _HERE))]),
        autoescape=not markdown,
        finalize=_escape_markdown if markdown else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _escape_cell, "kind": _find_kind, "svg": Markup, "uri": _to_uri}
    environment.filters |= {"capital": capital, "number": number, "percent": percent}
    return environment


def to_html(document: Document) -> str:
    """Return a document as one HTML page that needs nothing else, not even a network.

    Its tables use plain markup without merged cells, so that one that is copied keeps its shape
    in a word processor.
    """
    return make_environment().get_template("document.html").render(document=document)


def to_markdown(document: Document, *, pictures: bool = True) -> str:
    """Return a document as Markdown.

    Parameters
    ----------
    document : Document
        What is laid out.
    pictures : bool
        Whether pictures are shown: as links to files that lie beside this one, or embedded where
        they are small.
    """
    template = make_environment(markdown=True).get_template("document.md.jinja")
    return template.render(document=document, pictures=pictures)
