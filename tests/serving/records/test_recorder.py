from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from features.errors import KetresponseError
from serving.estimate.predictor import Predictor
from serving.records.database import RecordsUnavailable
from serving.records.record import Asked
from serving.records.recorder import Recorder, Suspended, make_recorder
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore
from serving.records.tasks import lift_suspension, suspend
from serving.settings import LOCAL_CALLER
from tests.serving.helpers.models import PATIENT
from tests.serving.records.conftest import START, make_estimates


@pytest.fixture
def asked(predictor: Predictor) -> Asked:
    return Asked(PATIENT, None, predictor.predict(PATIENT, request_id="r1"))


def test_an_answer_is_kept_when_the_call_returns(
    predictor: Predictor, store: RecordStore, asked: Asked
) -> None:
    recorder = Recorder(predictor, store)
    asyncio.run(recorder.keep([asked], LOCAL_CALLER))
    (kept,) = store.read()
    assert (kept.request_id, kept.caller) == ("r1", "local")
    assert abs(kept.at - datetime.now(UTC)) < timedelta(seconds=30)
    recorder.close()


def test_an_answer_is_kept_where_no_loop_runs(
    predictor: Predictor, store: RecordStore, asked: Asked
) -> None:
    recorder = Recorder(predictor, store)
    recorder.keep_here([asked], "ann at this machine")
    assert len(store.read()) == 1
    recorder.close()


def test_a_suspended_model_is_noticed_while_it_runs(
    predictor: Predictor, store: RecordStore
) -> None:
    recorder = Recorder(predictor, store, look_seconds=0.01)
    recorder.check()
    suspend(store.database, "e" * 64, by="monitor", reason="another model", at=START)
    suspend(store.database, predictor.digest, by="monitor", reason="O:E of T1", at=START)
    deadline = time.monotonic() + 5
    with pytest.raises(Suspended, match="suspended since 05 January 2026: O:E of T1"):
        while time.monotonic() < deadline:
            recorder.check()
            time.sleep(0.01)
    with pytest.raises(Suspended):
        Recorder(predictor, store).check()
    lift_suspension(store.database, predictor.digest, by="ann", at=START)
    time.sleep(0.2)
    recorder.check()
    recorder.close()


def test_what_is_too_old_goes_when_the_service_starts(
    predictor: Predictor, store: RecordStore
) -> None:
    store.write(make_estimates(3))
    Recorder(predictor, store, retention_days=36_500).close()
    assert store.count()["estimates"] == 3
    Recorder(predictor, store, retention_days=1).close()
    assert store.count()["estimates"] == 0


def test_nothing_is_made_where_nothing_is_recorded(predictor: Predictor) -> None:
    assert make_recorder(predictor, None) is None


def test_a_store_that_cannot_be_opened_stops_the_service(
    predictor: Predictor, settings: RecordSettings
) -> None:
    settings.key_file.parent.mkdir()
    settings.key_file.touch()
    with pytest.raises(KetresponseError, match="put the store back"):
        make_recorder(predictor, settings)
    settings.key_file.unlink()
    assert settings.file is not None
    settings.file.parent.parent.joinpath("home").touch()
    with pytest.raises(RecordsUnavailable, match="no estimate is given that is not recorded"):
        make_recorder(predictor, settings)
