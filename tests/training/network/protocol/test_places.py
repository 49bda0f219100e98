from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pytest

from features.errors import InputError
from training.network.protocol.places import FilePlace, find_place_of, read_files


@pytest.fixture(params=["folder", "address", "store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> FilePlace:
    if request.param == "folder":
        return FilePlace(str(tmp_path / "shares"))
    if request.param == "address":
        return FilePlace((tmp_path / "shares").as_uri())
    return FilePlace(f"memory://{uuid.uuid4().hex}/shares")


def test_a_file_is_written_and_read_back_and_never_replaced_by_accident(place: FilePlace) -> None:
    assert not place.holds("a.json")
    place.check_free("a.json")
    place.write(b"one", "a.json")
    place.write(b"two", "b.json")
    assert place.holds("a.json") and place.read("a.json") == b"one"
    for again in (lambda: place.write(b"new", "a.json"), lambda: place.check_free("a.json")):
        with pytest.raises(InputError, match=r"a\.json is there already"):
            again()
    place.write(b"new", "a.json", force=True)
    assert place.read("a.json") == b"new"
    assert place.list_files() == ["a.json", "b.json"]
    assert read_files([place.address]) == {
        place.name("a.json"): b"new",
        place.name("b.json"): b"two",
    }
    assert read_files([place.name("b.json")]) == {place.name("b.json"): b"two"}


def test_what_is_not_there_is_told(place: FilePlace) -> None:
    with pytest.raises(InputError, match=r"a\.json does not exist"):
        place.read("a.json")
    with pytest.raises(InputError, match="no share in"):
        read_files([place.address])


def test_nothing_is_left_of_a_file_that_could_not_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = FilePlace(f"memory://{uuid.uuid4().hex}")
    store = fsspec.filesystem("memory")

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(store), "mv", fail)
    with pytest.raises(InputError, match="cannot be reached: OSError: disk full"):
        place.write(b"one", "a.json")
    assert store.find(place.address) == []


def test_what_others_have_written_since_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores such as S3 remember what a folder holds until they are told to look again."""
    store = fsspec.filesystem("memory")
    kind, look, seen = type(store), store.glob, {}
    monkeypatch.setattr(
        kind,
        "glob",
        lambda _, path: seen[path] if path in seen else seen.setdefault(path, look(path)),
    )
    monkeypatch.setattr(kind, "invalidate_cache", lambda *_: seen.clear())
    name = uuid.uuid4().hex
    place = FilePlace(f"memory://{name}")
    place.write(b"one", "a.json")
    assert place.list_files() == ["a.json"]
    store.pipe_file(f"/{name}/b.json", b"another's")
    assert place.list_files() == ["a.json", "b.json"]


def test_a_store_that_nobody_knows_is_told() -> None:
    with pytest.raises(InputError, match="nowhere://x cannot be reached"):
        FilePlace("nowhere://x").holds("a.json")


@pytest.mark.parametrize(
    ("address", "folder", "file"),
    [
        ("a.json", ".", "a.json"),
        ("x/a.json", "x", "a.json"),
        ("s3://bucket/x/a.json", "s3://bucket/x", "a.json"),
    ],
)
def test_a_file_has_a_place(address: str, folder: str, file: str) -> None:
    place, name = find_place_of(address)
    assert (place.address, name) == (folder, file)
