"""A long run: pieces in, answers out, a few at a time by several processes.

A process reads a piece and answers it; this one only cuts the input, keeps a few pieces on their
way, so that memory does not grow with the number of patients, and writes what comes back. Where
:func:`training.fitting.jobs.running_on` says so, the processes are the workers of a cluster: they
are sent pieces and the model, and need neither the files nor the place of the answers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

from features.errors import InputError, KetresponseError
from features.files.streams import Piece
from serving.batch.parts import AnswerParts, Part, make_part
from serving.estimate.many import ManyPredictor
from serving.estimate.predictor import Predictor
from serving.estimate.rows import CohortRows, read_part
from training.fitting.jobs import find_engine
from training.store.artifact import LoadedModel, load_model

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
    """Answer pieces, and write their parts as they come.

    Parameters
    ----------
    portions : iterable of Portion
        Taken as they are needed.
    asking : Asking
        Of what, and how.
    jobs : int
        Processes of this machine, where the work is for no cluster; 1 works in this one.
    step : callable
        Called after each piece.

    Raises
    ------
    InputError
        If a piece is no part of a cohort. The parts that were answered stay.
    KetresponseError
        If a process was ended from outside, or the cluster cannot go on.
    """
    parts = AnswerParts(asking.out)
    for part in _answer_each(portions, asking, jobs=jobs):
        parts.keep(part)
        step()


def _answer_each(portions: Iterable[Portion], asking: Asking, *, jobs: int) -> Iterator[Part]:
    """Yield the parts in whichever order they are ready."""
    engine = find_engine()
    if engine is not None:
        yield from engine.stream(_answer_by, portions, _load(asking))
        return
    if jobs == 1:
        for portion in portions:
            yield _answer(portion, asking)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _end_with_parent)
    with _one_thread_each(), pool:
        try:
            yield from _go_through(iter(portions), pool, asking, most=jobs * _ON_THE_WAY)
        except BrokenProcessPool as error:
            raise KetresponseError(
                "a process was ended from outside, for want of memory perhaps; what was answered "
                "is kept: the same command with --resume goes on"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _go_through(
    portions: Iterator[Portion], pool: ProcessPoolExecutor, asking: Asking, *, most: int
) -> Iterator[Part]:
    """Yield the part of each piece that is answered, with at most so many on their way."""
    waiting: set[Future[Part]] = set()
    while True:
        new = islice(portions, most - len(waiting))
        waiting |= {pool.submit(_answer, portion, asking) for portion in new}
        if not waiting:
            return
        ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
        waiting -= ended
        for one in ended:
            yield one.result()
        del ended, one  # not held while others are waited for


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


@dataclass(frozen=True, eq=False)
class Answering:
    """A model that answers pieces, made ready at the first one in each process.

    Parameters
    ----------
    loaded : LoadedModel
        The model.
    asking : Asking
        How it is asked.
    """

    loaded: LoadedModel
    asking: Asking

    @cached_property
    def many(self) -> ManyPredictor:
        """What answers many at once."""
        asking = self.asking
        predictor = Predictor(self.loaded, waivers=asking.waivers, centre=asking.centre)
        return ManyPredictor(predictor, explains=asking.explains)

    def answer(self, portion: Portion) -> Part:
        """Answer one piece.

        Raises
        ------
        InputError
            If it is no part of a cohort.
        """
        rows = portion.rows
        if isinstance(rows, Piece):
            try:
                rows = read_part(*rows.read(), self.many.dictionary)
            except InputError as error:
                raise InputError(f"{portion.file}: {error.what}", error.problems) from error
        found = self.many.answer(rows)
        table = found.table
        if self.asking.names_files and len(table):
            table.insert(0, "file", portion.file)
        return make_part(
            portion.number, table, found.problems, file=portion.file, ending=self.asking.out.suffix
        )


def _answer(portion: Portion, asking: Asking) -> Part:
    """Answer one piece in a process of this machine, which loads the model once."""
    return _load(asking).answer(portion)


def _answer_by(portion: Portion, answering: Answering) -> Part:
    """Answer one piece on a worker of a cluster, which was sent the model."""
    return answering.answer(portion)


@lru_cache(maxsize=1)
def _load(asking: Asking) -> Answering:
    loaded = load_model(asking.folder)
    if loaded.digest != asking.digest:
        raise KetresponseError(f"the model in {asking.folder} is another one by now")
    return Answering(loaded, asking)
