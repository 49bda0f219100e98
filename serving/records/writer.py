"""Writing that is shared: all records that wait are committed together.

A commit waits for the disk. While one does, the requests that come in the meantime gather, and
the next commit takes all of them, so that many callers cost little more than one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress

from serving.records.database import RecordsUnavailable
from serving.records.record import Estimate
from serving.records.store import RecordStore

__all__ = ["RecordWriter"]

_Waiting = tuple[Sequence[Estimate], "Future[None]"]
_MOST_WAITING = 64


class RecordWriter:
    """Writes records from a thread of its own.

    Parameters
    ----------
    store : RecordStore
        Where they are kept.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._unsynced = False
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._thread.start()

    def write(self, given: Sequence[Estimate]) -> Future[None]:
        """Record estimates, all of them or none.

        Returns
        -------
        Future
            Done once they are kept; it raises RecordsUnavailable if they are not. The answer may
            leave only then.
        """
        future: Future[None] = Future()
        self._waiting.put((given, future))
        return future

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            together: list[_Waiting] = []
            item = self._waiting.get()
            while item is not None:
                together.append(item)
                if len(together) == _MOST_WAITING or self._waiting.empty():
                    break
                item = self._waiting.get()
            going = item is not None
            if together:
                self._commit(together)
                self._sync()

    def _sync(self) -> None:
        """Wait for the disk while the answers leave; a failure is the next ones' to tell."""
        self._unsynced = True
        with suppress(RecordsUnavailable):
            self._store.database.sync()
            self._unsynced = False

    def _commit(self, together: Sequence[_Waiting]) -> None:
        try:
            if self._unsynced:
                self._store.database.sync()
            self._store.write([estimate for given, _ in together for estimate in given])
        except RecordsUnavailable as err:
            for _, future in together:
                future.set_exception(err)
        except Exception as err:  # one that cannot be written must not keep the others out
            if len(together) == 1:
                together[0][1].set_exception(err)
                return
            for one in together:
                self._commit([one])
        else:
            for _, future in together:
                future.set_result(None)
