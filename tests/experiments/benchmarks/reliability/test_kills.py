from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.benchmarks.reliability.kills import Tally, _check, _Round, kill_service
from serving.records.record import Outcome
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from tests.serving.conftest import save as save
from tests.serving.records.conftest import ESTIMATE, START


@pytest.mark.service
def test_no_answer_is_without_its_record_however_the_service_is_killed(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    model = save()
    for longest in (0.5, 4.0, 30.0):  # on a busy machine nothing may have come so soon
        folder = tmp_path / str(longest)
        folder.mkdir()
        tally = kill_service(model, folder, kills=4, seed=3, longest=longest)
        assert tally.kills == 4
        assert tally.is_kept, tally
        assert tally.records >= tally.answers
        if tally.outcomes > 0:
            break
    assert tally.outcomes > 0


@pytest.mark.service
def test_a_service_that_is_asked_to_end_under_load_answers_whatever_it_has_recorded(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    tally = kill_service(save(), tmp_path, kills=2, seed=5, longest=0.5, how=signal.SIGTERM)
    assert tally.is_kept, tally
    assert tally.records == tally.answers


@pytest.fixture
def settings(tmp_path: Path) -> RecordSettings:
    found = RecordSettings.from_environ(
        {
            "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
            "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "records.key"),
        }
    )
    assert found is not None
    return found


def _live(answers: dict[str, Any], reported: set[str]) -> _Round:
    lived = _Round("http://127.0.0.1:1", {}, "P")
    lived.answers, lived.reported = answers, reported
    return lived


def test_what_is_lost_or_kept_otherwise_is_found(settings: RecordSettings) -> None:
    store = open_store(settings)
    store.write([ESTIMATE])
    store.close()
    kept, tally = dict(ESTIMATE.answer or {}), Tally()
    _check(settings, _live({ESTIMATE.request_id: kept}, set()), tally)
    assert tally.is_kept
    _check(settings, _live({"b" * 32: kept}, set()), tally)
    _check(settings, _live({ESTIMATE.request_id: {**kept, "estimates": []}}, set()), tally)
    _check(settings, _live({}, {ESTIMATE.request_id}), tally)
    assert tally.lost == ["b" * 32, ESTIMATE.request_id, ESTIMATE.request_id]
    assert not tally.is_kept


def test_an_outcome_that_is_kept_is_found(settings: RecordSettings) -> None:
    store = open_store(settings)
    store.write([ESTIMATE])
    store.write_outcomes([Outcome(ESTIMATE.request_id, START, "local", {"nrs_t1": 3.0})])
    store.close()
    tally = Tally()
    _check(settings, _live({}, {ESTIMATE.request_id}), tally)
    assert tally.lost == []
