from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest

from features.processes import mark_process
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.runs import run_id as run_id
from training.store import abandoned, registry, tracking
from training.store.abandoned import end_abandoned
from training.store.client import make_client
from training.store.listing import read_running
from training.store.registered import DIGEST_TAG, list_models
from training.store.registry import register
from training.store.tracking import RunRecord, begin_run

GONE = replace(mark_process(), started=1)
ELSEWHERE = replace(GONE, host="elsewhere")


@pytest.fixture(params=["read here", "asked of MLflow"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "asked of MLflow":
        monkeypatch.setattr(abandoned, "read_running", lambda uri: None)


@pytest.fixture
def begin(tracking_uri: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], str]:
    """Begin a run as the process of a mark does, and leave it running."""

    def begin(mark: Any) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(tracking, "mark_process", lambda: mark)
            begun = begin_run(RunRecord("study"), tracking_uri=tracking_uri)
            run = begun.__enter__()
            kept.append(begun)  # a block that is let go of would end
            return run

    kept: list[Any] = []
    return begin


def _status(run: str, tracking_uri: str) -> str:
    return str(make_client(tracking_uri).get_run(run).info.status)


def test_runs_of_processes_that_are_gone_are_killed_and_told_once(
    begin: Callable[[Any], str], tracking_uri: str
) -> None:
    gone, running, elsewhere = begin(GONE), begin(mark_process()), begin(ELSEWHERE)
    (told,) = end_abandoned(tracking_uri=tracking_uri)
    name = make_client(tracking_uri).get_run(gone).info.run_name
    assert told.startswith(f"The run {name} was killed")
    statuses = [_status(run, tracking_uri) for run in (gone, running, elsewhere)]
    assert statuses == ["KILLED", "RUNNING", "RUNNING"]
    assert end_abandoned(tracking_uri=tracking_uri) == []


class Killed(BaseException):
    """Stands for the end of the process: nothing after it is done."""


@pytest.mark.parametrize("step", ["log_artifacts", "set_model_version_tag"])
def test_a_registration_that_was_killed_is_taken_back_and_can_be_done_again(
    run_id: str, tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*args: object, **keywords: object) -> None:
        raise Killed

    def register_here() -> Any:
        return register(run_id, make_model(), make_facts(), name="pilot", tracking_uri=tracking_uri)

    with monkeypatch.context() as patch:
        patch.setattr(registry, "mark_process", lambda: GONE)
        patch.setattr(registry, "undo", lambda *args, **keywords: None)
        patch.setattr(mlflow.MlflowClient, step, die)
        with pytest.raises(Killed):
            register_here()
    (left,) = make_client(tracking_uri).search_model_versions()
    assert DIGEST_TAG not in left.tags
    (told,) = end_abandoned(tracking_uri=tracking_uri)
    assert told.startswith("The registration of pilot version 1 was killed half-way")
    assert list(make_client(tracking_uri).search_registered_models()) == []
    assert not list((tmp_path / "mlartifacts").rglob("model"))
    made = register_here()
    assert end_abandoned(tracking_uri=tracking_uri) == []
    assert list_models(tracking_uri=tracking_uri) == [made]


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    assert read_running(f"sqlite:///{tmp_path}/mlflow.db") == {}
    assert list(tmp_path.iterdir()) == []
