"""Settings files: TOML in UTF-8, read by pydantic, and told in our own words what is wrong.

Each file is declared as :class:`Settings`, one for each of its tables; a default is written there
and nowhere else. pydantic finds every problem at once; :func:`read_settings` turns what it found
into the :class:`~features.errors.Problem` that every other input gives, with a dotted place and,
for a misspelt key, the nearest one. Patients' values never come this way: the dictionary's
:func:`~features.dictionary.schema.parse_value` is their one validator.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Strict,
    ValidationError,
    ValidationInfo,
    WrapValidator,
)

from features.errors import InputError, Problem, did_you_mean, list_words
from features.texts import clean, holds_invisible

__all__ = [
    "Number",
    "SettingError",
    "Settings",
    "Texts",
    "beside",
    "between",
    "fits",
    "one_of",
    "parse_toml",
    "read_settings",
    "read_toml",
    "show",
    "worded",
]

_LONGEST = 60
_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
}
"""By pydantic's name of an error: what was expected. Any other keeps pydantic's own words."""


class Settings(BaseModel):
    """One table of a settings file.

    A key that it does not name is a problem, and so is a value of another type: neither "1" nor
    true is 1. `retired` holds keys that earlier versions knew, and what to do about each.
    """

    retired: ClassVar[Mapping[str, str]] = MappingProxyType({})
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


_Table = TypeVar("_Table", bound=Settings)


class SettingError(ValueError):
    """What a validator found wrong.

    Parameters
    ----------
    *problems : Problem
        One without a column is at the place of the setting that is validated.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.text(values=False) for problem in problems))
        self.problems = problems


def show(value: object) -> str:
    """Return what came in the words of a settings file, for `Problem.got`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(show(item) for item in value)}]"
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return repr(text) if isinstance(value, str) else text


def fits(expected: str, test: Callable[[Any], bool]) -> AfterValidator:
    """Return the rule that a value of the right type passes a test, and what is expected."""

    def check(value: Any) -> Any:
        if not test(value):
            raise SettingError(Problem("", expected, show(value)))
        return value

    return AfterValidator(check)


def between(low: float, high: float) -> AfterValidator:
    """Return the rule that a number lies in an inclusive range."""
    return fits(f"from {low:g} to {high:g}", lambda value: low <= value <= high)


def one_of(words: Iterable[str]) -> AfterValidator:
    """Return the rule that a text is one of some words."""
    known = tuple(words)
    return fits("one of " + list_words(known), known.__contains__)


def beside(action: str) -> AfterValidator:
    """Return the rule that a file stands in the `folder` of the context."""

    def check(name: str, info: ValidationInfo[Any]) -> str:
        path = info.context.folder / name
        if not path.is_file():
            expected = "a file beside the study"
            raise SettingError(Problem("", expected, f"{path} does not exist", action=action))
        return name

    return AfterValidator(check)


def worded(expected: str) -> WrapValidator:
    """Return the rule that a value of another type is told in words that say what it is for."""

    def check(value: Any, read: Callable[[Any], Any]) -> Any:
        try:
            return read(value)
        except ValidationError as err:
            raise SettingError(Problem("", expected, show(value))) from err

    return WrapValidator(check)


def _as_written(value: Any, read: Callable[[Any], float]) -> Any:
    read(value)
    return value


Number = Annotated[float, WrapValidator(_as_written)]
"""A number as it was written: 11 stays a whole one, as forms and reports then show it."""

Texts = Annotated[tuple[str, ...], Strict(False)]
"""A list of texts. The list is read loosely (TOML has no tuples), its texts strictly."""


def read_toml(
    path: Path, what: str, *, action: str = "check the path"
) -> tuple[str, dict[str, Any]]:
    """Read a TOML file in UTF-8, with a byte order mark or without.

    Returns
    -------
    text : str
        As it stands, without the mark.
    content : dict
        As TOML has it, its texts without characters that nobody sees, as a table's are read: a
        heading may have been pasted with them.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise InputError(f"{what} {path} does not exist: {action}") from err
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"{what} {path} cannot be read as UTF-8 text; save it as UTF-8") from err
    return text, parse_toml(text, f"{what} {path}")


def parse_toml(text: str, what: str) -> dict[str, Any]:
    """Read TOML that is at hand, `what` in errors; see :func:`read_toml`."""
    try:
        content: dict[str, Any] = _clean_texts(tomllib.loads(text), what)
    except tomllib.TOMLDecodeError as err:
        raise InputError(f"{what} is not TOML: {err}") from err
    return content


def _clean_texts(value: Any, what: str) -> Any:
    if isinstance(value, str):
        return clean(value) if holds_invisible(value) else value
    if isinstance(value, list):
        return [_clean_texts(item, what) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {_clean_texts(key, what): _clean_texts(item, what) for key, item in value.items()}
    if len(cleaned) < len(value):
        names = [_clean_texts(key, what) for key in value]
        twice = dict.fromkeys(name for name in names if names.count(name) > 1)
        got = "twice, but for characters that nobody sees"
        raise InputError(what, [Problem(name, "each name once", got) for name in twice])
    return cleaned


def read_settings(
    table: type[_Table], content: object, what: str, *, at: str = "", context: object = None
) -> _Table:
    """Read a table as its declaration says.

    Parameters
    ----------
    table : type
        A subclass of :class:`Settings`.
    content : object
        What the file has; anything but a table is a problem.
    what : str
        What was being read, for the error.
    at : str
        The table's dotted place in its file; empty for a whole file.
    context : object
        What validators need to know, as their `info.context`.

    Raises
    ------
    InputError
        Listing every problem, each at its dotted place.
    """
    try:
        return table.model_validate(content, context=context)
    except ValidationError as err:
        found = [_translate(dict(item), table, at) for item in err.errors()]
        raise InputError(what, [problem for problems in found for problem in problems]) from err


def _translate(found: dict[str, Any], table: type[Settings], at: str) -> list[Problem]:
    """Return one of pydantic's errors as problems."""
    # A place in a list is left out: what came tells which of its items it is.
    keys = [part for part in found["loc"] if isinstance(part, str)]
    place = ".".join([*([at] if at else []), *keys])
    error = found.get("ctx", {}).get("error")
    if isinstance(error, SettingError):
        return [
            Problem(p.column or place, p.expected, p.got, action=p.action) for p in error.problems
        ]
    if found["type"] == "missing":
        return _list_required(_annotation(table, keys), place)
    if found["type"] == "extra_forbidden":
        around, name = _annotation(table, keys[:-1]), keys[-1]
        known = _list_keys(around)
        expected, got = "one of " + list_words(known), "an unknown key"
        if name in around.retired:
            got, action = "a key of earlier versions", around.retired[name]
            return [Problem(place, expected, got, action=action)]
        if isinstance(found["input"], dict) and place == name:
            name = place = f"[{name}]"
            known, got = tuple(f"[{key}]" for key in known), "an unknown table"
        return [Problem(place, expected, got, action=did_you_mean(name, known))]
    expected = _choices(_annotation(table, keys)) or _WORDS.get(found["type"], found["msg"])
    return [Problem(place, expected, show(found["input"]))]


def _annotation(table: Any, keys: list[str]) -> Any:
    """Return the type of the setting at a place below a table."""
    for key in keys:
        fields = table.model_fields.items()
        kind = next(field.annotation for name, field in fields if key in (field.alias, name))
        # Of a table that may be left out, the table.
        table = next((part for part in get_args(kind) if _is_table(part)), kind)
    return table


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def _list_keys(table: type[Settings]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in table.model_fields.items())


def _choices(kind: Any) -> str:
    """Return the words of a Literal, as :func:`one_of` tells them; empty for another type."""
    return "one of " + list_words(get_args(kind)) if get_origin(kind) is Literal else ""


def _list_required(kind: Any, place: str) -> list[Problem]:
    """Return what must be given where nothing was: for a table, its own settings."""
    if not _is_table(kind):
        return [Problem(place, _choices(kind) or "a value", "nothing", action="add it")]
    needed = [
        (f"{place}.{field.alias or name}", field.annotation)
        for name, field in kind.model_fields.items()
        if field.is_required()
    ]
    return [problem for below, inner in needed for problem in _list_required(inner, below)]
