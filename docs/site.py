"""What the documentation's site has beyond the files here, made when it is built.

The front page is the README, the commands are read from the command line itself, and the Python
reference from the docstrings: a page for each room of the house.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.cli import get_docs_for_click

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parent.parent
FLOORS = ("features", "training", "serving", "experiments")
COPIED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "GLOSSARY.md": "glossary.md",
    "SECURITY.md": "security.md",
}
"""Files beside this folder, and their names in the site."""
REFERENCE = "python"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the rooms to the part that they belong to."""
    reference = next(part["Reference"] for part in config.nav or [] if "Reference" in part)
    for floor in FLOORS:
        rooms = [f"{REFERENCE}/{room}.md" for room in list_rooms(floor)]
        reference.append({f"Python: {floor}": rooms})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    from mkdocs.structure.files import File

    for name, page in make_pages().items():
        files.append(File.generated(config, name, content=page))
    return files


def on_page_markdown(markdown: str, *, files: Files, **_: Any) -> str:
    """Let links lead to pages of the site; a file that is no page keeps its words only.

    A link to nothing stays as it is, and ends the build.
    """
    return re.sub(
        r"(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)]*)?\)",
        lambda link: _lead(link, files),
        markdown,
    )


def on_page_content(html: str, **_: Any) -> str:
    """Take the roles away by which docstrings name other places."""
    return re.sub(r":(?:mod|func|class|data|meth|attr|exc):<code>~?", "<code>", html)


def _lead(link: re.Match[str], files: Files) -> str:
    words, target, place = link.groups()
    name = target.removeprefix("../").removeprefix("docs/")
    page = COPIED.get(name, name)
    found = files.get_file_from_path(page)
    if found and found.is_documentation_page():
        return f"[{words}]({page}{place or ''})"
    beside = (ROOT / name).exists() or (ROOT / "docs" / name).exists()
    return words if beside else link[0]


def make_pages() -> dict[str, str]:
    """Return the pages that are no files here, by name."""
    pages = {}
    for source, name in COPIED.items():
        pages[name] = (ROOT / source).read_text(encoding="utf-8")
    pages["commands.md"] = write_commands()
    for floor in FLOORS:
        for room, modules in list_rooms(floor).items():
            parts = [f"# {room}", *(f"::: {module}" for module in modules)]
            pages[f"{REFERENCE}/{room}.md"] = "\n\n".join(parts) + "\n"
    return pages


def write_commands() -> str:
    """Return the reference of all commands, as their help gives it."""
    from ketresponse import app

    command = typer.main.get_command(app)
    context = command.context_class(command, info_name="ketresponse")
    return get_docs_for_click(obj=command, ctx=context, name="ketresponse", title="Commands")


def list_rooms(floor: str) -> dict[str, list[str]]:
    """Return the modules of each room of a floor that have something to offer."""
    rooms: dict[str, list[str]] = {}
    for path in find_modules(ROOT / floor):
        parts = path.relative_to(ROOT).with_suffix("").parts
        rooms.setdefault(".".join(parts[:-1]), []).append(".".join(parts))
    return rooms


def find_modules(folder: Path) -> Iterator[Path]:
    """Yield the modules below a folder that export names, commands left out."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.name != "__init__.py" and "commands" not in path.parts:
            if re.search(r'^__all__ = \[\s*"', text, re.M):
                yield path
