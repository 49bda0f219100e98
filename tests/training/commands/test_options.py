"""How a command reads a cohort of other patients."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from features.errors import InputError
from features.options import JsonOption
from features.simulation.cohort import make_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.commands.options import JobsOption, read_patients, tell_remarks
from training.store.artifact import LoadedModel

LOADED = LoadedModel(make_model(), make_facts(), "d" * 64)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    path = tmp_path / "cohort.csv"
    make_cohort(60, seed=5).table.assign(own=1).to_csv(path, index=False)
    return path


def test_a_column_that_nobody_declared_is_told_and_one_of_a_mapping_is_read(
    cohort: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="own"):
        read_patients(LOADED, cohort, None)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[columns]\npatient_id = "id"\n[variables.own]\nkind = "number"\nknown_at = "baseline"\n'
    )
    found = read_patients(LOADED, cohort, mapping)
    assert found.synthetic
    with pytest.raises(InputError, match=r"mapping\.toml"):
        read_patients(LOADED, cohort, mapping.with_name("other_mapping.toml"))


def test_how_a_cohort_was_read_is_told_beside_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_cohort(60, seed=5).table
    table.loc[:1, "patient_id"] = ["P-1\u200b", "p1"]
    table.to_csv(tmp_path / "cohort.csv", index=False)
    found = read_patients(LOADED, tmp_path / "cohort.csv", None)
    captured = capsys.readouterr()
    assert captured.out == ""
    cleaned, alike = captured.err.splitlines()
    assert cleaned == "Passed over invisible characters in 1 cell or heading."
    assert alike.endswith("are kept apart: P-1 / p1.")
    tell_remarks(found.cohort, named=False)
    assert capsys.readouterr().err.splitlines() == [cleaned]


def test_a_number_of_processes_is_at_least_one_and_options_are_off_by_default() -> None:
    app = typer.Typer()

    @app.command()
    def show(jobs: JobsOption = None, json_: JsonOption = False) -> None:
        typer.echo(f"{jobs} {json_}")

    run = CliRunner().invoke
    assert run(app, []).stdout == "None False\n"
    assert run(app, ["--jobs", "2", "--json"]).stdout == "2 True\n"
    assert run(app, ["--jobs", "0"]).exit_code == 2
