"""The log is committed first, and everything else follows: killed between any two writes."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import KetresponseError
from tests.training.helpers.killed import restore, run_killed
from tests.training.helpers.reviews import ADMIN, AUTHOR, FIRST, SECOND, make_case
from tests.training.review.test_desk import add_model
from training.review import review_log, telling
from training.review.desk import Desk
from training.review.review_log import ReviewLog
from training.review.seal import read_annex
from training.review.standing import find_approved
from training.review.telling import make_tags
from training.store.registered import locate


@pytest.fixture
def desk(tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk with one model that one reviewer has approved; its pages are short."""

    def write_pages(card: object, folder: Path, **_: object) -> list[Path]:
        (folder / "card.md").write_text("the card")
        return [folder / "card.md"]

    monkeypatch.setattr(telling, "write_pages", write_pages)
    log = ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "review.key")
    desk = Desk(log, tracking_uri=tracking_uri)
    add_model(desk)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    desk.act("approve", FIRST, "pilot", comment="read")
    return desk


def _try_each_point(
    desk: Desk,
    root: Path,
    step: Callable[[], object],
    told: dict[int, tuple[object, ...]],
    every: int = 1,
) -> list[str]:
    """Kill a step before each of its writes; all stores agree after the next command."""
    kept = root.with_name(f"{root.name}-kept")
    shutil.copytree(root, kept)

    labels = run_killed(step, root, None)
    for at in range(0, len(labels), every):
        restore(kept, root)
        assert run_killed(step, root, at) == labels[:at]
        entries = len(desk.log.read())
        folder = locate("pilot", "1", tracking_uri=desk.tracking_uri)
        desk.queue()  # the next command
        annex = read_annex(folder)
        assert annex is not None
        alias = find_approved("pilot", tracking_uri=desk.tracking_uri)
        assert (annex["standing"], alias) == told[entries], labels[at]
        assert not desk.log.has_pending
    assert desk.verify() == []
    return labels


def test_killed_at_any_point_of_an_approval_all_stores_agree_after_the_next_command(
    desk: Desk, tmp_path: Path
) -> None:
    labels = _try_each_point(
        desk,
        tmp_path,
        lambda: desk.act("approve", SECOND, "pilot", comment="so did I"),
        {2: ("in review", None), 3: ("approved", "1")},
    )
    # The log first: before its COMMIT nothing else was written.
    committed = labels.index("log COMMIT COMMIT")
    apart = ("log ", "open /home/review.db", "open /out/review.key.heads", "os.mkdir")
    assert [label for label in labels[:committed] if not label.startswith(apart)] == []
    assert [label for label in labels[committed:] if label.endswith("review.json.part")]
    assert sum(label == "registry commit" for label in labels) >= 8


def test_killed_at_a_fifth_of_the_points_of_a_withdrawal_all_stores_agree_after_the_next_command(
    desk: Desk, tmp_path: Path
) -> None:
    desk.act("approve", SECOND, "pilot", comment="so did I")
    _try_each_point(
        desk,
        tmp_path,
        lambda: desk.act("withdraw", ADMIN, "pilot", comment="a coding error"),
        {3: ("approved", "1"), 4: ("withdrawn", None)},
        every=5,
    )


@pytest.mark.parametrize("part", ["log", "heads"])
def test_while_another_connection_reads_nothing_is_announced_that_is_not_committed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(review_log, "_WAIT_SECONDS", 0.1)
    held = desk.log.file if part == "log" else desk.log.key_file.with_name("review.key.heads")
    folder = locate("pilot", "1", tracking_uri=desk.tracking_uri)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with closing(sqlite3.connect(held, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM sqlite_master").fetchall()
        with pytest.raises(KetresponseError, match=r"locked; another program holds it: nothing"):
            desk.act("approve", SECOND, "pilot", comment="so did I")
        assert find_approved("pilot", tracking_uri=desk.tracking_uri) is None
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert [event.kind for event in desk.log.read()] == ["open", "approve"]
    assert desk.act("approve", SECOND, "pilot", comment="so did I").standing == "approved"
    assert desk.verify() == []


def test_a_registry_that_cannot_be_told_is_told_by_the_next_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise KetresponseError("the registry cannot be reached")

    with monkeypatch.context() as broken:
        broken.setattr(telling, "write_standing", fail)
        with pytest.raises(KetresponseError) as caught:
            desk.act("approve", SECOND, "pilot", comment="so did I")
        assert str(caught.value) == (
            "approve of pilot:1 is written in the review log (entry 3) and counts, but not "
            "everything else could be told: the registry cannot be reached; the next command "
            "tries again"
        )
        assert "entry 3 is written down, and not everything could be told" in desk.verify()[0]
        assert desk.read("pilot").standing == "approved"
    assert find_approved("pilot", tracking_uri=desk.tracking_uri) is None
    assert desk.queue()[0][1] == "approved"
    assert find_approved("pilot", tracking_uri=desk.tracking_uri) == "1"
    assert desk.verify() == []


def test_telling_twice_changes_nothing(desk: Desk) -> None:
    folder = locate("pilot", "1", tracking_uri=desk.tracking_uri)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    events = desk.log.read()
    telling.tell_of(desk.read("pilot"), events, desk.log, tracking_uri=desk.tracking_uri)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after == before
    assert os.listdir(desk.home) == ["review.db"]


def test_tags_of_what_is_not_approved_are_taken_away() -> None:
    case = make_case(("open", AUTHOR), ("approve", FIRST), ("approve", SECOND))
    told = make_tags(case)
    assert (told["review"], told["approved_by"]) == ("approved", "berta, carl")
    assert told["approved.model"] == "m" * 64
    assert make_tags(replace(case, digests=replace(case.digests, code="9" * 64))) == told
    case = make_case(("open", AUTHOR), ("approve", FIRST))
    assert make_tags(case) == {
        "review": "in review",
        "scope": "",
        "approved_by": "berta",
        **dict.fromkeys(("approved.model", "approved.data", "approved.card", "approved.code"), ""),
    }
