"""What stands in the documents to be typed is typed, in the order in which it stands there.

Each block of shell is run in the folder that its document speaks of. What would take hours or never
end is made shorter, and only so: :func:`_shorten` and :data:`SERVERS` say how. A command that may
end otherwise than well is in :data:`ENDINGS`.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from features.errors import EXIT_INPUT, EXIT_NOT_ENOUGH, EXIT_REFUSED
from features.files.table import write_bytes, write_table
from features.simulation.cohort import make_cohort
from features.simulation.panel import make_panel
from ketresponse import app
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from tests.places import PROJECT
from tests.serving.helpers.models import make_facts, make_model
from tests.serving.records.conftest import make_estimates
from tests.training.conftest import empty_store as empty_store
from tests.training.conftest import undrawn as undrawn
from tests.training.helpers.cards import full_author
from tests.training.helpers.networks import KEYS, LEAD, TEXT
from tests.training.helpers.review_cards import put_card
from training.network.protocol.protocol import sign_protocol
from training.review import accounts
from training.review.desk import make_desk
from training.review.seen import TYPED, make_mark
from training.store.artifact import read_facts
from training.store.client import find_tracking_uri
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run

FILES = {
    path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")])
}
SERVERS = ("serve", "review serve", "demo")
"""Commands that do not end: their words and options are read; other tests start them."""
ELSEWHERE = ("bentoml build", "bentoml serve")
"""What tests/serving/test_release.py runs."""
FILES_MOVED_BY = ("cp", "mkdir")
WITH_A_SERVER = "docs/api.md"
"""What tests/serving/test_service.py runs, against a model that is served."""
ENDINGS = {
    "train": (0, EXIT_NOT_ENOUGH),
    "leave-site-out": (0, EXIT_NOT_ENOUGH),
    "card check": (0, EXIT_INPUT),
    "release NAME": (EXIT_REFUSED,),
    "release --rollback": (EXIT_REFUSED,),
}
"""How a command may end where not with 0: there are too few patients, no version was released."""
QUICK = """
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1

[resampling]
repeats = 1
bootstrap = 100
bootstrap_reruns = 0
learning_curve = 0
"""
ASKED = {"review user add": "Anna Author\nauthor\n", "network share --key": "y\n"}
"""What a command asks for beside a password, where its options do not tell."""
PASSWORD = "correct horse battery"


def _list_fences(text: str) -> list[tuple[str, str]]:
    """Return the language and the content of each fenced block."""
    return re.findall(r"^ *```([^\n]*)\n(.*?)^ *```$", text, re.S | re.M)


def _read_blocks(document: str) -> list[list[str]]:
    """Return the lines to be typed, block by block."""
    typed = [block for language, block in _list_fences(FILES[document]) if language == "sh"]
    whole = [re.sub(r"\\\n\s*", "", block) for block in typed]
    return [[line.strip() for line in block.splitlines() if line.strip()] for block in whole]


@dataclass
class Shell:
    """Somebody who types what a document says.

    Parameters
    ----------
    folder : Path
        Where.
    monkeypatch : MonkeyPatch
        Through which folder and environment are changed.
    placeholders : dict
        What words in capitals stand for: NAME, VERSION, RUN.
    before : dict
        What is done, by hand or by others, before a line that begins so.
    """

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    placeholders: dict[str, str] = field(default_factory=dict)
    before: dict[str, Callable[[Shell], object]] = field(default_factory=dict)

    def type(self, line: str) -> None:
        """Run one line; anything that goes otherwise than it should is told with its line."""
        for beginning, prepare in self.before.items():
            if line.startswith(beginning):
                prepare(self)
        words = shlex.split(os.path.expandvars(line.replace("$PWD", os.getcwd())), comments=True)
        if not words:
            return
        if words[0] == "cd":
            self.monkeypatch.chdir(words[1])
        elif words[0] == "export":
            name, _, value = words[1].partition("=")
            self.monkeypatch.setenv(name, value)
        elif words[0] == "make":
            asked = ["make", "-n", "-C", str(PROJECT), *words[1:]]
            subprocess.run(asked, check=True, capture_output=True)
        elif words[0] in FILES_MOVED_BY:
            subprocess.run(words, check=True, capture_output=True)
        elif words[0] == "ketresponse":
            self._call(line, words[1:])
        else:
            assert " ".join(words[:2]) in ELSEWHERE, line

    def _call(self, line: str, words: list[str]) -> None:
        words = [word for given in words for word in self._expand(given)]
        if " ".join(words).startswith(SERVERS):
            _parse(words)
            return
        asked = ASKED.get(" ".join(words[:3]), "") if "--name" not in words else ""
        done = CliRunner().invoke(app, _shorten(words), input=asked + f"{PASSWORD}\n" * 3)
        typed = line.removeprefix("ketresponse ")
        ends = next((end for words, end in ENDINGS.items() if typed.startswith(words)), (0,))
        told = f"{line}\nended with {done.exit_code}: {done.output[-2000:]}{done.exception or ''}"
        assert done.exit_code in ends, told

    def _expand(self, word: str) -> list[str]:
        word = re.sub(r"\b[A-Z]+\b", lambda w: self.placeholders.get(w[0], w[0]), word)
        found = sorted(map(str, Path().glob(word))) if "*" in word else []
        return found or [word]


def _parse(words: list[str]) -> None:
    """Read a command's words and options without running it."""
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    with command.make_context("typed", list(words)):
        pass


def _shorten(words: list[str]) -> list[str]:
    """Return a command that takes seconds: fewer permutations, no further processes."""
    if "--null-test" in words:
        words = [*words]
        words[words.index("--null-test") + 1] = "2"
    if words[0] in ("train", "leave-site-out"):
        study = Path(words[1])
        bare = re.sub(
            r"^\[(procedure|resampling|null_test)\]\n(?:(?!\[).*\n?)*",
            "",
            study.read_text(),
            flags=re.M,
        )
        study.write_text(bare + QUICK)
        words = [*words, "--jobs", "1"]
    return words


def _write_plates(table: pd.DataFrame) -> None:
    """Write the wells of a cohort's patients on three plates, as an instrument exports them."""
    patients = table["patient_id"].tolist()
    responds = pd.to_numeric(table["nrs_t1"]).lt(5).to_numpy(float)
    panel = make_panel(patients, responds, n_assays=12, seed=1).panel.table
    Path("plates").mkdir()
    plates = panel["patient_id"].map({p: f"plate{i % 3}" for i, p in enumerate(patients)})
    names = {"patient_id": "Sample Name", "assay": "Target Name", "ct": "CT"}
    for plate, wells in panel.groupby(plates):
        told = wells.rename(columns=names)[[*names.values()]]
        file = Path("plates") / f"{plate}.txt"
        told.to_csv(file, sep="\t", index=False, na_rep="Undetermined")


def _keep_more_patients(shell: Shell) -> None:
    """Let the cohort be of three centres, and others there be, as the further commands ask."""
    table = make_cohort(60, seed=3).table
    table["site"] = [f"site{i % 3}" for i in range(60)]
    write_table(table, Path("cohort.csv"), force=True)
    write_table(table, Path("cohort.parquet"), force=True)
    other = make_cohort(40, seed=4).table
    other["patient_id"] = [f"SYN-other{i:03}" for i in range(40)]
    write_table(other, Path("other.parquet"))
    _write_plates(table)
    _name_newest(shell)


def _name_newest(shell: Shell) -> None:
    newest = list_models(tracking_uri=find_tracking_uri(os.environ))[0]
    shell.placeholders |= {"NAME": newest.name, "VERSION": newest.version}


def _answer(shell: Shell) -> None:
    """Answer what a card asks of its author."""
    text = Path("card.toml").read_text().replace("authors = []", 'authors = ["anna"]')
    for key, answer in full_author().items():
        if isinstance(answer, str):
            inner = key.partition(".")[2]
            text = text.replace(f'\n{inner} = ""', f"\n{inner} = {_quote(answer)}")
    Path("card.toml").write_text(text)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _walk_readme(shell: Shell) -> None:
    shell.before = {
        "ketresponse train": lambda _: Path("study.toml").exists() or _write_study("readme"),
        "ketresponse cohort template --out": _keep_more_patients,
        "ketresponse card template": _name_newest,
        "ketresponse card make": _answer,
        "ketresponse records status": lambda _: _keep_records(),
    }


def _walk_mapping(shell: Shell) -> None:
    shutil.copy(PROJECT / "features" / "simulation" / "data" / "mapping.toml", ".")
    done = CliRunner().invoke(app, ["cohort", "example", "--n", "20"])
    assert done.exit_code == 0, done.output
    shutil.copy("example/export.csv", "export.csv")


def _walk_description(shell: Shell) -> None:
    table = make_cohort(60, seed=3).table
    write_table(table, Path("cohort.csv"))
    columns, rows = ["patient_id", "arm", "week", "nrs"], []
    for number in range(12):
        arm = ("ketamine", "placebo")[number % 2]
        rows += [[f"P{number:02}", arm, week, 8 - (week + number) % 4] for week in range(4)]
    with open("weekly.csv", "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _walk_panel(shell: Shell) -> None:
    table = make_cohort(60, seed=3).table
    write_table(table, Path("cohort.csv"))
    _write_plates(table)
    for number in (1, 2):
        shutil.copy(f"plates/plate{number}.txt", f"plate{number}.txt")
    names = pd.read_csv("plate1.txt", sep="\t")["Sample Name"].tolist()
    names += pd.read_csv("plate2.txt", sep="\t")["Sample Name"].tolist()
    with open("design.csv", "w", newline="") as file:
        rows = [[name, name] for name in dict.fromkeys(names)]
        csv.writer(file).writerows([["sample", "patient_id"], *rows])
    _write_study("panel")


def _register(name: str, versions: int) -> None:
    """Register versions of a hand-made model as if of real patients, each with a card."""
    uri, model = find_tracking_uri(os.environ), make_model()
    for _ in range(versions):
        run = track_run(RunRecord("study"), tracking_uri=uri)
        facts = make_facts(model, synthetic=False, status="research")
        made = register(run, model, facts, name=name, tracking_uri=uri)
        folder = locate(name, made.version, tracking_uri=uri)
        put_card(folder, *read_facts(folder), external=False)


def _walk_review(shell: Shell) -> None:
    _register("crps-pilot", 1)
    shell.before = {"ketresponse review waive": _read_card}


def _read_card(shell: Shell) -> None:
    digests = make_desk(os.environ).read("crps-pilot").case.digests
    shell.placeholders["SEEN"] = make_mark(digests, TYPED)


def _walk_monitoring(shell: Shell) -> None:
    _walk_review(shell)
    settings = RecordSettings.from_environ(os.environ)
    assert settings is not None
    open_store(settings).close()


def _walk_card(shell: Shell) -> None:
    write_table(make_cohort(60, seed=3).table, Path("cohort.csv"))
    _write_study("small")
    for _ in range(2):
        done = CliRunner().invoke(app, _shorten(["train", "study.toml"]))
        assert done.exit_code == 0, done.output
    write_table(make_cohort(40, seed=4).table, Path("other.csv"))
    validated = CliRunner().invoke(app, ["validate", "small:2", "other.csv", "--json"])
    assert validated.exit_code == 0, validated.output
    shell.placeholders["RUN"] = json.loads(validated.stdout)["run_id"]
    shell.before = {"ketresponse card check": _answer}


def _write_study(name: str) -> None:
    Path("study.toml").write_text(
        f'name = "{name}"\n\n[population]\ndescription = "simulated"\ncondition = "CRPS"\n\n'
        '[treatment]\ndescription = "simulated"\n\n[cohort]\nfile = "cohort.csv"\n'
    )


def _keep_records() -> None:
    """Record estimates of some patients where the commands of this folder look for them."""
    settings = RecordSettings.from_environ(os.environ)
    assert settings is not None
    with closing(open_store(settings)) as store:
        store.write([*make_estimates(2), *make_estimates(1, pseudonym="P-0418")])


def _report_outcomes(_: Shell) -> None:
    Path("outcomes.csv").write_text("patient_id,nrs_t1\nP-0418,4\n")


def _walk_records(shell: Shell) -> None:
    _keep_records()
    _report_outcomes(shell)


def _run_a_hospital(shell: Shell) -> None:
    """Have a model, its review and some records, kept by the keys that were just named."""
    _register("crps", 1)
    _keep_records()
    added = ["review", "user", "add", "anna", "--name", "Anna Author", "--role", "author"]
    opened = ["review", "open", "crps", "--by", "anna", "--comment", "ready"]
    key = ["access", "key", "add", "ward-7", "--scope", "estimate"]
    for words in (added, opened, key):
        done = CliRunner().invoke(app, words, input=f"{PASSWORD}\n" * 2)
        assert done.exit_code == 0, done.output
    _name_newest(shell)


def _go_on_restored(shell: Shell) -> None:
    """See that all is there in the folder restored, and that it goes on without the one before."""
    lost = shell.folder / "data"  # whatever it is called, as long as nothing finds it
    lost.mkdir()
    (shell.folder / "ketresponse-home").rename(lost / "home")
    (shell.folder / "keys").rename(lost / "keys")
    settings = RecordSettings.from_environ(os.environ)
    assert settings is not None and settings.file is not None
    assert settings.file.resolve().parents[1] == shell.folder / "restored" == Path().resolve()
    with closing(open_store(settings)) as store:
        assert len(store.read(pseudonym="P-0417")) == 2
        store.write(make_estimates(1))
        assert store.count()["estimates"] == 4
    assert (Path() / "access.json").is_file()
    kinds = [event.kind for event in make_desk(os.environ).log.read()]
    assert kinds == ["account", "open"]
    (model,) = list_models(tracking_uri=find_tracking_uri(os.environ))
    assert read_facts(locate(model.name, model.version, tracking_uri=find_tracking_uri(os.environ)))


def _walk_operations(shell: Shell) -> None:
    shell.before = {
        "mkdir -p backup": _run_a_hospital,
        "ketresponse review verify": _go_on_restored,
        "ketresponse outcomes": _report_outcomes,
    }


def _walk_anywhere(shell: Shell) -> None:
    shutil.copytree(PROJECT / "docs", "docs")


def _walk_flower(_: Shell) -> None:
    """Have what lead and centre of a network have before its first round."""
    write_table(make_cohort(50, seed=3).table, Path("cohort.parquet"))
    Path("network.toml").write_bytes(sign_protocol(TEXT.encode(), LEAD, "network.toml"))
    for name, key in (("lead", LEAD), ("centre", KEYS["basel"])):
        write_bytes(key.to_pem(), Path(f"{name}.pem"), private=True)


STAGES: dict[str, Callable[[Shell], None]] = {
    "README.md": _walk_readme,
    "docs/mapping.md": _walk_mapping,
    "docs/describe.md": _walk_description,
    "docs/panel.md": _walk_panel,
    "docs/review.md": _walk_review,
    "docs/model_card.md": _walk_card,
    "docs/monitoring.md": _walk_monitoring,
    "docs/network_flower.md": _walk_flower,
    "docs/operations.md": _walk_operations,
    "docs/records.md": _walk_records,
}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "document", [name for name in FILES if _read_blocks(name) and name != WITH_A_SERVER]
)
def test_what_is_to_be_typed_does_what_it_says(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("KETRESPONSE_")]:
        monkeypatch.delenv(name)
    # The same place by its whole name: MLflow keeps a store open by what it is called.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setattr(accounts, "_COST", {"n": 2, "r": 1, "p": 1})
    shell = Shell(folder, monkeypatch)
    STAGES.get(document, _walk_anywhere)(shell)
    for block in _read_blocks(document):
        for line in block:
            shell.type(line)
    assert _list_addable(folder) <= {"study.toml", "mapping.toml", "docs/"}


def _list_addable(folder: Path) -> set[str]:
    """Return what `git add` would take of a folder, were it the project's."""
    shutil.copy(PROJECT / ".gitignore", folder)
    for words in (["init", "-q"], ["add", ".gitignore"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    asked = ["git", "status", "--porcelain"]
    told = subprocess.run(asked, cwd=folder, check=True, capture_output=True, text=True).stdout
    return {line[3:] for line in told.splitlines() if line.startswith("??")}


@pytest.mark.parametrize("document", FILES)
def test_no_block_of_commands_goes_without_being_run(document: str) -> None:
    others = [block for language, block in _list_fences(FILES[document]) if language != "sh"]
    assert not [block for block in others if re.search(r"^(ketresponse|make|curl) ", block, re.M)]
