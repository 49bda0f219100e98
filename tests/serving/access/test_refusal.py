from __future__ import annotations

import json

import pytest

from serving.access.refusal import Refusal, show_page, wants_page


def scope(accept=None, method="GET"):
    headers = [(b"accept", accept)] if accept else []
    return {"type": "http", "method": method, "headers": headers}


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (b"text/html,application/xhtml+xml", True),
        (b"application/json", False),
        (b"*/*", False),
        (None, False),
    ],
)
def test_only_a_browser_wants_a_page(accept, page):
    assert wants_page(scope(accept)) is page


def test_a_program_gets_the_form_of_every_problem():
    answer = Refusal(429, "wait", {"Retry-After": "5"}).answer(scope(), has_login=True)
    assert json.loads(answer.body) == {"error": "wait", "problems": []}
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


def test_a_person_is_led_to_the_form_where_there_is_one():
    refusal, page = Refusal(401, "show a key"), scope(b"text/html")
    assert refusal.answer(page, has_login=True).headers["location"] == "/login"
    assert refusal.answer(page, has_login=False).status_code == 401
    posted = refusal.answer(scope(b"text/html", "POST"), has_login=True)
    assert (posted.status_code, 'href="/login"' in bytes(posted.body).decode()) == (401, True)
    assert b"/login" not in refusal.answer(page, has_login=False).body


def test_a_page_shows_text_as_text():
    answer = show_page(scope(), "refused.html", title="<b>", text="<script>", login="")
    assert b"<script>" not in answer.body and b"&lt;script&gt;" in answer.body
