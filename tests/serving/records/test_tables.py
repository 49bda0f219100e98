from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import text

from serving.records.record import Outcome
from serving.records.store import RecordStore
from serving.records.tables import METADATA, Utc
from tests.places import PROJECT
from tests.serving.records.conftest import START, make_estimates

PAGE = (PROJECT / "docs" / "records.md").read_text(encoding="utf-8")


def test_a_moment_is_kept_in_utc_wherever_it_was_told() -> None:
    there = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    kept = Utc().process_bind_param(there, None)
    assert kept == datetime(2026, 2, 28, 23, 30)
    assert Utc().process_result_value(kept, None) == there.astimezone(UTC) == there
    assert Utc().process_bind_param(None, None) is Utc().process_result_value(None, None) is None


def test_only_sealed_columns_can_hold_what_is_about_a_patient() -> None:
    binary = {
        (table.name, column.name)
        for table in METADATA.sorted_tables
        for column in table.columns
        if column.type.__class__.__name__ == "LargeBinary"
    }
    assert binary == {(name, "sealed") for name in ("estimates", "outcomes", "feedback")}


def test_the_page_tells_every_column_of_every_table() -> None:
    told: dict[str, list[str]] = {}
    table = ""
    for named, column in re.findall(r"^\| (`\w+`)? ?\| `(\w+)` \|", PAGE, re.M):
        table = named.strip("`") or table
        told.setdefault(table, []).append(column)
    known = {one.name: [column.name for column in one.columns] for one in METADATA.tables.values()}
    assert told == known


def test_the_questions_of_the_page_can_be_asked(either_store: RecordStore) -> None:
    mine, others = make_estimates(3), make_estimates(2, pseudonym="P-2", in_scope=False)
    either_store.write([*mine, *others])
    report = Outcome(mine[0].request_id, START, "nurse", {"nrs_t1": 4.0})
    either_store.write_outcomes([report, report])
    blocks = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.M | re.S)
    with either_store.database.reading() as connection:
        found = [
            [tuple(row) for row in connection.execute(text(query))]
            for block in blocks
            for query in filter(str.strip, block.split(";"))
        ]
    months, scope, waiting, again, corrected, suspended, tasks = found
    assert months == [("2026-01", "ward 3", 5)]
    assert [(model, asked, round(float(share), 3)) for model, asked, share in scope] == [
        ("pilot:2", 5, 0.4)
    ]
    assert [row[0] for row in waiting] == [one.request_id for one in mine[1:]]
    assert again == [(2,)]
    assert [row[:2] for row in corrected] == [(mine[0].request_id, 2)]
    assert suspended == tasks == []
