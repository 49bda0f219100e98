"""The whole loop, twice: a model is made, reviewed and served, and its estimates are watched.

Once the patients stay as they were, and it has to stay quiet. Once fewer of them respond: the
charts say so, and a model updated from the reported outcomes goes through review in its turn.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import URL

from features.simulation.cohort import make_cohort
from serving.estimate.predictor import Predictor
from serving.monitoring.watch import look_at, tell_reviewers
from serving.records.asking import ask
from serving.records.cohort import make_cohort_table
from serving.records.outcomes import report_outcomes
from serving.records.recorder import Recorder, Suspended
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from serving.records.tasks import list_tasks
from serving.settings import check_may_serve
from tests.serving.helpers.models import PATIENT
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.documents import leaving_pictures_empty
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND
from training.review.desk import Desk
from training.review.review_log import ReviewLog
from training.review.seal import check_approval
from training.running.training_run import run_training
from training.store.artifact import load_model, read_facts
from training.store.registered import locate
from training.study.tables import Resampling
from training.updating import updated_results
from training.updating.plan import make_plan
from training.updating.publish import publish_update
from training.validation.new_patients import read_new_patients

_STUDY = """
name = "loop"
seed = 3
[population]
description = "adults with CRPS"
[treatment]
description = "an inpatient course of intravenous S-ketamine"
[cohort]
file = "cohort.csv"
[outcome]
horizons = ["t1", "t2"]
[predictors]
names = ["nrs_t0", "disease_duration_years", "opioid"]
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1
[resampling]
repeats = 1
bootstrap = 100
bootstrap_reruns = 0
learning_curve = 0
"""
_OUTCOMES = ("nrs_t1", "success_t1", "nrs_t2", "success_t2")
_LATER = timedelta(days=200)


def _show(what: str, total: int) -> Any:
    return nullcontext(lambda: None)


def _approve(house: Any, version: str) -> Path:
    """Make the card of a version, let two reviewers approve it, and return its folder."""
    folder = locate("loop", version, tracking_uri=house.uri)
    put_card(folder, *read_facts(folder))
    house.desk.act("open", AUTHOR, "loop", version, comment="ready")
    for account in (FIRST, SECOND):
        house.desk.act("approve", account, "loop", version, comment="read")
    return folder


def _load(folder: Path) -> Predictor:
    """Load a model as the service does."""
    loaded = load_model(folder)
    check_may_serve(loaded.facts.status, "approved", "0.0.0.0")
    waivers = check_approval(folder, loaded.facts.status, environ=os.environ)
    return Predictor(loaded, waivers=waivers)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Any]:
    """Train and approve one model, of patients that do not say that they are made up."""
    folder = tmp_path_factory.mktemp("loop")
    write_cohort(folder / "cohort.csv", 300, seed=11)
    (folder / "study.toml").write_text(_STUDY)
    (folder / "mlflow.db").write_bytes(empty_store.read_bytes())
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    quick = Resampling(repeats=1, bootstrap=100, bootstrap_reruns=0, learning_curve=0)
    with pytest.MonkeyPatch.context() as patch, leaving_pictures_empty():
        patch.chdir(folder)
        patch.setattr(updated_results, "_RESAMPLING", quick)
        patch.setattr(updated_results, "_PERMUTATIONS", 1)
        patch.setenv("KETRESPONSE_REVIEW_PUBLIC_KEY", str(folder / "out" / "review.pub"))
        run_training(folder / "study.toml", tracking_uri=uri, n_jobs=1, show=_show)
        log = ReviewLog(folder / "home" / "review.db", key_file=folder / "out" / "review.key")
        house = SimpleNamespace(folder=folder, uri=uri, desk=Desk(log, tracking_uri=uri))
        house.first = _approve(house, "1")
        yield house


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    url = URL.create("sqlite", database=str(tmp_path / "records.db"))
    store = open_store(RecordSettings(url, tmp_path / "keys" / "records.key"))
    yield store
    store.close()


def _draw_patients(n: int, *, falls: bool) -> pd.DataFrame:
    """Return patients of whom, where response falls, every second that would respond does not."""
    table = make_cohort(n, seed=34).table.drop(columns="record_origin")
    table["patient_id"] = [f"HOUSE{i:05d}" for i in range(n)]
    if falls:
        lost = np.arange(n) % 2 == 1
        for horizon in ("t1", "t2"):
            table.loc[lost, f"nrs_{horizon}"] = table.loc[lost, "nrs_t0"]
            table.loc[lost, f"success_{horizon}"] = "no"
    return table


def _treat(table: pd.DataFrame, predictor: Predictor, recorder: Recorder) -> int:
    """Ask about each patient, report what became of those with an estimate; return how many."""
    names = [v.name for v in predictor.dictionary if v.known_at in ("always", "baseline")]
    reports = []
    for row in table.to_dict("records"):
        known = {name: value for name, value in row.items() if value == value}
        sent = {name: known[name] for name in names if name in known}
        answer = asyncio.run(ask(predictor, recorder, sent, caller="clinic"))
        told = {name: known[name] for name in _OUTCOMES if name in known}
        if answer["estimates"] and told:
            reports.append({"request_id": answer["request_id"], **told})
    done = report_outcomes(recorder.store, reports, caller="nurse", at=datetime.now(UTC))
    return len(done)


def _watch(store: RecordStore, predictor: Predictor) -> tuple[Any, list[Any]]:
    later = datetime.now(UTC) + _LATER
    watched = look_at(store, predictor, now=later)
    return watched, tell_reviewers(store, watched, now=later, suspends=True)


def test_it_stays_quiet_where_nothing_changed(house: Any, store: RecordStore) -> None:
    predictor = _load(house.first)
    recorder = Recorder(predictor, store)
    known = _treat(_draw_patients(110, falls=False), predictor, recorder)
    watched, told = _watch(store, predictor)
    assert told == []
    assert watched.found.alarms == []
    first = watched.found.performance.set_index(["horizon", "metric"]).loc[("t1", "o_e")]
    assert 0.8 * known < first["n"] <= known
    assert first["low"] < 1 < first["high"]
    assert list_tasks(store.database) == []


def test_a_fall_is_seen_and_an_updated_model_is_reviewed_and_served(
    house: Any, store: RecordStore
) -> None:
    predictor = _load(house.first)
    recorder = Recorder(predictor, store, look_seconds=0.05)
    _treat(_draw_patients(110, falls=True), predictor, recorder)
    _, told = _watch(store, predictor)
    assert {alarm.chart for alarm in told} >= {"first_fewer"}
    assert [task.kind for task in list_tasks(store.database)] == [alarm.kind for alarm in told]

    # It is told once, and the running service stops.
    assert _watch(store, predictor)[1] == []
    time.sleep(0.2)
    with pytest.raises(Suspended, match="Fewer respond than estimated"):
        asyncio.run(ask(predictor, recorder, {"nrs_t0": 8}, caller="clinic"))

    cohort = make_cohort_table(store.read(), store.read_outcomes())
    cohort.to_csv(house.folder / "next.csv", index=False)
    loaded = load_model(house.first)
    plan = make_plan(loaded, read_new_patients(loaded, house.folder / "next.csv"), seed=3)
    version = publish_update(plan, tracking_uri=house.uri, show=_show).version
    updated = _load(_approve(house, version))
    before, after = (
        Predictor.predict(one, {**PATIENT, "sex": None}, request_id="x")["estimates"][0]
        for one in (predictor, updated)
    )
    assert after["probability"] < before["probability"] - 0.1

    # Of the new model nothing is suspended, and nothing has been reported yet.
    answer = asyncio.run(ask(updated, Recorder(updated, store), PATIENT, caller="clinic"))
    assert answer["estimates"]
    assert _watch(store, updated)[0].found.alarms == []
