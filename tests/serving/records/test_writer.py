from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from serving.records.database import RecordsUnavailable
from serving.records.record import RecordedEstimate
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore
from serving.records.writer import RecordWriter
from tests.serving.records.conftest import make_estimates


def write_all(store: RecordStore, groups: list[list[RecordedEstimate]]) -> list[Any]:
    """Write groups at the same time; return what each came to."""

    async def run() -> list[Any]:
        writer = RecordWriter(store)
        try:
            return await asyncio.gather(*map(writer.write, groups), return_exceptions=True)
        finally:
            writer.close()

    return asyncio.run(run())


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the records of each commit."""
    counted: list[int] = []
    real = RecordStore.write

    def write(self: RecordStore, given: Any, **options: Any) -> None:
        counted.append(len(given))
        real(self, given, **options)

    monkeypatch.setattr(RecordStore, "write", write)
    return counted


def test_what_waits_together_is_committed_together(
    either_store: RecordStore, commits: list[int]
) -> None:
    groups = [[one] for one in make_estimates(16)]
    assert write_all(either_store, groups) == [None] * 16
    assert commits == [16]
    assert either_store.count()["estimates"] == 16


def test_one_that_cannot_be_written_keeps_no_other_out(either_store: RecordStore) -> None:
    first, second, third = make_estimates(3)
    either_store.write([second])
    found = write_all(either_store, [[first], [second, third], [third]])
    assert [type(one) for one in found][0::2] == [type(None), type(None)]
    assert isinstance(found[1], RecordsUnavailable)
    kept = {one.request_id for one in either_store.read()}
    assert kept == {first.request_id, second.request_id, third.request_id}


def test_a_value_that_json_cannot_hold_is_its_own_fault(store: RecordStore) -> None:
    good, bad = make_estimates(2)
    object.__setattr__(bad, "inputs", {"patient": {"nrs_t0": float("nan")}})
    found = write_all(store, [[good], [bad]])
    assert found[0] is None
    assert isinstance(found[1], ValueError)


def test_a_lock_is_waited_for_in_a_thread_while_others_gather(
    store: RecordStore, settings: RecordSettings, commits: list[int]
) -> None:
    assert settings.file is not None
    other = sqlite3.connect(settings.file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    async def run() -> float:
        writer = RecordWriter(store)
        first = asyncio.create_task(writer.write(make_estimates(1)))
        start = time.perf_counter()
        await asyncio.sleep(0.05)  # the loop is free meanwhile
        longest = time.perf_counter() - start
        others = [asyncio.create_task(writer.write([one])) for one in make_estimates(5)]
        await asyncio.sleep(0.05)
        assert not first.done()
        threading.Thread(target=other.execute, args=["ROLLBACK"]).start()
        await asyncio.gather(first, *others)
        writer.close()
        return longest

    assert asyncio.run(run()) < 1.0
    assert commits == [1, 1, 5]
    other.close()


def test_a_lock_that_is_not_given_back_is_told(
    store: RecordStore, settings: RecordSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.file is not None
    waits = store.database._writers[True].execution_options(wait=0.1)
    monkeypatch.setitem(store.database._writers, True, waits)
    other = sqlite3.connect(settings.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    (found,) = write_all(store, [make_estimates(1)])
    assert isinstance(found, RecordsUnavailable)
    other.execute("ROLLBACK")
    other.close()
    assert write_all(store, [make_estimates(1)]) == [None]


def test_after_a_disk_that_fails_nothing_is_written_before_it_works_again(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, synced = False, 0
    real: Callable[[], None] = store.database.sync

    def sync() -> None:
        nonlocal synced
        synced += 1
        if not working:
            raise RecordsUnavailable("the disk has failed")
        real()

    monkeypatch.setattr(store.database, "sync", sync)

    async def run() -> list[Any]:
        nonlocal working
        writer = RecordWriter(store)
        found: list[Any] = []
        for works in (False, False, True):
            working = works
            given = [writer.write(make_estimates(1))]
            found += await asyncio.gather(*given, return_exceptions=True)
            await asyncio.sleep(0.05)
        writer.close()
        return found

    first, second, third = asyncio.run(run())
    assert first is None  # the system has it; the disk's failure is known only afterwards
    assert isinstance(second, RecordsUnavailable)
    assert third is None
    assert synced == 4
    assert store.count()["estimates"] == 2


def test_one_who_waits_no_longer_stops_nobody(store: RecordStore) -> None:
    async def run() -> None:
        writer = RecordWriter(store)
        gone = asyncio.create_task(writer.write(make_estimates(1)))
        await asyncio.sleep(0)
        gone.cancel()
        await writer.write(make_estimates(1))
        writer.close()

    asyncio.run(run())
    assert store.count()["estimates"] == 2


def test_the_disk_is_waited_for_once_for_all_of_a_moment(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = 0

    def sync() -> None:
        nonlocal synced
        synced += 1

    monkeypatch.setattr(store.database, "sync", sync)

    async def run() -> None:
        writer = RecordWriter(store)
        for one in make_estimates(5):
            await writer.write([one])
        await asyncio.sleep(0.1)
        writer.close()

    asyncio.run(run())
    assert 1 <= synced < 5
