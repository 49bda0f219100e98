"""The exceptions that users see.

Each says what was wrong, what was expected, what came and what to do next, and lists every
problem at once. The plain text of an error (``str``) never holds a patient's values, so that it
can be logged; what came stands only in :meth:`InputError.report`, the answer to the sender.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from features.texts import Text, say, squash

__all__ = [
    "EXIT_INPUT",
    "EXIT_NOT_ENOUGH",
    "EXIT_REFUSED",
    "InputError",
    "KetresponseError",
    "NotEnoughData",
    "Problem",
    "Refused",
    "did_you_mean",
    "group_problems",
    "list_words",
]

EXIT_INPUT = 2
EXIT_NOT_ENOUGH = 3
EXIT_REFUSED = 4

_MOST_KINDS = 20
_MOST_WORDS = 20
_ROWS_SHOWN = 5
_VALUES_SHOWN = 3


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Parameters
    ----------
    column : str
        The variable, setting or file at fault.
    expected : str
        What would have been right, with unit and range.
    got : str
        What came. It may hold a patient's value: it is shown to the sender only.
    row : int or None
        Line of the file, the first one 1; of a table that has no lines, the row, from 1. None
        where there is no row.
    action : str
        The next step, in plain words; may be empty.
    """

    column: str
    expected: str
    got: str
    row: int | None = None
    action: str = ""

    def text(self, *, values: bool) -> str:
        """Return the problem in one line, with what came only where nothing of it is logged."""
        where = f"{self.column}" if self.row is None else f"row {self.row}, {self.column}"
        got = f"; got {self.got}" if values else ""
        action = f"; {self.action}" if self.action else ""
        return f"{where}: expected {self.expected}{got}{action}"


@dataclass(frozen=True)
class ProblemKind:
    """The problems of one column that are right in the same way, told in one line.

    Parameters
    ----------
    problems : tuple of Problem
        At least one; their column, what was expected and the next step are the same.
    """

    problems: tuple[Problem, ...]

    @property
    def rows(self) -> str:
        """The rows in words: ``3``, or ``14 rows: 3, 5, 9, ...``; empty where there are none."""
        rows = [str(p.row) for p in self.problems if p.row is not None]
        if len(rows) < 2:
            return "".join(rows)
        return f"{len(rows)} rows: {list_words(rows, most=_ROWS_SHOWN, more=False)}"

    @property
    def got(self) -> str:
        """The first different things that came."""
        different = list(dict.fromkeys(p.got for p in self.problems))
        return list_words(different, most=_VALUES_SHOWN, more=False)

    def text(self, *, values: bool) -> str:
        """Return the kind in one line, with what came only where nothing of it is logged."""
        first = self.problems[0]
        if len(self.problems) == 1:
            return first.text(values=values)
        where = f"{first.column} ({self.rows or f'{len(self.problems)} times'})"
        return Problem(where, first.expected, self.got, action=first.action).text(values=values)


def group_problems(problems: Iterable[Problem]) -> list[ProblemKind]:
    """Return problems by column, what was expected and the next step, in order of the first."""
    kinds: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault((problem.column, problem.expected, problem.action), []).append(problem)
    return [ProblemKind(tuple(alike)) for alike in kinds.values()]


def list_words(words: Sequence[str], *, most: int = _MOST_WORDS, more: bool = True) -> str:
    """Return words with commas between, and not more than a reader will look at.

    Parameters
    ----------
    words : sequence of str
        Of any number.
    most : int
        How many are shown.
    more : bool
        Whether the others are counted, or only hinted at.

    Examples
    --------
    >>> list_words("abc"), list_words("abc", most=2), list_words("abc", most=2, more=False)
    ('a, b, c', 'a, b and 1 more', 'a, b, ...')
    """
    shown = ", ".join(words[:most])
    if len(words) <= most:
        return shown
    return shown + (f" and {len(words) - most} more" if more else ", ...")


class KetresponseError(Exception):
    """Anything that the user can put right. `exit_code` is what the command returns."""

    exit_code = EXIT_INPUT


class InputError(KetresponseError):
    """An input that cannot be used, with every problem found in it.

    Parameters
    ----------
    what : str
        What was being read, without patients' values.
    problems : sequence of Problem
        Every problem found, not only the first.
    """

    def __init__(self, what: str, problems: Sequence[Problem] = ()) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__(self._text(values=False))

    def _text(self, *, values: bool) -> str:
        if not self.problems:
            return self.what
        lines = [f"{self.what}: {len(self.problems)} problem{'s'[: len(self.problems) > 1]}"]
        kinds = group_problems(self.problems)
        lines += [f"  {kind.text(values=values)}" for kind in kinds[:_MOST_KINDS]]
        if len(kinds) > _MOST_KINDS:
            more = sum(len(kind.problems) for kind in kinds[_MOST_KINDS:])
            lines.append(f"  ... and {more} more")
        return "\n".join(lines)

    def report(self) -> str:
        """Return the text for the one who sent the input: it tells what came."""
        return self._text(values=True)


class NotEnoughData(KetresponseError):
    """The data cannot bear a model: a normal outcome, with a descriptive report."""

    exit_code = EXIT_NOT_ENOUGH


class Refused(KetresponseError):
    """The model may not do what was asked, whatever the input."""

    exit_code = EXIT_REFUSED


_LONGEST_NAME = 64
_LIKE_DIGITS = str.maketrans("ol", "01")


def did_you_mean(name: str, known: Iterable[str]) -> Text:
    """Return "did you mean X?" for the nearest known name, or nothing.

    A name with other digits is never the nearest: nrs_t3 is not nrs_t1, tsk_11 is not tsk.
    """
    if len(name) > _LONGEST_NAME:  # not a slip of the pen, and slow to compare
        return Text("")
    lowered, names = name.lower(), list(known)
    same = [other for other in names if _spell(other) == _spell(name) != ""]
    longer = [other for other in names if other.lower().startswith(f"{lowered}_")]
    alike = {
        other.lower(): other
        for other in reversed(names)
        if re.findall(r"\d", other) == re.findall(r"\d", name)
    }
    found = difflib.get_close_matches(lowered, alike, n=1)
    near = same or longer or [alike[word] for word in found]
    return say("did you mean {name}?", name=near[0]) if near else Text("")


def _spell(name: str) -> str:
    """Return a name with its letters that look like digits as digits: nrs_to is nrs_t0."""
    return squash(name).translate(_LIKE_DIGITS)
