"""A network over Flower, its nodes on several processes, against the same network by files.

Flower has an environment of its own (`make flower`); what it gave is looked at from here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from features.files.table import write_table
from features.simulation.cohort import make_cohort
from tests.places import FLOWER, PROJECT
from tests.training.helpers.networks import LEAD, make_key
from training.network.answering import prepare_share
from training.network.leading import combine_shares
from training.network.patients import read_centre_patients
from training.network.protocol.protocol import Protocol, parse_protocol, sign_protocol
from training.network.protocol.template import make_protocol_template
from training.network.result import NetworkResult

pytestmark = pytest.mark.service

KEYS = {
    name: make_key(number)
    for number, name in enumerate(("rotterdam", "aachen", "basel", "gent", "lyon"), start=1)
}
HONEST = ("rotterdam", "aachen", "basel")
LEAVES, FALSE = "gent", "lyon"
WORKERS = 2
OFFLINE = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def make_protocol(folder: Path, **keys: str) -> Path:
    """Write a signed protocol of one outcome, in four rounds."""
    centres = {name: key.public for name, key in KEYS.items()} | keys
    text = make_protocol_template(
        "crps-network",
        centres=centres,
        lead=("Rotterdam", LEAD.public),
        population="simulated patients",
        treatment="S-ketamine, as simulated",
    )
    text = text.replace('horizons = ["t1", "t2"]', 'horizons = ["t1"]')
    text = re.sub(r"number = 5\n(words = .*\n(?:  .*\n){4})  .*\n", r"number = 4\n\1", text)
    folder.mkdir(exist_ok=True)
    path = folder / "network.toml"
    path.write_bytes(sign_protocol(text.encode(), LEAD, path.name))
    return path


@dataclass(frozen=True)
class Both:
    """The same network twice: over Flower, and by files."""

    folder: Path
    told: str
    files: dict[str, bytes]
    result: NetworkResult

    @property
    def found(self) -> dict:
        return json.loads((self.folder / "found.json").read_text())


def write_homes(folder: Path) -> list[dict[str, object]]:
    """Write what each centre has; return the settings of its node."""
    protocol = make_protocol(folder)
    homes = []
    for number, (name, key) in enumerate(KEYS.items(), start=1):
        home = folder / name
        home.mkdir()
        write_table(make_cohort(40, seed=number).table, home / "cohort.csv")
        used = protocol
        if name == FALSE:  # it follows a file in which its key is another one
            key = make_key(55)
            used = make_protocol(home, **{name: key.public})
        (home / "key.pem").touch(0o600)
        (home / "key.pem").write_bytes(key.to_pem())
        homes.append(
            {
                "centre": name,
                "protocol": str(used),
                "cohort": str(home / "cohort.csv"),
                "key": str(home / "key.pem"),
                "folder": str(home / "kept"),
                "agreement": "protocol",
            }
        )
    return homes


def share_by_files(folder: Path) -> tuple[dict[str, bytes], NetworkResult]:
    """Take the same steps as `network share` and `network combine`."""
    protocol: Protocol = parse_protocol((folder / "network.toml").read_bytes(), "network.toml")
    patients = {
        name: read_centre_patients(protocol, folder / name / "cohort.csv")
        for name in (*HONEST, LEAVES)
    }
    shares: dict[str, bytes] = {}
    rounds: dict[str, bytes] = {}
    result = None
    for round_ in range(1, protocol.rounds + 1):
        for name in HONEST if round_ > 1 else (*HONEST, LEAVES):
            earlier = {file: data for file, data in shares.items() if file.startswith(name)}
            share = prepare_share(
                protocol, KEYS[name], patients[name], round_=round_, rounds=rounds, earlier=earlier
            )
            shares[share.file] = share.data
        combined = combine_shares(protocol, LEAD, shares, rounds=rounds)
        result = combined.result
        if result is None:
            rounds[combined.file] = combined.data
    assert result is not None
    return shares | rounds, result


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    if not FLOWER.is_file() and not os.environ.get("CI"):
        pytest.skip("no environment with Flower: make flower")
    folder = tmp_path_factory.mktemp("flower")
    homes = write_homes(folder)
    homes[list(KEYS).index(LEAVES)]["leaves_after"] = 1
    (folder / "lead.pem").touch(0o600)
    (folder / "lead.pem").write_bytes(LEAD.to_pem())
    (folder / "seen").mkdir()
    lead = {
        "protocol": str(folder / "network.toml"),
        "key": str(folder / "lead.pem"),
        "folder": str(folder / "lead"),
        "wait_seconds": 120,
        "missing": "leave_out",
        "store": f"sqlite:///{folder}/mlflow.db",
    }
    told = {"homes": homes, "lead": lead, "workers": WORKERS}
    told |= {name: str(folder / name) for name in ("seen", "found.json")}
    (folder / "settings.json").write_text(json.dumps(told))
    script = "tests.training.network.flower.simulate"
    # Ray's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="ray-") as ray:
        environ = os.environ | OFFLINE | {"RAY_TMPDIR": ray, "FLWR_HOME": str(folder / "home")}
        running = subprocess.Popen(
            [FLOWER, "-m", script, folder / "settings.json"],
            cwd=PROJECT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            files, result = share_by_files(folder)
            output, _ = running.communicate(timeout=300)
        finally:
            running.kill()
    assert running.returncode == 0, output[-4000:]
    return Both(folder, output, files, result)


def test_every_file_is_byte_for_byte_what_it_is_by_mail(both: Both) -> None:
    kept = {path.name: path.read_bytes() for path in (both.folder / "lead").glob("*/*.json")}
    assert kept.keys() == both.files.keys()
    assert [name for name in kept if kept[name] != both.files[name]] == []
    for name in HONEST:
        for path in (both.folder / name / "kept" / "shares").glob("*.json"):
            assert path.read_bytes() == kept[path.name]


def test_what_was_found_is_the_same(both: Both) -> None:
    found, outcome = both.found, both.result.outcomes["response"]
    assert found["coef"] == pytest.approx(outcome.coef.tolist(), abs=1e-12)
    assert any(found["coef"])
    assert found["intercepts"] == pytest.approx(outcome.intercepts, abs=1e-12)
    assert found["weight"] == pytest.approx(outcome.weight, abs=1e-12)
    assert found["shares"] == [[*share] for share in both.result.shares]


def test_nodes_are_on_several_processes(both: Both) -> None:
    pids = {path.name.rpartition("-")[2] for path in (both.folder / "seen").iterdir()}
    assert len(pids) == WORKERS


def test_who_drops_out_after_the_first_round_costs_its_own_rows_only(both: Both) -> None:
    assert both.found["centres"] == [*HONEST]
    assert both.found["dropped"][LEAVES] == "no share of round 2"
    assert f"round 2 goes on without {LEAVES}" in both.told


def test_a_wrong_key_is_named_and_its_share_is_not_kept(both: Both) -> None:
    assert both.found["dropped"][FALSE] == "no share of round 1"
    assert f"expected the key that the protocol has of {FALSE}" in both.told
    assert not (both.folder / "lead" / "shares" / f"{FALSE}_round_1.json").exists()


def test_a_node_that_is_no_centre_and_sends_rubbish_stops_nobody(both: Both) -> None:
    assert len(re.findall(r"round \d: node \d+ sent no share: no reason told", both.told)) == 4


def test_nothing_that_a_centres_program_says_reaches_the_lead(both: Both) -> None:
    assert "sent no share: its program failed" in both.told
    assert "aged 47" not in both.told
