"""Writing that is shared: the records of all requests that wait are committed together.

To hand a commit to another thread would cost a service in Python more than the commit. So records
are written where the requests are answered, in the event loop, as long as nothing has to be waited
for: SQLite hands them to the system in a fraction of a millisecond. A thread waits for the disk,
for a lock that another process holds, or for a database elsewhere; what comes in the meantime
gathers, and is committed together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from features.errors import KetresponseError
from serving.records.database import RecordsLocked, RecordsRefused, RecordsUnavailable
from serving.records.record import RecordedEstimate
from serving.records.store import RecordStore

__all__ = ["RecordWriter"]

_Waiting = tuple[Sequence[RecordedEstimate], "asyncio.Future[None]"]
_MOST_AT_ONCE = 20
_GATHER_SECONDS = 0.01


class RecordWriter:
    """Writes the records of one event loop.

    Parameters
    ----------
    store : RecordStore
        Where they are kept.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._gathered: list[_Waiting] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="records")
        self._is_waiting = self._is_syncing = self._is_unsynced = False

    async def write(self, given: Sequence[RecordedEstimate]) -> None:
        """Record estimates, all of them or none, and return when they are kept.

        Raises
        ------
        RecordsUnavailable
            If they are not kept.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._gathered.append((given, future))
        if len(self._gathered) == 1:
            loop.call_soon(self._flush)
        await future

    def close(self) -> None:
        """End once what a thread still writes is kept."""
        self._thread.shutdown()

    def _flush(self) -> None:
        """Commit what has gathered; where that would wait, a thread does."""
        if self._is_waiting or not self._gathered:
            return  # the thread comes back to what has gathered
        together, self._gathered = self._gathered, []
        many = sum(len(given) for given, _ in together) > _MOST_AT_ONCE
        if not many and not self._is_unsynced and self._store.database.is_quick:
            try:
                self._commit(together, wait=False)
            except RecordsLocked:
                pass  # by another process: a thread waits for it
            else:
                self._sync_beside()
                return
        self._is_waiting = True
        task = asyncio.get_running_loop().run_in_executor(
            self._thread, self._commit_and_sync, together
        )
        task.add_done_callback(self._come_back)

    def _come_back(self, task: asyncio.Future[None]) -> None:
        self._is_waiting = False
        self._flush()

    def _commit(self, together: Sequence[_Waiting], *, wait: bool) -> None:
        """Write records and let their answers go; one that cannot be written keeps only its own."""
        try:
            everything = [estimate for given, _ in together for estimate in given]
            self._store.write(everything, wait=wait)
        except RecordsLocked as err:
            if not wait:
                raise
            _settle(together, err)
        except Exception as err:
            stands_alone = isinstance(err, RecordsRefused) or not isinstance(err, KetresponseError)
            if stands_alone and len(together) > 1:
                for one in together:
                    self._commit([one], wait=wait)
            else:
                _settle(together, err)
        else:
            _settle(together, None)

    def _commit_and_sync(self, together: Sequence[_Waiting]) -> None:
        """Do the same in a thread, and wait for the disk."""
        try:
            if self._is_unsynced:
                self._store.database.sync()
        except RecordsUnavailable as err:
            _settle(together, err)
            return
        self._commit(together, wait=True)
        self._sync()

    def _sync_beside(self) -> None:
        """Let a thread wait for the disk, for all that is written in the next hundredth second."""
        if not self._is_syncing:
            self._is_syncing = True
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._start_sync)

    def _start_sync(self) -> None:
        self._is_syncing = False
        asyncio.get_running_loop().run_in_executor(self._thread, self._sync)

    def _sync(self) -> None:
        """Wait for the disk; if it fails, the next records are not written before it succeeds."""
        try:
            self._store.database.sync()
            self._is_unsynced = False
        except RecordsUnavailable:
            self._is_unsynced = True


def _settle(together: Sequence[_Waiting], err: Exception | None) -> None:
    """Tell those who wait how it went, from whatever thread this is."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # another thread: the loop is told to look
        loop = together[0][1].get_loop()
        loop.call_soon_threadsafe(_set_all, together, err)
    else:
        _set_all(together, err)


def _set_all(together: Sequence[_Waiting], err: Exception | None) -> None:
    for _, future in together:
        _set(future, err)


def _set(future: asyncio.Future[None], err: Exception | None) -> None:
    if future.cancelled():
        return  # nobody waits any more; the record is kept all the same
    if err is None:
        future.set_result(None)
    else:
        future.set_exception(err)
