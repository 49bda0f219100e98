from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from features.errors import InputError
from tests.training.helpers.networks import make_key
from training.network.protocol.keys import (
    CentreKey,
    is_public_key,
    is_signed_by,
    read_centre_key,
    write_centre_key,
)


def _ask() -> str:
    raise AssertionError("asked for a passphrase")


def test_a_key_is_read_back_and_others_may_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "centre.pem"
    made = write_centre_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_centre_key(path, _ask).public == made.public
    path.chmod(0o640)
    with pytest.raises(InputError, match="can be read by others on this machine: chmod 600"):
        read_centre_key(path, _ask)


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "centre.pem"
    first = write_centre_key(path)
    with pytest.raises(InputError, match="is there already, and a key is never replaced") as told:
        write_centre_key(path)
    assert "--show" in str(told.value) and "--force" not in str(told.value)
    assert read_centre_key(path, _ask).public == first.public


def test_a_passphrase_locks_a_key(tmp_path: Path) -> None:
    path = tmp_path / "centre.pem"
    made = write_centre_key(path, passphrase="horse")
    assert b"ENCRYPTED" in path.read_bytes()
    assert read_centre_key(path, lambda: "horse").public == made.public
    with pytest.raises(InputError, match="does not open by that passphrase: try again"):
        read_centre_key(path, lambda: "cow")
    with pytest.raises(InputError, match="is locked: give its passphrase"):
        read_centre_key(path, lambda: "")


def test_other_files_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "centre.pem"
    path.write_text("hello")  # a protocol, say, which everybody may read
    path.chmod(0o644)
    with pytest.raises(InputError, match="is not a private key: give the file that"):
        read_centre_key(path, _ask)
    path.chmod(0o600)
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(InputError, match="of another kind than Ed25519"):
        read_centre_key(path, _ask)


def test_a_signature_holds_for_its_bytes_its_key_and_its_purpose_only() -> None:
    key = make_key(1)
    signature = key.sign(b"abc", purpose="share")
    assert is_signed_by(key.public, b"abc", signature, purpose="share")
    assert not is_signed_by(key.public, b"abd", signature, purpose="share")
    assert not is_signed_by(key.public, b"abc", signature, purpose="round")
    assert not is_signed_by(make_key(2).public, b"abc", signature, purpose="share")
    assert not is_signed_by("ed25519:zz", b"abc", signature, purpose="share")
    assert not is_signed_by(key.public, b"abc", "not hexadecimal", purpose="share")


def test_a_commitment_is_the_same_for_the_same_rows_and_nobody_elses() -> None:
    key = make_key(1)
    assert key.commit(b"rows", purpose="a") == key.commit(b"rows", purpose="a")
    told = {
        key.commit(b"rows", purpose="a"),
        key.commit(b"rows", purpose="b"),
        key.commit(b"other rows", purpose="a"),
        make_key(2).commit(b"rows", purpose="a"),
    }
    assert len(told) == 4


def test_public_keys_are_told_from_other_texts() -> None:
    public = CentreKey.make().public
    assert is_public_key(public) and len(public) == 72
    for other in ("", public[:-1], public[8:], public.upper(), f"{public} "):
        assert not is_public_key(other)
