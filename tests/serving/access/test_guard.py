from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.access.keys import KeyFile
from serving.access.paths import UNKNOWN
from serving.access.settings import AccessSettings
from serving.access.tokens import Provider
from serving.cds_hooks.settings import CdsSettings
from serving.estimate.request import MAX_BODY
from tests.serving.helpers.guarded import PAGE, Guarded, bearer
from tests.serving.helpers.issuers import AUDIENCE, running_issuer
from tests.serving.helpers.record_systems import sign


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "access.json")


@pytest.fixture
def ward(keys):
    """Return the key of a ward, which asks for estimates."""
    return keys.add("ward-7", ["estimate"], days=1)[1]


@pytest.fixture
def access(keys, ward):
    return AccessSettings(key_file=keys.path)


@pytest.fixture
def guarded(access):
    return Guarded(access)


@pytest.fixture
def off():
    return Guarded(AccessSettings())


def test_whoever_is_let_in_has_a_name_inside(guarded, ward):
    answer = guarded.post("/predict", content=b"12345", headers=bearer(ward))
    assert answer.json() == {"caller": "ward-7", "csrf": "", "length": 5}


@pytest.mark.parametrize("path", ["/predict", "/clinic", "/model", "/metrics", "/outcomes", "/x"])
@pytest.mark.parametrize("shown", [None, "", "x", "ketr_00000000_x", "a.b.c", "\xff"])
def test_who_shows_nothing_good_is_told_how(guarded, path, shown):
    headers = {} if shown is None else {b"authorization": b"Bearer " + shown.encode("latin-1")}
    answer = guarded.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="ketresponse"')
    assert answer.headers["cache-control"] == "no-store"
    assert list(answer.json()) == ["error", "problems"]
    assert "key or" in answer.json()["error"]


@pytest.mark.parametrize("shown", ["Basic YTpi", "Bearer", "bearer", "Digest x", " "])
def test_other_ways_to_show_oneself_are_not_taken(guarded, shown):
    assert guarded.get("/predict", headers={"Authorization": shown}).status_code == 401


def test_a_key_opens_only_what_it_is_for(guarded, keys, ward):
    ops = keys.add("ops", ["admin"], days=1)[1]
    assert guarded.get("/metrics", headers=bearer(ops)).json()["caller"] == "ops"
    answer = guarded.get("/metrics", headers=bearer(ward))
    assert answer.status_code == 403
    assert answer.json()["error"] == "ward-7 may not open this: it takes the scope admin"
    assert guarded.get("/predict", headers=bearer(ops)).status_code == 403


def test_the_front_page_leads_each_to_their_own(guarded, keys, ward, off):
    nurse = keys.add("follow-up", ["outcomes"], days=1)[1]
    for key, page in ((ward, "/clinic"), (nurse, "/outcomes")):
        assert guarded.get("/", headers=bearer(key)).headers["location"] == page
    assert guarded.get("/").status_code == 401
    assert off.get("/").json()["caller"] == "local"


def test_a_key_in_the_address_is_none(guarded, ward):
    assert guarded.get(f"/predict?key={ward}").status_code == 401


def test_revoking_bites_at_the_next_request(guarded, keys, ward):
    assert guarded.get("/predict", headers=bearer(ward)).status_code == 200
    keys.revoke(keys.read()[0].id)
    assert guarded.get("/predict", headers=bearer(ward)).status_code == 401


def test_keys_that_cannot_be_read_let_nobody_in_and_are_told(guarded, keys, ward, caplog):
    keys.path.write_text("{")
    with caplog.at_level(logging.ERROR):
        answer = guarded.get("/predict", headers=bearer(ward))
    assert answer.status_code == 503
    assert "cannot be read" in caplog.text
    assert ward not in caplog.text + answer.text
    assert guarded.get("/readyz").status_code == 200


def test_health_and_style_are_open(guarded):
    for path in ("/readyz", "/clinic.css"):
        assert guarded.get(path).status_code == 200
    assert guarded.get("/readyz", headers={"host": "10.0.0.7"}).status_code == 200  # a probe's


def test_where_nothing_answers_callers_are_told_so_and_others_are_not(guarded, off, ward):
    assert guarded.get("/John-Doe").status_code == 401
    for answer in (guarded.get("/John-Doe", headers=bearer(ward)), off.get("/John-Doe")):
        assert answer.status_code == 404
        assert "John" not in answer.text and UNKNOWN not in answer.text
    assert off.get("/John-Doe", headers=PAGE).headers["content-type"].startswith("text/html")


def test_without_access_control_whoever_asks_is_local(off):
    assert off.get("/metrics").json() == {"caller": "local", "csrf": "", "length": 0}
    assert off.get("/login").status_code == 404


def test_a_name_that_leads_here_from_elsewhere_is_refused(off, guarded, ward):
    for one, headers in ((off, {}), (guarded, bearer(ward))):
        answer = one.get("/predict", headers={**headers, "host": "rebound.evil.example:3000"})
        assert answer.status_code == 403
        assert "KETRESPONSE_ALLOWED_HOSTS" in answer.json()["error"]
        assert "evil" not in answer.text
    named = Guarded(AccessSettings(hosts=("estimates.clinic.example",)), host="0.0.0.0")
    assert named.get("/predict", headers={"host": "estimates.clinic.example"}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_asks_in_vain(off, site):
    assert off.post("/predict", headers={"sec-fetch-site": site}).status_code == 403
    assert off.get("/clinic", headers={"sec-fetch-site": site}).status_code == 200  # a link
    assert off.post("/predict", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_each_caller_asks_so_often_and_no_more(access, keys, ward):
    guarded = Guarded(replace(access, rate_caller="3/minute"))
    other = keys.add("ward-8", ["estimate"], days=1)[1]
    assert [guarded.get("/predict", headers=bearer(ward)).status_code for _ in range(4)] == [
        *[200] * 3,
        429,
    ]
    answer = guarded.get("/predict", headers=bearer(ward))
    assert 1 <= int(answer.headers["retry-after"]) <= 120
    assert "ask again in" in answer.json()["error"]
    assert guarded.get("/predict", headers=bearer(other)).status_code == 200


def test_each_address_asks_so_often_whatever_it_shows(access, ward):
    guarded = Guarded(replace(access, rate_address="3/minute"))
    assert [guarded.get("/predict", client="10.0.0.9").status_code for _ in range(3)] == [401] * 3
    assert guarded.get("/predict", client="10.0.0.9", headers=bearer(ward)).status_code == 429
    assert guarded.get("/predict", client="10.0.0.8", headers=bearer(ward)).status_code == 200
    assert guarded.get("/readyz", client="10.0.0.9").status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/clinic", "/model", "/outcomes"])
def test_a_body_is_not_longer_than_is_allowed_anywhere(off, path):
    assert off.post(path, content=b"x" * MAX_BODY).json()["length"] == MAX_BODY
    answer = off.post(path, content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert f"{MAX_BODY:,} bytes" in answer.json()["error"]

    async def chunks():
        for _ in range(20):
            yield b"x" * 100_000

    assert off.post(path, content=chunks()).status_code == 413


def test_the_body_of_somebody_unknown_is_not_read(guarded):
    async def chunks():
        yield b"x"
        raise AssertionError("read further")

    assert guarded.post("/predict", content=chunks()).status_code == 401


def test_a_browser_is_shown_a_page(guarded, keys, ward):
    answer = guarded.get("/clinic", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    refused = guarded.get("/metrics", headers={**PAGE, **bearer(ward)})
    assert refused.status_code == 403
    assert "it takes the scope admin" in refused.text
    assert refused.headers["content-security-policy"].startswith("default-src 'none'")
    assert "script" not in refused.text


def test_tokens_of_a_provider_open_too(keys, ward):
    with running_issuer() as issuer:
        words = {"ketresponse:estimate": "estimate"}
        provider = Provider(issuer.url, AUDIENCE, "scope", words)
        both = Guarded(AccessSettings(key_file=keys.path, provider=provider))
        assert both.get("/predict", headers=bearer(issuer.sign())).json()["caller"] == "oidc:anna"
        assert both.get("/predict", headers=bearer(ward)).json()["caller"] == "ward-7"
        assert both.get("/metrics", headers=bearer(issuer.sign())).status_code == 403
        assert both.get("/predict", headers=bearer(issuer.sign(scope=""))).status_code == 403
        assert both.get("/predict", headers=bearer(issuer.sign(aud="x"))).status_code == 401
        alone = Guarded(AccessSettings(provider=provider))
        assert alone.get("/predict", headers=bearer(issuer.sign())).status_code == 200
        assert alone.get("/predict", headers=bearer(ward)).status_code == 401
        assert alone.get("/clinic", headers=PAGE).status_code == 401  # there is no form
        issuer.is_up = False
        fresh = Guarded(AccessSettings(provider=provider))
        assert fresh.get("/predict", headers=bearer(issuer.sign())).status_code == 503


def test_a_websocket_is_closed(off):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": []}
    asyncio.run(off.app(scope, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


_VALUES = st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\0"))
_SHOWN = {
    b"authorization": _VALUES | _VALUES.map(lambda value: b"Bearer ketr_" + value),
    b"cookie": _VALUES | _VALUES.map(lambda value: b"ketresponse_session=" + value),
    b"host": st.just(b"127.0.0.1:3000") | _VALUES,
    b"content-type": _VALUES | st.just(b"multipart/form-data; boundary=x"),
    b"content-length": _VALUES,
    b"sec-fetch-site": _VALUES,
    b"accept": _VALUES | st.just(b"text/html"),
    b"x-csrf-word": _VALUES,
}


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.sampled_from(["/predict", "/clinic", "/login", "/logout", "/metrics", "/x", "/readyz"]),
    headers=st.fixed_dictionaries({}, optional=_SHOWN),
    body=st.binary(max_size=50),
)
def test_whatever_is_shown_is_answered_and_lets_nobody_in(access, method, path, headers, body):
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent = []

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 3000),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:3000"), *headers.items()]
        if b"host" not in headers
        else [*headers.items()],
    }
    asyncio.run(Guarded(access).app(scope, receive, send))
    status = sent[0]["status"]
    is_open = path in ("/login", "/readyz")
    assert status in ({200, 303, 401, 403, 405, 413} if is_open else {303, 401, 403, 413})


CDS = "/cds-services/x"
URL = f"http://127.0.0.1:3000{CDS}"


@pytest.fixture(scope="module")
def ehr():
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def cds(ehr):
    return CdsSettings({ehr.url: f"{ehr.url}/keys"}, ("https://ehr.example",))


def test_a_record_system_shows_a_token_of_its_own_whether_keys_are_set_or_not(access, ehr, cds):
    for guarded in (Guarded(access, cds=cds), Guarded(AccessSettings(), cds=cds)):
        answer = guarded.post(CDS, headers=bearer(sign(ehr, URL)))
        assert answer.json()["caller"] == f"cds:{ehr.url}"
        for headers in ({}, bearer("x"), bearer(sign(ehr, f"{URL}/y"))):
            assert guarded.post(CDS, headers=headers).status_code == 401
        assert guarded.get("/cds-services").status_code == 200


def test_a_record_systems_token_opens_nothing_else(access, ehr, cds):
    guarded = Guarded(access, cds=cds)
    for path in ("/predict", "/clinic", "/metrics"):
        token = sign(ehr, f"http://127.0.0.1:3000{path}")
        assert guarded.post(path, headers=bearer(token)).status_code == 401


def test_a_key_opens_the_services_as_it_does_elsewhere(access, ward, keys, cds):
    guarded = Guarded(access, cds=cds)
    assert guarded.post(CDS, headers=bearer(ward)).json()["caller"] == "ward-7"
    other = keys.add("nurse", ["outcomes"], days=1)[1]
    assert guarded.post(CDS, headers=bearer(other)).status_code == 403


def test_a_sandbox_may_be_let_in_without_a_token(access, cds):
    guarded = Guarded(access, cds=replace(cds, asks_tokens=False))
    assert guarded.post(CDS, headers=bearer("whatever")).status_code == 200
    assert guarded.post("/predict").status_code == 401


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        (CDS, "https://ehr.example", 200),
        (CDS, "https://evil.example", 403),
        (CDS, None, 403),
        ("/predict", "https://ehr.example", 403),
    ],
)
def test_only_a_page_that_is_named_may_ask_from_another_site(cds, path, origin, status):
    guarded = Guarded(AccessSettings(), cds=replace(cds, asks_tokens=False))
    headers = {"sec-fetch-site": "cross-site", **({"origin": origin} if origin else {})}
    assert guarded.post(path, headers=headers).status_code == status


def test_keys_of_a_record_system_that_cannot_be_had_are_no_wrong_token(ehr):
    guarded = Guarded(AccessSettings(), cds=CdsSettings({ehr.url: "http://127.0.0.1:9/keys"}))
    assert guarded.post(CDS, headers=bearer(sign(ehr, URL))).status_code == 503
