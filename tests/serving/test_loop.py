"""The whole loop, twice: a model is made, reviewed and served, and its estimates are watched.

Once the patients stay as they were, and it has to stay quiet. Once fewer of them respond: the
charts say so, and a model updated from the reported outcomes goes through review in its turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import httpx
import numpy as np
import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from features.simulation.cohort import make_cohort
from serving.access.keys import KeyFile
from serving.estimate.predictor import Predictor
from serving.monitoring.watch import look_at, tell_reviewers
from serving.process import start_process
from serving.records.cohort import make_cohort_table
from serving.records.settings import RecordSettings
from serving.records.store import RecordStore, open_store
from serving.records.tasks import list_tasks
from tests.serving.helpers.clients import PATIENCE
from tests.serving.helpers.models import PATIENT
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.documents import leaving_pictures_empty
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND
from training.review.desk import Desk
from training.review.review_log import ReviewLog
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
_AT_ANY_RATE = dict.fromkeys(
    ("KETRESPONSE_RATE_CALLER", "KETRESPONSE_RATE_ADDRESS"), "10000/second"
)


class Store(NamedTuple):
    """The records of one test.

    Parameters
    ----------
    environ : mapping
        Tells a service where they are, and where its keys.
    key : str
        Of the clinic.
    records : RecordStore
        The same, opened here.
    """

    environ: Mapping[str, str]
    key: str
    records: RecordStore


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


@contextmanager
def _serve(folder: Path, store: Store) -> Iterator[httpx.Client]:
    """Serve an approved model beside this process, for callers with a key."""
    with start_process(folder, "approved", environ=store.environ) as server:
        bearer = {"Authorization": f"Bearer {store.key}"}
        with httpx.Client(base_url=server.url, headers=bearer, timeout=30) as http:
            assert httpx.post(f"{server.url}/predict", json={}, timeout=PATIENCE).status_code == 401
            yield http


def _predict(folder: Path) -> Predictor:
    return Predictor(load_model(folder))


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
def store(tmp_path: Path) -> Iterator[Store]:
    environ = {
        "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "keys" / "records.key"),
        "KETRESPONSE_ACCESS_FILE": str(tmp_path / "access.json"),
        **_AT_ANY_RATE,
    }
    _, key = KeyFile(tmp_path / "access.json").add("clinic", ["estimate", "outcomes"], days=1)
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    with closing(open_store(settings)) as records:
        yield Store(environ, key, records)


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


def _treat(table: pd.DataFrame, http: httpx.Client) -> int:
    """Ask about each patient, report what became of those with an estimate; return how many."""
    names = [v.name for v in CONTRACT if v.known_at in ("always", "baseline")]
    reports = []
    for row in table.to_dict("records"):
        known = {name: value for name, value in row.items() if value == value}
        sent = {name: known[name] for name in names if name in known}
        answer = http.post("/predict", json={"patient": sent}).raise_for_status().json()
        told = {name: known[name] for name in _OUTCOMES if name in known}
        if answer["estimates"] and told:
            reports.append({"request_id": answer["request_id"], **told})
    http.post("/outcomes", json={"outcomes": reports}).raise_for_status()
    return len(reports)


def _watch(store: RecordStore, predictor: Predictor) -> tuple[Any, list[Any]]:
    later = datetime.now(UTC) + _LATER
    watched = look_at(store, predictor, now=later)
    return watched, tell_reviewers(store, watched, now=later, suspends=True)


def test_it_stays_quiet_where_nothing_changed(house: Any, store: Store) -> None:
    with _serve(house.first, store) as http:
        known = _treat(_draw_patients(110, falls=False), http)
    watched, told = _watch(store.records, _predict(house.first))
    assert told == []
    assert watched.found.alarms == []
    first = watched.found.performance.set_index(["horizon", "metric"]).loc[("t1", "o_e")]
    assert 0.8 * known < first["n"] <= known
    assert first["low"] < 1 < first["high"]
    assert list_tasks(store.records.database) == []


def test_a_fall_is_seen_and_an_updated_model_is_reviewed_and_served(
    house: Any, store: Store
) -> None:
    records, before = store.records, _predict(house.first)
    with _serve(house.first, store) as http:
        _treat(_draw_patients(110, falls=True), http)
        _, told = _watch(records, before)
        assert {alarm.chart for alarm in told} >= {"first_fewer"}
        assert [task.kind for task in list_tasks(records.database)] == [one.kind for one in told]
        assert _watch(records, before)[1] == []  # it is told once
        answer = _ask_until(http, 503)
        assert "Fewer respond than estimated" in answer.json()["error"]

    cohort = make_cohort_table(records.read(), records.read_outcomes())
    cohort.to_csv(house.folder / "next.csv", index=False)
    loaded = load_model(house.first)
    plan = make_plan(loaded, read_new_patients(loaded, house.folder / "next.csv"), seed=3)
    version = publish_update(plan, tracking_uri=house.uri, show=_show).version
    updated = _approve(house, version)

    # Of the new model nothing is suspended, and nothing has been reported yet.
    with _serve(updated, store) as http:
        after = http.post("/predict", json={"patient": PATIENT}).raise_for_status().json()
    was = before.predict(PATIENT, request_id="x")
    assert after["estimates"][0]["probability"] < was["estimates"][0]["probability"] - 0.1
    assert _watch(records, _predict(updated))[0].found.alarms == []


def _ask_until(http: httpx.Client, status: int) -> httpx.Response:
    """Return the first answer of a status; the service looks every few seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        answer = http.post("/predict", json={"patient": PATIENT})
        if answer.status_code == status:
            return answer
        time.sleep(0.2)
    return pytest.fail(f"no answer was {status}")
