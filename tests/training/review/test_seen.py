"""Nobody signs another card or model than the one they have read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.errors import Refused
from tests.training.helpers.review_cards import change_card
from tests.training.helpers.reviews import AUTHOR, DIGESTS, FIRST
from tests.training.review.test_desk import add_model, desk  # noqa: F401
from training.review.desk import Desk
from training.review.seen import TYPED, find_changed, make_mark


def test_what_was_read_is_told_in_full_or_shortened() -> None:
    for length in (64, TYPED):
        assert find_changed(make_mark(DIGESTS, length), DIGESTS) == []


def test_each_that_changed_is_named() -> None:
    now = replace(DIGESTS, card="9" * 64, model="8" * 64)
    assert find_changed(make_mark(DIGESTS), now) == [
        "the card is another one than was read: cccccccccccc then, 999999999999 now; read it again",
        "the model is another one than was read: mmmmmmmmmmmm then, 888888888888 now; "
        "read it again",
    ]
    assert len(find_changed(make_mark(DIGESTS), replace(DIGESTS, model="8" * 64))) == 1


def test_what_says_nothing_is_refused() -> None:
    assert find_changed(" ", DIGESTS) == ["it is not said which card and which model were read"]


@pytest.mark.parametrize("mark", ["1234", "-", "c" * 64, "c" * 31 + "-" + "m" * 64, "ü-ü"])
def test_what_says_too_little_is_refused_with_what_is_asked(mark: str) -> None:
    (told,) = find_changed(mark, DIGESTS)
    assert told.startswith("what is given as read names no card and model in full (32 digits")


def test_a_card_changed_in_between_is_not_signed(desk: Desk) -> None:  # noqa: F811
    folder = add_model(desk)
    seen = make_mark(desk.act("open", AUTHOR, "pilot", comment="ready").case.digests)
    change_card(folder)
    with pytest.raises(Refused, match=r"cannot approve pilot:1:\n.*the card is another one"):
        desk.act("approve", FIRST, "pilot", comment="read", seen=seen)
    assert [event.kind for event in desk.log.read()] == ["open"]
