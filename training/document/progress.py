"""The progress of long work: what is done, that it goes on, and how long the rest will take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["Show", "show_progress"]

Show = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Shows how far long work is: given what is done and how many fits it takes, a block in which
the callable that it yields is called after each fit. A step without fits takes 0 of them."""

_SECONDS, _SHARE = 1.5, 0.05
"""In a log, the next line comes after so many seconds, or that share of the time so far."""


@contextmanager
def show_progress(
    console: Console | None, what: str, total: int, *, unit: str = "fits"
) -> Iterator[Callable[[], None]]:
    """Show a bar while the block runs; where nobody watches, as in a log, a line now and then.

    Parameters
    ----------
    console : rich.console.Console or None
        Where; None shows nothing.
    what : str
        What is being done, in a word.
    total : int
        How many fits it takes; 0 for a step that is not counted, which shows that it goes on.

    unit : str
        What is counted, where it is no fits.

    Yields
    ------
    callable
        To be called after each fit.
    """
    if console is None:
        yield lambda: None
    elif console.is_terminal:
        with _make_bar(console, total, unit) as bar:
            task = bar.add_task(what, total=total or None)
            yield lambda: bar.advance(task)
    else:
        with _write_lines(console, what, total, unit) as step:
            yield step


def _make_bar(console: Console, total: int, unit: str) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    if not total:
        live = (SpinnerColumn(), TextColumn("{task.description} ..."), TimeElapsedColumn())
        return Progress(*live, console=console, transient=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit},"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    return Progress(*columns, console=console, transient=True)


@contextmanager
def _write_lines(
    console: Console, what: str, total: int, unit: str
) -> Iterator[Callable[[], None]]:
    """Say in a log what goes on, in lines that come the more seldom the longer it takes."""
    begun, ended, done = time.monotonic(), threading.Event(), 0

    def step() -> None:
        nonlocal done
        done += 1

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    def go_on() -> None:
        while not ended.wait(max(_SECONDS, (time.monotonic() - begun) * _SHARE)):
            passed = time.monotonic() - begun
            counted = f"{done} of {total} {unit} after " if total else ""
            left = (
                f", about {passed / done * (total - done):.0f} s left" if 0 < done < total else ""
            )
            tell(f"{what}: {counted}{passed:.0f} s{left}")

    tell(f"{what} ...")
    teller = threading.Thread(target=go_on, daemon=True)
    teller.start()
    try:
        yield step
    finally:
        ended.set()
        teller.join()
