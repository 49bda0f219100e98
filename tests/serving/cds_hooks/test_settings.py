from __future__ import annotations

import pytest

from features.errors import InputError, Refused
from serving.cds_hooks.settings import CdsSettings, check_may_be_open

SCOPE = {
    "type": "http",
    "scheme": "http",
    "path": "/cds-services",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"host", b"127.0.0.1:3000")],
    "server": ("127.0.0.1", 3000),
}


def test_without_settings_tokens_are_asked_for_and_nobody_is_believed():
    assert CdsSettings.from_environ({}) == CdsSettings({}, (), True, "")


def test_what_is_set_is_read():
    environ = {
        "KETRESPONSE_CDS_ISSUERS": "https://ehr.example = https://ehr.example/jwks?a=b, "
        "lab=http://127.0.0.1:9/keys",
        "KETRESPONSE_CDS_ORIGINS": "https://Sandbox.cds-hooks.org,http://localhost:8080",
        "KETRESPONSE_CDS_TOKENS": "off",
        "KETRESPONSE_URL": "https://estimates.clinic.example/",
    }
    settings = CdsSettings.from_environ(environ)
    assert settings.issuers == {
        "https://ehr.example": "https://ehr.example/jwks?a=b",
        "lab": "http://127.0.0.1:9/keys",
    }
    assert settings.origins == ("https://sandbox.cds-hooks.org", "http://localhost:8080")
    assert not settings.asks_tokens
    assert settings.url == "https://estimates.clinic.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KETRESPONSE_CDS_ISSUERS", "https://ehr.example"),
        ("KETRESPONSE_CDS_ISSUERS", "https://ehr.example=http://ehr.example/jwks"),
        ("KETRESPONSE_CDS_ISSUERS", "=https://ehr.example/jwks"),
        ("KETRESPONSE_CDS_ORIGINS", "*"),
        ("KETRESPONSE_CDS_ORIGINS", "null"),
        ("KETRESPONSE_CDS_ORIGINS", "http://sandbox.example"),
        ("KETRESPONSE_CDS_ORIGINS", "https://sandbox.example/"),
        ("KETRESPONSE_CDS_TOKENS", "no"),
        ("KETRESPONSE_URL", "http://estimates.clinic.example"),
    ],
)
def test_every_setting_that_is_wrong_is_named(name, value):
    environ = {"KETRESPONSE_CDS_TOKENS": "maybe", name: value}
    with pytest.raises(InputError) as caught:
        CdsSettings.from_environ(environ)
    assert {problem.column for problem in caught.value.problems} == {"KETRESPONSE_CDS_TOKENS", name}


def test_an_approved_model_is_not_open_to_whoever_asks():
    check_may_be_open("demonstration", CdsSettings(asks_tokens=False))
    check_may_be_open("approved", CdsSettings())
    with pytest.raises(Refused, match="KETRESPONSE_CDS_TOKENS=off"):
        check_may_be_open("approved", CdsSettings(asks_tokens=False))


def test_where_the_service_is_reached_is_set_or_told_by_a_request():
    assert CdsSettings().find_base(SCOPE) == "http://127.0.0.1:3000"
    assert CdsSettings(url="https://e.example").find_base(SCOPE) == "https://e.example"
