"""What is wrong is told whole, with the next step, and without a patient's value in a log."""

import pytest

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


def test_every_problem_is_counted_and_the_first_fifty_are_listed() -> None:
    assert str(InputError("nothing there")) == "nothing there"
    assert str(InputError("cohort", [PROBLEM])).startswith("cohort: 1 problem\n")
    fifty = str(InputError("cohort", [PROBLEM] * 50)).splitlines()
    assert (fifty[0], len(fifty), "more" in fifty[-1]) == ("cohort: 50 problems", 51, False)
    more = str(InputError("cohort", [PROBLEM] * 53)).splitlines()
    assert (more[0], len(more), more[-1]) == ("cohort: 53 problems", 52, "  ... and 3 more")


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
        ("nrs_t3", ["nrs_t1", "nrs_t0"], ""),  # another time is no slip of the pen
        ("age", ["cage", "age_years"], "did you mean age_years?"),  # a name that goes on is nearer
        ("zzz", ["sex"], ""),
        ("s" * 65, ["s" * 64], ""),
        ("s" * 64, ["s" * 63], f"did you mean {'s' * 63}?"),
    ],
)
def test_the_nearest_known_name_is_suggested(name: str, known: list[str], told: str) -> None:
    assert did_you_mean(name, known) == told
