"""The one command, its help, its exit codes; and that the README is true."""

import os
import re
import socket
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from typer.main import get_command
from typer.testing import CliRunner

from ketresponse import app
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from tests.places import PROJECT
from tests.training.helpers.examples import make_facts, make_model
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run
from training.study.settings import read_study


def test_help_loads_nothing_heavy() -> None:
    # What makes `--help` slow is imports of seconds each, so none may happen before a command runs.
    code = (
        "import sys, ketresponse\n"
        "heavy = {'mlflow', 'bentoml', 'sklearn', 'pandas', 'numpy', 'shap', 'lightgbm', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_version_is_told() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert done.output.startswith(f"ketresponse {declared} (Python 3.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str) -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "_KETRESPONSE_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "ketresponse sam",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "ketresponse sam",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    code = "import sys, ketresponse; sys.argv = ['ketresponse']; ketresponse.main()"
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, env=environ, capture_output=True, text=True, check=True)
    assert "samplesize" in done.stdout
    assert "cohort" not in done.stdout.replace("cohorts", "")


_HEAVY = {
    "bentoml", "lightgbm", "matplotlib", "mlflow", "openpyxl", "pandas", "pyarrow", "pyreadstat",
    "scipy.optimize", "scipy.stats", "shap", "skops", "sklearn", "sqlalchemy", "statsmodels",
    "tableone",
}  # fmt: skip
"""What takes a tenth of a second or more to be imported."""


def _list_heavy(*arguments: str, folder: Path) -> set[str]:
    """Run a command in a process of its own, and return what heavy modules it has loaded."""
    code = (
        "import sys\nfrom ketresponse import app\n"
        "try:\n    app(sys.argv[1:])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print(*sorted({_HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_sizes_and_an_empty_list_load_nothing_heavy(tmp_path: Path) -> None:
    assert _list_heavy("--help", folder=tmp_path) == set()
    assert _list_heavy("models", folder=tmp_path) == set()
    size = ["--prevalence", "0.48", "--c-statistic", "0.7"]
    assert (
        _list_heavy("samplesize", "develop", "--parameters", "5", *size, folder=tmp_path) == set()
    )
    assert _list_heavy("samplesize", "validate", *size, folder=tmp_path) == set()


def test_the_list_of_models_and_an_estimate_load_only_what_they_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETRESPONSE_RECORDS", str(tmp_path / "none.db"))  # nothing recorded yet
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    run = track_run(RunRecord("study"), tracking_uri=uri)
    register(run, make_model(), make_facts(), name="pilot", tracking_uri=uri)
    assert _list_heavy("models", folder=tmp_path) == set()
    artifact = str(locate("pilot", tracking_uri=uri))
    for model in (artifact, "pilot"):
        loaded = _list_heavy("predict", model, "--set", "nrs_t0=8", folder=tmp_path)
        assert loaded == {"pandas", "pyarrow"}


def test_a_cohort_check_loads_only_what_it_uses(tmp_path: Path) -> None:
    # 1,000 rows in a second and a half: scipy alone would take a third of it.
    (tmp_path / "cohort.csv").write_text("patient_id,nrs_t0,nrs_t1\nA,7,3\n")
    assert _list_heavy("cohort", "check", "cohort.csv", folder=tmp_path) <= {"pandas", "pyarrow"}
    code = (
        "import sys\nfrom ketresponse import app\n"
        f"app(['cohort', 'check', {str(tmp_path / 'cohort.csv')!r}], standalone_mode=False)\n"
        "print(sorted({'scipy', 'features.files.settings'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_command_and_the_exit_codes() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for word in ("cohort", "train", "models", "predict", "serve", "demo", "not enough data"):
        assert word in " ".join(shown.split())


def _list_commands(command: Any) -> list[Any]:
    below = getattr(command, "commands", {}).values()
    return [command, *(found for one in below for found in _list_commands(one))]


def test_no_word_of_a_help_is_swallowed_as_markup() -> None:
    told = [
        text
        for command in _list_commands(get_command(app))
        for text in (
            command.help,
            command.epilog,
            *(getattr(parameter, "help", None) for parameter in command.params),
        )
        if text
    ]
    assert len(told) > 100
    swallowed = [text for text in told if Text.from_markup(text).plain != text.replace("\\[", "[")]
    assert swallowed == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("train", "ketresponse train: missing argument 'STUDY' (The study file (TOML))"),
        (
            "network key",
            "ketresponse network key: missing argument 'FILE' (Where the private key is to lie)",
        ),
        ("network share", "ketresponse network share: missing option '--key' ("),
        ("train x.toml --sede 1", "ketresponse train: no such option: --sede (Possible options"),
        ("train x.toml --jobs many", "ketresponse train: invalid value for '--jobs': "),
        ("nonsense", "ketresponse: no such command 'nonsense'"),
        ("--nonsense", "ketresponse: no such option: --nonsense"),
    ],
)
def test_words_that_are_wrong_or_missing_are_told_in_one_line(typed: str, told: str) -> None:
    result = CliRunner().invoke(app, typed.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(told)
    command = told.partition(":")[0]
    assert result.stderr.endswith(f"; see `{command} --help`\n")
    assert result.stderr.count("\n") == 1


def test_a_group_without_a_command_shows_what_there_is() -> None:
    result = CliRunner().invoke(app, ["network"])
    assert result.exit_code == 2
    assert "protocol" in result.output and "see `" not in result.output


def test_a_taken_port_is_one_line_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["demo", "--port", str(port)])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "choose another with --port" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_nobody_can_answer_is_input_to_be_put_right(tmp_path: Path) -> None:
    environ = {"KETRESPONSE_HOME": str(tmp_path)}
    typed = CliRunner().invoke(app, ["records", "close", "1"], input="", env=environ)
    assert typed.exit_code == 2
    assert "name it as an option" in typed.stderr


def test_a_no_to_a_question_is_no_failure(tmp_path: Path) -> None:
    environ = {
        "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "records.key"),
    }
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    open_store(settings).close()
    typed = CliRunner().invoke(app, ["records", "downgrade", "0001"], input="n\n", env=environ)
    assert typed.exit_code == 130
    assert "nothing was done" in typed.stderr


def test_every_command_in_the_readme_exists() -> None:
    text = (PROJECT / "README.md").read_text()
    commands = set(re.findall(r"^ketresponse ([a-z-]+(?: [a-z-]+)?)", text, re.M))
    assert len(commands) > 5
    for command in commands:
        words = [word for word in command.split() if re.fullmatch("[a-z-]+", word)]
        if words[0] not in ("cohort",):
            words = words[:1]
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0, command


def test_every_file_the_readme_points_to_exists() -> None:
    text = (PROJECT / "README.md").read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) > 5
    for link in links:
        assert (PROJECT / link).exists(), link


def test_the_documented_study_file_is_a_study(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "study.md").read_text()
    block, scale = re.findall(r"^ *```toml\n(.*?)```", text, re.S | re.M)
    for name in ("cohort.parquet", "panel.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "mapping.toml").write_text('[columns]\npatient_id = "id"\n')
    (tmp_path / "study.toml").write_text(block)
    study = read_study(tmp_path / "study.toml")
    assert study.thresholds == (0.3, 0.7)
    assert study.resampling.bootstrap_reruns == 200
    outcome = re.compile(r"^\[outcome\]\n.*?\n\n", re.S | re.M)
    (tmp_path / "study.toml").write_text(outcome.sub(textwrap.dedent(scale) + "\n", block))
    study = read_study(tmp_path / "study.toml")
    assert study.rule.past == "Pain (VAS) fell by at least 20 mm from before treatment"
