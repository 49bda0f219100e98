"""A report as files: a page for people, Markdown, tables as CSV, pictures; and as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import InputError, Problem
from features.files.table import make_folder, write_bytes
from training.document.document import Document, Picture, Table
from training.document.render import to_html, to_markdown
from training.document.word import to_docx

__all__ = ["to_values", "write_document"]


def to_values(document: Document) -> dict[str, Any]:
    """Return the report's tables as plain values, for JSON.

    Returns
    -------
    dict
        `title`, `stamp`, and under `tables` the rows of each table by its name; a missing value
        is None.
    """
    tables = {
        block.name: json.loads(block.data.to_json(orient="records", double_precision=15))
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table)
    }
    return {"title": document.title, "stamp": document.stamp, "tables": tables}


def write_document(
    document: Document,
    folder: Path,
    *,
    name: str,
    force: bool = False,
    extra: Mapping[str, pd.DataFrame] | None = None,
    word: bool = False,
) -> list[Path]:
    """Write the report as `name`.html and `name`.md, each table as CSV and each picture as PNG.

    Parameters
    ----------
    document : Document
        The report.
    folder : Path
        Is made if it is not there; the folder above it must be.
    name : str
        Name of the page and the Markdown file.
    force : bool
        Whether files that are there may be replaced.
    extra : mapping of str to DataFrame or None
        Further tables, by file name without ending, that are written but not laid out.
    word : bool
        Whether `name`.docx is written too.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        If the folder cannot be made, or a file is there and `force` is False; nothing is written
        then.
    """
    files = {
        f"{name}.html": to_html(document).encode(),
        f"{name}.md": to_markdown(document).encode(),
    }
    if word:
        files[f"{name}.docx"] = to_docx(document)
    for _, named in document.name_blocks():
        for block, _, file in named:
            if isinstance(block, Table):
                files[file] = _csv(block.data)
            elif isinstance(block, Picture):
                files |= {file: block.png, file.removesuffix("png") + "svg": block.svg}
    files |= {f"{stem}.csv": _csv(frame) for stem, frame in (extra or {}).items()}
    if not folder.parent.is_dir():
        raise InputError(f"the folder {folder.parent} does not exist; make it first")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; a folder was expected")
    there = [file for file in files if (folder / file).exists()]
    if there and not force:
        problems = [Problem(file, "no such file yet", "a file") for file in there]
        raise InputError(f"{folder} holds these files; choose another, or add --force", problems)
    make_folder(folder)
    for file, data in files.items():
        write_bytes(data, folder / file, force=force)
    return [folder / file for file in files]


def _csv(frame: pd.DataFrame) -> bytes:
    text = frame.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")  # Excel needs the mark
