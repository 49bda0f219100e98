"""What is wrong is told whole, with the next step, and without a patient's value in a log."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import (
    EXIT_INPUT,
    EXIT_NOT_ENOUGH,
    EXIT_REFUSED,
    InputError,
    KetresponseError,
    NotEnoughData,
    Problem,
    Refused,
    did_you_mean,
    group_problems,
    list_words,
)

PROBLEM = Problem("nrs_t0", "a number from 0 to 10", "'eleven'", row=3, action="correct the file")


def test_a_problem_tells_where_what_and_the_next_step() -> None:
    told = PROBLEM.text(values=True)
    assert told == ("row 3, nrs_t0: expected a number from 0 to 10; got 'eleven'; correct the file")
    bare = Problem("site", "a site", "nothing")
    assert bare.text(values=True) == "site: expected a site; got nothing"
    assert bare.text(values=False) == "site: expected a site"


def test_what_came_is_told_to_the_sender_only() -> None:
    error = InputError("cohort", [PROBLEM])
    assert "eleven" in error.report()
    assert "eleven" not in str(error)
    assert "eleven" not in repr(error.args)


def test_problems_of_one_kind_are_one_line_with_count_first_rows_and_values() -> None:
    problems = [replace(PROBLEM, row=row, got=repr(str(row))) for row in range(3, 10)]
    other = Problem("site", "a site", "nothing")
    lines = InputError("cohort", [*problems[:4], other, *problems[4:], other]).report().splitlines()
    assert lines == [
        "cohort: 9 problems",
        "  nrs_t0 (7 rows: 3, 4, 5, 6, 7, ...): expected a number from 0 to 10; "
        "got '3', '4', '5', ...; correct the file",
        "  site (2 times): expected a site; got nothing",
    ]
    assert "'3'" not in str(InputError("cohort", problems))


def test_every_problem_is_counted_and_twenty_kinds_are_listed() -> None:
    assert str(InputError("nothing there")) == "nothing there"
    assert str(InputError("cohort", [PROBLEM])).startswith("cohort: 1 problem\n")
    kinds = [replace(PROBLEM, column=f"c{i}") for i in range(22)]
    twenty = str(InputError("cohort", kinds[:20])).splitlines()
    assert (twenty[0], len(twenty), "more" in twenty[-1]) == ("cohort: 20 problems", 21, False)
    more = str(InputError("cohort", [*kinds, kinds[-1]])).splitlines()
    assert (more[0], len(more), more[-1]) == ("cohort: 23 problems", 22, "  ... and 3 more")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x"]), st.integers(1, 99))))
def test_no_problem_is_lost_in_its_kind(given_: list[tuple[str, str, int]]) -> None:
    problems = [Problem(column, "y", "z", row, action) for column, action, row in given_]
    kinds = group_problems(problems)
    assert sorted((p for kind in kinds for p in kind.problems), key=repr) == sorted(
        problems, key=repr
    )
    assert len(kinds) == len({(p.column, p.action) for p in problems})


def test_a_list_is_never_longer_than_twenty_words() -> None:
    words = [str(i) for i in range(30)]
    assert list_words(words[:20]) == ", ".join(words[:20])
    assert list_words(words) == ", ".join(words[:20]) + " and 10 more"


def test_each_kind_of_error_has_its_exit_code() -> None:
    assert (EXIT_INPUT, EXIT_NOT_ENOUGH, EXIT_REFUSED) == (2, 3, 4)
    codes = [kind.exit_code for kind in (KetresponseError, InputError, NotEnoughData, Refused)]
    assert codes == [EXIT_INPUT, EXIT_INPUT, EXIT_NOT_ENOUGH, EXIT_REFUSED]


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("nrs_t", ["nrs_t0", "sex"], ""),
        ("sexx", ["nrs_t0", "sex"], "did you mean sex?"),
        ("SEX", ["sex"], "did you mean sex?"),
        ("nrs_to", ["nrs_t1", "nrs_t0"], "did you mean nrs_t0?"),  # an o for a zero
        ("nrs_tl", ["nrs_t0", "nrs_t1"], "did you mean nrs_t1?"),
        ("nrs_t3", ["nrs_t1", "nrs_t0"], ""),  # another time is no slip of the pen
        ("age", ["cage", "age_years"], "did you mean age_years?"),  # a name that goes on is nearer
        ("zzz", ["sex"], ""),
        ("id", ["n", "Id"], "did you mean Id?"),
        ("record_id", ["Record ID"], "did you mean Record ID?"),
        ("sex", ["SEXX"], "did you mean SEXX?"),
        ("nrs_to", ["nrs_t1", "nrs_t0"], "did you mean nrs_t0?"),
        ("--", ["_"], ""),
        ("s" * 65, ["s" * 64], ""),
        ("s" * 64, ["s" * 63], f"did you mean {'s' * 63}?"),
    ],
)
def test_the_nearest_known_name_is_suggested(name: str, known: list[str], told: str) -> None:
    assert did_you_mean(name, known) == told
