"""The templates of all pages: how one is filled in, and the files that go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.document.render import make_environment

__all__ = ["ASSETS", "render"]

ASSETS = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """Return a template filled in; a value that it asks for and does not get is an error."""
    return make_environment("serving.web").get_template(template).render(**values)
