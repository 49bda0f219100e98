from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import ViewType

from features.errors import KetresponseError
from training.store.client import make_client
from training.store.tracking import (
    RunRecord,
    begin_run,
    fetch_file,
    finish_run,
    read_run,
    track_run,
)


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    files = tmp_path / "files"
    (files / "plots").mkdir(parents=True)
    (files / "study.toml").write_text("seed = 1\n")
    (files / "plots" / "calibration.svg").write_text("<svg/>")
    return RunRecord(
        study="crps-pilot",
        params={"candidates": ["ridge", "firth"], "seed": 7},
        metrics={"t1.auc": 0.61, "t1.slope": float("nan"), "t1.brier": float("inf"), "n": 48},
        tags={"ketresponse.status": "demonstration", "ketresponse.cohort_sha256": "b" * 64},
        files=files,
    )


def _runs(tracking_uri: str, view: int = ViewType.ALL) -> list[Any]:
    client = make_client(tracking_uri)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(ids, run_view_type=view))


def _stored(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()}


def test_a_run_holds_what_was_recorded(
    record: RunRecord, tracking_uri: str, tmp_path: Path
) -> None:
    run_id = track_run(record, tracking_uri=tracking_uri)
    (run,) = _runs(tracking_uri)
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("crps-pilot 20")
    assert run.data.params == {"candidates": "['ridge', 'firth']", "seed": "7"}
    # What could not be estimated is left out.
    assert run.data.metrics == {"t1.auc": 0.61, "n": 48.0}
    assert run.data.tags.items() >= dict(record.tags).items()
    assert not {tag for tag in run.data.tags if tag.startswith("mlflow.source.git")}
    client = make_client(tracking_uri)
    assert client.get_experiment(run.info.experiment_id).name == "crps-pilot"
    assert {info.path for info in client.list_artifacts(run_id)} == {"plots", "study.toml"}
    assert _stored(tmp_path) == {"study.toml", "calibration.svg"}


def test_runs_of_a_study_stand_together(record: RunRecord, tracking_uri: str) -> None:
    first = track_run(record, tracking_uri=tracking_uri)
    second = track_run(record, tracking_uri=tracking_uri)
    other = track_run(RunRecord("other"), tracking_uri=tracking_uri)
    experiments = {run.info.run_id: run.info.experiment_id for run in _runs(tracking_uri)}
    assert experiments[first] == experiments[second] != experiments[other]


def test_more_than_one_request_can_hold_is_kept(tracking_uri: str) -> None:
    many = RunRecord(
        "many",
        params={f"p{i}": i for i in range(130)},
        metrics={f"m{i}": float(i) for i in range(1050)},
    )
    track_run(many, tracking_uri=tracking_uri)
    (run,) = _runs(tracking_uri)
    assert run.data.metrics == many.metrics
    assert run.data.params == {name: str(value) for name, value in many.params.items()}


def _interrupt(method: str, *, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = getattr(mlflow.MlflowClient, method)
    calls = 0

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 1:  # taking back what was begun uses some of the same calls
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow.MlflowClient, method, interrupted)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("method", ["create_run", "log_batch", "log_artifacts", "set_terminated"])
def test_an_interrupted_run_is_gone(
    record: RunRecord,
    tracking_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    after: bool,
) -> None:
    whole = track_run(record, tracking_uri=tracking_uri)
    files = set((tmp_path / "mlartifacts").rglob("*"))
    with monkeypatch.context() as patch:
        _interrupt(method, after=after, monkeypatch=patch)
        with pytest.raises(KeyboardInterrupt):
            track_run(record, tracking_uri=tracking_uri)
    assert [run.info.run_id for run in _runs(tracking_uri, ViewType.ACTIVE_ONLY)] == [whole]
    assert {run.info.status for run in _runs(tracking_uri, ViewType.DELETED_ONLY)} <= {"FAILED"}
    assert {path for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()} <= files
    track_run(record, tracking_uri=tracking_uri)
    assert len(_runs(tracking_uri, ViewType.ACTIVE_ONLY)) == 2


def test_what_the_store_does_not_take_is_one_clear_line(tracking_uri: str) -> None:
    with pytest.raises(KetresponseError, match=r"cannot track the run at sqlite:///.*check MLFLOW"):
        track_run(RunRecord("study", metrics={"a$b": 1.0}), tracking_uri=tracking_uri)
    assert _runs(tracking_uri, ViewType.ACTIVE_ONLY) == []


def test_an_experiment_that_was_deleted_is_told(record: RunRecord, tracking_uri: str) -> None:
    track_run(record, tracking_uri=tracking_uri)
    client = make_client(tracking_uri)
    client.delete_experiment(client.get_experiment_by_name("crps-pilot").experiment_id)
    with pytest.raises(KetresponseError, match=r"experiment crps-pilot was deleted.*restore it"):
        track_run(record, tracking_uri=tracking_uri)


_NEW_STORE = """
import sys
from training.store.client import find_tracking_uri
from training.store.tracking import RunRecord, track_run
for stream in (sys.stdout, sys.stderr):
    print("begun", file=stream, flush=True)
track_run(RunRecord("study"), tracking_uri=find_tracking_uri({}))
"""


def test_a_new_store_is_made_without_a_word(tmp_path: Path) -> None:
    # In a process of its own: MLflow remembers the first store that an address like ours led to.
    done = subprocess.run(
        [sys.executable, "-c", _NEW_STORE], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert [told.partition("begun\n")[1:] for told in (done.stdout, done.stderr)] == [
        ("begun\n", "")
    ] * 2
    # A plain `mlflow ui` in this folder looks here.
    assert {path.name for path in tmp_path.iterdir()} <= {"mlflow.db", "mlartifacts"}
    (run,) = _runs(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert run.info.artifact_uri.startswith((tmp_path / "mlartifacts").as_uri())


def test_a_run_is_read_back_as_it_was_recorded(record: RunRecord, tracking_uri: str) -> None:
    run_id = track_run(record, tracking_uri=tracking_uri)
    run = read_run(run_id, tracking_uri=tracking_uri)
    assert run.run_id == run_id and run.name.startswith("crps-pilot 20")
    assert run.metrics == {"t1.auc": 0.61, "n": 48.0} and run.params["seed"] == "7"
    assert set(run.files) == {"plots", "study.toml"}
    assert fetch_file(run_id, "study.toml", tracking_uri=tracking_uri).read_text() == "seed = 1\n"
    with pytest.raises(KetresponseError, match="cannot read the run nothing"):
        read_run("nothing", tracking_uri=tracking_uri)
    with pytest.raises(KetresponseError, match=r"cannot fetch other\.txt"):
        fetch_file(run_id, "other.txt", tracking_uri=tracking_uri)


def test_mlflows_pages_tell_what_a_run_was_and_of_which_data(tracking_uri: str) -> None:
    record = RunRecord(
        "crps-pilot",
        kind="validation",
        note="Judged in *other* patients.",
        tags={"cohort_sha256": "c" * 64},
    )
    run_id = track_run(record, tracking_uri=tracking_uri)
    client = make_client(tracking_uri)
    run = client.get_run(run_id)
    assert run.info.run_name.startswith("crps-pilot validation 20")
    assert run.data.tags["mlflow.note.content"] == "Judged in *other* patients."
    assert run.data.tags["mlflow.source.name"] == "ketresponse (validation)"
    assert run.data.tags["ketresponse.kind"] == "validation"
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("cohort", "c" * 12)


def _begin_and(record: RunRecord, tracking_uri: str, error: type[BaseException] | None) -> str:
    begun = replace(record, note="Not finished.", metrics={"n": 48})
    with begin_run(begun, tracking_uri=tracking_uri) as run_id:
        if error is not None:
            raise error
        finish_run(
            run_id,
            RunRecord("crps-pilot", metrics={"t1.auc": 0.6}, tags={"v": "1"}, note="Done."),
            tracking_uri=tracking_uri,
        )
    return run_id


def test_a_run_that_was_begun_is_finished_with_its_results(
    record: RunRecord, tracking_uri: str
) -> None:
    found = read_run(_begin_and(record, tracking_uri, None), tracking_uri=tracking_uri)
    assert found.metrics == {"n": 48.0, "t1.auc": 0.6}
    assert found.tags["mlflow.note.content"] == "Done."
    assert found.tags["v"] == "1"
    assert set(found.files) == {"plots", "study.toml"}


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, "KILLED"), (RuntimeError, "FAILED")]
)
def test_what_stops_leaves_its_beginning_and_no_result(
    record: RunRecord, tracking_uri: str, error: type[BaseException], status: str
) -> None:
    with pytest.raises(error):
        _begin_and(record, tracking_uri, error)
    (run,) = _runs(tracking_uri, ViewType.ACTIVE_ONLY)
    assert run.info.status == status
    assert run.data.params["seed"] == "7"
    assert run.data.tags["mlflow.note.content"] == "Not finished."
    with pytest.raises(KetresponseError, match="did not finish"):
        read_run(run.info.run_id, tracking_uri=tracking_uri)
