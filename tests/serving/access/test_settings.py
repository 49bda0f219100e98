from __future__ import annotations

import pytest

from features.errors import InputError, KetresponseError, Refused
from serving.access.keys import KeyFile
from serving.access.settings import AccessSettings, check_access, find_access_file, find_hosts
from serving.settings import MODES

ISSUER = {
    "KETRESPONSE_OIDC_ISSUER": "https://id.clinic.example/realms/ward",
    "KETRESPONSE_OIDC_AUDIENCE": "ketresponse",
}


def test_nothing_set_is_access_control_off_and_nobody_counted():
    access = AccessSettings.from_environ({})
    assert not access.is_on
    assert (access.rate_caller, access.rate_address, access.hosts) == ("", "", ())


@pytest.mark.parametrize("environ", [{"KETRESPONSE_ACCESS_FILE": "a.json"}, ISSUER])
def test_a_file_of_keys_or_a_provider_turns_it_on_with_limits(environ):
    access = AccessSettings.from_environ(environ)
    assert access.is_on
    assert (access.rate_caller, access.rate_address) == ("600/minute", "1200/minute")


def test_everything_can_be_set():
    environ = {
        **ISSUER,
        "KETRESPONSE_ACCESS_FILE": "a.json",
        "KETRESPONSE_OIDC_SCOPE_CLAIM": "realm_access.roles",
        "KETRESPONSE_OIDC_SCOPES": "estimate=CRPS-Clinic, review=CRPS-Board",
        "KETRESPONSE_ALLOWED_HOSTS": "Estimates.clinic.example, other",
        "KETRESPONSE_RATE_CALLER": "5/second",
        "KETRESPONSE_RATE_ADDRESS": "",
    }
    access = AccessSettings.from_environ(environ)
    assert access.hosts == ("estimates.clinic.example", "other")
    assert (access.rate_caller, access.rate_address) == ("5/second", "")
    assert access.provider is not None
    assert access.provider.claim == "realm_access.roles"
    assert access.provider.scopes == {"CRPS-Clinic": "estimate", "CRPS-Board": "review"}


def test_who_may_ask_is_told_in_words():
    assert AccessSettings().describe("127.0.0.1") == "whoever is on this machine"
    access = AccessSettings.from_environ({**ISSUER, "KETRESPONSE_ACCESS_FILE": "a.json"})
    told = f"whoever has a key of a.json or a token of {ISSUER['KETRESPONSE_OIDC_ISSUER']}"
    assert access.describe("::1") == told
    assert access.describe("0.0.0.0").startswith(f"{told}; put HTTPS in front")


def test_without_words_of_its_own_a_scope_is_named_after_us():
    provider = AccessSettings.from_environ(ISSUER).provider
    assert provider is not None
    assert provider.claim == "scope"
    assert provider.scopes["ketresponse:estimate"] == "estimate"


def test_everything_wrong_is_told_at_once():
    environ = {
        "KETRESPONSE_OIDC_ISSUER": "http://id.clinic.example",
        "KETRESPONSE_OIDC_SCOPES": "estimates=x",
        "KETRESPONSE_RATE_CALLER": "often",
        "KETRESPONSE_RATE_ADDRESS": "0/minute",
        "KETRESPONSE_ALLOWED_HOSTS": "*,a.example:443",
    }
    with pytest.raises(InputError) as caught:
        AccessSettings.from_environ(environ)
    assert [p.column.removeprefix("KETRESPONSE_") for p in caught.value.problems] == [
        "OIDC_ISSUER",
        "OIDC_AUDIENCE",
        "OIDC_SCOPES",
        "RATE_CALLER",
        "RATE_ADDRESS",
        "ALLOWED_HOSTS",
        "ALLOWED_HOSTS",
    ]


def test_a_provider_without_its_address_is_told():
    with pytest.raises(InputError, match="KETRESPONSE_OIDC_ISSUER"):
        AccessSettings.from_environ({"KETRESPONSE_OIDC_AUDIENCE": "ketresponse"})


def test_an_approved_model_is_not_served_to_whoever_asks():
    with pytest.raises(Refused, match="ketresponse access key add NAME --scope estimate"):
        check_access("approved", AccessSettings())
    for mode in set(MODES) - {"approved"}:
        check_access(mode, AccessSettings())
    check_access("approved", AccessSettings.from_environ(ISSUER))


@pytest.mark.parametrize("mode", MODES)
def test_keys_that_cannot_be_read_stop_the_start(mode, tmp_path):
    access = AccessSettings(key_file=tmp_path / "access.json")
    with pytest.raises(KetresponseError, match="there is no file of keys"):
        check_access(mode, access)
    KeyFile(tmp_path / "access.json").add("ward-7", ["estimate"], days=1)
    check_access(mode, access)


def test_the_commands_need_to_know_the_file(tmp_path):
    with pytest.raises(InputError, match="export KETRESPONSE_ACCESS_FILE"):
        find_access_file({})
    found = find_access_file({"KETRESPONSE_ACCESS_FILE": str(tmp_path / "a.json")})
    assert found.path == tmp_path / "a.json"


def test_by_which_names_the_pages_of_reviews_are_reached():
    assert find_hosts({}) == ()
    environ = {
        "KETRESPONSE_ALLOWED_HOSTS": "Review.clinic.example",
        "KETRESPONSE_REVIEW_URL": "https://Reviews.clinic.example:8443/",
        "KETRESPONSE_OIDC_ISSUER": "https://id.clinic.example",  # without an audience: not asked
    }
    assert find_hosts(environ) == ("review.clinic.example", "reviews.clinic.example")
    with pytest.raises(InputError, match="settings of access"):
        find_hosts({"KETRESPONSE_ALLOWED_HOSTS": "https://review.example"})
