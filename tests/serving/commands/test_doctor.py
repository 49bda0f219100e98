"""`ketresponse doctor` at the prompt; what it finds stands in test_health."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import EXIT_INPUT
from ketresponse import app


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    for name in ("MLFLOW_TRACKING_URI", "KETRESPONSE_HOME", "KETRESPONSE_REVIEW_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_new_place_is_well() -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.output
    assert "Nothing is broken." in done.output
    assert "-> ketresponse train study.toml" in done.output


def test_what_is_broken_ends_with_its_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETRESPONSE_PROT", "3000")
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == EXIT_INPUT
    assert "-> unset KETRESPONSE_PROT" in done.output
    assert "1 broken" in done.output
    told = CliRunner().invoke(app, ["doctor", "--json"])
    assert told.exit_code == EXIT_INPUT
    assert json.loads(told.output)["broken"] == 1
