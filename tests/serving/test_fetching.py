from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from serving.fetching import Unreachable, fetch_json, is_safe_address

ANSWERS = {
    "/good": (200, b'{"a": 1}'),
    "/words": (200, b"John Doe"),
    "/long": (200, b"[" + b"1," * 600 + b"1]"),
    "/refused": (403, b'{"error": "John Doe"}'),
    "/away": (302, b"{}"),
}


@pytest.fixture(scope="module")
def asked():
    return []


@pytest.fixture(scope="module")
def url(asked):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("content-length", 0))
            asked.append((self.path, self.headers.get("authorization"), self.rfile.read(length)))
            status, body = ANSWERS[self.path]
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/good")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_asked_for_comes_as_values(url, asked):
    headers = {"Authorization": "Bearer x"}
    assert fetch_json(f"{url}/good", of="it", headers=headers) == {"a": 1}
    assert asked[-1] == ("/good", "Bearer x", b"")
    fetch_json(f"{url}/good", of="it", form={"code": "x y"})
    assert asked[-1] == ("/good", None, b"code=x+y")


def test_what_was_shown_is_not_shown_elsewhere(url, asked):
    with pytest.raises(Unreachable, match="HTTPError 302"):
        fetch_json(f"{url}/away", of="it", headers={"Authorization": "Bearer x"})
    assert asked[-1][0] == "/away"


@pytest.mark.parametrize("path", ["/words", "/refused", "/long"])
def test_what_is_no_answer_is_told_without_its_words(url, path):
    with pytest.raises(Unreachable, match="the register cannot be asked") as caught:
        fetch_json(f"{url}{path}", of="the register", most_bytes=1000)
    assert "John" not in str(caught.value)
    assert len(json.loads(ANSWERS["/long"][1])) == 601  # it would have been one


def test_nobody_there_is_told():
    for where in ("http://127.0.0.1:9/", "nowhere", "http://["):
        with pytest.raises(Unreachable, match="it cannot be asked"):
            fetch_json(where, of="it")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example", True),
        ("http://id.example", False),
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost.evil.example", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_an_address_is_safe_where_nobody_can_listen(url, safe):
    assert is_safe_address(url) is safe
