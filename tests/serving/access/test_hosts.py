from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse

from serving.access.hosts import OwnNames, is_own_name
from tests.serving.helpers.clients import Client


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:3000",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.1:3000",
        "[::1]:3000",
        "[::1]",
        "localhost.:80",
    ],
)
@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "::"])
def test_this_machines_own_names_are_known(host, listening):
    assert is_own_name([host], listening)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:3000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "127.0.0.1:3000@evil.example",
        "[::1]evil.example",
        "",
        "0.0.0.0",
        "0.0.0.0:3000",
        "[::]:3000",
        "10.0.0.5",
        "localhost:x",
    ],
)
@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "::"])
def test_another_name_is_refused(host, listening):
    assert not is_own_name([host], listening)


def test_the_address_that_is_listened_on_is_a_name():
    assert is_own_name(["10.0.0.5:3000"], "10.0.0.5")
    assert is_own_name(["[2001:db8::5]:3000"], "2001:db8::5")
    assert is_own_name(["Estimates.Clinic.example"], "estimates.clinic.example")


def test_further_names_are_set():
    assert is_own_name(["estimates.clinic.example:443"], "0.0.0.0", ["estimates.clinic.example"])
    assert not is_own_name(["other.clinic.example"], "0.0.0.0", ["estimates.clinic.example"])


def test_there_is_exactly_one_name():
    assert not is_own_name([], "127.0.0.1")
    assert not is_own_name(["localhost", "localhost"], "127.0.0.1")


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:3001", 200), ("review.clinic.example", 200), ("evil.example", 403)],
)
def test_who_calls_by_another_name_gets_nothing(host, status):
    app = OwnNames(PlainTextResponse("inside"), host="0.0.0.0", more=["review.clinic.example"])
    answer = Client(app).get("/", headers={"host": host})
    assert answer.status_code == status
    assert ("inside" in answer.text) == (status == 200)
