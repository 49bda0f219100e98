"""What is read without MLflow is what MLflow tells."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import KetresponseError
from tests.places import PROJECT
from training.store.client import make_client, open_files
from training.store.listing import find_run_files, read_versions, sqlite_file
from training.store.registered import list_models
from training.store.tracking import RunRecord, track_run


@pytest.fixture
def run_id(tracking_uri: str) -> str:
    return track_run(RunRecord("study", texts={"a.txt": "a"}), tracking_uri=tracking_uri)


def _ask_mlflow(tracking_uri: str) -> set[tuple[object, ...]]:
    found = make_client(tracking_uri).search_model_versions()
    return {
        (v.name, str(v.version), v.creation_timestamp, v.run_id, tuple(sorted(v.tags.items())))
        for v in found
    }


def _read_here(tracking_uri: str) -> set[tuple[object, ...]]:
    found = read_versions(tracking_uri)
    assert found is not None
    return {
        (v.name, v.version, v.creation_timestamp, v.run_id, tuple(sorted(v.tags.items())))
        for v in found
    }


_TEXT = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20)
_NAMES = st.sampled_from(["pilot", "other", "third-1"])


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(versions=st.lists(st.tuples(_NAMES, _TEXT, st.booleans()), min_size=1, max_size=4))
def test_what_is_read_is_what_mlflow_tells(
    versions: list[tuple[str, str, bool]], empty_store: Path, tmp_path: Path, run_id: str
) -> None:
    file = tmp_path / "drawn.db"
    shutil.copy(empty_store, file)
    uri = f"sqlite:///{file}"
    client = make_client(uri)
    for name in {name for name, _, _ in versions}:
        client.create_registered_model(name)
    for name, text, deleted in versions:
        made = client.create_model_version(name, "runs:/x/model", run_id="x", tags={"t": text})
        if deleted:
            client.delete_model_version(name, made.version)
    assert _read_here(uri) == _ask_mlflow(uri)


@pytest.mark.parametrize(
    "uri", ["https://mlflow.example", "postgresql://host/runs", "sqlite:///a.db?timeout=3", "runs"]
)
def test_any_other_store_is_left_to_mlflow(uri: str) -> None:
    assert read_versions(uri) is None
    assert find_run_files(uri, "x") is None


def test_another_schema_or_no_database_is_left_to_mlflow(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as old, old:
        old.execute("CREATE TABLE model_versions (name, version, creation_time, current_stage)")
    (tmp_path / "text.db").write_text("a text that is no database at all")
    for name in ("old.db", "text.db"):
        assert read_versions(f"sqlite:///{tmp_path}/{name}") is None
    with pytest.raises(KetresponseError, match="file is not a database"):
        list_models(tracking_uri=f"sqlite:///{tmp_path}/text.db")


def test_workspaces_are_left_to_mlflow(tracking_uri: str, run_id: str) -> None:
    client = make_client(tracking_uri)
    client.create_registered_model("pilot")
    client.create_model_version("pilot", "runs:/x/model", run_id=run_id)
    file = sqlite_file(tracking_uri)
    assert file is not None
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE model_versions SET workspace = 'other'")
    assert read_versions(tracking_uri) is None


def test_a_store_that_is_not_there_yet_holds_nothing_and_is_not_made(tmp_path: Path) -> None:
    assert read_versions(f"sqlite:///{tmp_path}/mlflow.db") == []
    assert list(tmp_path.iterdir()) == []
    assert read_versions(f"sqlite:///{tmp_path}/no/mlflow.db") is None


def test_the_files_of_a_run_are_where_mlflow_has_them(tracking_uri: str, run_id: str) -> None:
    found = find_run_files(tracking_uri, run_id)
    assert found is not None
    stored = open_files(make_client(tracking_uri), run_id).download_artifacts("a.txt")
    assert found / "a.txt" == Path(stored)
    assert find_run_files(tracking_uri, "another") is None


def test_a_list_needs_no_mlflow(tracking_uri: str, run_id: str) -> None:
    code = (
        "import sys\nfrom training.store.registered import list_models\n"
        f"list_models(tracking_uri={tracking_uri!r})\n"
        "print(sorted({'mlflow', 'sqlalchemy', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
