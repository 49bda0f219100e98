"""`ketresponse card`, as an author and a reviewer use it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ketresponse import app
from tests.training.helpers.cards import full_author, small_facts, small_results
from tests.training.helpers.examples import make_facts, make_model
from training.card.author import make_author_template
from training.card.card import read_card
from training.card.schema import Change
from training.store.artifact import read_facts, save_model
from training.store.registered import locate
from training.store.registry import register
from training.store.results import Results, write_results
from training.store.tracking import RunRecord, track_run


def _card(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["card", *arguments])


@pytest.fixture
def author(tmp_path: Path) -> Path:
    """Write a full author's file."""
    text = make_author_template().replace("authors = []", 'authors = ["alice"]')
    for key, answer in full_author().items():
        if isinstance(answer, str):
            inner = key.partition(".")[2]
            text = text.replace(f'\n{inner} = ""', f"\n{inner} = {json.dumps(answer)}")
    path = tmp_path / "card.toml"
    path.write_text(text)
    return path


@pytest.fixture
def store(tmp_path: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Register two versions of a small model, each with its run's results."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    monkeypatch.chdir(tmp_path)
    results, own = small_results(), small_facts()
    facts = dataclasses.replace(
        make_facts(name="small"), study_sha256=own.study_sha256, cohort_sha256=own.cohort_sha256
    )
    for version in (1, 2):
        results["study"]["seed"] = version
        folder = tmp_path / f"files{version}"
        folder.mkdir()
        write_results(Results.model_validate(results), folder)
        run_id = track_run(RunRecord("small", files=folder), tracking_uri=tracking_uri)
        model = make_model(seed=version)
        register(run_id, model, facts, name="small", tracking_uri=tracking_uri)
    return tracking_uri


def test_an_author_is_led_from_the_template_to_a_card(store: str, author: Path) -> None:
    assert _card("template", "--out", "empty.toml").exit_code == 0
    listed = _card("check", "small:1", "--card", "empty.toml")
    assert listed.exit_code == 2
    assert "openness.funding" in listed.output
    assert "HTI-1 details.funding" in listed.output
    made = _card("make", "small:1", "--card", str(author), "--out", "out")
    assert made.exit_code == 0, made.output
    folder = locate("small", 1, tracking_uri=store)
    card = read_card(folder)
    assert card.authors == ("alice",)
    assert card.sha256 in made.output
    assert card.sha256 in (folder / "card.html").read_text()
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "card.html",
        "card.json",
        "card.md",
    ]
    facts, digest = read_facts(folder)
    assert card.body.model.digest == digest
    assert facts.card_sha256 == card.sha256  # what each answer of the model names
    checked = _card("check", "small:1")
    assert checked.exit_code == 0, checked.output
    assert "Complete" in checked.output
    assert "fail  9. validation in other patients" in checked.output


def test_a_second_version_tells_what_changed_since_the_first(store: str, author: Path) -> None:
    for version in ("1", "2"):
        assert _card("make", f"small:{version}", "--card", str(author)).exit_code == 0
    parent = read_card(locate("small", 2, tracking_uri=store)).body.parent
    assert parent is not None
    assert parent.model == "small:1"
    assert parent.card_sha256 == read_card(locate("small", 1, tracking_uri=store)).sha256
    assert Change(part="model", what="seed", before="1", after="2") in parent.changes
    told = json.loads(_card("diff", "small:1", "small:2", "--json").stdout)
    assert told["changes"] == [change.to_json() for change in parent.changes]
    assert "seed" in _card("diff", "small:1", "small:2").stdout


def test_a_draft_is_not_kept_with_the_model(store: str, author: Path) -> None:
    made = _card("make", "small:1", "--card", str(author), "--out", "draft", "--draft")
    assert made.exit_code == 0, made.output
    assert not (locate("small", 1, tracking_uri=store) / "card.json").exists()
    assert "In plain words" in _card("show", "draft/card.json").stdout
    refused = _card("make", "small:1", "--card", str(author), "--draft")
    assert refused.exit_code != 0


def test_a_folder_far_from_its_run_is_given_the_results(
    tmp_path: Path, author: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = small_facts()
    facts = make_facts(study_sha256=own.study_sha256, cohort_sha256=own.cohort_sha256)
    save_model(tmp_path / "model", make_model(), facts)
    alone = _card("make", "model", "--card", str(author))
    assert alone.exit_code != 0
    results = write_results(Results.model_validate(small_results()), tmp_path)
    made = _card("make", "model", "--card", str(author), "--results", str(results))
    assert made.exit_code == 0, made.output
    assert read_card(tmp_path / "model").subject == "example:unregistered"


def test_a_model_without_a_card_says_how_to_get_one(store: str) -> None:
    shown = _card("show", "small:1")
    assert shown.exit_code != 0
    assert "card make" in shown.stderr


def test_the_template_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text("mine")
    assert _card("template", "--out", str(path)).exit_code != 0
    assert path.read_text() == "mine"
    assert _card("template", "--out", str(path), "--force").exit_code == 0
