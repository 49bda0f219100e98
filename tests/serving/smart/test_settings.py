from __future__ import annotations

import pytest

from features.errors import InputError
from serving.fhir.servers import FhirServers
from serving.smart.settings import SmartSettings

ENVIRON = {
    "KETRESPONSE_SMART_CLIENT": "page",
    "KETRESPONSE_FHIR_SERVERS": "https://ehr.example/r4",
    "KETRESPONSE_URL": "https://estimates.clinic.example/",
}


def test_without_a_client_there_is_no_launch():
    assert SmartSettings.from_environ({}) is None


def test_what_is_set_is_read(tmp_path):
    settings = SmartSettings.from_environ(ENVIRON)
    servers = FhirServers(("https://ehr.example/r4",))
    assert settings == SmartSettings("page", "https://estimates.clinic.example", servers)
    file = tmp_path / "secret"
    file.write_text("word\n")
    more = SmartSettings.from_environ({**ENVIRON, "KETRESPONSE_SMART_SECRET_FILE": str(file)})
    assert more.secret == "word" and "word" not in repr(more)


def test_everything_that_is_missing_is_named(tmp_path):
    environ = {
        "KETRESPONSE_SMART_CLIENT": "page",
        "KETRESPONSE_SMART_SECRET_FILE": str(tmp_path / "none"),
    }
    with pytest.raises(InputError) as caught:
        SmartSettings.from_environ(environ)
    assert [problem.column for problem in caught.value.problems] == [
        "KETRESPONSE_URL",
        "KETRESPONSE_FHIR_SERVERS",
        "KETRESPONSE_SMART_SECRET_FILE",
    ]
