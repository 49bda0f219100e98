"""A signature holds for one annex and one key, and nothing else."""

from pathlib import Path

import pytest

from features.errors import KetresponseError
from training.review import signature
from training.review.signature import (
    BESIDE_CODE,
    check_signature,
    find_key_file,
    find_public_key,
    make_public_key,
    sign,
)

KEY, OTHER = b"k" * 32, b"o" * 32
ANNEX = {"standing": "approved", "approvals": [{"name": "Berta", "at": "2026"}], "gate": None}


@pytest.fixture
def public_key(tmp_path):
    path = tmp_path / "review.pub"
    path.write_text(make_public_key(KEY))
    return path


def test_what_was_signed_is_recognised_in_any_order_of_its_keys(public_key):
    signed = sign(ANNEX, KEY)
    assert check_signature(ANNEX, signed, public_key)
    assert check_signature(dict(reversed(ANNEX.items())), signed, public_key)
    assert sign(ANNEX, KEY) == signed


@pytest.mark.parametrize(
    "changed",
    [
        {**ANNEX, "standing": "refused"},
        {**ANNEX, "more": 1},
        {**ANNEX, "approvals": []},
        {key: value for key, value in ANNEX.items() if key != "gate"},
    ],
)
def test_a_changed_annex_is_not_what_was_signed(public_key, changed):
    assert check_signature(changed, sign(ANNEX, KEY), public_key) is False


def test_an_annex_that_others_would_read_otherwise_is_not_signed():
    with pytest.raises(ValueError, match="JSON"):
        sign({**ANNEX, "share": float("nan")}, KEY)


@pytest.mark.parametrize("signed", ["", "no hexadecimal", "00" * 64, sign(ANNEX, OTHER)])
def test_a_signature_of_another_key_or_none_does_not_hold(public_key, signed):
    assert not check_signature(ANNEX, signed, public_key)


@pytest.mark.parametrize("content", [None, "", "no hexadecimal", "00" * 31])
def test_a_public_key_that_cannot_be_read_is_told(tmp_path, content):
    path = tmp_path / "review.pub"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KetresponseError, match="nobody can tell who approved this model"):
        check_signature(ANNEX, sign(ANNEX, KEY), path)


def test_the_public_key_does_not_tell_the_key():
    assert make_public_key(KEY) != make_public_key(OTHER)
    assert KEY.hex() not in make_public_key(KEY)


def test_a_bento_brings_the_public_key_beside_its_packages():
    assert Path(signature.__file__).parts[-3:-1] == ("training", "review")
    assert (signature._ROOT / "training" / "review").samefile(Path(signature.__file__).parent)


def test_where_the_keys_are(tmp_path, monkeypatch):
    monkeypatch.setattr(signature, "_ROOT", tmp_path)
    environ = {"XDG_CONFIG_HOME": "/cfg"}
    assert find_key_file(environ) == Path("/cfg/ketresponse/review.key")
    assert find_key_file({**environ, "KETRESPONSE_REVIEW_KEY_FILE": "/k"}) == Path("/k")
    assert find_public_key(environ) == Path("/cfg/ketresponse/review.pub")
    (tmp_path / BESIDE_CODE).touch()
    assert find_public_key(environ) == tmp_path / BESIDE_CODE
    named = {**environ, "KETRESPONSE_REVIEW_PUBLIC_KEY": "/run/review.pub"}
    assert find_public_key(named) == Path("/run/review.pub")
