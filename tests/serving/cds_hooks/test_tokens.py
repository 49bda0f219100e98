from __future__ import annotations

import base64
import hmac
import json
import time
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from serving.cds_hooks.settings import CdsSettings
from serving.cds_hooks.tokens import ClientTokens
from serving.fetching import Unreachable
from serving.records.tokens import SeenTokens
from tests.serving.helpers.issuers import running_issuer
from tests.serving.helpers.record_systems import sign

URL = "https://estimates.clinic.example/cds-services/ketresponse-patient-view"


@pytest.fixture(scope="module")
def issuer():
    with running_issuer() as issuer:
        issuer.add("rs", "RS384")
        yield issuer


@pytest.fixture
def tokens(issuer):
    settings = CdsSettings({issuer.url: f"{issuer.url}/keys"})
    seen = SeenTokens()
    return ClientTokens(settings, lambda: seen)


@pytest.mark.parametrize(("kid", "algorithm"), [("ec384", "ES384"), ("rs", "RS384")])
def test_a_record_system_on_the_list_is_believed(issuer, tokens, kid, algorithm):
    assert tokens.read(sign(issuer, URL, kid, algorithm), URL) == issuer.url
    several = sign(issuer, URL, kid, algorithm, aud=["https://other.example", URL])
    assert tokens.read(several, URL) == issuer.url


NOW = int(time.time())


def tell_claims(changes: dict[str, object]) -> str:
    """Return claims by name; two workers that collect in different seconds agree on it."""
    told = {
        name: f"now{value - NOW:+d}" if isinstance(value, int) and value > 1e6 else value
        for name, value in changes.items()
    }
    return str(told)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://ehr.example"},
        {"iss": None},
        {"aud": None},
        {"aud": "https://estimates.clinic.example"},
        {"aud": f"{URL}/"},
        {"aud": URL.replace("https", "http")},
        {"exp": None},
        {"exp": NOW - 60},
        {"exp": NOW + 7 * 86400},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"iat": None},
        {"iat": NOW + 600, "exp": NOW + 900},
        {"iat": "then"},
        {"nbf": NOW + 600},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "x" * 501},
    ],
    ids=tell_claims,
)
def test_a_claim_that_is_missing_or_wrong_is_not_believed(issuer, tokens, changes):
    assert tokens.read(sign(issuer, URL, **changes), URL) is None


@pytest.mark.parametrize(
    ("kid", "algorithm"), [("ec", "ES256"), ("rsa", "RS256"), ("rs", "RS512"), ("rs", "PS384")]
)
def test_other_algorithms_are_refused(issuer, tokens, kid, algorithm):
    assert tokens.read(sign(issuer, URL, kid, algorithm), URL) is None


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def forge(issuer, header, key, algorithm):
    """Return a token of its claims with another header, signed by another key."""
    claims = jwt.decode(sign(issuer, URL), options={"verify_signature": False})
    if isinstance(key, bytes):  # the library would not make such a one
        told = {"alg": algorithm, "typ": "JWT", **header}, claims
        body = b".".join(base64url(json.dumps(one).encode()) for one in told)
        signature = hmac.digest(key, body, "sha384") if key else b""
        return (body + b"." + base64url(signature)).decode()
    return jwt.encode(claims, key, algorithm, headers=header)


def test_no_signature_and_one_that_anybody_could_make_are_refused(issuer, tokens):
    private = issuer.private["rs"]
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    mine = rsa.generate_private_key(65537, 2048)
    assert tokens.read(forge(issuer, {"kid": "rs"}, private, "RS384"), URL) == issuer.url
    for header, key, algorithm in [
        ({"kid": "rs"}, b"", "none"),
        ({"kid": "rs"}, public, "HS384"),
        ({"kid": "rs"}, mine, "RS384"),
        ({"kid": "ec384"}, private, "RS384"),
        ({"kid": "other"}, private, "RS384"),
        ({}, private, "RS384"),
        ({"kid": "rs", "typ": "at+jwt"}, private, "RS384"),
    ]:
        assert tokens.read(forge(issuer, header, key, algorithm), URL) is None


def test_keys_are_got_from_the_list_and_from_nowhere_that_a_token_names(issuer, tokens):
    private = issuer.private["rs"]
    own = {"kid": "rs", "jku": f"{issuer.url}/keys"}
    assert tokens.read(forge(issuer, own, private, "RS384"), URL) == issuer.url
    with running_issuer() as other:
        other.private = {"rs": rsa.generate_private_key(65537, 2048)}
        for header in ({"jku": f"{other.url}/keys"}, {"jku": 5}, {"jwk": other.keys()["keys"][0]}):
            token = forge(issuer, {"kid": "rs", **header}, other.private["rs"], "RS384")
            assert tokens.read(token, URL) is None
        assert other.asked == []


def test_a_short_key_is_no_key(issuer, tokens):
    issuer.private["short"] = rsa.generate_private_key(65537, 1024)
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = sign(issuer, URL, "short", "RS384")
    assert tokens.read(token, URL) is None
    del issuer.private["short"]


def test_a_token_is_taken_once(issuer, tokens):
    token = sign(issuer, URL)
    assert [tokens.read(token, URL) for _ in range(3)] == [issuer.url, None, None]
    word = uuid4().hex
    assert tokens.read(sign(issuer, URL, jti=word), URL) == issuer.url
    assert tokens.read(sign(issuer, URL, jti=word), URL) is None


def test_a_token_that_is_refused_does_not_use_the_word_up(issuer, tokens):
    word = uuid4().hex
    assert tokens.read(sign(issuer, f"{URL}/x", jti=word), URL) is None
    assert tokens.read(sign(issuer, URL, jti=word), URL) == issuer.url


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\ud800", "e30.e30.", "." * 5000])
def test_what_is_no_token_is_not_believed(tokens, token):
    assert tokens.read(token, URL) is None


def test_keys_that_cannot_be_had_are_told(issuer):
    settings = CdsSettings({issuer.url: "http://127.0.0.1:9/keys"})
    tokens = ClientTokens(settings, SeenTokens)
    with pytest.raises(Unreachable, match="cannot be asked"):
        tokens.read(sign(issuer, URL), URL)
