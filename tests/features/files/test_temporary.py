from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from features.files.temporary import clear_left, temporary_folder
from features.processes import mark_process

GONE = replace(mark_process(), started=1)


def test_a_folder_is_its_owners_and_goes_with_the_block(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_folders_of_killed_processes_are_cleared_and_no_others(tmp_path: Path) -> None:
    left = tmp_path / f"ketresponse-{GONE}-x1y2"
    elsewhere = tmp_path / f"ketresponse-{replace(GONE, host='elsewhere')}-x1y2"
    other_use = tmp_path / f".saving-{GONE}-x1y2"
    not_ours = tmp_path / "ketresponse-a-b-c-d"
    for folder in (left, elsewhere, other_use, not_ours):
        (folder / "inside").mkdir(parents=True)
    target = tmp_path / "target"
    target.mkdir()
    link = tmp_path / f"ketresponse-{GONE}-link"
    link.symlink_to(target)
    with temporary_folder(tmp_path), temporary_folder(tmp_path):
        assert clear_left(tmp_path) == []  # neither of the two that are in use
        assert len(list(tmp_path.glob(f"ketresponse-{mark_process()}-*"))) == 2
    assert set(tmp_path.iterdir()) == {elsewhere, other_use, not_ours, target, link}


def test_a_place_that_is_not_there_is_an_error_as_ever(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), temporary_folder(tmp_path / "none"):
        pytest.fail("it was made")
