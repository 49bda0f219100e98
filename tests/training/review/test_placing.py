"""What is staged is put in its place by renaming, as often as it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.helpers.examples import make_facts, make_model
from training.approval.case import Event
from training.review.placing import MODEL, ReleasePlace, find_released, list_places, put_files
from training.store.artifact import save_model

AT = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def place(tmp_path: Path) -> ReleasePlace:
    place = ReleasePlace(
        tmp_path / "released" / "pilot", tmp_path / "bento" / "models" / "pilot" / "2"
    )
    for folder, word in ((place.staged, "project"), (place.staged_model, "model")):
        folder.mkdir(parents=True)
        (folder / "file").write_text(word)
    return place


def _release(number: int, place: ReleasePlace, home: Path) -> Event:
    details = {"place": place.to_details(home)}
    return Event(number, AT, "release", f"pilot:{number}", "x", "", details)


def test_what_was_there_gives_way_and_nothing_staged_is_left(place: ReleasePlace) -> None:
    place.folder.mkdir()
    (place.folder / "old").touch()
    for _ in range(2):  # a second time changes nothing
        place.finish()
        assert [path.name for path in place.folder.iterdir()] == ["file"]
        assert (place.folder / "file").read_text() == "project"
        assert (place.stored / "file").read_text() == "model"
        assert (place.stored.parent / "latest").read_text() == "2"
        assert [path.name for path in place.folder.parent.iterdir()] == ["pilot"]
        assert [path.name for path in place.stored.parents[2].iterdir()] == ["models"]


def test_what_was_set_aside_before_a_stop_is_finished(place: ReleasePlace) -> None:
    place.folder.mkdir()
    place.folder.rename(place.staged.with_name("old"))
    place.finish()
    assert (place.folder / "file").read_text() == "project"


def test_what_is_discarded_or_swept_is_gone_and_nothing_else(place: ReleasePlace) -> None:
    other = ReleasePlace(place.folder, place.stored)
    other.staged.mkdir(parents=True)
    kept = ReleasePlace(place.folder, place.stored)
    kept.staged_model.mkdir(parents=True)
    place.sweep([kept.token])
    assert place.staged.exists() and kept.staged_model.exists() and not other.staged.exists()
    place.discard()
    assert not place.staged.parent.exists() and not place.staged_model.parent.exists()


def test_places_within_the_home_of_reviews_move_with_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    place = ReleasePlace(home / "released" / "pilot", Path("/srv/bento/models/pilot/1"))
    assert place.to_details(home) == {
        "folder": "released/pilot",
        "stored": "/srv/bento/models/pilot/1",
        "token": place.token,
    }
    moved = ReleasePlace.of(_release(1, place, home), tmp_path / "moved")
    assert moved is not None
    assert moved.folder == tmp_path / "moved" / "released" / "pilot"
    assert ReleasePlace.of(Event(1, AT, "release", "pilot:1", "x", "to /srv"), home) is None


def test_a_folder_holds_what_was_released_there_last(tmp_path: Path) -> None:
    first, second = (ReleasePlace(tmp_path / "a", tmp_path / "m" / "p" / str(n)) for n in (1, 2))
    elsewhere = ReleasePlace(tmp_path / "b", tmp_path / "m" / "p" / "2")
    releases = (first, second, elsewhere)
    events = [_release(n, each, tmp_path) for n, each in enumerate(releases, 1)]
    events.append(Event(4, AT, "approve", "pilot:2", "x", ""))
    found = list_places(events, tmp_path)
    assert {folder.name: event.number for folder, (event, _) in found.items()} == {"a": 2, "b": 3}


def test_which_of_its_folders_hold_a_model(tmp_path: Path) -> None:
    place = ReleasePlace(tmp_path / "pilot", tmp_path / "bento" / "models" / "pilot" / "2")
    save_model(place.folder / MODEL, make_model(), make_facts(name="pilot", version="2"))
    assert place.holds("pilot:2") == [place.folder / MODEL]
    assert place.holds("pilot:1") == []


def test_files_are_put_whole(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("old")
    for name in ("a", "b"):
        (tmp_path / name).write_text("new")
    put_files([tmp_path / "a", tmp_path / "b"], folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "new", "b": "new"}


def test_a_version_is_found_in_the_store_where_another_took_its_place(tmp_path: Path) -> None:
    home, store = tmp_path / "home", tmp_path / "m" / "pilot"
    places = [ReleasePlace(home / "pilot", store / version) for version in ("1", "2", "2")]
    save_model(places[0].stored, make_model(), make_facts(name="pilot", version="1"))
    for folder in (home / "pilot" / MODEL, places[1].stored):
        save_model(folder, make_model(), make_facts(name="pilot", version="2"))
    events = [_release(number, place, home) for number, place in enumerate(places, 1)]
    assert find_released(events, home, "pilot:1") == [store / "1"]
    assert find_released(events, home, "pilot:2") == [home / "pilot" / MODEL, store / "2"]
