"""The made-up export: read back by its own mapping, it is the simulated cohort again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from features.cohort.cohort import parse_cohort
from features.dictionary.contract import CONTRACT
from features.errors import InputError
from features.mapping.export import read_export
from features.mapping.mapping import apply_mapping
from features.mapping.mapping_file import read_mapping
from features.simulation.cohort import make_cohort
from features.simulation.example import make_example_export, write_example
from ketresponse import app


def read(folder: Path, name: str) -> pd.DataFrame:
    rules = read_mapping(folder / "mapping.toml")
    return apply_mapping(*read_export(folder / name, rules)[:1], rules, {})[0]


@settings(max_examples=10)
@given(n=st.integers(1, 60), seed=st.integers(0, 1000))
def test_both_files_hold_the_simulated_patients(n: int, seed: int) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "example"
        write_example(folder, make_example_export(n, seed))
        table, other = (read(folder, name) for name in ("export.csv", "export.xlsx"))
    pd.testing.assert_frame_equal(table, other)
    simulated = make_cohort(n, seed=seed).table
    exact = [
        name
        for name in table
        if name not in ("record_origin", "disease_duration_years", "medication_atc")
    ]
    parsed, problems = parse_cohort(table, CONTRACT)
    expected, _ = parse_cohort(simulated, CONTRACT)
    assert problems == []
    pd.testing.assert_frame_equal(parsed[exact], expected[exact], check_dtype=False)
    assert (
        parsed["disease_duration_years"] - expected["disease_duration_years"]
    ).abs().max() < 0.01
    for name in ("opioid", "strong_opioid", "tricyclic", "gabapentinoid", "benzodiazepine"):
        assert parsed[name].tolist() == expected[name].tolist()


def test_what_is_made_of_it_stays_simulated(tmp_path: Path) -> None:
    write_example(tmp_path / "example", make_example_export(8, 1))
    assert set(read(tmp_path / "example", "export.csv")["record_origin"]) == {"synthetic"}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "example").mkdir()
    with pytest.raises(InputError, match="is there already"):
        write_example(tmp_path / "example", make_example_export(2, 1))
    with pytest.raises(InputError, match="cannot be made"):
        write_example(tmp_path / "none" / "example", make_example_export(2, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["example"]


def test_the_command_says_how_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["cohort", "example", "--n", "12"])
    assert done.exit_code == 0, done.output
    line = done.output.rpartition("Next: ketresponse ")[2].split()
    assert CliRunner().invoke(app, line).exit_code == 0
    assert CliRunner().invoke(app, ["cohort", "check", "cohort.csv"]).exit_code == 0
