from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from serving.records.tables import METADATA, Utc


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
    assert binary == {("estimates", "sealed"), ("outcomes", "sealed")}
