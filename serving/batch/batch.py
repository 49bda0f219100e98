"""A cohort of any size, answered into a file: what is read how, what is resumed, what is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.files.streams import find_sources, is_stream
from features.files.table import read_table
from serving.batch.parts import AnswerParts
from serving.batch.run import Asking, Portion, answer_all
from serving.estimate.predictor import Predictor
from serving.estimate.rows import CohortRows, read_whole
from serving.estimate.several import list_columns
from training.document.progress import show_progress

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Batch", "BatchOptions", "is_long"]

WHOLE_BYTES = 16_000_000
"""Longest file that is checked as a whole before anybody is answered."""
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class BatchOptions:
    """How a cohort is answered.

    Parameters
    ----------
    explains : bool
        Whether estimates come with their reasons.
    resume : bool
        Whether an earlier run is gone on with.
    force : bool
        Whether files that are there may be replaced.
    """

    explains: bool = True
    resume: bool = False
    force: bool = False


def is_long(cohort: str) -> bool:
    """Return whether a cohort is read piece by piece: many files, an address, or a long file."""
    return is_stream(cohort) or _is_long_file(Path(cohort))


def _is_long_file(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size <= WHOLE_BYTES:
        return False
    return path.suffix.lower() in (".csv", ".txt", ".parquet")


class Batch:
    """A cohort that is to be answered into a file.

    Parameters
    ----------
    cohort : str
        A file, a folder, a pattern or an address.
    out : Path
        Where the answers go, .csv or .parquet.
    options : BatchOptions
        How.

    Raises
    ------
    InputError
        If there is no such cohort.
    """

    def __init__(self, cohort: str, out: Path, options: BatchOptions) -> None:
        self._options, self._parts = options, AnswerParts(out)
        self._long = is_long(cohort)
        self._sources = find_sources(cohort)
        self.table: pd.DataFrame | None = None if self._long else read_table(Path(cohort))

    def answer(
        self, predictor: Predictor, folder: Path, *, jobs: int = 1, console: Console | None
    ) -> tuple[int, int]:
        """Answer everybody, and write the file.

        Parameters
        ----------
        predictor : Predictor
            The loaded model.
        folder : Path
            From which each process loads it.
        jobs : int
            Processes of this machine, at most.
        console : rich.console.Console or None
            Where progress is shown; None for nowhere.

        Returns
        -------
        answered, refused : int
            As :meth:`serving.batch.parts.AnswerParts.join` counts them.

        Raises
        ------
        InputError
            If it is no cohort; that of an earlier run, or with a model or options of another one;
            or an earlier run left answers and nothing is said of them.
        """
        options = self._options
        rows = None if self.table is None else read_whole(self.table, predictor.dictionary)
        there = self._parts.begin(
            self._describe(predictor), resume=options.resume, force=options.force
        )
        asking = Asking(
            folder,
            predictor.digest,
            predictor.centre,
            predictor.waivers,
            options.explains,
            self._parts.out,
            names_files=len(self._sources) > 1,
        )
        total = (
            sum(source.count_pieces() for source in self._sources)
            if rows is None
            else -(-len(rows.table) // _ROWS_AT_ONCE)
        )
        left = max(total - len(there), 1)
        shown = console if total > 1 else None
        with show_progress(shown, "Answering", left, unit="parts") as step:
            portions = (one for one in self._list_portions(rows) if one.number not in there)
            answer_all(portions, asking, jobs=min(jobs, left), step=step)
        columns = list_columns(predictor, explains=options.explains)
        return self._parts.join([*["file"] * asking.names_files, *columns], force=options.force)

    def _list_portions(self, rows: CohortRows | None) -> Iterator[Portion]:
        """Yield the input in parts that are cut alike in every run."""
        if rows is not None:
            [source] = self._sources
            for number, part in enumerate(rows.cut(_ROWS_AT_ONCE)):
                yield Portion(number, source.name, part)
            return
        pieces = (
            (source.name, piece) for source in self._sources for piece in source.read_pieces()
        )
        for number, (name, piece) in enumerate(pieces):
            yield Portion(number, name, piece)

    def _describe(self, predictor: Predictor) -> dict[str, object]:
        return {
            "input": {source.name: source.fingerprint() for source in self._sources},
            "model": predictor.digest,
            "options": {
                "centre": predictor.centre,
                "waivers": list(predictor.waivers),
                "explanation": self._options.explains,
            },
            "version": version("ketresponse"),
        }
