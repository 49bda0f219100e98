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
    review = signature.IN_BENTO.parent / "training" / "review"
    assert review.samefile(Path(signature.__file__).parent)
    assert signature.IN_BENTO.name == BESIDE_CODE


def test_where_the_keys_are(tmp_path, monkeypatch):
    monkeypatch.setattr(signature, "IN_BENTO", tmp_path / BESIDE_CODE)
    environ = {"XDG_CONFIG_HOME": "/cfg", "KETRESPONSE_HOME": "/srv/pain/ketresponse-home"}
    key = find_key_file(environ)
    assert key.parent.parent == Path("/cfg/ketresponse")
    assert find_key_file({**environ, "KETRESPONSE_REVIEW_KEY_FILE": "/k"}) == Path("/k")
    assert find_public_key(environ) == key.with_suffix(".pub")
    (tmp_path / BESIDE_CODE).touch()
    assert find_public_key(environ) == tmp_path / BESIDE_CODE
    named = {**environ, "KETRESPONSE_REVIEW_PUBLIC_KEY": "/run/review.pub"}
    assert find_public_key(named) == Path("/run/review.pub")


def test_each_home_of_reviews_has_a_key_of_its_own(tmp_path: Path) -> None:
    settings = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    keys = {
        name: find_key_file(settings, tmp_path / name / "ketresponse-home") for name in ("a", "b")
    }
    assert keys["a"] != keys["b"]
    assert keys["a"].name == "review.key"
    assert keys["a"].parent.parent == tmp_path / "config" / "ketresponse"
    assert keys["a"].parent.name.startswith("a-")
    assert find_key_file(settings | {"KETRESPONSE_REVIEW_KEY_FILE": "/run/key"}) == Path("/run/key")
    # The home of the environment where none is named.
    own = settings | {"KETRESPONSE_HOME": str(tmp_path / "a" / "ketresponse-home")}
    assert find_key_file(own) == keys["a"]


def test_a_log_from_before_keeps_the_key_that_all_shared(tmp_path: Path) -> None:
    settings = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    shared = tmp_path / "config" / "ketresponse" / "review.key"
    shared.parent.mkdir(parents=True)
    shared.touch()
    home = tmp_path / "project" / "ketresponse-home"
    home.mkdir(parents=True)
    own = find_key_file(settings, home)
    assert own != shared  # nothing is signed there yet
    (home / "review.db").touch()
    assert find_key_file(settings, home) == shared
    own.parent.mkdir()
    own.touch()
    assert find_key_file(settings, home) == own


def test_a_released_folder_is_checked_by_the_key_of_its_home(tmp_path: Path) -> None:
    settings = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    home = tmp_path / "project" / "ketresponse-home"
    folder = home / "released" / "pilot" / "model"
    folder.mkdir(parents=True)
    (home / "review.db").touch()
    assert find_public_key(settings, folder) == find_key_file(settings, home).with_suffix(".pub")
    (home / "review.db").unlink()
    assert find_public_key(settings, folder) == find_key_file(settings).with_suffix(".pub")
