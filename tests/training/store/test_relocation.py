"""A project folder that was moved or copied keeps its runs, and writes nowhere else."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import KetresponseError
from tests.training.helpers.examples import make_facts, make_model
from training.store.client import make_client
from training.store.registered import list_models, locate
from training.store.registry import attach_files, register
from training.store.relocation import find_artifacts, settle_files
from training.store.tracking import RunRecord, fetch_file, locate_file, track_run


def _track(folder: Path, text: str = "first") -> str:
    record = RunRecord("study", texts={"note.txt": text})
    return track_run(record, tracking_uri=f"sqlite:///{folder}/mlflow.db")


def _read(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def project(empty_store: Path, tmp_path: Path) -> tuple[Path, str]:
    """Return a project folder with one run and one registered model, and the run's id."""
    folder = tmp_path / "A"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    run = _track(folder)
    uri = f"sqlite:///{folder}/mlflow.db"
    register(run, make_model(), make_facts(), name="pilot", tracking_uri=uri)
    return folder, run


@pytest.mark.parametrize("how", ["moved", "copied", "copied, the first one gone"])
def test_everything_of_a_moved_or_copied_project_is_in_it(
    project: tuple[Path, str], tmp_path: Path, how: str
) -> None:
    first, run = project
    second = tmp_path / "B é 100%'"
    if how == "moved":
        first.rename(second)
    else:
        shutil.copytree(first, second)
    if how.endswith("gone"):
        shutil.rmtree(first)
    before = _read(first)
    uri = f"sqlite:///{second}/mlflow.db"
    assert fetch_file(run, "note.txt", tracking_uri=uri).is_relative_to(second)
    assert locate("pilot", tracking_uri=uri).is_relative_to(second)
    new = _track(second, "second")
    assert locate_file(new, "note.txt", tracking_uri=uri).startswith(str(second))
    assert fetch_file(new, "note.txt", tracking_uri=uri).read_text() == "second"
    register(new, make_model(), make_facts(), name="pilot", tracking_uri=uri)
    (tmp_path / "card.md").write_text("a card")
    attach_files("pilot", "1", [tmp_path / "card.md"], tracking_uri=uri)
    assert [model.version for model in list_models(tracking_uri=uri)] == ["2", "1"]
    assert len(list((second / "mlartifacts").iterdir())) == 2
    assert _read(first) == before
    assert first.exists() == (how == "copied")


def test_a_database_copied_without_its_files_is_refused_and_the_line_repairs_it(
    project: tuple[Path, str], tmp_path: Path
) -> None:
    first, run = project
    second = tmp_path / "B b"
    second.mkdir()
    shutil.copy(first / "mlflow.db", second)
    uri = f"sqlite:///{second}/mlflow.db"
    before = _read(tmp_path)
    with pytest.raises(KetresponseError, match="files of 1 of its runs") as caught:
        _track(second)
    assert _read(tmp_path) == before
    subprocess.run(str(caught.value).partition("Copy them with: ")[2], shell=True, check=True)
    assert fetch_file(run, "note.txt", tracking_uri=uri).is_relative_to(second)
    assert locate("pilot", tracking_uri=uri).is_relative_to(second)


def test_files_that_are_nowhere_do_not_stop_a_training(
    project: tuple[Path, str], tmp_path: Path
) -> None:
    first, run = project
    second = tmp_path / "B"
    second.mkdir()
    (first / "mlflow.db").rename(second / "mlflow.db")
    shutil.rmtree(first)
    uri = f"sqlite:///{second}/mlflow.db"
    new = _track(second)
    assert fetch_file(new, "note.txt", tracking_uri=uri).is_relative_to(second)
    assert not first.exists()
    with pytest.raises(KetresponseError, match=r"fetch note\.txt"):
        fetch_file(run, "note.txt", tracking_uri=uri)


def test_a_link_to_a_database_is_not_another_place(
    project: tuple[Path, str], tmp_path: Path
) -> None:
    first, run = project
    linked = tmp_path / "L"
    linked.mkdir()
    (linked / "mlflow.db").symlink_to(first / "mlflow.db")
    uri = f"sqlite:///{linked}/mlflow.db"
    assert find_artifacts(linked / "mlflow.db") == first / "mlartifacts"
    assert fetch_file(run, "note.txt", tracking_uri=uri).is_relative_to(first)
    _track(linked)
    assert not (linked / "mlartifacts").exists()


@pytest.mark.parametrize(
    "location", ["s3://bucket/mlartifacts", "file:///data/runs", "mlflow-artifacts:/1", None]
)
def test_a_location_that_was_chosen_is_left(tracking_uri: str, location: str | None) -> None:
    client = make_client(tracking_uri)
    experiment = client.create_experiment("other", location)
    chosen = client.get_experiment(experiment).artifact_location
    again = make_client(tracking_uri)
    assert again.get_experiment(experiment).artifact_location == chosen


def test_a_database_that_is_none_of_mlflows_is_left_to_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("CREATE TABLE runs (x)")
    settle_files(tmp_path / "other.db")


_NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))


@given(old=_NAMES, new=_NAMES, other=_NAMES)
def test_whatever_folders_are_called_only_this_stores_runs_are_found_anew(
    tmp_path_factory: pytest.TempPathFactory, old: str, new: str, other: str
) -> None:
    root = tmp_path_factory.mktemp("root")
    file = root / "here" / "mlflow.db"
    file.parent.mkdir()
    was = (Path("/nowhere") / old / new / "mlartifacts").as_uri()
    # Its name begins as that of the other does; it is not below it.
    longer = f"{was}{Path('/', other).as_uri().removeprefix('file:///')}/run"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE experiments (artifact_location)")
        database.execute("CREATE TABLE runs (artifact_uri, lifecycle_stage)")
        database.execute("INSERT INTO experiments VALUES (?)", (was,))
        runs = [(f"{was}/1/artifacts",), (longer,)]
        database.executemany("INSERT INTO runs VALUES (?, 'active')", runs)
    for _ in range(2):
        settle_files(file)
        with closing(sqlite3.connect(file)) as database:
            here = (file.parent / "mlartifacts").as_uri()
            experiments = database.execute("SELECT artifact_location FROM experiments").fetchall()
            found = database.execute("SELECT artifact_uri FROM runs").fetchall()
        assert experiments == [(here,)]
        assert found == [(f"{here}/1/artifacts",), (longer,)]
