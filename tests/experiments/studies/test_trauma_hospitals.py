"""Three hospitals whose numbers are published: they come out of the files, and of made-up ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from experiments.truth.networks.peers import CentreRows, fit_bfi, fit_local
from features.files.table import write_table
from tests.places import PROJECT, SHARED
from tests.training.helpers.networks import make_key
from training.network.answering import prepare_share
from training.network.content import ShareContent
from training.network.leading import combine_shares
from training.network.patients import read_centre_patients
from training.network.protocol.envelope import open_share
from training.network.protocol.protocol import Protocol, parse_protocol, sign_protocol
from training.network.protocol.round_words import ROUND_WORDS
from training.network.result import NetworkResult

STUDY = PROJECT / "experiments" / "studies" / "trauma_hospitals"
TRAUMA = SHARED / "data" / "trauma_three_hospitals" / "trauma.csv"
LEAD, KEYS = make_key(50), {f"hospital_{k}": make_key(k) for k in (1, 2, 3)}
PREDICTORS = ["sex", "age", "ISS", "GCS"]
NUMBERS = PREDICTORS[1:]

# PROVENANCE.txt beside the data: R's BFI 3.1.0, prior precision 0.01, of intercept, sex, age, ISS,
# GCS. Its optimiser rests early, within 6e-5 of the mode (see tests/experiments/truth).
LOCAL = {
    "hospital_1": [-2.1225730, -5.2795270, 1.8864364, 2.3741181, -2.4522118],
    "hospital_2": [-0.78535313, -0.78500711, 1.96012311, 0.52159596, -1.87374085],
    "hospital_3": [-2.31436494, 0.15804084, 1.30311674, 0.29674612, -2.42205876],
}
ONE_ROUND = [-1.4433519, -0.24731817, 1.2188862, 0.49387177, -1.7375204]
ONE_ROUND_SD = [0.24649962, 0.41871283, 0.21898716, 0.19449743, 0.24913975]
ALL_ROWS = [-1.62554103, -0.33574808, 1.37028688, 0.54983682, -1.99811738]


class Hospitals:
    """A network of three hospitals, gone through by its files."""

    def __init__(self, table: pd.DataFrame, folder: Path) -> None:
        self.table = table
        self.protocol = _agree()
        self.shares: dict[str, bytes] = {}
        rounds: dict[str, bytes] = {}
        for k, name in enumerate(KEYS, start=1):
            rows = table[table["hospital"] == k].reset_index(drop=True)
            rows.insert(0, "patient", [f"H{k}-{i}" for i in range(len(rows))])
            write_table(rows, folder / f"{name}.csv")
        mapping = STUDY / "mapping.toml"
        patients = {
            name: read_centre_patients(self.protocol, folder / f"{name}.csv", mapping=mapping)
            for name in KEYS
        }
        self.results: dict[int, NetworkResult] = {}
        for round_ in range(1, self.protocol.rounds + 1):
            for name, key in KEYS.items():
                own = {f: data for f, data in self.shares.items() if f.startswith(name)}
                share = prepare_share(
                    self.protocol, key, patients[name], round_=round_, rounds=rounds, earlier=own
                )
                self.shares[share.file] = share.data
            told = combine_shares(self.protocol, LEAD, self.shares, rounds=rounds)
            if told.result is None:
                rounds[told.file] = told.data
            if round_ in (1, self.protocol.rounds):
                ended = combine_shares(self.protocol, LEAD, self.shares, rounds=rounds, finish=True)
                assert ended.result is not None
                self.results[round_] = ended.result

    def find_own(self, name: str) -> list[float]:
        """Return a hospital's own estimate, as its first file tells it."""
        share = open_share(self.shares[f"{name}_round_1.json"], name)
        likelihood = ShareContent.model_validate(share.content).outcomes["response"].likelihood
        assert likelihood is not None
        return likelihood.at

    def find_common(self, round_: int) -> list[float]:
        """Return intercept and slopes of all hospitals after a round."""
        response = self.results[round_].outcomes["response"]
        (intercept,) = set(response.intercepts.values())
        return [intercept, *response.coef.tolist()]

    def list_rows(self) -> list[CentreRows]:
        """Return each hospital's rows as the protocol scales them."""
        Z = self.table[PREDICTORS].astype(float)
        centers, scales = self.protocol.basis.center_[1:], self.protocol.basis.scale_[1:]
        Z[NUMBERS] = (Z[NUMBERS] - centers) / scales
        y = self.table["mortality"].to_numpy(float)
        places = [(self.table["hospital"] == k).to_numpy() for k in (1, 2, 3)]
        return [CentreRows(Z[here].to_numpy(), y[here]) for here in places]


def _agree() -> Protocol:
    text = (STUDY / "network.toml").read_text().replace("LEAD_KEY", LEAD.public)
    for name, key in KEYS.items():
        text = text.replace(f"{name.upper()}_KEY", key.public)
    return parse_protocol(sign_protocol(text.encode(), LEAD, "network.toml"), "network.toml")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Hospitals:
    if not TRAUMA.exists():
        pytest.skip("the data of three hospitals are not beside the project (../shared/data)")
    return Hospitals(pd.read_csv(TRAUMA), tmp_path_factory.mktemp("trauma"))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Hospitals:
    """Return hospitals of patients that nobody has: it needs no file from elsewhere."""
    rng = np.random.default_rng(7)
    sizes = (60, 90, 140)
    n = sum(sizes)
    table = pd.DataFrame(
        {
            "sex": rng.integers(0, 2, n),
            "age": rng.integers(15, 90, n),
            "hospital": np.repeat([1, 2, 3], sizes),
            "ISS": rng.integers(16, 76, n),
            "GCS": rng.integers(3, 16, n),
        }
    )
    margin = 0.04 * (table["age"] - 40) + 0.03 * (table["ISS"] - 35) - 0.25 * (table["GCS"] - 9)
    table["mortality"] = (rng.random(n) < expit(margin - 0.5)).astype(int)
    return Hospitals(table, tmp_path_factory.mktemp("made_up"))


def test_the_protocol_says_what_is_shared() -> None:
    assert _agree().round_words == ROUND_WORDS[:6]


def test_each_hospital_tells_its_published_estimate(published: Hospitals) -> None:
    for name, expected in LOCAL.items():
        np.testing.assert_allclose(published.find_own(name), expected, atol=6e-5)


def test_one_round_gives_the_published_combination(published: Hospitals) -> None:
    np.testing.assert_allclose(published.find_common(1), ONE_ROUND, atol=2e-5)
    errors = published.results[1].outcomes["response"].standard_errors
    np.testing.assert_allclose(errors, ONE_ROUND_SD[1:], atol=1e-6)


def test_all_rounds_give_the_published_estimate_of_all_rows(published: Hospitals) -> None:
    np.testing.assert_allclose(published.find_common(6), ALL_ROWS, atol=2e-5)


@pytest.mark.parametrize("which", ["published", "made_up"])
def test_files_give_what_rows_give(which: str, request: pytest.FixtureRequest) -> None:
    hospitals: Hospitals = request.getfixturevalue(which)
    rows = hospitals.list_rows()
    for name, own in zip(KEYS, rows, strict=True):
        np.testing.assert_allclose(hospitals.find_own(name), fit_local(own, 0.01).beta, atol=1e-7)
    combined = fit_bfi(rows)
    np.testing.assert_allclose(hospitals.find_common(1), combined.beta, atol=1e-7)
    everyone = CentreRows(*(np.concatenate(part) for part in zip(*rows, strict=True)))
    pooled = fit_local(everyone, 0.01).beta
    np.testing.assert_allclose(hospitals.find_common(6), pooled, atol=1e-8)
