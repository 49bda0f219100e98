from __future__ import annotations

import pytest

from features.errors import KetresponseError
from serving.records.store import RecordStore
from serving.records.tasks import (
    close_task,
    find_suspension,
    lift_suspension,
    list_tasks,
    open_task,
    suspend,
)
from tests.serving.records.conftest import START

MODEL, OTHER = "d" * 64, "e" * 64


def test_a_task_is_open_once_until_it_is_closed(either_store: RecordStore) -> None:
    database = either_store.database
    one = open_task(database, MODEL, "o_e_t1", "look at it", at=START)
    assert one is not None
    assert open_task(database, MODEL, "o_e_t1", "again", at=START) is None
    assert open_task(database, OTHER, "o_e_t1", "the other", at=START) is not None
    assert list_tasks(database, MODEL) == [one]
    close_task(database, one.id, by="ann", comment="two files mixed up", at=START)
    (closed,) = list_tasks(database, MODEL)
    assert (closed.closed_by, closed.comment, closed.closed_at) == (
        "ann",
        "two files mixed up",
        START,
    )
    with pytest.raises(KetresponseError, match="no open task"):
        close_task(database, one.id, by="ann", comment="again", at=START)
    assert open_task(database, MODEL, "o_e_t1", "once more", at=START) is not None
    assert len(list_tasks(database)) == 3


def test_a_model_is_suspended_once_and_let_go(either_store: RecordStore) -> None:
    database = either_store.database
    assert find_suspension(database, MODEL) is None
    one = suspend(database, MODEL, by="monitor", reason="O:E crossed", at=START)
    assert suspend(database, MODEL, by="bob", reason="me too", at=START) == one
    assert find_suspension(database, MODEL) == one
    assert find_suspension(database, OTHER) is None
    lift_suspension(database, MODEL, by="ann", at=START)
    assert find_suspension(database, MODEL) is None
    with pytest.raises(KetresponseError, match="not suspended"):
        lift_suspension(database, MODEL, by="ann", at=START)
