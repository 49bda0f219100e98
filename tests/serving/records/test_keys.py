from __future__ import annotations

import stat
from pathlib import Path

import pytest

from features.errors import KetresponseError
from serving.records.keys import KeyRing, make_key_file, read_keys, write_keys

VALUE = {"nrs_t0": 7.25, "word": "Zyxxwort"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "records.key"


@pytest.fixture
def ring(path: Path) -> KeyRing:
    return make_key_file(path)


def test_what_is_sealed_comes_back_and_cannot_be_read(ring: KeyRing) -> None:
    sealed = ring.seal(VALUE, "estimates", "r1")
    assert ring.unseal(sealed, "estimates", "r1") == VALUE
    assert b"Zyxxwort" not in sealed
    assert sealed != ring.seal(VALUE, "estimates", "r1")


@pytest.mark.parametrize("belongs", [("estimates", "r2"), ("outcomes", "r1")])
def test_a_value_moved_to_another_row_or_table_is_found(
    ring: KeyRing, belongs: tuple[str, ...]
) -> None:
    sealed = ring.seal(VALUE, "estimates", "r1")
    with pytest.raises(KetresponseError, match="not as it was written"):
        ring.unseal(sealed, *belongs)


@pytest.mark.parametrize("place", [2, 14, -1])
def test_a_changed_value_is_found(ring: KeyRing, place: int) -> None:
    changed = bytearray(ring.seal(VALUE, "estimates", "r1"))
    changed[place] ^= 1
    with pytest.raises(KetresponseError, match="not as it was written"):
        ring.unseal(bytes(changed), "estimates", "r1")


def test_a_value_cut_short_is_found(ring: KeyRing) -> None:
    sealed = ring.seal(VALUE, "estimates", "r1")
    for length in (0, 1, 2, 10, 20):
        with pytest.raises(KetresponseError):
            ring.unseal(sealed[:length], "estimates", "r1")


def test_a_pseudonym_hashes_alike_for_ever_and_differently_elsewhere(
    ring: KeyRing, tmp_path: Path
) -> None:
    other = make_key_file(tmp_path / "other.key")
    found = ring.hash_pseudonym("P-1")
    assert found == ring.with_new_key().without_older().hash_pseudonym(" P-1 ")
    assert len({found, ring.hash_pseudonym("P-2"), other.hash_pseudonym("P-1")}) == 3


def test_a_new_key_seals_and_the_one_before_still_opens(ring: KeyRing, path: Path) -> None:
    old = ring.seal(VALUE, "a")
    ring = ring.with_new_key()
    write_keys(ring.without_older(), path)
    ring = read_keys(path)
    assert ring.unseal(old, "a") == ring.unseal(ring.seal(VALUE, "a"), "a") == VALUE
    assert not ring.is_current(old)
    with pytest.raises(KetresponseError, match="key 1, which is not in the key file"):
        ring.with_new_key().without_older().unseal(old, "a")


def test_the_file_is_its_owners_alone_and_is_made_once(ring: KeyRing, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_key_file(path) == ring == read_keys(path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_the_keys_stand_in_no_message(ring: KeyRing) -> None:
    assert ring.pseudonym.hex() not in repr(ring)
    assert "keys" not in repr(ring)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"pseudonym": "00", "current": 1, "keys": {"1": "00"}}',
        f'{{"pseudonym": "{"00" * 32}", "current": 2, "keys": {{"1": "{"00" * 32}"}}}}',
        f'{{"pseudonym": 5, "current": 1, "keys": {{"1": "{"00" * 32}"}}}}',
    ],
)
def test_what_is_no_key_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(KetresponseError, match="no key file"):
        read_keys(tmp_path / "k")


def test_a_key_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KetresponseError, match="restore it from its backup"):
        read_keys(tmp_path / "k")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for make in (make_key_file, lambda path: write_keys(KeyRing(b"", {1: b""}, 1), path)):
        with pytest.raises(KetresponseError, match="cannot be written"):
            make(tmp_path / "file" / "k")


def test_what_nobody_sees_makes_no_other_patient(ring: KeyRing) -> None:
    found = ring.hash_pseudonym("M\u00fcller 1")
    assert found == ring.hash_pseudonym("Mu\u0308ller\u00a01\u200b")
    assert found != ring.hash_pseudonym("Muller 1")
    assert len(ring.hash_pseudonym("\ud800")) == 64  # JSON can hold half a letter
