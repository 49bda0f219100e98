from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import KetresponseError
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.runs import run_id as run_id
from tests.training.helpers.runs import track
from training.store import registered
from training.store.artifact import load_model, write_release
from training.store.registered import find_folder, list_models, locate
from training.store.registry import register

MODEL = make_model()
FACTS = make_facts()


def test_what_is_not_there_is_told_with_what_is(tracking_uri: str, tmp_path: Path) -> None:
    for name in ("b", "a", "a"):
        register(track(tracking_uri, tmp_path), MODEL, FACTS, name=name, tracking_uri=tracking_uri)
    with pytest.raises(KetresponseError, match="no registered model is called 'c'; known: a, b"):
        locate("c", tracking_uri=tracking_uri)
    with pytest.raises(KetresponseError, match="a has no version 3; it has 2, 1"):
        locate("a", 3, tracking_uri=tracking_uri)


def test_another_model_in_the_place_of_the_registered_one_is_refused(
    tracking_uri: str, tmp_path: Path
) -> None:
    register(track(tracking_uri, tmp_path), MODEL, FACTS, name="a", tracking_uri=tracking_uri)
    register(
        track(tracking_uri, tmp_path),
        make_model(seed=1),
        FACTS,
        name="b",
        tracking_uri=tracking_uri,
    )
    a, b = locate("a", tracking_uri=tracking_uri), locate("b", tracking_uri=tracking_uri)
    shutil.rmtree(a)
    shutil.copytree(b, a)
    with pytest.raises(KetresponseError, match="not the one that was registered; do not use it"):
        locate("a", tracking_uri=tracking_uri)


def test_files_that_have_gone_are_told(run_id: str, tracking_uri: str, tmp_path: Path) -> None:
    register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    shutil.rmtree(tmp_path / "mlartifacts")
    with pytest.raises(KetresponseError, match="cannot fetch pilot version 1"):
        locate("pilot", tracking_uri=tracking_uri)


def test_a_later_release_leaves_the_registration_valid(run_id: str, tracking_uri: str) -> None:
    facts = make_facts(synthetic=False, status="research")
    register(run_id, MODEL, facts, name="pilot", tracking_uri=tracking_uri)
    folder = locate("pilot", tracking_uri=tracking_uri)
    write_release(folder, replace(load_model(folder).facts, status="approved"))
    assert load_model(locate("pilot", tracking_uri=tracking_uri)).facts.status == "approved"


def test_a_model_is_found_by_folder_or_by_name(run_id: str, tracking_uri: str) -> None:
    register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    folder = locate("pilot", tracking_uri=tracking_uri)
    for name in ("pilot", "pilot:1", str(folder)):
        assert find_folder(name, tracking_uri=tracking_uri) == folder
    with pytest.raises(KetresponseError, match="there is no folder models/pilot"):
        find_folder("models/pilot", tracking_uri=tracking_uri)
    with pytest.raises(KetresponseError, match="pilot has no version '2'"):
        find_folder("pilot:2", tracking_uri=tracking_uri)


@pytest.mark.parametrize("asked", [False, True])
def test_a_list_is_the_same_whoever_reads_it(
    run_id: str, tracking_uri: str, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    made = register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    if asked:  # as for a store that is not on this machine
        monkeypatch.setattr(registered, "read_versions", lambda _: None)
        monkeypatch.setattr(registered, "find_run_files", lambda *_: None)
    assert list_models(tracking_uri=tracking_uri) == [made]
    folder = locate("pilot", tracking_uri=tracking_uri)
    assert load_model(folder).digest == made.digest
