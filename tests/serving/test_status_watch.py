"""A withdrawal reaches a service that runs, and nothing that is put back brings the model back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from features.errors import Refused
from serving import status_watch
from serving.status_watch import PATIENCE, StatusGate, StatusWatch
from tests.serving.helpers.clients import Client
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.review_cards import put_card
from tests.training.helpers.reviews import ADMIN, AUTHOR, FIRST, SECOND, make_case
from training.approval.approval import make_annex
from training.card.card import read_card
from training.review.counter import find_counter, name_model, note_entry
from training.review.seal import ANNEX, check_approval, compute_digests, read_annex, write_annex
from training.review.signature import make_public_key, sign
from training.store.artifact import read_facts, save_model

KEY = b"k" * 32
STEPS = (("open", AUTHOR), ("approve", FIRST), ("approve", SECOND))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "model"
    facts = make_facts(name="pilot", version="3", synthetic=False, status="approved")
    save_model(folder, make_model(), facts)
    put_card(folder, *read_facts(folder))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a folder that was approved, and its public key elsewhere."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "review.pub").write_text(make_public_key(KEY))
    folder = shutil.copytree(made, tmp_path / "model")
    seal(folder)
    return folder


def seal(folder: Path, *more: tuple[str, Any], key: bytes = KEY, **changes: Any) -> bytes:
    """Write the record of a review with further steps into a folder; return what was there."""
    before = (folder / ANNEX).read_bytes() if (folder / ANNEX).exists() else b""
    facts, digest = read_facts(folder)
    digests = compute_digests(facts, digest, read_card(folder).sha256)
    steps = [(kind, who, digests) for kind, who in (*STEPS, *more)]
    case = replace(make_case(*steps, digests=digests), deployable=True)
    annex = make_annex(case) | changes
    write_annex(folder, annex, sign(annex, key))
    return before


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"KETRESPONSE_REVIEW_PUBLIC_KEY": str(tmp_path / "etc" / "review.pub")}


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def look(watch: StatusWatch) -> str:
    watch.look()
    return watch.reason


def test_a_withdrawal_stops_it_and_an_older_record_put_back_does_not_start_it(
    folder: Path, environ: dict[str, str]
) -> None:
    watch = StatusWatch(folder, environ=environ)
    assert look(watch) == ""
    before = seal(folder, ("withdraw", ADMIN))
    assert look(watch) == "it was withdrawn on 2026-11-04: withdraw: why"
    (folder / ANNEX).write_bytes(before)
    assert "an older record of its review was put back: of entry 3" in look(watch)
    # Not after a new start either, nor from another copy.
    copy = shutil.copytree(folder, folder.with_name("copy"))
    for place in (folder, copy):
        with pytest.raises(Refused, match="of entry 3; one of entry 4 was seen before"):
            check_approval(place, "approved", environ=environ)


def test_the_copy_of_a_record_that_is_older_elsewhere_is_not_refused(
    folder: Path, environ: dict[str, str]
) -> None:
    copy = shutil.copytree(folder, folder.with_name("copy"))
    seal(folder, entry=7)  # released once more, to this place
    for place in (folder, copy):
        assert check_approval(place, "approved", environ=environ) == ()
    seal(folder, entry=6)
    with pytest.raises(Refused, match="of entry 6; one of entry 7"):
        check_approval(folder, "approved", environ=environ)


def test_a_record_that_others_wrote_is_not_believed(folder: Path, environ: dict[str, str]) -> None:
    watch = StatusWatch(folder, environ=environ)
    seal(folder, ("withdraw", ADMIN), key=b"x" * 32)
    assert look(watch) == "the record of its review was not signed with the reviewers' key"


@pytest.mark.parametrize("wrong", [None, b"", b"{}", b"[1]", b"\xff", "another"])
def test_what_cannot_be_read_is_waited_for_and_not_for_ever(
    folder: Path, environ: dict[str, str], wrong: bytes | str | None
) -> None:
    clock = Clock()
    watch = StatusWatch(folder, environ=environ, now=clock)
    assert look(watch) == ""
    if wrong == "another":
        seal(folder, model="pilot:4")
    elif wrong is None:
        (folder / ANNEX).unlink()
    else:
        assert isinstance(wrong, bytes)
        (folder / ANNEX).write_bytes(wrong)
    clock.time = PATIENCE - 1
    assert look(watch) == ""
    clock.time = PATIENCE + 60
    assert "cannot be read at" in look(watch) and "for 61 minutes by now" in watch.reason
    seal(folder)
    assert look(watch) == ""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Serve a folder over HTTP."""
    (tmp_path / "www").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/review.json"
        server.shutdown()


def test_a_record_at_an_address_is_read_there(
    folder: Path, environ: dict[str, str], address: str, tmp_path: Path
) -> None:
    published = tmp_path / "www" / ANNEX
    shutil.copy(folder / ANNEX, published)
    clock = Clock()
    watch = StatusWatch(
        folder, environ={**environ, "KETRESPONSE_REVIEW_STATUS": address}, now=clock
    )
    assert look(watch) == ""
    published.unlink()
    clock.time = PATIENCE + 1
    assert f"cannot be read at {address}: File not found" in look(watch)
    copy = shutil.copytree(folder, tmp_path / "copy")
    seal(copy, ("withdraw", ADMIN))
    shutil.copy(copy / ANNEX, published)
    assert look(watch).startswith("it was withdrawn on")


def test_it_looks_by_itself(
    folder: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status_watch.SECONDS <= 60
    monkeypatch.setattr(status_watch, "SECONDS", 0.02)
    watch = StatusWatch(folder, environ=environ).start()
    assert watch.reason == ""
    seal(folder, ("withdraw", ADMIN))
    waiting = threading.Event()
    for _ in range(200):
        if watch.reason:
            break
        waiting.wait(0.02)
    assert watch.reason.startswith("it was withdrawn")


@pytest.mark.parametrize("path", ["/predict", "/clinic", "/model", "/readyz"])
def test_a_withdrawn_model_answers_nothing_but_why(
    folder: Path, environ: dict[str, str], path: str
) -> None:
    watch = StatusWatch(folder, environ=environ)
    app = Starlette(routes=[Route("/{path:path}", lambda request: PlainTextResponse("answered"))])
    app.add_middleware(StatusGate, get_watch=lambda: watch)
    client = Client(app)
    assert client.get(path).text == "answered"
    seal(folder, ("withdraw", ADMIN))
    watch.look()
    answer = client.get(path)
    words = "this model is no longer served: it was withdrawn on 2026-11-04: withdraw: why"
    assert (answer.status_code, answer.json()["error"]) == (503, words)
    page = client.get(path, headers={"accept": "text/html"})
    assert (page.status_code, words in page.text) == (503, True)
    for still in ("/livez", "/clinic.css", "/outcomes", "/monitor"):
        assert client.get(still).text == "answered"


def test_a_model_that_nobody_approved_is_not_watched() -> None:
    app = Starlette(routes=[Route("/predict", lambda request: PlainTextResponse("answered"))])
    app.add_middleware(StatusGate, get_watch=lambda: None)
    assert Client(app).get("/predict").text == "answered"


def test_a_withdrawal_is_noticed_where_another_version_lies_by_now(
    folder: Path, environ: dict[str, str]
) -> None:
    watch = StatusWatch(folder, environ=environ)
    assert look(watch) == ""
    elsewhere = shutil.copytree(folder, folder.with_name("elsewhere"))
    seal(folder, model="pilot:4")
    assert look(watch) == ""
    seal(elsewhere, ("withdraw", ADMIN))
    with pytest.raises(Refused, match="withdrawn"):
        check_approval(elsewhere, "approved", environ=environ)
    note_entry(find_counter(environ, folder), name_model(read_annex(elsewhere) or {}), 4)
    assert "its review has ended" in look(watch)
