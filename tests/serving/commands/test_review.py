"""`ketresponse release` at the prompt; what a release does stands in test_release."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import InputError, KetresponseError
from ketresponse import app
from serving.commands.review import release


def test_a_way_back_names_no_version() -> None:
    with pytest.raises(InputError, match="--rollback takes a NAME"):
        release("demo-crps:2", to=None, rollback=True)


def test_without_the_training_packages_the_missing_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "training.review.desk", None)
    with pytest.raises(KetresponseError, match=r"install ketresponse\[train\]"):
        release("demo-crps", to=None, rollback=False)


def test_what_was_never_approved_is_refused(
    tmp_path: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETRESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    result = CliRunner().invoke(app, ["release", "demo-crps"])
    assert result.exit_code != 0
    assert not (tmp_path / "home" / "released").exists()
