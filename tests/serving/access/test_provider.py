from __future__ import annotations

import pytest

from serving.access.provider import discover, fetch_keys, post_form
from serving.fetching import Unreachable
from tests.serving.helpers.issuers import running_issuer


@pytest.fixture
def issuer():
    with running_issuer() as issuer:
        yield issuer


def test_a_provider_tells_where_and_with_which_keys(issuer):
    assert discover(issuer.url) == issuer.document
    assert {key.key_id for key in fetch_keys(issuer.url)} == {"rsa", "ec", "ec384"}


def test_keys_of_other_kinds_and_for_other_use_are_left_out(issuer, monkeypatch):
    first, *others = issuer.keys()["keys"]
    odd = [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}, {**first, "use": "enc"}]
    odd += [{"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "new"}]
    monkeypatch.setattr(issuer, "keys", lambda: {"keys": [*odd, *others]})
    assert {key.key_id for key in fetch_keys(issuer.url)} == {"ec", "ec384"}


def test_a_provider_that_speaks_of_another_is_not_believed(issuer):
    issuer.document["issuer"] = "https://evil.example"
    with pytest.raises(Unreachable, match="names another"):
        fetch_keys(issuer.url)


@pytest.mark.parametrize("name", ["jwks_uri", "token_endpoint", "authorization_endpoint"])
def test_nothing_is_got_where_it_could_be_changed_on_its_way(issuer, name):
    issuer.document[name] = "http://evil.example/x"
    with pytest.raises(Unreachable, match="no HTTPS"):
        discover(issuer.url)


def test_a_provider_that_is_down_or_talks_nonsense_is_told_without_its_words(issuer, monkeypatch):
    monkeypatch.setattr(issuer, "keys", lambda: ["John Doe"])
    with pytest.raises(Unreachable) as caught:
        fetch_keys(issuer.url)
    assert "John" not in str(caught.value)
    issuer.is_up = False
    with pytest.raises(Unreachable, match="HTTPError 503"):
        discover(issuer.url)
    for url in (f"{issuer.url}/token", "http://127.0.0.1:9/"):
        with pytest.raises(Unreachable, match="cannot be asked"):
            post_form(url, {"code": "x"})
