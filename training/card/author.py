"""What only people can say of a model: the author's file, ``card.toml``.

Every entry is a text. One that cannot be given says why: ``"not available, because ..."``; only
the device status may be "unknown". An entry left empty keeps the card incomplete, but for the
optional ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, create_model

from features.files.settings import Settings, read_settings, read_toml
from training.card.fields import read_rows

__all__ = [
    "AUTHOR_FIELDS",
    "AuthorField",
    "DECLARED_REAL",
    "NOT_AVAILABLE",
    "empty_author",
    "is_reasoned_absence",
    "make_author_template",
    "read_author",
]

NOT_AVAILABLE = "not available, because "

DECLARED_REAL = "study.declared_real_by"
"""The entry by which an author declares that no patient is simulated: gate 12."""


@dataclass(frozen=True)
class AuthorField:
    """One entry of the author's file.

    Parameters
    ----------
    key : str
        ``TABLE.NAME`` in the TOML file.
    question : str
        What is asked, in plain words.
    optional : bool
        Whether it may be left empty without a reason.
    unknown_allowed : bool
        Whether "unknown" is an answer.
    many : bool
        Whether the answer is a list of texts.
    name : bool
        Whether the answer is the name of somebody, which is said in one word too.
    """

    key: str
    question: str
    optional: bool = False
    unknown_allowed: bool = False
    many: bool = False
    name: bool = False

    @property
    def empty(self) -> str | list[str]:
        """What stands for no answer."""
        return [] if self.many else ""


AUTHOR_FIELDS = tuple(
    AuthorField(row["key"], row["question"], **dict.fromkeys(row["traits"].split(), True))
    for row in read_rows("author_fields.csv")
)
"""Every entry of the author's file, in its order."""

_TABLES = tuple(dict.fromkeys(field.key.partition(".")[0] for field in AUTHOR_FIELDS))


class _Answers(Settings):
    """One table of the file."""

    model_config = ConfigDict(str_strip_whitespace=True)


_Names = Annotated[list[str], AfterValidator(lambda names: [name for name in names if name])]


def _make_table(table: str) -> type[Settings]:
    """Return one table as pydantic reads it, its entries empty where they are left out."""
    entries: dict[str, Any] = {
        field.key.removeprefix(f"{table}."): (_Names if field.many else str, field.empty)
        for field in AUTHOR_FIELDS
        if field.key.startswith(f"{table}.")
    }
    return create_model(table, __base__=_Answers, **entries)


def _make_file() -> type[Settings]:
    made = {table: _make_table(table) for table in _TABLES}
    tables: dict[str, Any] = {name: (table, table()) for name, table in made.items()}
    return create_model("AuthorFile", __base__=Settings, **tables)


_FILE = _make_file()
_HEAD = """\
# What only people can say of the model: the author's part of its card.
#
# Answer in a sentence or two, each question in words of its own. Where there is no answer, say why:
#     "not available, because ..."
# Then: ketresponse card make MODEL --card card.toml
"""


def is_reasoned_absence(text: str) -> bool:
    """Return whether a text says that something is not available, with a reason."""
    lowered = text.strip().lower()
    return lowered.startswith(NOT_AVAILABLE) and len(lowered) > len(NOT_AVAILABLE)


def make_author_template() -> str:
    """Return an empty author's file with a comment above each entry."""
    lines = [_HEAD]
    for table in _TABLES:
        lines.append(f"[{table}]")
        if table == "extra":
            lines.append("# All of these may stay empty.")
        for field in AUTHOR_FIELDS:
            owner, _, key = field.key.partition(".")
            if owner == table:
                lines += [f"# {field.question}", f"{key} = {json.dumps(field.empty)}"]
        lines.append("")
    return "\n".join(lines)


def empty_author() -> dict[str, Any]:
    """Return the answers of an author who has given none."""
    return {field.key: field.empty for field in AUTHOR_FIELDS}


def read_author(path: Path) -> dict[str, Any]:
    """Read an author's file.

    Parameters
    ----------
    path : Path
        TOML, UTF-8, as :func:`make_author_template` writes it. An entry left out is empty.

    Returns
    -------
    dict
        Answer by ``TABLE.NAME``, stripped: text, or a list of texts where many are asked for.

    Raises
    ------
    InputError
        Listing every unknown entry and every one that is not a text.
    """
    action = "write one with `ketresponse card template`"
    _, content = read_toml(path, "author's file", action=action)
    read = read_settings(_FILE, content, f"author's file {path.name}")
    return {
        f"{table}.{key}": answer
        for table, answers in read.model_dump().items()
        for key, answer in answers.items()
    }
