"""Three centres of simulated patients, whose lead has asked twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from features.files.table import write_table
from features.simulation.cohort import make_cohort
from tests.training.helpers.networks import KEYS, LEAD, make_signed
from training.network.answering import prepare_share
from training.network.leading import combine_shares
from training.network.patients import CentrePatients, read_centre_patients
from training.network.protocol.protocol import Protocol


@dataclass
class Walk:
    """A network on its way: what its members have, and the files that have travelled."""

    protocol: Protocol
    patients: dict[str, CentrePatients]
    shares: dict[str, bytes] = field(default_factory=dict)
    rounds: dict[str, bytes] = field(default_factory=dict)

    def list_own(self, centre: str) -> dict[str, bytes]:
        return {name: data for name, data in self.shares.items() if name.startswith(centre)}

    def go(self, last: int) -> None:
        """Go on until all have shared in a round, and the lead has asked the next."""
        for round_ in range(1, last + 1):
            for centre, patients in self.patients.items():
                earlier = self.list_own(centre)
                made = prepare_share(
                    self.protocol,
                    KEYS[centre],
                    patients,
                    round_=round_,
                    rounds=self.rounds,
                    earlier=earlier,
                )
                self.shares[made.file] = made.data
            told = combine_shares(self.protocol, LEAD, self.shares, rounds=self.rounds)
            if told.result is None:
                self.rounds[told.file] = told.data


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    protocol, folder = make_signed(), tmp_path_factory.mktemp("centres")
    patients = {}
    for seed, centre in enumerate(KEYS, start=5):
        write_table(make_cohort(60, seed=seed).table, folder / f"{centre}.csv")
        patients[centre] = read_centre_patients(protocol, folder / f"{centre}.csv")
    walk = Walk(protocol, patients)
    walk.go(2)
    return walk


@pytest.fixture
def cohorts(walked: Walk, tmp_path: Path) -> Path:
    """Return a folder with each centre's cohort file."""
    for seed, centre in enumerate(walked.patients, start=5):
        write_table(make_cohort(60, seed=seed).table, tmp_path / f"{centre}.csv")
    return tmp_path
