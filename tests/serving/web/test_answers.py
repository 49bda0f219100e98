from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

from features.errors import Problem
from features.texts import say
from serving.estimate.request import RequestError
from serving.language.language import LANGUAGES
from serving.records.database import RecordsUnavailable
from serving.records.recorder import Suspended
from serving.web.answers import JsonAnswer, answer, answer_page, find_caller


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (RequestError("the record", [Problem("nrs_t0", "0 to 10", "11")]), 400, b"0 to 10"),
        (RecordsUnavailable("/srv/records.db is full"), 503, b"cannot be recorded now"),
        (Suspended("suspended since then: O:E"), 503, b"this model is suspended since then"),
        (ValueError("7731.25"), 500, b"something failed"),
    ],
)
def test_what_went_wrong_is_told_without_what_is_the_operator_s(error, status, words):
    async def fail():
        raise error

    response = asyncio.run(answer(fail()))
    assert response.status_code == status
    assert words in response.body
    assert b"/srv/" not in response.body
    assert b"7731" not in response.body


def test_a_number_that_json_has_not_is_not_sent():
    with pytest.raises(ValueError, match="JSON"):
        JsonAnswer({"probability": float("nan")})
    for value in ([float("inf")], {"a": ({"b": np.float64("nan")},)}):
        with pytest.raises(ValueError, match="JSON"):
            JsonAnswer(value)
    assert JsonAnswer({"word": "\ud800"}).body == b'{"word": "\\ud800"}'


def test_a_number_is_read_back_as_it_was():
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 1e-7, 123456789012345680.0]
    back = json.loads(JsonAnswer(values).body)
    assert [value.hex() for value in back] == [value.hex() for value in values]
    assert json.loads(JsonAnswer({"n": 2**70, "of": np.float64(0.3)}).body) == {
        "n": 2**70,
        "of": 0.3,
    }


def test_an_answer_is_said_in_the_language_of_whoever_asks():
    content = {"label": say("Age"), "more": (say("Age"), "Age")}
    assert json.loads(JsonAnswer(content, language=LANGUAGES["en"]).body)["label"] == "Age"
    german = JsonAnswer(content, language=LANGUAGES["de"])
    assert json.loads(german.body) == {"label": "Alter", "more": ["Alter", "Age"]}
    assert german.headers["content-language"] == "de"


def test_who_asks_is_who_was_let_in():
    assert find_caller({"type": "http"}) == "local"
    assert find_caller({"type": "http", "state": {"caller": "ward 3"}}) == "ward 3"


def test_a_page_takes_nothing_from_outside_and_stays_in_no_cache():
    page = answer_page("<p>", 404)
    assert page.status_code == 404
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
