"""What a training takes is that of all of its processes, and the study is one that can be read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from experiments.benchmarks import whole
from experiments.benchmarks.whole import run_training_alone, write_study
from features.dictionary.contract import DEFAULT_PREDICTORS
from features.files.table import read_table
from training.study.settings import read_study

# Half of what is held and done, each, is a second process's.
BUSY = """
import subprocess, sys, time
held = bytearray(b"1") * 80_000_000
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, "second"], check=True)
while time.process_time() < 0.6:
    pass
time.sleep(0.3)
"""


def test_the_study_asks_for_so_many_patients_and_predictors(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, rows=40, columns=7))
    assert list(study.predictors) == [*DEFAULT_PREDICTORS, "number_00", "number_01"]
    assert study.resampling.repeats == 1
    table = read_table(study.cohort)
    assert len(table) == table["patient_id"].nunique() == 40


def test_all_processes_of_a_command_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "_LOOK_SECONDS", 0.05)
    program = tmp_path / "busy.py"
    program.write_text(BUSY)
    told: list[str] = []
    taken = whole._run_alone([sys.executable, str(program)], tmp_path, told.append)
    assert taken.cpu > 1.1
    assert taken.megabytes > 160
    assert taken.elapsed > 1.2
    assert told[-1].endswith(" MB")


def test_a_training_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"ended with \d+: (.*\n)*.*nosuch\.toml"):
        run_training_alone(tmp_path / "nosuch.toml", n_jobs=1)
