"""What the wells of a long export say that cannot be, or that may have been missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from features.errors import Problem, list_words
from features.panel.layouts.headings import Columns
from features.panel.words import is_control_role, says_not_seen

__all__ = ["Doubts", "find_split_decimals", "find_twice"]

_MOST_WORDS = 1000
_SHOWN = 5


@dataclass
class Doubts:
    """What is gathered, well by well, to be told at the end.

    Attributes
    ----------
    times : dict
        By heading, plate and sample: what a column that has one value for each sample says.
    dyes : dict
        By heading, plate and assay: what a column that has one value for each assay says.
    unused : dict
        By heading: what a column says that was not read.
    twice : set of str
        Headings of the sample, the assay or the Ct that stand above two columns.
    """

    times: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    dyes: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    unused: dict[str, set[str]] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)

    def take(
        self, cells: Sequence[str], columns: Columns, plate: str, sample: str, assay: str
    ) -> None:
        """Gather what one well says."""
        for places, of, held in (
            (columns.times, sample, self.times),
            (columns.dyes, assay, self.dyes),
        ):
            for at, heading in places:
                if of and at < len(cells):
                    held.setdefault((heading, plate, of), set()).add(cells[at])
        for at, heading in columns.unused:
            words = self.unused.setdefault(heading, set())
            if at < len(cells) and len(words) < _MOST_WORDS:
                words.add(cells[at])

    def find_several(self) -> list[Problem]:
        """Return a problem for each column that tells two samples, or two assays, of one name."""
        action = "say which one with --columns, by numbers from 1: sample=1,assay=2,ct=3"
        return [
            *(
                Problem(heading, "one column of that heading", "several", action=action)
                for heading in sorted(self.twice)
            ),
            *_find_several(
                self.times,
                "one value for each sample: other values are of other samples",
                "name the samples apart (--columns sample=... takes another column), or keep the "
                "lines of one of them",
            ),
            *_find_several(
                self.dyes,
                "one value for each assay: another dye is of another assay",
                "name the assays apart, or keep the lines of one of them",
            ),
        ]

    def tell_unused(self) -> tuple[str, ...]:
        """Return which columns that were not read say what would count."""
        notes = []
        for heading, held in self.unused.items():
            not_seen = {word for word in held if says_not_seen(word)}
            controls = {word for word in held - not_seen if is_control_role(word)}
            for words, key in ((sorted(not_seen), "flag"), (sorted(controls), "role")):
                # Where all wells say it, it is said of the run.
                if words and len(words) < len(held):
                    notes.append(
                        f"the column {heading} was not read, and says of wells "
                        f"{list_words(words, most=_SHOWN)}: --columns with {key}={heading} "
                        "(beside sample, assay and ct) takes it into account"
                    )
        return tuple(notes)


def _find_several(
    held: dict[tuple[str, str, str], set[str]], expected: str, action: str
) -> list[Problem]:
    several: dict[str, set[str]] = {}
    for (heading, _, name), values in held.items():
        if len(values) > 1:
            several.setdefault(heading, set()).add(name)
    return [
        Problem(heading, expected, f"several for {list_words(sorted(names))}", action=action)
        for heading, names in several.items()
    ]


def find_twice(wells: pd.DataFrame) -> list[Problem]:
    """Return a problem where one well of one plate has an assay twice: there were two plates."""
    placed = wells[wells["well"] != ""]
    twice = placed[placed.duplicated(["plate", "well", "assay"])]
    if twice.empty:
        return []
    first = twice.iloc[0]
    expected = "each assay once in each well of a plate: two plates have two names"
    got = f"{len(twice)} more, the first {first['assay']} in {first['well']} of {first['plate']}"
    action = "save each plate as a file of its own, or give it its name in a column Plate"
    return [Problem("well", expected, got, action=action)]


def find_split_decimals(rows: Sequence[Sequence[str]], ct: int) -> list[Problem]:
    """Return a problem where decimal commas stand between fields: 22,1 became 22 and 1.

    Parameters
    ----------
    rows : sequence of sequence of str
        Fields of the wells, with commas between them in the file.
    ct : int
        Position of the Ct, from 0.
    """
    numbers = [row for row in rows if row[ct].isdecimal()]
    split = [row for row in numbers if len(row) > ct + 1 and row[ct + 1].isdecimal()]
    if not split or len(split) < len(numbers) or any("." in row[ct] for row in rows):
        return []
    expected = "a Ct in one field"
    got = f"whole numbers, each with another one behind it: {split[0][ct]},{split[0][ct + 1]}"
    action = "export with semicolons or tabs between the fields, or with decimal points"
    return [Problem("ct", expected, got, action=action)]
