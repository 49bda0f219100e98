"""Who guesses has to wait, longer each time; nobody is locked out by another."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import KetresponseError, Refused
from tests.training.helpers.reviews import FIRST
from training.approval.case import Account
from training.review.attempts import Attempts, log_in, name_terminal

HERE, THERE = "10.0.0.1", "10.0.0.2"


class Clock:
    time = 1000.0

    def __call__(self) -> float:
        return self.time


class Identity:
    """Knows one password."""

    def authenticate(self, name: str, secret: str, code: str = "") -> Account:
        if secret != "right":
            raise Refused("wrong")
        return FIRST

    def knows(self, account: Account) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(tmp_path: Path, clock: Clock) -> Attempts:
    return Attempts(tmp_path / "home" / "tries.db", now=clock)


def _guess(attempts: Attempts, times: int, *, name: str = "berta", address: str = HERE) -> None:
    for _ in range(times):
        with pytest.raises(Refused, match=r"^wrong$"):
            log_in(Identity(), attempts, name, "guess", address=address)


def _waits(attempts: Attempts, *, name: str = "berta", address: str = HERE) -> str:
    with pytest.raises(Refused, match="too many wrong passwords from here") as caught:
        log_in(Identity(), attempts, name, "right", address=address)
    return str(caught.value).partition("wait ")[2].partition(" and")[0]


def test_after_five_each_further_guess_waits_twice_as_long(
    attempts: Attempts, clock: Clock
) -> None:
    _guess(attempts, 5)
    for wait, told in ((30, "30 seconds"), (60, "60 seconds"), (120, "2 minutes")):
        assert _waits(attempts) == told
        clock.time += wait - 1
        assert _waits(attempts) == "1 seconds"  # trying does not make it longer
        clock.time += 1
        _guess(attempts, 1)
    clock.time += 100_000
    assert log_in(Identity(), attempts, "berta", "right", address=HERE) == FIRST


def test_it_never_waits_longer_than_an_hour(attempts: Attempts, clock: Clock) -> None:
    for _ in range(20):
        _guess(attempts, 1)
        clock.time += 3600
    _guess(attempts, 1)
    assert _waits(attempts) == "60 minutes"


def test_the_owner_is_not_locked_out_from_elsewhere(attempts: Attempts) -> None:
    _guess(attempts, 5)
    assert log_in(Identity(), attempts, "berta", "right", address=THERE) == FIRST
    assert _waits(attempts) == "30 seconds"


def test_a_name_written_otherwise_is_counted_with_it(attempts: Attempts) -> None:
    for name in ("berta", "BERTA", " berta", "\uff42erta", "ber\u00adta"):
        _guess(attempts, 1, name=name)
    assert _waits(attempts, name="Berta") == "30 seconds"


def test_one_address_cannot_go_through_all_names(attempts: Attempts) -> None:
    for number in range(20):
        _guess(attempts, 1, name=f"name{number}")
    assert _waits(attempts, name="berta") == "30 seconds"
    assert log_in(Identity(), attempts, "berta", "right", address=THERE) == FIRST


def test_who_is_right_begins_anew(attempts: Attempts) -> None:
    for _ in range(30):
        _guess(attempts, 4)
        log_in(Identity(), attempts, "berta", "right", address=THERE)
        log_in(Identity(), attempts, "berta", "right", address=HERE)
        with attempts._open() as connection:  # what the address as a whole has tried is apart
            connection.execute("DELETE FROM tries WHERE who LIKE 'anybody%'")


def test_it_is_kept_for_the_next_command(attempts: Attempts, tmp_path: Path, clock: Clock) -> None:
    _guess(attempts, 5, address=name_terminal())
    later = Attempts(tmp_path / "home" / "tries.db", now=clock)
    assert _waits(later, address=name_terminal()) == "30 seconds"


def test_a_code_counts_once(attempts: Attempts) -> None:
    assert [attempts.take_step("berta", step) for step in (7, 7, 6, 8)] == [
        True,
        False,
        False,
        True,
    ]
    assert attempts.take_step("carl", 7)


def test_where_nothing_can_be_counted_nobody_logs_in(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    attempts = Attempts(tmp_path / "file" / "tries.db")
    with pytest.raises(KetresponseError, match="nobody can log in: tries cannot be counted"):
        log_in(Identity(), attempts, "berta", "right", address=HERE)
