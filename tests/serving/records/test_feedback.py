from __future__ import annotations

import pytest
from sqlalchemy import select

from serving.records.database import RecordsRefused
from serving.records.feedback import Feedback, read_feedback, write_feedback
from serving.records.store import RecordStore
from serving.records.tables import feedback
from tests.serving.records.conftest import START, make_estimates

VALUES = {"service": "x", "outcome": "overridden", "overrideReason": {"userComment": "Qvarnstroem"}}


def test_what_is_reported_is_read_back_in_order(either_store: RecordStore) -> None:
    estimates = make_estimates(2)
    either_store.write(estimates)
    first, second = (one.request_id for one in estimates)
    given = [Feedback(name, START, "cds:ehr", VALUES) for name in (second, first, second)]
    write_feedback(either_store, given)
    write_feedback(either_store, [])
    assert read_feedback(either_store) == given
    assert read_feedback(either_store, [first]) == [given[1]]


def test_what_is_written_in_a_comment_lies_sealed(store: RecordStore) -> None:
    (one,) = make_estimates(1)
    store.write([one])
    write_feedback(store, [Feedback(one.request_id, START, "cds:ehr", VALUES)])
    with store.database.reading() as connection:
        (row,) = connection.execute(select(feedback)).all()
    assert "Qvarnstroem" not in str(row)


def test_there_is_none_without_its_estimate(store: RecordStore) -> None:
    with pytest.raises(RecordsRefused):
        write_feedback(store, [Feedback("f" * 32, START, "cds:ehr", VALUES)])
    assert read_feedback(store) == []
