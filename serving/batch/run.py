"""A long run: pieces in, answers out, a few at a time by several processes.

A process reads a piece, answers it and writes its part; this one only cuts the input and keeps a
few pieces on their way, so that memory does not grow with the number of patients.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

from features.errors import InputError, KetresponseError
from features.files.streams import Piece
from serving.batch.parts import AnswerParts
from serving.estimate.many import ManyPredictor
from serving.estimate.predictor import Predictor
from serving.estimate.rows import CohortRows, read_part

__all__ = ["Asking", "Portion", "answer_all"]

_ON_THE_WAY = 2
"""Pieces for each process at once: one that it works on, one that waits."""
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Asking:
    """What every process has to know.

    Parameters
    ----------
    folder : Path
        Of the model.
    digest : str
        Of the model.
    centre : str
        As :class:`Predictor` takes it.
    waivers : tuple of str
        As :class:`Predictor` takes them.
    explains : bool
        Whether estimates come with their reasons.
    out : Path
        The file of the answers.
    names_files : bool
        Whether the answers say which file they are from.
    """

    folder: Path
    digest: str
    centre: str
    waivers: tuple[str, ...]
    explains: bool
    out: Path
    names_files: bool


@dataclass(frozen=True, eq=False)
class Portion:
    """One piece of the input.

    Parameters
    ----------
    number : int
        Its place among all, from 0.
    file : str
        Where it is from.
    rows : Piece or CohortRows
        Still to be read, or read.
    """

    number: int
    file: str
    rows: Piece | CohortRows


def answer_all(
    portions: Iterable[Portion], asking: Asking, *, jobs: int, step: Callable[[], None]
) -> None:
    """Answer pieces and write their parts.

    Parameters
    ----------
    portions : iterable of Portion
        Taken as they are needed.
    asking : Asking
        Of what, and how.
    jobs : int
        Processes; 1 works in this one.
    step : callable
        Called after each piece.

    Raises
    ------
    InputError
        If a piece is no part of a cohort. The parts that were answered stay.
    KetresponseError
        If a process was ended from outside.
    """
    if jobs == 1:
        for portion in portions:
            _answer(portion, asking)
            step()
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _end_with_parent)
    with _one_thread_each(), pool:
        try:
            for _ in _go_through(iter(portions), pool, asking, most=jobs * _ON_THE_WAY):
                step()
        except BrokenProcessPool as error:
            raise KetresponseError(
                "a process was ended from outside, for want of memory perhaps; what was answered "
                "is kept: the same command with --resume goes on"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _go_through(
    portions: Iterator[Portion], pool: ProcessPoolExecutor, asking: Asking, *, most: int
) -> Iterator[None]:
    """Yield once for each piece that is answered, with at most so many on their way."""
    waiting: set[Future[None]] = set()
    while True:
        new = islice(portions, most - len(waiting))
        waiting |= {pool.submit(_answer, portion, asking) for portion in new}
        if not waiting:
            return
        ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
        waiting -= ended
        for one in ended:
            yield one.result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let each new process work on one thread: as many threads as processes are quicker apart."""
    before: Mapping[str, str | None] = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _end_with_parent() -> None:
    """End this process when the one that started it was killed: on its own it would wait on."""
    parent = parent_process()
    assert parent is not None

    def look() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _answer(portion: Portion, asking: Asking) -> None:
    """Answer one piece, and write its part."""
    many = _load(asking.folder, asking.digest, asking.centre, asking.waivers, asking.explains)
    rows = portion.rows
    if isinstance(rows, Piece):
        try:
            rows = read_part(*rows.read(), many.dictionary)
        except InputError as error:
            raise InputError(f"{portion.file}: {error.what}", error.problems) from error
    found = many.answer(rows)
    table = found.table
    if asking.names_files and len(table):
        table.insert(0, "file", portion.file)
    AnswerParts(asking.out).write(portion.number, table, found.problems, file=portion.file)


@lru_cache(maxsize=1)
def _load(
    folder: Path, digest: str, centre: str, waivers: tuple[str, ...], explains: bool
) -> ManyPredictor:
    from training.store.artifact import load_model

    loaded = load_model(folder)
    if loaded.digest != digest:
        raise KetresponseError(f"the model in {folder} is another one by now")
    return ManyPredictor(Predictor(loaded, waivers=waivers, centre=centre), explains=explains)
