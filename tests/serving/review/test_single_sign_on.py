from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from features.errors import InputError, Refused
from serving.access import errands
from serving.fetching import Unreachable
from serving.review.app import make_review_app
from serving.review.single_sign_on import SIGN_ON, SignOnSettings, SingleSignOn
from tests.serving.helpers.clients import Client
from tests.serving.helpers.issuers import running_issuer, running_provider
from tests.training.helpers.reviews import ADMIN, FIRST

URL = "https://review.clinic.example"
BACK = "/sign-on/back"


class People:
    """As much of accounts as logging in elsewhere needs."""

    attempts = None  # passwords are tried at the provider

    def everyone(self):
        return [FIRST, ADMIN]

    def find_change(self, account):
        return 0  # passwords are changed at the provider

    def knows(self, account):
        return account in self.everyone()


class Desk:
    """As much of a desk as logging in needs."""

    accounts = People()

    def queue(self):
        return []


@pytest.fixture(scope="module")
def shared():
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(shared):
    shared.codes.clear()
    yield shared
    shared.is_up = True


@pytest.fixture
def settings(issuer):
    return SignOnSettings(issuer.url, "ketresponse-review", "", URL)


@pytest.fixture
def sign_on(settings):
    return SingleSignOn(settings, Desk.accounts.everyone)


def leave(sign_on):
    """Return what the provider is asked, and the word that stays in the browser."""
    url, word = sign_on.begin()
    return dict(parse_qsl(urlsplit(url).query)), word


def come_back(sign_on, issuer, *, state=None, word=None, asked=None, **claims):
    told, own = leave(sign_on) if asked is None else asked
    claims = {"preferred_username": "berta", "nonce": told["nonce"], **claims}
    code = issuer.allow(told["code_challenge"], **claims)
    given = {"code": code, "state": told["state"] if state is None else state}
    return sign_on.finish(given, own if word is None else word)


def test_somebody_is_sent_with_a_challenge_and_comes_back_with_their_account(sign_on, issuer):
    told, word = leave(sign_on)
    assert told["response_type"] == "code"
    assert told["code_challenge_method"] == "S256"
    assert told["redirect_uri"] == f"{URL}{BACK}"
    assert told["state"] == word
    assert len({told["state"], told["nonce"], told["code_challenge"]}) == 3
    assert come_back(sign_on, issuer, asked=(told, word)) == FIRST


def test_names_are_compared_without_case(sign_on, issuer):
    assert come_back(sign_on, issuer, preferred_username="Emil") == ADMIN


@pytest.mark.parametrize("name", ["nobody", "", None, 5, "berta2", ["berta"], "eṁil", "ber\u017fa"])
def test_whoever_has_no_account_is_told_so(sign_on, issuer, name):
    with pytest.raises(Refused, match="no account of that name"):
        come_back(sign_on, issuer, preferred_username=name)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"azp": "another client"},
        {"aud": "another client"},
        {"exp": 5},
        {"iss": "https://evil.example"},
    ],
)
def test_a_token_of_another_login_is_not_believed(sign_on, issuer, claims):
    with pytest.raises(Refused, match="did not tell who you are"):
        come_back(sign_on, issuer, **claims)


def test_a_login_that_another_browser_began_is_refused(sign_on, issuer):
    for word in ("", "another", "é"):
        with pytest.raises(Refused, match="begun elsewhere"):
            come_back(sign_on, issuer, word=word)
    for state in ("", "another", "\udcff"):
        with pytest.raises(Refused, match="begun elsewhere"):
            come_back(sign_on, issuer, state=state)


def test_a_login_is_finished_once_and_soon(settings, issuer):
    now = [0.0]
    sign_on = SingleSignOn(settings, Desk.accounts.everyone, clock=lambda: now[0])
    asked = leave(sign_on)
    assert come_back(sign_on, issuer, asked=asked) == FIRST
    with pytest.raises(Refused, match="begun elsewhere"):
        come_back(sign_on, issuer, asked=asked)
    asked = leave(sign_on)
    now[0] = 601
    with pytest.raises(Refused, match="too long ago"):
        come_back(sign_on, issuer, asked=asked)


def test_a_code_without_the_verifier_of_its_login_is_worth_nothing(sign_on, issuer):
    other = base64.urlsafe_b64encode(hashlib.sha256(b"stolen").digest()).rstrip(b"=").decode()
    told, word = leave(sign_on)
    code = issuer.allow(other, preferred_username="berta", nonce=told["nonce"])
    with pytest.raises(Unreachable, match="HTTPError 400"):
        sign_on.finish({"code": code, "state": word}, word)


def test_a_provider_that_refuses_or_is_another_is_told(sign_on):
    for given in ({"error": "access_denied"}, {"code": "x", "iss": "https://evil.example"}):
        _, word = leave(sign_on)
        with pytest.raises(Refused, match="did not tell who you are"):
            sign_on.finish({**given, "state": word}, word)


def test_a_second_factor_can_be_demanded(settings, issuer):
    sign_on = SingleSignOn(replace(settings, factors=("mfa", "hwk")), Desk.accounts.everyone)
    for told in (None, "mfa", ["pwd"], []):
        with pytest.raises(Refused, match="second factor"):
            come_back(sign_on, issuer, amr=told)
    assert come_back(sign_on, issuer, amr=["pwd", "mfa"]) == FIRST


def test_only_so_many_logins_wait(sign_on, issuer, monkeypatch):
    monkeypatch.setattr(errands, "_MOST", 2)
    first, *others = [leave(sign_on) for _ in range(3)]
    with pytest.raises(Refused, match="begun elsewhere"):
        come_back(sign_on, issuer, asked=first)
    assert [come_back(sign_on, issuer, asked=other) for other in others] == [FIRST, FIRST]


def test_the_pages_lead_there_and_back(sign_on, issuer):
    browser = Client(make_review_app(Desk(), sign_on=sign_on), follow_redirects=False)
    assert f'href="{SIGN_ON}"' in browser.get("/login").text
    left = browser.get(SIGN_ON)
    cookie = left.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "secure", "samesite=lax"))
    told = dict(parse_qsl(urlsplit(left.headers["location"]).query))
    claims = {"preferred_username": "berta", "nonce": told["nonce"]}
    code = issuer.allow(told["code_challenge"], **claims)
    done = browser.get(f"{BACK}?code={code}&state={told['state']}")
    assert done.status_code == 200 and 'url=/"' in done.text
    cookies = " ".join(done.headers.get_list("set-cookie")).lower()
    assert "ketresponse_review=" in cookies and "samesite=strict" in cookies
    assert "Berta First" in browser.get("/").text


def test_whoever_is_refused_is_told_on_the_page(sign_on, issuer):
    browser = Client(make_review_app(Desk(), sign_on=sign_on), follow_redirects=False)
    answer = browser.get(f"{BACK}?code=x&state=y")
    assert (answer.status_code, "begun elsewhere" in answer.text) == (403, True)
    assert "set-cookie" not in answer.headers
    issuer.is_up = False
    assert "cannot be asked" in browser.get(SIGN_ON).text


def test_without_a_provider_there_is_no_such_page():
    browser = Client(make_review_app(Desk()), follow_redirects=False)
    assert SIGN_ON not in browser.get("/login").text
    assert browser.get(SIGN_ON).status_code == 404


def test_a_real_provider_over_http():
    """Log in at a provider that others wrote, as a browser would."""
    with running_provider("1234", {"preferred_username": "berta"}) as url:
        sign_on = SingleSignOn(SignOnSettings(url, "review", "s3cret", URL), Desk.accounts.everyone)
        address, word = sign_on.begin()
        done = httpx.post(address, data={"sub": "1234"}, trust_env=False)
        back = urlsplit(done.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == f"{URL}{BACK}"
        given = {name: value[0] for name, value in parse_qs(back.query).items()}
        assert sign_on.finish(given, word) == FIRST


def test_the_settings_are_read_and_every_wrong_one_told(tmp_path):
    assert SignOnSettings.from_environ({"KETRESPONSE_OIDC_ISSUER": "https://id.example"}) is None
    (tmp_path / "secret").write_text("s3cret\n")
    environ = {
        "KETRESPONSE_OIDC_ISSUER": "https://id.example",
        "KETRESPONSE_REVIEW_OIDC_CLIENT": "review",
        "KETRESPONSE_REVIEW_OIDC_SECRET_FILE": str(tmp_path / "secret"),
        "KETRESPONSE_REVIEW_URL": f"{URL}/",
        "KETRESPONSE_REVIEW_OIDC_CLAIM": "upn",
        "KETRESPONSE_REVIEW_OIDC_FACTORS": "mfa, hwk",
    }
    told = SignOnSettings.from_environ(environ)
    assert told == SignOnSettings(
        "https://id.example", "review", "s3cret", URL, "upn", ("mfa", "hwk")
    )
    wrong = {
        "KETRESPONSE_OIDC_ISSUER": "http://id.example",
        "KETRESPONSE_REVIEW_OIDC_CLIENT": "review",
        "KETRESPONSE_REVIEW_OIDC_SECRET_FILE": str(tmp_path / "none"),
    }
    with pytest.raises(InputError) as caught:
        SignOnSettings.from_environ(wrong)
    assert [p.column.removeprefix("KETRESPONSE_") for p in caught.value.problems] == [
        "OIDC_ISSUER",
        "REVIEW_URL",
        "REVIEW_OIDC_SECRET_FILE",
    ]
