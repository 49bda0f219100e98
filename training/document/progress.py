"""The progress bar of long work: what is done, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Show", "show_progress"]

Show = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Shows how far long work is: given what is done and how many fits it takes, a block in which
the callable that it yields is called after each fit."""


@contextmanager
def show_progress(console: Console | None, what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar while the block runs.

    Parameters
    ----------
    console : rich.console.Console or None
        Where; None shows nothing.
    what : str
        What is being done, in a word.
    total : int
        How many fits it takes.

    Yields
    ------
    callable
        To be called after each fit.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    if console is None:
        yield lambda: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("fits,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
