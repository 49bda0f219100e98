"""A store with made-up estimates and outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import URL

from serving.estimate.predictor import Predictor
from serving.records.record import Outcome, make_estimate
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from tests.serving.helpers.models import PATIENT

BEGIN = datetime(2027, 1, 4, 9, tzinfo=UTC)
AFTER = BEGIN + timedelta(days=600)


def make_store(folder: Path, *, keeps_content: bool = True) -> RecordStore:
    url = URL.create("sqlite", database=str(folder / "records.db"))
    return open_store(RecordSettings(url, folder / "keys" / "records.key", keeps_content))


def record_patient(
    store: RecordStore,
    predictor: Predictor,
    number: int,
    *,
    week: float = 0.0,
    name: str | None = None,
    **values: object,
) -> str:
    """Record an estimate, some weeks after the beginning, and return the request's id."""
    patient = {**PATIENT, "patient_id": name or f"P{number:04d}", **values}
    answer = predictor.predict(patient, request_id=f"r{number:04d}")
    at = BEGIN + timedelta(weeks=week)
    store.write([make_estimate(predictor, patient, answer, at=at, caller="clinic")])
    return f"r{number:04d}"


def report(store: RecordStore, request: str, *, week: float, **values: float) -> None:
    at = BEGIN + timedelta(weeks=week)
    store.write_outcomes([Outcome(request, at, "nurse", values)])


def record_course(
    store: RecordStore, predictor: Predictor, responds: list[bool], *, keeps: bool = True
) -> None:
    """Record one patient a week; pain falls from 8 to 2 or not at all."""
    for number, does in enumerate(responds):
        request = record_patient(store, predictor, number, week=number)
        report(store, request, week=number + 4, nrs_t1=2.0 if does else 8.0)
        if does:
            report(store, request, week=number + 9, nrs_t2=2.0 if keeps else 8.0)
