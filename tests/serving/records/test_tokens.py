from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from serving.records.store import RecordStore
from serving.records.tables import tokens
from serving.records.tokens import SeenTokens
from tests.serving.records.conftest import START

SOON = START + timedelta(minutes=5)


def count(store: RecordStore) -> int:
    with store.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(tokens)).scalar_one()


def test_a_token_is_taken_once() -> None:
    seen = SeenTokens()
    assert [seen.take(one, until=SOON, now=START) for one in "aba"] == [True, True, False]


def test_what_another_process_has_taken_is_taken(either_store: RecordStore) -> None:
    one, other = SeenTokens(either_store.database), SeenTokens(either_store.database)
    assert one.take("a", until=SOON, now=START)
    assert not other.take("a", until=SOON, now=START)
    assert other.take("b", until=SOON, now=START)
    assert not one.take("b", until=SOON, now=START)


def test_what_has_expired_is_forgotten(either_store: RecordStore) -> None:
    seen = SeenTokens(either_store.database)
    for one in "abc":
        seen.take(one, until=SOON, now=START)
    assert count(either_store) == 3
    seen.take("d", until=SOON + timedelta(hours=1), now=SOON)
    assert count(either_store) == 1


def test_the_store_holds_nothing_of_a_token(store: RecordStore) -> None:
    SeenTokens(store.database).take("https://ehr.example\nword", until=SOON, now=START)
    with store.database.reading() as connection:
        (row,) = connection.execute(select(tokens)).all()
    assert "ehr" not in str(row) and "word" not in str(row)
