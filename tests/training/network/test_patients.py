from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
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


SIGNATURE = """
[variables.mir_a]
kind = "number"
known_at = "baseline"
unit = "cycles"
low = -20
high = 30
precision = 0.1
[basis.mir_a]
low = -10
high = 20
fill = 4
center = 4
scale = 3
[panel]
references = ["sim-miR-3", "sim-miR-4"]
ceiling = 35
assays = {mir_a = "sim-miR-1"}
"""


def test_a_signature_pools_as_any_number(tmp_path: Path) -> None:
    text = TEXT.replace('"anti_epileptic"]', '"mir_a"]').replace(
        "[basis.anti_epileptic]\nshare = 0.33\n", SIGNATURE
    )
    protocol = make_signed(text)
    cohort = make_cohort(50, seed=4).table
    write_table(cohort, tmp_path / "cohort.csv")
    assays = ["sim-miR-1", "sim-miR-3", "sim-miR-4"]
    rng = np.random.default_rng(1)
    panel = pd.DataFrame({"sample": cohort["patient_id"].head(45)})
    for assay in assays:
        panel[assay] = rng.normal(25, 1, size=45).round(2)
    write_table(panel, tmp_path / "panel.csv")
    patients = read_centre_patients(protocol, tmp_path / "cohort.csv", panel=tmp_path / "panel.csv")
    column = list(protocol.predictors).index("mir_a")
    told = dict(zip(patients.table["patient_id"], patients.data.X[:, column], strict=True))
    own = panel.set_index("sample")
    expected = own["sim-miR-1"] - own[assays[1:]].mean(axis=1)
    for patient, value in told.items():
        assert np.isnan(value) if patient not in own.index else value == expected[patient]
    with pytest.raises(InputError, match="panel import EXPORT"):
        read_centre_patients(protocol, tmp_path / "cohort.csv")
    with pytest.raises(InputError, match="names no assays"):
        read_centre_patients(make_signed(), tmp_path / "cohort.csv", panel=tmp_path / "panel.csv")


def test_a_signature_is_of_declared_predictors() -> None:
    text = TEXT + SIGNATURE.replace("assays = {mir_a", "assays = {mir_b")
    with pytest.raises(InputError, match=r"panel\.assays\.mir_b"):
        make_signed(text)
