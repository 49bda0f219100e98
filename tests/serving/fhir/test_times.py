from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serving.fhir.times import Index, parse_span, read_period, read_time

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "begin", "end", "is_rough"),
    [
        ("2026", "2026-01-01T00:00", "2027-01-01T00:00", True),
        ("2026-12", "2026-12-01T00:00", "2027-01-01T00:00", True),
        ("2024-02-29", "2024-02-29T00:00", "2024-03-01T00:00", False),
        ("2026-11-27T01:30:00+02:00", "2026-11-26T23:30", "2026-11-26T23:30", False),
        ("2026-11-27T10:00:00.123Z", "2026-11-27T10:00:00.123", "2026-11-27T10:00:00.123", False),
    ],
)
def test_a_date_is_a_span_and_a_time_a_moment(text, begin, end, is_rough):
    span = parse_span(text)
    assert span.begin == datetime.fromisoformat(begin).replace(tzinfo=UTC)
    assert span.end == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert span.is_rough is is_rough


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-13",
        "2026-02-30",
        "27.11.2026",
        "2026-11-27T10:00:00",
        "0000",
        "9999",
        None,
        2026,
        {},
    ],
)
def test_anything_else_is_no_time(value):
    # The year 9999 has no end that can be told, and a time without a zone no moment.
    assert parse_span(value) is None


def test_what_may_have_been_after_the_infusion_is_after_it():
    begun, not_begun = Index(NOON, has_begun=True), Index(NOON)
    day, before, after = map(
        parse_span, ("2026-11-27", "2026-11-27T11:59:00Z", "2026-11-27T12:01:00Z")
    )
    assert [begun.precedes(span) for span in (day, before, after)] == [True, False, True]
    # Today's values are before an infusion that is still to come.
    assert [not_begun.precedes(span) for span in (day, before, after)] == [False, False, True]


def test_age_is_reckoned_at_the_infusion():
    index = Index(datetime(2026, 5, 1, tzinfo=UTC), has_begun=True)
    assert index.count_years_since(datetime(2016, 5, 1, tzinfo=UTC)) == pytest.approx(10, abs=0.01)
    assert index.count_days_since(parse_span("2026-04-29")) == 1


def test_periods_may_be_open():
    assert read_period({"start": "2026-01-01"})[1] is None
    assert read_period("2026") == (None, None)
    span = read_time({"effectivePeriod": {"start": "2026-01-01", "end": "2026-01-05"}})
    assert (span.end - span.begin).days == 5
    assert read_time({"effectivePeriod": {"start": "2026-01-01"}}) == parse_span("2026-01-01")
    assert read_time({"effectiveInstant": "2026-01-01T00:00:00Z"}).begin.day == 1
    assert read_time({}) is None
