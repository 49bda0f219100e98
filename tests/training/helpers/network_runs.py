"""A network of simulated centres, run round by round as its centres and its lead would."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from features.files.table import write_table
from features.simulation.cohort import make_cohort
from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_signed
from training.network.answering import prepare_share
from training.network.leading import combine_shares
from training.network.patients import read_centre_patients
from training.network.result import NetworkResult

__all__ = ["NETWORK", "make_network_run", "run_network"]

NETWORK = TEXT.replace("# thresholds", "thresholds").replace("not described yet: ", "")
"""A protocol in which everything is filled in."""

_EFFECTS = {"nrs_t0": 1.0, "opioid": -1.2}


def run_network(
    sizes: Mapping[str, int], *, rounds: int, drops: str = "", text: str = NETWORK
) -> tuple[NetworkResult, dict[str, bytes]]:
    """Return what a network finds, and its shares as files.

    Parameters
    ----------
    sizes : mapping of str to int
        Patients of each centre.
    rounds : int
        Done.
    drops : str
        A centre that takes part in the first round only.
    text : str
        The protocol, unsigned.
    """
    return _run(tuple(sizes.items()), rounds, drops, text)


@lru_cache(maxsize=8)
def _run(
    sizes: tuple[tuple[str, int], ...], rounds: int, drops: str, text: str
) -> tuple[NetworkResult, dict[str, bytes]]:
    protocol = make_signed(text)
    patients = {}
    with tempfile.TemporaryDirectory() as temporary:
        for seed, (centre, n) in enumerate(sizes, start=5):
            file = Path(temporary) / f"{centre}.csv"
            write_table(make_cohort(n, seed=seed, effects=_EFFECTS).table, file)
            patients[centre] = read_centre_patients(protocol, file)
    shares: dict[str, bytes] = {}
    asked: dict[str, bytes] = {}
    for round_ in range(1, rounds + 1):
        for centre, own in patients.items():
            if centre == drops and round_ > 1:
                continue
            earlier = {name: data for name, data in shares.items() if name.startswith(centre)}
            made = prepare_share(
                protocol, KEYS[centre], own, round_=round_, rounds=asked, earlier=earlier
            )
            shares[made.file] = made.data
        finish = round_ == rounds
        told = combine_shares(protocol, LEAD, shares, rounds=asked, finish=finish)
        if told.result is not None:
            return told.result, shares
        asked[told.file] = told.data
    raise AssertionError("the last round has a result")


def make_network_run() -> tuple[NetworkResult, dict[str, bytes]]:
    """Return a network of three centres after five rounds: simulated, and all share slopes."""
    return run_network(dict.fromkeys(KEYS, 80), rounds=5)
