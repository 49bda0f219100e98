from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import InputError
from features.files.table import write_table
from features.simulation.cohort import make_cohort
from features.simulation.example import make_example_export, write_example
from tests.training.helpers.networks import TEXT, make_signed
from training.network.patients import CentrePatients, read_centre_patients
from training.network.protocol.protocol import Protocol


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return make_signed()


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    write_table(make_cohort(50, seed=4).table, tmp_path / "cohort.csv")
    return tmp_path / "cohort.csv"


def test_a_cohort_is_labelled_by_the_protocol(protocol: Protocol, cohort: Path) -> None:
    patients = read_centre_patients(protocol, cohort)
    assert patients.synthetic
    assert patients.data.horizons == ("t1", "t2")
    assert patients.data.X.shape == (len(patients.table), 5)
    assert [v.name for v in patients.data.predictors] == list(protocol.predictors)


def test_an_export_is_read_by_the_centres_own_mapping(protocol: Protocol, tmp_path: Path) -> None:
    write_example(tmp_path / "example", make_example_export(50, 4))
    export, mapping = tmp_path / "example" / "export.csv", tmp_path / "example" / "mapping.toml"
    patients = read_centre_patients(protocol, export, mapping=mapping)
    write_table(make_cohort(50, seed=4).table, tmp_path / "cohort.csv")
    same = read_centre_patients(protocol, tmp_path / "cohort.csv")
    assert patients.synthetic
    assert np.array_equal(patients.data.y["t1"], same.data.y["t1"], equal_nan=True)
    assert np.allclose(patients.data.X, same.data.X, atol=0.01, equal_nan=True)
    with pytest.raises(InputError, match="Patient: expected a name of the dictionary"):
        read_centre_patients(protocol, export)


def test_a_mapping_maps_what_the_protocol_declares(tmp_path: Path) -> None:
    declared = '[variables.iss]\nkind = "integer"\nknown_at = "baseline"\nlow = 1\nhigh = 75\n'
    text = TEXT.replace('"anti_epileptic"]', '"iss"]').replace(
        "[basis.anti_epileptic]\nshare = 0.33\n",
        f"{declared}[basis.iss]\nlow = 1\nhigh = 75\nfill = 20\ncenter = 20\nscale = 12\n",
    )
    protocol = make_signed(text)
    table = make_cohort(50, seed=4).table.assign(severity=range(1, 51))
    write_table(table, tmp_path / "export.csv")
    mapping = tmp_path / "mapping.toml"
    columns = [name for name in table if name in protocol.dictionary]
    lines = [*(f'{name} = "{name}"' for name in columns), 'iss = "severity"']
    mapping.write_text("[columns]\n" + "\n".join(lines) + "\n")
    patients = read_centre_patients(protocol, tmp_path / "export.csv", mapping=mapping)
    assert patients.data.X[:, -1].max() <= 50
    mapping.write_text(declared.replace("75", "80") + mapping.read_text())
    with pytest.raises(
        InputError, match=r"variables\.iss: expected the variable as it is declared"
    ):
        read_centre_patients(protocol, tmp_path / "export.csv", mapping=mapping)


def test_a_mapping_may_not_bring_another_scale(
    protocol: Protocol, cohort: Path, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text("[outcome]\nscale = {min = 0, max = 100}\n")
    with pytest.raises(InputError, match=r"outcome\.scale: expected the scale of the protocol"):
        read_centre_patients(protocol, cohort, mapping=mapping)


def test_the_digest_is_of_the_rows_and_not_of_their_order(protocol: Protocol, cohort: Path) -> None:
    patients = read_centre_patients(protocol, cohort)

    def digest(**changed: object) -> bytes:
        other = vars(patients) | {"data": replace(patients.data, **changed)}
        return CentrePatients(**other).digest

    data = patients.data
    order = np.random.default_rng(0).permutation(len(data))
    shuffled = CentrePatients(**(vars(patients) | {"data": data.take(order)}))
    assert shuffled.digest == patients.digest == digest(X=data.X + 0.0)
    X = data.X.copy()
    X[0, 1] += 0.1
    kept = data.kept.copy()
    kept[0] = 1 - np.nan_to_num(kept[0])
    assert len({patients.digest, digest(X=X), digest(kept=kept)}) == 3
