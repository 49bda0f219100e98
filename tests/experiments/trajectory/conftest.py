"""A simulated trial, as a file and read."""

from pathlib import Path

import pytest

from features.cohort.weekly import WeeklyScores, read_weekly
from tests.experiments.helpers.trials import make_trial


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trial") / "weekly.csv"
    make_trial(30, seed=7).table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def weekly(file: Path) -> WeeklyScores:
    return read_weekly(file)
