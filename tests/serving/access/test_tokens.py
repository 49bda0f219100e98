from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from serving.access.caller import SCOPES, Caller
from serving.access.tokens import Provider, TokenReader, find_claim
from serving.fetching import Unreachable
from tests.serving.helpers.clients import PATIENCE
from tests.serving.helpers.issuers import AUDIENCE, running_issuer, running_provider

WORDS = {f"ketresponse:{scope}": scope for scope in SCOPES}
ANNA = Caller("oidc:anna", ("estimate",))


@pytest.fixture(scope="module")
def shared():
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(shared):
    kept = dict(shared.document), dict(shared.private)
    shared.asked.clear()
    yield shared
    (shared.document, shared.private), shared.is_up = kept, True


def provide(issuer, **changes):
    return replace(Provider(issuer.url, AUDIENCE, "scope", WORDS), **changes)


@pytest.fixture
def reader(issuer):
    return TokenReader(provide(issuer))


@pytest.mark.parametrize(
    ("kid", "algorithm"), [("rsa", "RS256"), ("ec", "ES256"), ("ec384", "ES384")]
)
def test_a_token_is_believed(issuer, reader, kid, algorithm):
    assert reader.read(issuer.sign(kid, algorithm)) == ANNA


def test_the_provider_is_asked_once_for_many_tokens(issuer, reader):
    for _ in range(5):
        reader.read(issuer.sign())
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another service"},
        {"aud": ["a", "b"]},
        {"aud": None},
        {"exp": NOW - 60},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "a" * 196},
    ],
)
def test_a_token_for_others_or_another_time_is_not(issuer, reader, changes):
    assert reader.read(issuer.sign(**changes)) is None


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "\ud800", "." * 10_000, "e30.e30.e30"])
def test_any_text_may_come(reader, text):
    assert reader.read(text) is None


def _join(header, claims, sign):
    def encode(part):
        data = part if isinstance(part, bytes) else json.dumps(part).encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    body = encode(header) + b"." + encode(claims)
    return (body + b"." + encode(sign(body))).decode()


def test_none_and_secrets_that_both_sides_know_are_no_signatures(issuer, reader):
    claims = jwt.decode(issuer.sign(), options={"verify_signature": False})
    public = issuer.private["rsa"].public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for algorithm, sign in (
        ("none", lambda body: b""),
        ("None", lambda body: b""),
        ("HS256", lambda body: hmac.digest(pem, body, hashlib.sha256)),
        ("RS256", lambda body: hmac.digest(pem, body, hashlib.sha256)),
        ("ES256", lambda body: b"\0" * 64),
    ):
        token = _join({"alg": algorithm, "kid": "rsa", "typ": "JWT"}, claims, sign)
        assert reader.read(token) is None, algorithm


def test_other_algorithms_of_two_keys_are_not_taken(issuer, reader):
    assert reader.read(issuer.sign("rsa", "RS512")) is None
    assert reader.read(issuer.sign("rsa", "PS256")) is None


def test_a_key_of_one_kind_does_not_sign_as_another(issuer, reader):
    claims = jwt.decode(issuer.sign(), options={"verify_signature": False})
    token = jwt.encode(claims, issuer.private["ec"], "ES256", headers={"kid": "rsa"})
    assert reader.read(token) is None


def test_a_key_that_a_token_brings_is_not_believed(issuer, reader):
    issuer.add("mine", "RS256")
    brought = next(key for key in issuer.keys()["keys"] if key["kid"] == "mine")
    own = issuer.private.pop("mine")
    claims = jwt.decode(issuer.sign(), options={"verify_signature": False})
    for headers in ({"kid": "rsa"}, {"kid": "mine"}, {}):
        token = jwt.encode(claims, own, "RS256", headers={**headers, "jwk": brought})
        assert reader.read(token) is None


def test_a_changed_token_is_not_believed(issuer, reader):
    head, body, signature = issuer.sign().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["scope"] = "ketresponse:admin"
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert reader.read(f"{head}.{other}.{signature}") is None


@pytest.mark.parametrize(
    ("claim", "told", "scopes"),
    [
        ("scope", {"scope": "ketresponse:review ketresponse:estimate"}, ("estimate", "review")),
        ("scope", {"scope": "estimate admin"}, ()),
        ("scope", {"scope": None}, ()),
        ("scope", {"scope": 5}, ()),
        ("roles", {"roles": ["ketresponse:admin", 5, None]}, ("admin",)),
        ("realm.roles", {"realm": {"roles": ["ketresponse:outcomes"]}}, ("outcomes",)),
        ("realm.roles", {"realm": ["ketresponse:outcomes"]}, ()),
    ],
)
def test_what_a_token_opens_stands_in_a_claim(issuer, claim, told, scopes):
    reader = TokenReader(provide(issuer, claim=claim))
    assert reader.read(issuer.sign(**told)).scopes == scopes


def test_words_of_the_provider_are_mapped(issuer):
    reader = TokenReader(provide(issuer, scopes={"CRPS-Board": "review"}))
    token = issuer.sign(scope="CRPS-Board ketresponse:admin")
    assert reader.read(token).scopes == ("review",)


def test_a_new_key_is_fetched_but_not_at_every_unknown_name(issuer):
    now = [0.0]
    reader = TokenReader(provide(issuer), clock=lambda: now[0])
    assert reader.read(issuer.sign()) == ANNA
    issuer.add("new", "ES256")
    token = issuer.sign("new", "ES256")
    assert reader.read(token) is None  # asked for a moment ago
    now[0] += 11
    assert reader.read(token) == ANNA
    del issuer.private["rsa"]
    asked = len(issuer.asked)
    for _ in range(20):
        reader.read(jwt.encode({}, issuer.private["ec"], "ES256", headers={"kid": "other"}))
    assert len(issuer.asked) == asked


def test_a_key_that_was_withdrawn_is_not_believed_for_long(issuer):
    now = [0.0]
    reader = TokenReader(provide(issuer), clock=lambda: now[0])
    token = issuer.sign()
    assert reader.read(token) == ANNA
    del issuer.private["rsa"]
    now[0] += 301
    assert reader.read(token) is None


def test_keys_outlast_a_provider_that_is_down_for_an_hour(issuer):
    now = [0.0]
    reader = TokenReader(provide(issuer), clock=lambda: now[0])
    token = issuer.sign()
    assert reader.read(token) == ANNA
    issuer.is_up = False
    now[0] += 3000
    assert reader.read(token) == ANNA
    now[0] += 700
    for _ in range(2):  # the second is not asked for again, and is not let in either
        with pytest.raises(Unreachable):
            reader.read(token)
    issuer.is_up = True
    now[0] += 11
    assert reader.read(token) == ANNA


def test_a_provider_without_names_has_one_key(issuer):
    issuer.private = {"": issuer.private["rsa"]}
    assert TokenReader(provide(issuer)).read(issuer.sign("")) is not None
    issuer.add("ec", "ES256")
    assert TokenReader(provide(issuer)).read(issuer.sign("")) is None


def test_a_claim_may_lie_in_another():
    assert find_claim({"a": {"b": ["c"]}}, "a.b") == ["c"]
    assert find_claim({"a": ["b"]}, "a.b") is None
    assert find_claim({}, "a") is None


def test_a_real_provider_over_http():
    """Log in at a provider that others wrote, as a browser would, and show what it gives."""
    with running_provider("berta", {"roles": ["ketresponse:outcomes"]}) as url:
        with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as http:
            asked = {
                "client_id": AUDIENCE,
                "response_type": "code",
                "scope": "openid",
                "redirect_uri": "http://127.0.0.1/back",
            }
            done = http.post("/oauth2/authorize", params=asked, data={"sub": "berta"})
            (code,) = parse_qs(urlsplit(done.headers["location"]).query)["code"]
            given = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": asked["redirect_uri"],
            }
            tokens = http.post("/oauth2/token", data=given, auth=(AUDIENCE, "secret")).json()
        reader = TokenReader(Provider(url, AUDIENCE, "roles", WORDS))
        assert reader.read(tokens["id_token"]) == Caller("oidc:berta", ("outcomes",))
        other = TokenReader(Provider(url, "another service", "roles", WORDS))
        assert other.read(tokens["id_token"]) is None
