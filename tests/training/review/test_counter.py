"""Which record of a review was seen last."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.review import counter
from training.review.counter import find_counter, find_newer, name_model, note_entry


def test_it_only_rises(tmp_path: Path) -> None:
    file = tmp_path / "new" / "review.seen"
    assert find_newer(file, ["pilot"], 0) is None
    for entry in (5, 3):
        assert note_entry(file, "pilot", entry)
    assert note_entry(file, "other", 1)
    assert find_newer(file, ["pilot"], 4) == find_newer(file, ["other", "pilot"], 4) == 5
    assert find_newer(file, ["pilot"], 5) is None
    assert [path.name for path in file.parent.iterdir()] == ["review.seen"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"pilot": "many"}'])
def test_what_is_damaged_is_written_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "review.seen"
    file.write_bytes(content)
    assert find_newer(file, ["pilot"], 0) is None
    assert note_entry(file, "pilot", 2)
    assert find_newer(file, ["pilot"], 1) == 2


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not note_entry(tmp_path / "file" / "review.seen", "pilot", 2)


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    key = {"KETRESPONSE_REVIEW_PUBLIC_KEY": "/etc/k/review.pub"}
    assert find_counter(key, folder) == Path("/etc/k/review.seen")
    assert find_counter({**key, "KETRESPONSE_REVIEW_SEEN": "/var/x"}, folder) == Path("/var/x")
    brought = tmp_path / "review.pub"
    brought.touch()
    monkeypatch.setattr(counter, "IN_BENTO", brought)
    monkeypatch.setattr("training.review.signature.IN_BENTO", brought)
    found = find_counter({"XDG_STATE_HOME": "/state"}, folder)  # a bento is no place to write to
    assert found == Path("/state/ketresponse/review.seen")


def test_a_model_is_told_by_its_name_and_its_bytes() -> None:
    assert name_model({"model": "pilot:1", "digests": {"model": "a" * 64}}) == f"pilot:1 {'a' * 16}"
