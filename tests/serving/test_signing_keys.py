from __future__ import annotations

import jwt
import pytest

from serving.fetching import Unreachable
from serving.signing_keys import SigningKeys, read_key_set
from tests.serving.helpers.issuers import Issuer


@pytest.fixture(scope="module")
def published():
    return Issuer("https://issuer.example").keys()


def test_the_keys_of_a_set_are_those_that_sign(published):
    keys = read_key_set(published, of="it")
    assert [key.key_id for key in keys] == ["rsa", "ec", "ec384"]


@pytest.mark.parametrize("document", [None, [], {}, {"keys": 5}, {"keys": ["John"]}])
def test_what_is_no_set_is_told_without_its_words(document):
    with pytest.raises(Unreachable, match="the register cannot be asked") as caught:
        read_key_set(document, of="the register")
    assert "John" not in str(caught.value)


def test_keys_are_kept_and_looked_for_again(published):
    now, asked = [0.0], []

    def fetch() -> list[jwt.PyJWK]:
        asked.append(now[0])
        return read_key_set(published, of="it")

    keys = SigningKeys(fetch, of="it", clock=lambda: now[0])
    assert keys.find("rsa").key_id == "rsa"
    assert keys.find("other") is None and keys.find(None) is None
    assert keys.find("ec").key_id == "ec"
    assert asked == [0.0]
    now[0] = 11.0
    assert keys.find("other") is None
    assert asked == [0.0, 11.0]
    now[0] = 320.0
    assert keys.find("rsa").key_id == "rsa"
    assert asked == [0.0, 11.0, 320.0]


def test_keys_that_cannot_be_had_are_no_keys_that_are_not_known():
    def fail() -> list[jwt.PyJWK]:
        raise Unreachable("it is down")

    keys = SigningKeys(fail, of="the register", clock=lambda: 0.0)
    with pytest.raises(Unreachable, match="it is down"):
        keys.find("rsa")
    with pytest.raises(Unreachable, match="the register cannot be reached"):
        keys.find("rsa")
