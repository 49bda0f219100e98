"""A training that was stopped goes on to the very numbers of one that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from features.simulation.cohort import make_cohort
from ketresponse import app
from training.fitting.jobs import _Local
from training.running import resuming
from training.running.resuming import describe_training, open_parts
from training.study.settings import read_study
from training.study.study import read_description

STUDY = """
name = "stopped"
seed = 5
population = { description = "simulated", condition = "CRPS" }
treatment = { description = "simulated" }
cohort = { file = "cohort.csv" }
procedure = { candidates = ["prevalence", "ridge"], inner_repeats = 1 }
resampling = { repeats = 2, bootstrap_reruns = 6, learning_curve = 1, bootstrap = 100 }
null_test = { permutations = 4 }
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return _write(tmp_path)


def _write(folder: Path, n: int = 60) -> Path:
    make_cohort(n, seed=3).table.to_csv(folder / "cohort.csv", index=False)
    (folder / "study.toml").write_text(STUDY)
    return folder / "study.toml"


def _train(study: Path, *options: str) -> str:
    """Train in the folder of the study, and return what was said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(study.parent)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{study.parent / 'mlflow.db'}")
        result = CliRunner().invoke(app, ["train", study.name, "--jobs", "1", *options])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def _results(folder: Path) -> list[bytes]:
    found = sorted(folder.rglob("results.json"), key=lambda file: file.stat().st_mtime)
    return [file.read_bytes() for file in found]


def _stop_half_way(study: Path, n: int) -> None:
    """Begin a training in a process of its own, and kill it once it has kept n parts."""
    environ = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{study.parent / 'mlflow.db'}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ketresponse", "train", str(study), "--jobs", "1"],
        cwd=Path(resuming.__file__).parents[2],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 300
    while len(_parts(study)) < n:
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _parts(study: Path) -> list[Path]:
    return list(study.parent.glob(".study.toml.parts/*/*.part"))


@pytest.mark.usefixtures("undrawn")
def test_a_training_that_was_killed_goes_on_to_the_same_results(tmp_path, empty_store, monkeypatch):
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
        shutil.copy(empty_store, tmp_path / name / "mlflow.db")
        _write(tmp_path / name)
    whole, stopped = tmp_path / "whole" / "study.toml", tmp_path / "stopped" / "study.toml"
    _train(whole)
    assert not _parts(whole)  # what has ended needs them no more
    _stop_half_way(stopped, 9)
    n, ran = len(_parts(stopped)), []
    run = _Local.run
    monkeypatch.setattr(_Local, "run", lambda self, tasks: run(self, ran.extend(tasks) or tasks))
    said = _train(stopped, "--resume")
    assert f"{n} of its fits are kept" in said
    assert "was killed: it is marked so" in " ".join(said.split())
    total = 4 + 10 + 15 + 6  # permutations, folds, parts of them, reruns
    assert len(ran) <= total - n + 10  # ten more where scores alone give other labels
    assert _results(tmp_path / "stopped") == _results(tmp_path / "whole")
    assert not (tmp_path / "stopped" / ".study.toml.parts").exists()


def _describe(study: Path, **changed: Any) -> dict[str, str]:
    return describe_training(read_description(replace(read_study(study), **changed)))


def _keep(study: Path, *, n: int = 1) -> None:
    kept = open_parts(study, _describe(study), resume=False)
    assert kept.told == ""
    (folder,) = (study.parent / ".study.toml.parts").iterdir()
    for place in range(n):
        (folder / f"000-{place:06d}.part").write_bytes(b"")


def test_what_is_kept_is_told_but_not_used_unasked(study):
    _keep(study, n=3)
    told = open_parts(study, _describe(study), resume=False).told
    assert "3 of its fits are kept: --resume would go on" in told
    told = open_parts(study, _describe(study), resume=True).told
    assert told == "Going on from a training that was stopped: 3 of its fits are kept."


def test_with_nothing_kept_that_is_told(study):
    told = open_parts(study, _describe(study), resume=True).told
    assert told.startswith("Nothing to go on from is kept")


def _change_cohort(study: Path, patch: pytest.MonkeyPatch) -> None:
    _write(study.parent, 61)
    study.write_text(STUDY)


def _change_study(study: Path, patch: pytest.MonkeyPatch) -> None:
    study.write_text(STUDY.replace('"ridge"', '"firth"'))


def _change_code(study: Path, patch: pytest.MonkeyPatch) -> None:
    root = study.parent / "root"
    (root / "training").mkdir(parents=True)
    (root / "training" / "fit.py").write_text("")
    patch.setattr(resuming, "_ROOT", root)


def _change_packages(study: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resuming, "package_versions", lambda: {"numpy": "0.1"})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_change_cohort, "the patients"),
        (_change_study, "the study file"),
        (_change_code, "ketresponse itself"),
        (_change_packages, "the installed packages"),
    ],
)
def test_parts_of_anything_else_are_not_used_and_that_is_told(study, monkeypatch, change, what):
    _keep(study)
    change(study, monkeypatch)
    kept = open_parts(study, _describe(study), resume=True)
    assert kept.told == (
        "Starting from the beginning, not from the training that was stopped: since then "
        f"{what} changed."
    )
    assert kept.parts.count() == 0


def test_other_options_are_another_training(study):
    one = _describe(study)
    for changed in ({"seed": 6}, {"null_permutations": 5}):
        other = _describe(study, **changed)
        assert [key for key in one if one[key] != other[key]] == ["options"]


def test_another_order_of_patients_is_another_training(study):
    one = _describe(study)
    table = (study.parent / "cohort.csv").read_text().splitlines()
    (study.parent / "cohort.csv").write_text("\n".join([table[0], *reversed(table[1:])]))
    assert _describe(study)["cohort"] != one["cohort"]


def test_a_key_that_cannot_be_read_stops_nothing(study):
    _keep(study)
    (folder,) = (study.parent / ".study.toml.parts").iterdir()
    (folder / "key.json").write_text("{")
    assert "1 of its fits" in open_parts(study, _describe(study), resume=True).told
    assert set(json.loads((folder / "key.json").read_text())) == set(_describe(study))


def test_a_folder_that_cannot_be_written_stops_nothing(study):
    (study.parent / ".study.toml.parts").write_text("")
    kept = open_parts(study, _describe(study), resume=False)
    assert (kept.told, kept.parts.count()) == ("", 0)
    kept.remove()
