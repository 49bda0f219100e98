from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import InputError
from ketresponse import app
from tests.training.helpers.networks import KEYS, LEAD
from tests.training.network.flower.helpers import PROTOCOL
from training.network.flower.bundle import write_bundle
from training.network.flower.settings import LeadSettings, read_lead_settings

SETTINGS = LeadSettings(
    protocol="/n/network.toml", key="/n/lead.pem", folder='/n/a "b"', store="sqlite:////n/s.db"
)


def test_a_bundle_names_two_parts_that_are_installed_and_the_leads_settings(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "app", SETTINGS, name="crps-network", title='Of "six" centres')
    told = tomllib.loads(path.read_text())
    assert told["project"]["name"] == "crps-network"
    assert told["project"]["description"] == 'Of "six" centres'
    assert told["project"]["dependencies"] == []
    parts = told["tool"]["flwr"]["app"]
    modules = {part.partition(":")[0] for part in parts["components"].values()}
    assert [find_spec(module) is not None for module in modules] == [True]
    assert read_lead_settings(parts["config"]) == SETTINGS
    assert [file.name for file in path.parent.iterdir()] == ["pyproject.toml"]


def test_a_lead_writes_it_for_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    Path("network.toml").write_bytes(PROTOCOL.text.encode())
    words = ["network", "flower", "--key", "lead.pem", "--leave-out"]
    for key, told in (
        (KEYS["basel"].to_pem(), "expected the key of the lead, Rotterdam; got that of basel"),
        (LEAD.to_pem("horse"), "Flower needs a key without one"),
    ):
        _write_key(key)
        refused = CliRunner().invoke(app, words)
        assert refused.exit_code == 2 and told in refused.output
        assert not Path("flower-app").exists()
    _write_key(LEAD.to_pem())
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "Next: flwr run flower-app" in done.output
    told = tomllib.loads(Path("flower-app", "pyproject.toml").read_text())
    assert told["project"]["name"] == PROTOCOL.name
    assert told["tool"]["flwr"]["app"]["config"] == {
        "protocol": str(tmp_path / "network.toml"),
        "key": str(tmp_path / "lead.pem"),
        "folder": str(tmp_path),
        "wait_seconds": 43200.0,
        "missing": "leave_out",
        "store": f"sqlite:///{tmp_path}/mlflow.db",
    }


def _write_key(pem: bytes) -> None:
    Path("lead.pem").touch(0o600)
    Path("lead.pem").write_bytes(pem)


def test_a_bundle_is_not_written_over_but_by_force(tmp_path: Path) -> None:
    write_bundle(tmp_path, SETTINGS, name="a", title="A")
    with pytest.raises(InputError, match="pyproject"):
        write_bundle(tmp_path, SETTINGS, name="b", title="B")
    path = write_bundle(tmp_path, SETTINGS, name="b", title="B", force=True)
    assert 'name = "b"' in path.read_text()
