"""Four simulated centres, from their keys to a registered model, every step through its file.

Nothing is handed over in memory but the private keys, which each command would read again: each
centre reads its cohort from a file, answers files, and writes one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from features.errors import InputError
from features.files.table import make_folder, write_bytes, write_table
from features.simulation.cohort import make_cohort
from training.document.progress import Show
from training.network.answering import name_share, prepare_share
from training.network.leading import combine_shares, name_round
from training.network.patients import read_centre_patients
from training.network.protocol.keys import CentreKey, write_centre_key
from training.network.protocol.places import FilePlace
from training.network.protocol.protocol import Protocol, read_protocol, sign_protocol
from training.network.protocol.template import make_protocol_template
from training.network.publishing.publish import publish_network
from training.network.telling import tell_combined
from training.store.registered import RegisteredModel

__all__ = ["DEMO_CENTRES", "play_network"]

_SIZES = {"amsterdam": 60, "bergen": 52, "cordoba": 44, "dundee": 36}
"""Patients of each made-up centre."""
DEMO_CENTRES = tuple(_SIZES)
_LEAD = "lead"
_NAME = "network-demo"


def play_network(
    folder: Path, *, seed: int, tracking_uri: str, show: Show, tell: Callable[[str], object]
) -> RegisteredModel:
    """Play a network through, and register its model as a demonstration.

    Parameters
    ----------
    folder : Path
        For all files; it is made.
    seed : int
        Of the patients.
    tracking_uri : str
        Where the model is registered.
    show : callable
        Shows the progress.
    tell : callable
        Prints a line.

    Raises
    ------
    InputError
        If the folder is there already.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already; choose another place with --out")
    make_folder(folder)
    keys = _make_keys(folder)
    protocol = _agree(folder, keys)
    tell(f"{protocol.lead} has signed {folder / 'network.toml'}: {len(_SIZES)} centres.")
    _simulate(folder, seed)
    shares, rounds = FilePlace(str(folder / "shares")), FilePlace(str(folder / "rounds"))
    for round_ in range(1, protocol.rounds + 1):
        with show(f"Round {round_} of {protocol.rounds}", len(_SIZES)) as progress:
            for centre in _SIZES:
                _share(folder, protocol, keys[centre], centre, round_, shares, rounds)
                progress()
        files = {name: shares.read(name) for name in shares.list_files()}
        asked = rounds.read_some(rounds.list_files())
        told = combine_shares(protocol, keys[_LEAD], files, rounds=asked)
        if told.result is None:
            rounds.write(told.data, told.file)
    for line in tell_combined(told, protocol):
        tell(line)
    assert told.result is not None, "the last round makes the model"
    return publish_network(told.result, told.shares, tracking_uri=tracking_uri, show=show)


def _make_keys(folder: Path) -> dict[str, CentreKey]:
    place = folder / "keys"
    make_folder(place)
    return {name: write_centre_key(place / f"{name}.pem") for name in (_LEAD, *_SIZES)}


def _agree(folder: Path, keys: dict[str, CentreKey]) -> Protocol:
    """Write the protocol, sign it, and read it as every centre would."""
    text = make_protocol_template(
        _NAME,
        centres={name: keys[name].public for name in _SIZES},
        lead=("the lead of the demonstration", keys[_LEAD].public),
        population="simulated patients at four made-up centres",
        treatment="a simulated course of S-ketamine",
    )
    file = folder / "network.toml"
    write_bytes(sign_protocol(text.encode(), keys[_LEAD], str(file)), file)
    return read_protocol(file)


def _simulate(folder: Path, seed: int) -> None:
    place = folder / "cohorts"
    make_folder(place)
    for number, (centre, n) in enumerate(_SIZES.items()):
        table = make_cohort(n, seed=seed * len(_SIZES) + number).table
        write_table(table.assign(site=centre), place / f"{centre}.csv")


def _share(
    folder: Path,
    protocol: Protocol,
    key: CentreKey,
    centre: str,
    round_: int,
    shares: FilePlace,
    rounds: FilePlace,
) -> None:
    """Do what `ketresponse network share` does at a centre."""
    share = prepare_share(
        protocol,
        key,
        read_centre_patients(protocol, folder / "cohorts" / f"{centre}.csv"),
        round_=round_,
        rounds=rounds.read_some(name_round(k) for k in range(2, round_ + 1)),
        earlier=shares.read_some(name_share(centre, k) for k in range(1, round_)),
    )
    shares.write(share.data, share.file)
