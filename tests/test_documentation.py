"""The documentation's site: whole, with every command and module, and nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import typer

from ketresponse import app
from tests.places import PROJECT


def _load_site() -> ModuleType:
    spec = spec_from_file_location("documentation_site", PROJECT / "docs" / "site.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built so that a broken link is an error."""
    folder = tmp_path_factory.mktemp("site")
    asked = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    run = subprocess.run(
        asked,
        cwd=PROJECT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_document_is_in_the_site(built: Path) -> None:
    for document in (PROJECT / "docs").glob("*.md"):
        assert (built / document.stem / "index.html").is_file(), document
    front = (built / "index.html").read_text(encoding="utf-8")
    for part in ("Start", "How to", "Reference", "Explanation"):
        assert part in front


class _Pages:
    """The pages of a site, as far as links ask for them."""

    def get_file_from_path(self, name: str) -> _Pages | None:
        return self if name in ("study.md", "changelog.md") else None

    def is_documentation_page(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("written", "led"),
    [
        ("[a](study.md#thresholds)", "[a](study.md#thresholds)"),
        ("[a](docs/study.md)", "[a](study.md)"),
        ("[a](../CHANGELOG.md)", "[a](changelog.md)"),
        ("[a](LICENSE)", "a"),
        ("[a](prospective.toml)", "a"),
        ("[a](stduy.md)", "[a](stduy.md)"),
        ("[a](https://doi.org/10.1002/sim.8806)", "[a](https://doi.org/10.1002/sim.8806)"),
    ],
)
def test_links_lead_to_pages_and_one_to_nothing_is_not_hidden(written: str, led: str) -> None:
    assert _load_site().on_page_markdown(written, files=_Pages()) == led


def test_what_is_said_to_stop_somebody_is_in_the_code() -> None:
    page = (PROJECT / "docs" / "threats.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:features|training|serving)\.[a-z_.]+)`", page)
    assert len(named) > 30
    for module in named:
        path = PROJECT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or path.is_dir(), module


def test_every_command_is_in_the_reference(built: Path) -> None:
    page = (built / "commands" / "index.html").read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    names = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        names += [name, *(f"{name} {inner}" for inner in getattr(command, "commands", {}))]
    assert len(names) > 20
    for name in names:
        assert f"ketresponse {name}</code>" in page, name


def test_every_module_that_exports_is_in_the_reference(built: Path) -> None:
    site = _load_site()
    listed = [m for floor in site.FLOORS for room in site.list_rooms(floor).values() for m in room]
    assert {"training.fitting.bayes.evidence", "features.dictionary.contract"} < set(listed)
    text = "".join(page.read_text(encoding="utf-8") for page in (built / "python").rglob("*.html"))
    for module in listed:
        assert f'id="{module}"' in text, module
    assert ":func:" not in text


def test_the_site_loads_nothing_from_elsewhere(built: Path) -> None:
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="([^"]+)"', text)
        loaded += re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="([^"]+)"', text)
        assert loaded
        assert not [address for address in loaded if "//" in address], page
