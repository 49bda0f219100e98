"""The shortest study file, written down and read."""

from pathlib import Path

import pytest

from features.errors import InputError
from training.study.settings import read_study

MINIMAL = """
name = "small"
[population]
description = "somebody"
[treatment]
description = "something"
[cohort]
file = "cohort.csv"
"""


def write_study(folder: Path, text: str) -> Path:
    (folder / "cohort.csv").write_text("patient_id\nA\n")
    study = folder / "study.toml"
    study.write_text(text)
    return study


def find_problems(folder: Path, text: str) -> dict[str, str]:
    """Return what is told to do, by setting."""
    with pytest.raises(InputError) as caught:
        read_study(write_study(folder, text))
    return {problem.column: problem.action for problem in caught.value.problems}
