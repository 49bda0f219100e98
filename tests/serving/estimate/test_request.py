from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.estimate.request import RequestError, parse_body, parse_json


def test_a_body_gives_what_stands_under_its_name():
    body = b'{"patient": {"nrs_t0": 8}}'
    assert parse_body(body, "patient") == {"patient": {"nrs_t0": 8}}
    found = parse_body(body, "patient", optional=["panel"])
    assert found == {"patient": {"nrs_t0": 8}, "panel": None}


def test_an_optional_name_may_stand_beside_it_and_no_other():
    found = parse_body(b'{"panel": {"ct": 1}, "patient": {}}', "patient", optional=["panel"])
    assert found == {"patient": {}, "panel": {"ct": 1}}
    with pytest.raises(RequestError) as caught:
        parse_body(b'{"panel": {}, "plate": 1}', "patient", optional=["panel"])
    assert [problem.column for problem in caught.value.problems] == ["plate", "patient"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b'{"patient": {',
        b'{"patient": {}} and more',
        b"[]",
        b'"patient"',
        b"8",
        b"null",
        b'{"patients": []}',
        b'{"patient": {}, "extra": 1}',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"patient": {"nrs_t0": 8, "nrs_t0": 3}}',
        b'{"patient": {}, "patient": {}}',
        b'{"patient": ' + b"9" * 5000 + b"}",
    ],
)
def test_anything_else_is_one_readable_error(body):
    with pytest.raises(RequestError) as caught:
        parse_body(body, "patient")
    answer = caught.value.body()
    assert list(answer) == ["error", "problems"]
    assert answer["problems"]
    assert all(
        list(problem) == ["variable", "expected", "got", "action"] for problem in answer["problems"]
    )


def test_another_encoding_is_told_as_such():
    with pytest.raises(RequestError) as caught:
        parse_body('{"patient": {"site": "Zürich"}}'.encode("windows-1252"), "patient")
    assert [(p.expected, p.action) for p in caught.value.problems] == [
        ("text in UTF-8", "save it as UTF-8")
    ]


def test_a_repeated_name_is_told_with_its_count():
    with pytest.raises(RequestError) as caught:
        parse_json(b'{"a": 1, "b": 2, "a": 3, "a": 4}', expected="JSON")
    assert caught.value.body()["problems"] == [
        {
            "variable": "a",
            "expected": "each name once",
            "got": "the same name 3 times",
            "action": "",
        }
    ]


def test_numbers_that_json_does_not_know_are_left_to_the_check_of_their_variable():
    read = parse_json(b'{"a": NaN, "b": -Infinity, "c": 1e999}', expected="JSON")
    assert math.isnan(read["a"])
    assert (read["b"], read["c"]) == (-math.inf, math.inf)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_request_error(body):
    try:
        parse_body(body, "patient")
    except RequestError as err:
        assert err.problems


def test_long_names_are_cut_and_many_are_not_all_listed():
    with pytest.raises(RequestError) as caught:
        parse_body(json.dumps({"x" * 50: 1, "patient": {}}).encode(), "patient")
    assert [problem.column for problem in caught.value.problems] == ["x" * 40]
    many = {f"name{i}": 1 for i in range(30)} | {"patient": {}}
    with pytest.raises(RequestError) as caught:
        parse_body(json.dumps(many).encode(), "patient")
    assert [p.column for p in caught.value.problems] == [f"name{i}" for i in range(20)]
    twice = "{" + ", ".join(f'"{name}": 1' for name in [*many, *many]) + "}"
    with pytest.raises(RequestError) as caught:
        parse_json(twice.encode(), expected="an object")
    assert len(caught.value.problems) == 20
    assert {problem.got for problem in caught.value.problems} == {"the same name 2 times"}
