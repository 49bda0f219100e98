"""JSON in one form, for people to read and for digests to agree on.

A table has its entries line by line; a list of numbers or texts stands on one line, a list of lists
row by row. The same content has the same bytes, so that the digest that a file names is the one
that `sha256sum` tells of it, and a file whose spaces were changed on the way still has it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from features.errors import InputError

__all__ = ["read_canonical", "write_canonical"]

_MOST_BYTES = 20_000_000
_DEEPEST = 40
_MOST_DIGITS = 16
"""Of a whole number: more would not be counted but made up, and no float holds them."""
_INDENT = "  "


def write_canonical(content: object) -> bytes:
    """Return content as JSON in its one form.

    Parameters
    ----------
    content : dict
        Of dicts, lists, texts, finite numbers, true, false and None.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> print(write_canonical({"n": 3, "rows": [[1.0, 0.5], [0.5, 2.0]]}).decode(), end="")
    {
      "n": 3,
      "rows": [
        [1.0, 0.5],
        [0.5, 2.0]
      ]
    }
    """
    return (_render(content, "") + "\n").encode()


def _render(value: Any, indent: str) -> str:
    deeper = indent + _INDENT
    if isinstance(value, dict) and value:
        entries = [f"{deeper}{_atom(key)}: {_render(value[key], deeper)}" for key in value]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "[\n" + ",\n".join(deeper + _render(v, deeper) for v in value) + f"\n{indent}]"
    if isinstance(value, list):
        return _atom([_unsign(item) for item in value])
    return _atom(_unsign(value))


def _atom(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _unsign(value: Any) -> Any:
    return value + 0.0 if isinstance(value, float) else value  # 0 has no sign


def read_canonical(data: bytes, name: str) -> dict[str, Any]:
    """Read JSON strictly.

    Parameters
    ----------
    data : bytes
        In UTF-8, in whatever form.
    name : str
        The file's, for messages.

    Raises
    ------
    InputError
        If it is not JSON or no table, too large or too deep, names an entry twice, or holds a
        number that is not finite.
    """
    if len(data) > _MOST_BYTES:
        raise InputError(f"{name} is larger than any file of a network: {len(data)} bytes")
    try:
        content = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_whole,
        )
        deep = _measure(content) > _DEEPEST
        if not deep:
            write_canonical(content)  # half a letter has no bytes, and no digest
    except _Unusual as err:
        raise InputError(f"{name} {err}; ask its sender for the file as it was written") from err
    except (ValueError, RecursionError) as err:
        raise InputError(f"{name} is not JSON; ask its sender for the file again") from err
    if not isinstance(content, dict):
        raise InputError(f"{name} is not a file of a network")
    if deep:
        raise InputError(f"{name} is nested deeper than any file of a network")
    return content


class _Unusual(Exception):
    """JSON that nobody writes by accident."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise _Unusual("names an entry twice")
    return table


def _refuse(_: str) -> float:
    raise _Unusual("holds a number that is not finite (NaN or infinite)")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _whole(text: str) -> int:
    return int(text) if len(text.lstrip("-")) <= _MOST_DIGITS else int(_refuse(text))


def _measure(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_measure, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_measure, value), default=0)
    return 0
