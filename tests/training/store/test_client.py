from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.telemetry.utils import is_telemetry_disabled

from features.errors import KetresponseError
from training.store import client
from training.store.client import find_tracking_uri, make_client
from training.store.registered import list_models
from training.store.tracking import RunRecord, begin_run, track_run


def test_a_store_that_another_training_made_first_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mlflow.db"

    def slower(tracking_uri: str, **_: object) -> None:
        Path(tracking_uri.removeprefix("sqlite:///")).write_text("ours")
        file.write_text("theirs")

    monkeypatch.setattr(mlflow, "MlflowClient", slower)
    client._create_store(file)
    assert file.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [file]


def test_an_interrupted_store_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(tracking_uri: str, **_: object) -> None:
        Path(tracking_uri.removeprefix("sqlite:///")).write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow, "MlflowClient", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_client(f"sqlite:///{tmp_path}/mlflow.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sqlite:///{folder}/file/mlflow.db", "cannot open the tracking store"),
        ("sqlite:///{folder}/file", "file is not a database"),
        ("sqlite:///{folder}", "unable to open database file"),
        ("{folder}/mlruns", "cannot open the tracking store"),
        ("nonsense://x", "cannot open the tracking store"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_clear_line(
    tmp_path: Path, uri: str, words: str
) -> None:
    (tmp_path / "file").write_text("a text that is no database at all")
    with pytest.raises(KetresponseError, match=words) as caught:
        track_run(RunRecord("study"), tracking_uri=uri.format(folder=tmp_path))
    assert "\n" not in str(caught.value)
    assert "check MLFLOW_TRACKING_URI" in str(caught.value)


def test_a_password_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(uri: str, **_: object) -> None:
        raise sqlite3.OperationalError(f"no answer from {uri}")

    monkeypatch.setattr(mlflow, "MlflowClient", fail)
    with pytest.raises(KetresponseError) as caught:
        make_client("mysql://bob:secret@host:5432/runs?password=secret")
    assert "secret" not in str(caught.value)
    assert "no answer from mysql://host:5432/runs" in str(caught.value)


def test_telemetry_is_off(tracking_uri: str) -> None:
    make_client(tracking_uri)
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert is_telemetry_disabled()


def test_the_environment_names_the_store() -> None:
    assert find_tracking_uri({"MLFLOW_TRACKING_URI": "https://mlflow.example"}) == (
        "https://mlflow.example"
    )
    assert find_tracking_uri({"MLFLOW_TRACKING_URI": ""}) == "sqlite:///mlflow.db"


def test_a_store_that_is_not_there_is_told_before_anything_takes_its_time() -> None:
    begun = begin_run(RunRecord("study"), tracking_uri="sqlite:////proc/no/mlflow.db")
    with pytest.raises(KetresponseError, match="MLFLOW_TRACKING_URI"), begun:
        pytest.fail("the block was entered")


def _list(folder: Path) -> object:
    return list_models(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")


def _track(folder: Path) -> object:
    return track_run(RunRecord("study"), tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")


@pytest.mark.parametrize("open_it", [_list, _track])
def test_a_store_that_is_empty_or_gone_is_not_begun_anew_in_silence(
    tmp_path: Path, open_it: Callable[[Path], object]
) -> None:
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(KetresponseError, match=r"mlflow.db is empty: put it back"):
        open_it(tmp_path)
    (tmp_path / "mlflow.db").unlink()
    files = tmp_path / "mlartifacts" / "1" / "run" / "artifacts"
    files.mkdir(parents=True)
    (files / "report.html").touch()
    with pytest.raises(KetresponseError, match=r"is gone, while files of its runs are in .*mlart"):
        open_it(tmp_path)
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("open_it", [_list, _track])
def test_a_store_that_was_cut_short_is_told(
    tracking_uri: str, tmp_path: Path, open_it: Callable[[Path], object], share: float
) -> None:
    file = tmp_path / "mlflow.db"
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.truncate(int(share * size))
    with pytest.raises(KetresponseError, match=r"check MLFLOW_TRACKING_URI|cut short"):
        open_it(tmp_path)
