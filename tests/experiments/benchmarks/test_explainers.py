"""Others are timed where they are installed, and where they are not, that is told."""

import sys
from pathlib import Path

import pytest

from experiments.benchmarks import explainers
from experiments.benchmarks.explainers import OTHERS, read_others, time_explainers
from features.errors import InputError, KetresponseError
from tests.serving.helpers.models import make_loaded
from training.store.artifact import save_model

HERE = Path(sys.executable)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    loaded = make_loaded()
    save_model(tmp_path / "model", loaded.model, loaded.facts)
    return tmp_path / "model"


def test_programs_are_named_with_their_interpreter() -> None:
    assert read_others([f"shapash={HERE}"]) == {"shapash": HERE}
    with pytest.raises(InputError, match="2 problems") as found:
        read_others(["lime=/usr/bin/python", "shapash=/nowhere/python"])
    assert all(name in str(found.value) for name in OTHERS)
    assert "FOLDER/bin/pip install shapash" in str(found.value)


def test_one_that_is_not_installed_is_told(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explainers, "OTHERS", {"no-such-program": ""})
    with pytest.raises(KetresponseError, match=r"for want of .*-m pip install no-such-program"):
        time_explainers({"no-such-program": HERE}, model=model)


def test_each_is_timed_in_turns_with_ours(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "def make_ready(model, X, y):\n    return lambda row: print(model.predict_proba(row))"
    monkeypatch.setattr(explainers, "OTHERS", {"numpy": script})
    [cost], versions = time_explainers({"numpy": HERE}, model=model, turns=2, answers=3)
    assert cost.what == "one explained patient by numpy"
    assert len(cost.taken) == len(cost.beside) == 2
    assert min(*cost.taken, *cost.beside) > 0
    assert versions["numpy"].keys() == {"numpy", "scikit-learn"}
