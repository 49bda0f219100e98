"""What a worker of a cluster does with what it is sent, and how it says that it computes alike.

Everything travels as one pickle with its buffers inside: an array that Dask sends by itself may lie
at an odd address on the worker, and an odd address is not what the same task meets here. What Dask
has to unpack by itself goes by :func:`at_worker`: a worker that could not would end, and another
one after it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import cloudpickle
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from training.running.resuming import digest_floors
from training.store.facts import package_versions

__all__ = [
    "THREADS",
    "Sent",
    "Stand",
    "Unlike",
    "at_worker",
    "describe_process",
    "pack",
    "run_batch",
]

THREADS = "tasks at a time"
_PACKAGES = ("cloudpickle", "dask", "distributed", "firthmodels", "joblib", "scikit-misc")


def describe_process(floors: tuple[str, ...], *, threads: int = 1) -> dict[str, str]:
    """Return all that the numbers of a process depend on beside its tasks, by what it is.

    Parameters
    ----------
    floors : tuple of str
        The packages of ours whose code the tasks run.
    threads : int
        How many tasks it runs at a time.

    Returns
    -------
    dict of str to str
        `ketresponse`, a digest of its files; each package's version; `instructions of the
        processor` that NumPy and its linear algebra use: other ones round otherwise, in the last
        digits; `tasks at a time`, which has to be 1, since fits share their process with nothing.
    """
    return _describe_installation(floors) | {THREADS: str(threads)}


@cache
def _describe_installation(floors: tuple[str, ...]) -> dict[str, str]:
    found = {"ketresponse": f"code {digest_floors(floors)[:12]}"} | {
        name: text for name, text in package_versions().items() if name != "ketresponse"
    }
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    used = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    kernels = {each.get("architecture", "") for each in threadpool_info()} - {""}
    found["instructions of the processor"] = " ".join([*used, *sorted(kernels)])
    return found


class Unlike(Exception):
    """A worker would compute otherwise; its address, and its description or None for without us."""


def at_worker(name: str) -> Callable[..., Any]:
    """Return a function or class of this module, to be called where it may not be installed.

    What stands within a function travels by its code and not by its name. Without this module (or
    with one of another day) it returns the address of the worker, as a text.
    """

    def call(*arguments: Any) -> Any:
        try:
            from training.running import worker

            function = getattr(worker, name)
        except (ImportError, AttributeError):
            from distributed import get_worker

            try:
                return str(get_worker().address)
            except ValueError:  # outside a task a worker does not know itself
                return ""
        return function(*arguments)

    call.__name__ = name  # by which the scheduler knows how long such a call takes
    return call


class Sent:
    """An object that many tasks share, on its way: unpacked once by a worker, at its first use."""

    def __init__(self, packed: bytes) -> None:
        self._packed: bytes | None = packed
        self._found: Any = None

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[bytes]]:
        packed = self._packed  # from one worker to another, perhaps while it is unpacked
        return at_worker("Sent"), (pack(self._found) if packed is None else packed,)

    def unpack(self) -> Any:
        """Return the object."""
        if self._packed is not None:
            self._found = pickle.loads(self._packed)
            self._packed = None
        return self._found


@dataclass(frozen=True)
class Stand:
    """Where an object stood that is sent on its own."""

    number: int


def pack(value: Any) -> bytes:
    """Return an object, functions of a script included, as one pickle."""
    return bytes(cloudpickle.dumps(value))


def run_batch(
    expected: Mapping[str, str], floors: tuple[str, ...], packed: bytes, *sent: Sent | str
) -> tuple[float, bytes]:
    """Run tasks on a worker; return the seconds they took, and their results.

    The worker says first that it computes as asked: it may have come after all others were looked
    at, and an object of other code may not even be unpacked.
    """
    from distributed import get_worker

    worker = get_worker()
    own = describe_process(floors, threads=worker.state.nthreads)
    if own != expected:
        raise Unlike(worker.address, own)
    here = [each for each in sent if not isinstance(each, str)]
    for each in sent:
        if isinstance(each, str):  # it lay at a worker that could not unpack it
            raise Unlike(each, None)
    tasks, found = pickle.loads(packed), []
    start = perf_counter()
    with threadpool_limits(limits=1):
        for function, arguments, keywords in tasks:
            whole = (
                here[each.number].unpack() if isinstance(each, Stand) else each
                for each in arguments
            )
            found.append(function(*whole, **keywords))
    return perf_counter() - start, pack(found)


def hand_on(sent: Sent) -> Sent:
    """Return what is sent: as the result of a task, it is made again if all who had it are lost."""
    return sent
