"""A step done in a process of its own that is killed just before one of its writes."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

# Which of an audit event's arguments is what is changed, and which the folder that it is told from.
_CHANGES = {
    "os.rename": (0, 2),
    "os.remove": (0, 1),
    "os.rmdir": (0, 1),
    "os.mkdir": (0, 2),
    "os.link": (1, 3),
    "os.symlink": (1, 2),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_SAID = ("COMMIT", "INSERT", "DELETE", "UPDATE")


class _Counter:
    """Tells of every write below a folder, and kills this process just before one of them."""

    def __init__(self, root: Path, at: int | None, told: int) -> None:
        self.root, self.at, self.told, self.count = str(root), at, told, 0
        self.changed = False

    def add(self, label: str) -> None:
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1
        os.write(self.told, f"{label}\n".encode())

    def hear(self, name: str, args: tuple[Any, ...]) -> None:
        if name in _CHANGES:
            what, folder = _CHANGES[name]
            # Another's temporary folder may be tidied up at any time: those are no writes of ours.
            path = os.path.join(_find_folder(args[folder]), os.fsdecode(args[what]))
            if path.startswith(self.root):
                self.add(f"{name} {self.name(os.fsdecode(args[0]))}")
        elif name == "open" and isinstance(args[0], str) and args[0].startswith(self.root):
            if args[2] & _WRITING:
                self.add(f"{name} {self.name(args[0])}")

    def name(self, path: str) -> str:
        """Return a path below the folder, alike in every process."""
        return path.removeprefix(self.root).removesuffix(f".{os.getpid()}")

    def see_statement(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.changed |= statement.lstrip().startswith(_SAID)

    def see_commit(self, connection: Any) -> None:
        if self.changed:
            self.add("registry commit")
        self.changed = False

    def install(self) -> None:
        counter, connect = self, sqlite3.connect

        class Telling(sqlite3.Connection):
            def execute(self, sql: str, *args: Any) -> Any:  # type: ignore[override]
                if sql.startswith(_SAID):
                    counter.add(f"log {sql.split()[0]} {sql.split()[-1]}")
                return super().execute(sql, *args)

        sqlite3.connect = lambda *args, **more: connect(*args, factory=Telling, **more)  # type: ignore[assignment,misc]
        event.listen(Engine, "before_cursor_execute", self.see_statement)
        event.listen(Engine, "commit", self.see_commit)
        sys.addaudithook(self.hear)


def _find_folder(descriptor: int) -> str:
    """Return the folder that a path is told from: where the process is, if there is none."""
    return os.getcwd() if descriptor < 0 else os.readlink(f"/proc/self/fd/{descriptor}")


def restore(kept: Path, root: Path) -> None:
    """Bring a folder back to how it was; its files stay the same files, as databases are open."""
    for path in sorted(root.rglob("*"), reverse=True):
        copy = kept / path.relative_to(root)
        if path.is_dir() and not copy.exists():
            path.rmdir()
        elif not path.is_dir() and not copy.exists():
            path.unlink()
    for copy in sorted(kept.rglob("*")):
        path = root / copy.relative_to(kept)
        if copy.is_dir():
            path.mkdir(exist_ok=True)
        else:
            shutil.copyfile(copy, path)
            path.chmod(copy.stat().st_mode)


def run_killed(step: Callable[[], object], root: Path, at: int | None) -> list[str]:
    """Do a step in a fork; return the writes it has done, in order.

    Parameters
    ----------
    step : callable
        What to do.
    root : Path
        Writes below this folder count.
    at : int or None
        Killed just before write number `at`, from 0; None lets the step come to its end.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _Counter(root, at, writing).install()
            step()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        labels = told.read().splitlines()
    _, status = os.waitpid(pid, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended == (0 if at is None else -signal.SIGKILL), (ended, labels[-3:])
    return labels
