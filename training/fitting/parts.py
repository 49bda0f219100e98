"""Parts of long work that are kept on disk, so that work stopped half-way goes on from there.

A training is hundreds of fits, each of which depends on nothing but the patients, the study and its
own seed. Whoever begins one says where its parts are kept (:func:`keeping`), and
:func:`training.fitting.jobs.run_tasks` asks for them (:func:`find_parts`): nothing between the two
computes otherwise with parts than without, and none of it need know of them.

A part is known by its place: the how manieth call, and the how manieth task of it. So a folder of
parts is for one training alone: whoever opens it gives it a name that stands for all that the
numbers depend on, and never hands over that of another.

Parts hold estimates for patients, though nobody's pseudonym and no row: the folder is its owner's
alone, and is removed once the training has ended.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import pickle
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from features.errors import InputError
from features.files.table import write_bytes

__all__ = ["Parts", "find_parts", "keeping"]

_ENDING = ".part"
_DIGEST_BYTES = hashlib.sha256().digest_size
_ARRAYS = frozenset(
    {
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
    }
)


class _Reader(pickle.Unpickler):
    """Reads arrays, plain values and our own records: a file cannot make it run anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        if module.partition(".")[0] in ("features", "training"):
            found = super().find_class(module, name)
            if isinstance(found, type) and dataclasses.is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no result of a fit")


class Parts:
    """The parts of one training.

    Parameters
    ----------
    folder : Path
        For this training alone; it is made when the first part is kept.
    reuse : bool
        Whether what is kept there is used. If not, it is written anew, part by part.
    """

    def __init__(self, folder: Path, *, reuse: bool) -> None:
        self._folder, self._reuse = folder, reuse
        self._calls = itertools.count()

    def count(self) -> int:
        """Return how many parts are kept."""
        return len(list(self._folder.glob(f"[0-9]*{_ENDING}")))

    def go_on(
        self, tasks: Sequence[Any], run: Callable[[Sequence[Any]], Iterator[tuple[int, Any]]]
    ) -> Iterator[tuple[int, Any]]:
        """Yield places and results of tasks: first those that are kept, the others as they come.

        Parameters
        ----------
        tasks : sequence
            All tasks of one call.
        run : callable
            Runs tasks, and yields place and result of each as it ends.
        """
        call = next(self._calls)
        files = [self._folder / f"{call:03d}-{place:06d}{_ENDING}" for place in range(len(tasks))]
        waiting = []
        for place, file in enumerate(files):
            kept = _read(file) if self._reuse else ()
            if kept:
                yield place, kept[0]
            else:
                waiting.append(place)
        for ran, result in run([tasks[place] for place in waiting]) if waiting else ():
            place = waiting[ran]
            _keep(files[place], result)
            yield place, result

    def remove(self) -> None:
        """Remove what is kept."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _keep(file: Path, result: Any) -> None:
    written = pickle.dumps(result, protocol=5)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_bytes(hashlib.sha256(written).digest() + written, file, force=True)
    except (OSError, InputError):
        return  # a full disk, say, takes from a training that it can be resumed, and no more


def _read(file: Path) -> tuple[Any, ...]:
    """Return what a file holds, as the one entry of a tuple; nothing where it holds no part."""
    try:
        data = file.read_bytes()
    except OSError:
        return ()
    digest, written = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if hashlib.sha256(written).digest() != digest:
        return ()
    return (_Reader(io.BytesIO(written)).load(),)


_PARTS: ContextVar[Parts | None] = ContextVar("parts", default=None)


@contextmanager
def keeping(parts: Parts | None) -> Iterator[None]:
    """Have the results of all tasks inside the block kept; with None, of none of them."""
    token = _PARTS.set(parts)
    try:
        yield
    finally:
        _PARTS.reset(token)


def find_parts() -> Parts | None:
    """Return where results are kept just now; None where they are not."""
    return _PARTS.get()
