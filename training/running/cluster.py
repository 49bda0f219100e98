"""Tasks on the workers of a Dask cluster, with the same numbers as on this machine.

Dask starts the workers, sends data, and runs a task again whose worker was lost. What is added here
is what it cannot know: that a worker must compute as this process would
(:mod:`training.running.worker`), that tasks of milliseconds travel by the handful, that what many
tasks share is sent once, and what to tell when the scheduler itself is gone.
"""

from __future__ import annotations

import logging
import math
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any

from features.errors import InputError, KetresponseError, Problem
from training.fitting.jobs import Engine
from training.fitting.parts import find_parts
from training.running.resuming import FLOORS
from training.running.worker import THREADS, Sent, Stand, Unlike, at_worker, describe_process, pack

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["open_cluster"]

_CONNECT_SECONDS = 30
_LOOK_SECONDS = 1.0
_NOBODY_SECONDS = 120.0
"""So long may a cluster be without any worker: one that was killed is back after a few seconds."""
_LEAST_SECONDS, _BATCH_SECONDS, _MOST_PER_SECOND = 0.02, 0.25, 50.0
"""A batch takes a quarter of a second, or as long as keeps those of all workers below 50 a second:
each costs the scheduler and this process milliseconds. The last ones are shorter, so that all
workers end together, but never so short that Dask's own time would count."""
_SMALL_BYTES = 20_000
_AHEAD = 2
"""Batches at a worker: the one it computes, and the next."""
_SAME = "install on every machine what `pip freeze` shows here, and start its workers again"
_ACTIONS = {
    THREADS: "start it with --nthreads 1, and as many workers as processors",
    "instructions of the processor": "take machines of one kind, or let all of them use the oldest "
    "kind's: OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES, here and at every worker",
}
_PLAIN = (str, int, float, bool, type(None))


class _Pace:
    """How many tasks travel together, from what the last ones took."""

    def __init__(self) -> None:
        self._each: float | None = None

    def add(self, seconds: float, n: int) -> None:
        each = max(seconds / n, 1e-6)  # the first ones load libraries: they are soon forgotten
        self._each = each if self._each is None else (self._each + each) / 2

    def size(self, n_waiting: int, n_workers: int) -> int:
        if self._each is None:
            return 1
        most = max(_BATCH_SECONDS, n_workers / _MOST_PER_SECOND) / self._each
        even = n_waiting / (_AHEAD * n_workers)
        return math.ceil(min(max(even, _LEAST_SECONDS / self._each), most, n_waiting))


@dataclass(eq=False)
class _Cluster(Engine):
    """The workers of a Dask cluster.

    Workers that come later take part, and a task whose worker was lost runs again.

    Parameters
    ----------
    client : distributed.Client
        Connected; :func:`open_cluster` has seen that its workers compute as this process does.
    address : str
        Of the scheduler, as it was given.
    floors : tuple of str
        As of :func:`describe_process`.
    """

    client: Client
    address: str
    floors: tuple[str, ...]
    _sent: dict[int, tuple[Any, Future[Any] | None]] = field(default_factory=dict)
    _seen: tuple[float, int] = (-math.inf, 0)
    _alone: float | None = None

    def count_workers(self) -> int:
        """Return how many workers there are, as of a second ago at most."""
        now = monotonic()
        if now - self._seen[0] > _LOOK_SECONDS:
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
            self._seen = now, len(workers)
        return self._seen[1]

    def run(self, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield places and results as they end; see :class:`training.fitting.jobs.Engine`.

        Raises
        ------
        InputError
            If a worker came meanwhile that would compute otherwise.
        KetresponseError
            If the scheduler is lost, no worker is left, or a task ends one worker after another.
        """
        tasks, shared = self._share(tasks)
        pace = _Pace()
        batches = self._bundle(tasks, pace)
        for places, seconds, results in self._go_through(
            batches, shared, kept=find_parts() is not None
        ):
            pace.add(seconds, len(places))
            yield from zip(places, results, strict=True)

    def stream(
        self, function: Callable[..., Any], items: Iterable[Any], common: Any
    ) -> Iterator[Any]:
        """Yield results as they end; see :class:`training.fitting.jobs.Engine`.

        Raises
        ------
        InputError, KetresponseError
            As :meth:`run`.
        """
        sent = self._hand_on(pack(common))
        calls: Iterator[tuple[list[int], list[Any]]] = (
            ([number], [(function, [item, Stand(0)], {})]) for number, item in enumerate(items)
        )
        for _, _, [result] in self._go_through(calls, [sent], kept=True):
            yield result

    def _bundle(
        self, tasks: Sequence[Any], pace: _Pace
    ) -> Iterator[tuple[list[int], Sequence[Any]]]:
        """Yield tasks by the handful, and their places."""
        start = 0
        while start < len(tasks):
            end = start + pace.size(len(tasks) - start, max(1, self.count_workers()))
            yield list(range(start, end)), tasks[start:end]
            start = end

    def _go_through(
        self,
        batches: Iterator[tuple[list[int], Sequence[Any]]],
        shared: Sequence[Future[Any]],
        *,
        kept: bool,
    ) -> Iterator[tuple[list[int], float, list[Any]]]:
        """Yield places, seconds and results of batches as they end, with a few on their way."""
        run = at_worker("run_batch")
        running, ended = dict[Any, list[int]](), SimpleQueue[Any]()
        expected = _describe_here(self.floors)
        try:
            while True:
                room = _AHEAD * max(1, self.count_workers()) - len(running)
                for places, tasks in islice(batches, max(room, 0)):
                    future = self.client.submit(
                        run, expected, self.floors, pack(tasks), *shared, pure=False
                    )
                    future.add_done_callback(ended.put)
                    running[future] = places
                if not running:
                    return
                future = self._wait(ended, kept=kept)
                result = future.result()
                if isinstance(result, str):
                    raise Unlike(result, None)
                seconds, packed = result
                places = running.pop(future)
                del future  # the cluster keeps a result as long as it is held here
                yield places, seconds, pickle.loads(packed)
        except Exception as err:
            told = self._explain(err, kept=kept)
            if told is None:
                raise
            raise told from err
        finally:
            for future in running:
                future.release()

    def _share(self, tasks: Sequence[Any]) -> tuple[list[Any], list[Future[Any]]]:
        """Return tasks without the large objects that all of them share, and what is sent of them.

        An object is sent once, however many calls share it.
        """
        rows = [arguments for _, arguments, _ in tasks]
        places: dict[int, Stand] = {}
        futures: list[Future[Any]] = []
        for place, value in enumerate(rows[0] if len(rows) > 1 else ()):
            if isinstance(value, _PLAIN) or not all(row[place] is value for row in rows):
                continue
            if id(value) not in self._sent:  # held, so that no other object gets its id
                self._sent[id(value)] = value, self._send(pack(value))
            future = self._sent[id(value)][1]
            if future is not None:
                places[place] = Stand(len(futures))
                futures.append(future)
        alone = [
            (function, [places.get(i, value) for i, value in enumerate(arguments)], keywords)
            for function, arguments, keywords in tasks
        ]
        return alone, futures

    def _send(self, packed: bytes) -> Future[Any] | None:
        """Send an object on its own, unless it is so small that it travels with its tasks."""
        if len(packed) < _SMALL_BYTES:
            return None
        return self._hand_on(packed)

    def _hand_on(self, packed: bytes) -> Future[Any]:
        return self.client.submit(at_worker("hand_on"), Sent(packed), pure=False)

    def _wait(self, ended: SimpleQueue[Any], *, kept: bool) -> Any:
        """Return the next batch that ended; look meanwhile whether there is anybody at work."""
        while True:
            with suppress(Empty):
                return ended.get(timeout=_LOOK_SECONDS)
            if self.client.status != "running":
                raise ConnectionError
            if self.count_workers():
                self._alone = None
            elif self._alone is None:
                self._alone = monotonic()
            elif monotonic() - self._alone > _NOBODY_SECONDS:
                raise KetresponseError(
                    f"No worker is left at the scheduler {self.address}: start some with "
                    f"`{_tell_start(self.address)}`.{_go_on(kept)}"
                )

    def _explain(self, err: Exception, *, kept: bool) -> Exception | None:
        """Return what is to be told of an error; None of a task's own, which is told as it is."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        if isinstance(err, Unlike):
            return _list_unlike({err.args[0]: err.args[1]}, self.floors)
        if isinstance(err, KilledWorker):
            return KetresponseError(
                "A task ended one worker after another, for want of memory most likely: start "
                f"fewer workers, each with more (--memory-limit).{_go_on(kept)}"
            )
        gone = isinstance(err, OSError) and self.client.status != "running"
        if gone or isinstance(err, (CancelledError, CommClosedError)):
            return KetresponseError(
                f"The scheduler at {self.address} was lost. Start it again, and its workers."
                f"{_go_on(kept)}"
            )
        return None


def _describe_here(floors: tuple[str, ...]) -> dict[str, str]:
    return describe_process(floors)


def _go_on(kept: bool) -> str:
    if not kept:
        return " Then do the same again."
    return " Then the same command with --resume goes on from where it was: what ended is kept."


def _tell_start(address: str) -> str:
    return f"dask worker {address} --nworkers auto --nthreads 1"


@contextmanager
def open_cluster(address: str, *, floors: tuple[str, ...] = FLOORS) -> Iterator[_Cluster]:
    """Connect to a scheduler, and see that its workers compute as this process does.

    Parameters
    ----------
    address : str
        Such as ``tls://scheduler:8786``; certificates are Dask's own settings.
    floors : tuple of str
        The packages of ours whose code the tasks run.

    Yields
    ------
    Engine
        The cluster's workers, with `count_workers`.

    Raises
    ------
    InputError
        If workers would compute otherwise; all of them are told, and in what.
    KetresponseError
        If Dask is not installed, no scheduler answers, or it has no worker.
    """
    try:
        import dask
        from distributed import Client, Security
    except ImportError as err:
        raise KetresponseError(
            "A cluster needs Dask, which is not installed here: pip install 'ketresponse[dask]'."
        ) from err
    quiet = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
    with quiet, _silence("distributed"):
        if (
            address.startswith("tls:")
            and Security().get_connection_args("client")["ssl_context"] is None
        ):
            raise KetresponseError(
                f"{address} needs certificates: Dask's settings distributed.comm.tls.ca-file, and "
                "client.cert and client.key under it, name them (see docs/scale.md)."
            )
        try:
            client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as err:
            raise KetresponseError(
                f"No scheduler answers at {address} ({err}). Start one with `dask scheduler`, and "
                "name its address with --scheduler or KETRESPONSE_SCHEDULER."
            ) from err
        try:
            _check_workers(client, address, floors)
            yield _Cluster(client, address, floors)
        finally:
            client.close(timeout=_CONNECT_SECONDS)


@contextmanager
def _silence(name: str) -> Iterator[None]:
    """Keep a library from logging what is put right here, or told in an error of ours."""
    loggers = [logging.getLogger(each) for each in logging.root.manager.loggerDict]
    levels = [(each, each.level) for each in loggers if each.name.partition(".")[0] == name]
    for logger, _ in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels:
            logger.setLevel(level)


def _check_workers(client: Client, address: str, floors: tuple[str, ...]) -> None:
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError as err:
        raise KetresponseError(
            f"The scheduler at {address} has no worker: start some with `{_tell_start(address)}`."
        ) from err
    known = client.scheduler_info(n_workers=-1)["workers"]
    found = client.run(at_worker("describe_process"), floors, on_error="return")
    for worker, theirs in found.items():  # outside a task a worker does not know itself
        if isinstance(theirs, dict) and worker in known:
            theirs |= {THREADS: str(known[worker]["nthreads"])}
    problem = _list_unlike(found, floors)
    if problem is not None:
        raise problem


def _list_unlike(found: Mapping[str, Any], floors: tuple[str, ...]) -> InputError | None:
    """Return an error that tells what workers have otherwise than this process, if any has."""
    own = _describe_here(floors)
    problems = []
    for worker, theirs in found.items():
        if not isinstance(theirs, dict):
            error = isinstance(theirs, BaseException)
            got = f"none that can be asked ({type(theirs).__name__})" if error else "not installed"
            problems.append(Problem(f"worker {worker}", "ketresponse", got, action=_SAME))
            continue
        problems += [
            Problem(
                f"worker {worker}",
                f"{name} {own.get(name, 'not installed')}",
                theirs.get(name, "not installed"),
                action=_ACTIONS.get(name, _SAME),
            )
            for name in sorted(own.keys() | theirs.keys())
            if own.get(name) != theirs.get(name)
        ]
    what = "Workers that may compute other numbers than this process"
    return InputError(what, problems) if problems else None
