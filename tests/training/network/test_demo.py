from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from features.cohort.cohort import read_cohort
from features.errors import InputError
from tests.training.conftest import empty_store as empty_store
from training.network.demo import play_network
from training.network.protocol.envelope import open_share
from training.network.protocol.protocol import read_protocol
from training.store.artifact import load_model
from training.store.registered import locate


@contextmanager
def _silent(*_: object) -> Iterator[object]:
    yield lambda *_: None


def test_four_centres_come_to_a_model_by_their_files(empty_store: Path, tmp_path: Path) -> None:
    folder, uri = tmp_path / "network-demo", f"sqlite:///{empty_store}"
    lines: list[str] = []
    made = play_network(folder, seed=1, tracking_uri=uri, show=_silent, tell=lines.append)
    assert (made.name, made.status) == ("network-demo", "demonstration")
    protocol = read_protocol(folder / "network.toml")
    names = {path.name for path in (folder / "shares").iterdir()}
    assert names == {f"{centre}_round_{k}.json" for centre in protocol.centres for k in range(1, 6)}
    assert len(list((folder / "rounds").iterdir())) == 4
    for path in (folder / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    # What was registered was made from these files, by these centres.
    last = open_share((folder / "shares" / "bergen_round_5.json").read_bytes(), "x")
    assert last.content["synthetic"] is True
    model = load_model(locate(made.name, made.version, tracking_uri=uri)).model
    assert [centre.name for centre in model.centres] == list(protocol.centres)
    assert any(line.startswith("response: ") and "of 4 centres" in line for line in lines)
    # Patients say where they are, so that each is answered for by its own centre.
    sites = read_cohort(folder / "cohorts" / "bergen.csv").table["site"]
    assert set(sites) == {"bergen"}
    with pytest.raises(InputError, match="is there already; choose another place"):
        play_network(folder, seed=1, tracking_uri=uri, show=_silent, tell=lines.append)
