from __future__ import annotations

import pytest

from serving.access.caller import (
    LOCAL,
    SCOPES,
    Caller,
    describe_need,
    find_first_page,
    is_health,
    may_open,
)
from serving.access.paths import list_routes
from serving.service import service


def caller(*scopes):
    return Caller("somebody", scopes)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/predict", "estimate"),
        ("/predict_batch", "estimate"),
        ("/clinic", "estimate"),
        ("/outcomes", "outcomes"),
        ("/outcomes/missing", "outcomes"),
        ("/monitor", "review"),
        ("/metrics", "admin"),
        ("/what/nobody/listed", "admin"),
        ("/predictors", "admin"),
    ],
)
def test_each_address_takes_its_own_scope_and_no_other(path, scope):
    assert [one for one in SCOPES if may_open(path, caller(one))] == [scope]
    assert not may_open(path, None)
    assert describe_need(path) == scope


@pytest.mark.parametrize("path", ["/", "/model", "/model/card", "/docs", "/docs.json"])
def test_what_the_model_is_every_caller_may_read_and_nobody_else(path):
    assert all(may_open(path, caller(scope)) for scope in SCOPES)
    assert not may_open(path, None)
    assert not may_open(path, caller())
    assert describe_need(path) == "any"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/clinic.css", "/icon.svg"])
def test_health_and_what_pages_look_like_are_open(path):
    assert may_open(path, None)


def test_that_nothing_is_there_every_caller_may_hear():
    assert may_open("/nothing", caller("estimate"), known=False)
    assert not may_open("/nothing", None, known=False)


def test_whoever_is_local_may_do_all():
    assert all(may_open(path, LOCAL) for path in ("/predict", "/metrics", "/outcomes", "/other"))


def test_only_health_is_health():
    assert is_health("/livez")
    assert not is_health("/livez/x")


def test_everybody_begins_with_a_page_that_they_may_open():
    for scope in SCOPES:
        assert may_open(find_first_page([scope]), caller(scope))
    assert find_first_page(SCOPES) == "/clinic"


def test_no_address_of_the_service_is_shut_or_open_for_want_of_a_thought():
    wanted = {
        None: {
            "/livez",
            "/healthz",
            "/readyz",
            "/clinic.css",
            "/clinic.js",
            "/icon.svg",
            "/docs.css",
            "/docs.js",
            "/fhir/metadata",
            "/cds-services",
            "/launch",
            "/launch/back",
        },
        "any": {"/", "/model", "/model/card", "/card", "/card.html", "/docs", "/docs.json"},
        "estimate": {
            "/clinic",
            "/arrived",
            "/predict",
            "/predict_batch",
            "/fhir/predict",
            "/fhir/Questionnaire/{id}",
            "/cds-services/{service}",
            "/cds-services/{service}/feedback",
        },
        "outcomes": {"/outcomes"},
        "review": {"/monitor"},
        "admin": {"/metrics"},
    }
    wanted["any"].add("/schema.json")  # BentoML's
    found = {}
    for route in list_routes(service.to_asgi().routes):
        need = None if may_open(route.path, None) else describe_need(route.path)
        found.setdefault(need, set()).add(route.path)
    assert found == wanted
