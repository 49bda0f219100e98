from __future__ import annotations

import pytest

from features.errors import EXIT_REFUSED, InputError, Refused
from serving.settings import MODES, ServiceSettings, check_may_serve, is_loopback
from training.store.facts import STATUSES


def test_settings_survive_the_environment(tmp_path):
    settings = ServiceSettings(tmp_path, "research", "::1", 8080)
    assert ServiceSettings.from_environ(settings.to_environ()) == settings


def test_a_centre_and_a_first_horizon_survive_a_service_that_names_neither(tmp_path):
    environ = {"KETRESPONSE_CENTRE": "North", "KETRESPONSE_FIRST_HORIZON": "t2"}
    told = environ | ServiceSettings(tmp_path).to_environ()
    found = ServiceSettings.from_environ(told)
    assert (found.centre, found.first_horizon) == ("North", "t2")
    named = environ | ServiceSettings(tmp_path, centre="none").to_environ()
    assert ServiceSettings.from_environ(named).centre == "none"


def test_without_a_mode_only_an_approved_model_is_asked_for():
    settings = ServiceSettings.from_environ({"KETRESPONSE_MODEL": "m"})
    assert (settings.mode, settings.host, settings.port) == ("approved", "127.0.0.1", 3000)


def test_every_wrong_setting_is_named():
    environ = {"KETRESPONSE_MODE": "Approved", "KETRESPONSE_PORT": "70000"}
    with pytest.raises(InputError) as caught:
        ServiceSettings.from_environ(environ)
    assert [problem.column for problem in caught.value.problems] == [
        "KETRESPONSE_MODEL",
        "KETRESPONSE_MODE",
        "KETRESPONSE_PORT",
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("::ffff:10.0.0.1", False),
        ("example.org", False),
        ("", False),
        ("127.0.0.1.nip", False),
    ],
)
def test_only_addresses_of_this_machine_are_loopback(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("mode", MODES)
def test_a_mode_never_upgrades_a_model(status, mode):
    if status == mode or (mode == "approved" and status.startswith("approved")):
        check_may_serve(status, mode, "127.0.0.1")
    else:
        with pytest.raises(Refused) as caught:
            check_may_serve(status, mode, "127.0.0.1")
        assert caught.value.exit_code == EXIT_REFUSED
        assert "\n" not in str(caught.value)


def test_the_refusal_names_the_right_option():
    with pytest.raises(Refused, match="use --demonstration"):
        check_may_serve("demonstration", "research", "127.0.0.1")
    with pytest.raises(Refused, match="use --research"):
        check_may_serve("research", "approved", "127.0.0.1")


@pytest.mark.parametrize("mode", ["research", "demonstration"])
def test_unapproved_models_stay_on_this_machine(mode):
    with pytest.raises(Refused, match=r"on this machine only.*not 0\.0\.0\.0"):
        check_may_serve(mode, mode, "0.0.0.0")


def test_an_approved_model_may_be_served_to_others():
    check_may_serve("approved", "approved", "0.0.0.0")
