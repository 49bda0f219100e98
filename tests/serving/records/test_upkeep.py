from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from features.errors import KetresponseError
from serving.records.feedback import Feedback, read_feedback, write_feedback
from serving.records.keys import KeyRing, read_keys
from serving.records.record import Outcome
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from serving.records.upkeep import (
    delete_old,
    delete_patient,
    export_patient,
    list_deletions,
    rotate_keys,
)
from tests.serving.records.conftest import START, make_estimates


def fill(store: RecordStore) -> None:
    mine, others = make_estimates(3), make_estimates(2, pseudonym="P-2")
    store.write([*mine, *others])
    store.write_outcomes(
        [Outcome(one.request_id, START, "nurse", {"nrs_t1": 4.0}) for one in (*mine, others[0])]
    )
    told = {"outcome": "accepted"}
    names = [one.request_id for one in (mine[0], others[0])]
    write_feedback(store, [Feedback(name, START, "cds:ehr", told) for name in names])


def read_all(store: RecordStore) -> tuple[object, ...]:
    return store.read(), store.read_outcomes(), read_feedback(store)


def test_a_patient_gets_all_that_is_kept_and_nothing_else(either_store: RecordStore) -> None:
    fill(either_store)
    found = export_patient(either_store, "P-0417")
    assert [len(found[what]) for what in ("estimates", "outcomes", "feedback")] == [3, 3, 1]
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(found, default=list))
    assert found["estimates"][0]["inputs"]["patient"] == {"nrs_t0": 7.25}
    nothing = {"estimates": [], "outcomes": [], "feedback": []}
    assert export_patient(either_store, "nobody") == nothing


def test_a_patient_is_deleted_whole_and_the_deletion_noted(either_store: RecordStore) -> None:
    fill(either_store)
    done = delete_patient(either_store, "P-0417", by="ann", reason=" asked for it ", at=START)
    assert done == (3, 3)
    assert either_store.read(pseudonym="P-0417") == []
    assert [either_store.count()[what] for what in ("estimates", "outcomes")] == [2, 1]
    assert len(read_feedback(either_store)) == 1
    (noted,) = list_deletions(either_store)
    assert (noted["by"], noted["reason"]) == ("ann", "asked for it")
    assert (noted["estimates"], noted["outcomes"]) == (3, 3)
    assert "P-0417" not in str(noted)
    with pytest.raises(KetresponseError, match="nothing is kept of a patient"):
        delete_patient(either_store, "P-0417", by="ann", reason="again", at=START)


def test_what_is_too_old_goes_with_its_outcomes(either_store: RecordStore) -> None:
    fill(either_store)
    later = START + timedelta(days=30, hours=1)
    assert delete_old(either_store, 30, by="the service", at=later) == (2, 2)
    assert delete_old(either_store, 30, by="the service", at=later) == (0, 0)
    assert [one["reason"] for one in list_deletions(either_store)] == ["older than 30 days"]


def test_new_keys_open_everything_and_old_ones_are_dropped_later(either_store: RecordStore) -> None:
    fill(either_store)
    before = read_all(either_store)
    assert rotate_keys(either_store) == 11
    assert read_all(either_store) == before
    assert set(read_keys(either_store.key_file).keys) == {1, 2}
    assert rotate_keys(either_store) == 11
    assert set(read_keys(either_store.key_file).keys) == {2, 3}
    assert read_all(either_store) == before
    assert len(either_store.read(pseudonym="P-2")) == 2


def test_a_rotation_that_is_broken_off_loses_nothing(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    before = store.read(), store.read_outcomes()
    with monkeypatch.context() as patch:
        patch.setattr("serving.records.upkeep._BATCH", 2)
        seals = 0
        real = type(store.keys).seal

        def seal(*arguments: object) -> bytes:
            nonlocal seals
            seals += 1
            if seals == 4:
                raise KeyboardInterrupt
            return real(*arguments)  # type: ignore[arg-type]

        patch.setattr("serving.records.keys.KeyRing.seal", seal)
        with pytest.raises(KeyboardInterrupt):
            rotate_keys(store)
    assert (store.read(), store.read_outcomes()) == before
    rotate_keys(store)
    assert (store.read(), store.read_outcomes()) == before


def test_a_service_may_write_while_keys_are_changed(store: RecordStore) -> None:
    written = make_estimates(60)

    def write() -> None:
        for one in written:
            store.write([one])

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(2):
        rotate_keys(store)
    thread.join()
    rotate_keys(store)
    assert len(store.read()) == 60


def test_of_two_who_change_keys_at_once_one_waits_and_nothing_is_lost(
    store: RecordStore, settings: RecordSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    before = store.read(), store.read_outcomes()
    other = open_store(settings)
    meeting = threading.Barrier(2, timeout=1)
    make = KeyRing.with_new_key

    def with_new_key(ring: KeyRing) -> KeyRing:
        fresh = make(ring)
        with suppress(threading.BrokenBarrierError):
            meeting.wait()  # both at once, if both can
        return fresh

    monkeypatch.setattr(KeyRing, "with_new_key", with_new_key)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(rotate_keys, (store, other))) == [11, 11]
    other.close()
    assert store.keys.current == 3
    assert (store.read(), store.read_outcomes()) == before
