"""The templates of all pages: how one is filled in, and the files that go with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from serving.language.language import ENGLISH, Language
from serving.language.pages import add_languages
from training.document.render import make_environment

__all__ = ["ASSETS", "render"]

ASSETS = Path(__file__).parent / "templates"


def render(template: str, *, language: Language = ENGLISH, **values: Any) -> str:
    """Return a template filled in; a value that it asks for and does not get is an error."""
    return _environment().get_template(template).render(language=language, **values)


@cache
def _environment() -> Environment:
    return add_languages(make_environment("serving.web"))
