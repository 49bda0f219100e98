from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from features.errors import NotEnoughData, Refused
from features.files.table import write_table
from features.simulation.cohort import make_cohort
from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_signed
from training.network.answering import PreparedShare
from training.network.flower import replying
from training.network.flower.replying import REFUSALS, HomeAnswer, answer_round
from training.network.protocol.envelope import open_round, seal_round
from training.network.protocol.protocol import sign_protocol


def ask(round_: int, previous: str = "", **content: object) -> bytes:
    """Return a round that asks for nothing."""
    told = {"round": round_, "outcomes": {}} | content
    given = {"protocol": PROTOCOL, "key": LEAD, "shares": {}, "previous": previous}
    return seal_round(told, {}, round_=round_, **given)  # type: ignore[arg-type]


PROTOCOL = make_signed()
SECOND = ask(2)
THIRD = ask(3, open_round(SECOND, "second").sha256)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, object]:
    """Return the settings of a centre whose files are as they should be."""
    (tmp_path / "network.toml").write_bytes(sign_protocol(TEXT.encode(), LEAD, "network.toml"))
    write_table(make_cohort(30, seed=2).table, tmp_path / "cohort.csv")
    (tmp_path / "key.pem").touch(0o600)
    (tmp_path / "key.pem").write_bytes(KEYS["basel"].to_pem())
    files = {"protocol": "network.toml", "cohort": "cohort.csv", "key": "key.pem", "folder": "kept"}
    told: dict[str, object] = {name: str(tmp_path / file) for name, file in files.items()}
    return told | {"agreement": "protocol"}


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what shares were made from; what they hold is made elsewhere, and tested there."""
    made: list[dict[str, Any]] = []

    def prepare(*_: object, **given: Any) -> PreparedShare:
        made.append(given)
        name = f"basel_round_{given['round_']}.json"
        return PreparedShare(name, f"share {len(made)}".encode(), None)  # type: ignore[arg-type]

    monkeypatch.setattr(replying, "prepare_share", prepare)
    return made


def test_a_share_is_kept_and_goes_out_as_it_is_kept(
    home: dict[str, object], prepared: list[dict[str, Any]]
) -> None:
    assert answer_round(lambda: home, 1, b"") == HomeAnswer(share=b"share 1")
    kept = Path(str(home["folder"]))
    assert (kept / "shares" / "basel_round_1.json").read_bytes() == b"share 1"
    assert answer_round(lambda: home, 2, SECOND) == HomeAnswer(share=b"share 2")
    assert (kept / "rounds" / "round_2.json").read_bytes() == SECOND
    assert answer_round(lambda: home, 3, THIRD) == HomeAnswer(share=b"share 3")
    assert [*prepared[2]["rounds"].values()] == [SECOND, THIRD]
    assert [*prepared[2]["earlier"].values()] == [b"share 1", b"share 2"]


def test_a_round_is_answered_once(
    home: dict[str, object], prepared: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    for round_, asked in ((1, b""), (2, SECOND)):
        first = answer_round(lambda: home, round_, asked)
        assert answer_round(lambda: home, round_, asked) == first
    other = answer_round(lambda: home, 2, ask(2, dropped={"aachen": "another place to ask at"}))
    assert other == HomeAnswer(refused="input")
    assert "expected the file of this round that came first" in caplog.text
    assert len(prepared) == 2


def test_what_was_answered_later_is_known_where_a_share_is_no_longer_there(
    home: dict[str, object], prepared: list[dict[str, Any]]
) -> None:
    answer_round(lambda: home, 1, b"")
    answer_round(lambda: home, 2, SECOND)
    Path(str(home["folder"]), "shares", "basel_round_1.json").unlink()
    answer_round(lambda: home, 1, b"")
    assert [*prepared[2]["earlier"].values()] == [b"share 2"]


def test_a_round_that_is_not_the_leads_is_not_kept(
    home: dict[str, object], prepared: list[dict[str, Any]]
) -> None:
    answer_round(lambda: home, 1, b"")
    for asked in (b"{}", SECOND.replace(b'"round": 2', b'"round": 3'), THIRD):
        assert answer_round(lambda: home, 2, asked) == HomeAnswer(refused="input")
    assert not Path(str(home["folder"]), "rounds").exists()
    assert len(prepared) == 1


@pytest.mark.parametrize(
    ("round_", "asked"),
    [(0, b""), (99, b""), (True, b""), ("1.json/../../../elsewhere", b""), (2, "text")],
)
def test_no_file_is_named_after_what_is_no_round(
    home: dict[str, object], prepared: list[dict[str, Any]], round_: Any, asked: Any
) -> None:
    kept = Path(str(home["folder"]))
    (kept / "shares").mkdir(parents=True)
    (kept.parent / "elsewhere.json").write_text("{}")
    assert answer_round(lambda: home, round_, asked) == HomeAnswer(refused="input")
    assert [*(kept / "shares").iterdir()] == prepared == []


def test_where_each_share_is_agreed_to_the_node_sends_what_people_have_written(
    home: dict[str, object], prepared: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    home["agreement"] = "each"
    assert answer_round(lambda: home, 2, SECOND) == HomeAnswer(refused="waiting")
    assert "ketresponse network share --round 2" in caplog.text
    kept = Path(str(home["folder"]))
    assert (kept / "rounds" / "round_2.json").read_bytes() == SECOND
    assert prepared == []
    (kept / "shares").mkdir()
    (kept / "shares" / "basel_round_2.json").write_bytes(b"as it was agreed to")
    assert answer_round(lambda: home, 2, SECOND) == HomeAnswer(share=b"as it was agreed to")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (NotEnoughData("of 4 patients"), "not_enough"),
        (Refused("of 4 patients"), "refused"),
        (ValueError("a patient aged forty"), "failed"),
    ],
)
def test_only_a_word_of_what_went_wrong_leaves(
    home: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    word: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(replying, "prepare_share", fail)
    assert answer_round(lambda: home, 1, b"") == HomeAnswer(refused=word)
    assert word in REFUSALS
    assert not Path(str(home["folder"]), "shares").exists()
    assert "forty" not in caplog.text
    assert ("test_replying.py, line" in caplog.text) == (word == "failed")


def test_settings_that_are_wrong_are_told_at_home(
    home: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    assert answer_round(lambda: home | {"cohort": "nowhere.csv"}, 1, b"") == HomeAnswer(
        refused="input"
    )
    assert "cohort: expected a file on this machine" in caplog.text
    caplog.clear()
    Path(str(home["key"])).write_bytes(KEYS["basel"].to_pem("a passphrase"))
    assert answer_round(lambda: home, 1, b"") == HomeAnswer(refused="input")
    assert "nobody is there to type it" in caplog.text


def test_mapping_and_panel_are_read_where_a_node_is_told_of_them(
    home: dict[str, object], prepared: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(replying, "read_centre_patients", lambda *_, **told: given.append(told))
    answer_round(lambda: home, 1, b"")
    for name in ("mapping", "panel"):
        path = Path(str(home["cohort"])).with_name(name)
        path.touch()
        home[name] = str(path)
    answer_round(lambda: home, 2, SECOND)
    assert given == [
        {"mapping": None, "panel": None},
        {name: Path(str(home[name])) for name in ("mapping", "panel")},
    ]
    assert len(prepared) == 2


def test_a_first_share_is_what_its_own_program_makes_of_its_files(home: dict[str, object]) -> None:
    told = json.loads(answer_round(lambda: home, 1, b"").share)
    assert (told["centre"], told["round"]) == ("basel", 1)
    assert told["protocol"] == PROTOCOL.sha256
