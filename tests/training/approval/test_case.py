"""A model under review: what holds now, by whom, and what it may be approved for."""

from dataclasses import replace

import pytest

from tests.training.helpers.reviews import (
    ADMIN,
    AUTHOR,
    DIGESTS,
    FIRST,
    SECOND,
    THIRD,
    failing,
    make_case,
)
from training.approval.case import (
    NAMED_USE,
    NEEDED,
    SILENT,
    Event,
    approved_version,
    compute_standing,
    find_end,
    list_approvals,
    name_standing,
    released_versions,
    since_opened,
)

OPEN = ("open", AUTHOR)
OTHER = replace(DIGESTS, card="9" * 64)


def names(events):
    return [event.actor for event in events]


def test_two_people_are_needed():
    assert NEEDED == 2


def test_only_the_digests_that_differ_are_named():
    assert DIGESTS.changed_from(DIGESTS) == ()
    assert replace(DIGESTS, model="1", code="2").changed_from(DIGESTS) == ("model", "code")


def test_without_external_validation_a_model_is_for_silent_evaluation():
    # Gate 9 asks for patients of another place; a waiver lets it pass without changing the use.
    assert make_case(gates=failing()).scope == NAMED_USE
    assert make_case(gates=failing(4, 11)).scope == NAMED_USE
    assert make_case(gates=failing(9)).scope == SILENT
    assert make_case(OPEN, ("waive", FIRST, 9), gates=failing(9)).scope == SILENT
    assert make_case(gates=()).scope == SILENT


def test_only_what_was_done_since_the_last_opening_and_on_the_same_things_holds():
    steps = (OPEN, ("approve", FIRST), ("open", AUTHOR), ("approve", SECOND))
    case = make_case(*steps, ("approve", THIRD, OTHER))
    assert names(case.holding("approve")) == ["carl"]
    assert names(case.of_kind("approve")) == ["berta", "carl", "dora"]
    assert names(since_opened(case.events)) == ["anna", "carl", "dora"]
    assert since_opened(make_case(("approve", FIRST)).events) == ()


def test_of_one_persons_approvals_the_last_counts():
    case = make_case(OPEN, ("approve", FIRST), ("approve", SECOND), ("approve", FIRST))
    assert [(event.actor, event.number) for event in list_approvals(case.events)] == [
        ("berta", 4),
        ("carl", 3),
    ]


def test_approvals_of_a_demonstration_count_for_nothing():
    case = make_case(OPEN, ("approve", FIRST), ("approve", SECOND), synthetic=True)
    assert list_approvals(case.events) == []
    assert compute_standing(case.events) == "in review"


def test_an_opener_never_approves_even_where_the_log_says_so():
    case = make_case(OPEN, ("approve", AUTHOR), ("approve", FIRST))
    assert names(case.approvals) == ["berta"]
    assert case.standing == "void"


def test_whoever_opened_or_is_named_by_the_card_is_an_author():
    case = make_case(OPEN, authors=frozenset({"Carl SECOND", "dora"}))
    found = {account.name: case.is_author(account) for account in (AUTHOR, FIRST, SECOND, THIRD)}
    assert found == {"anna": True, "berta": False, "carl": True, "dora": True}


def test_gates_that_the_log_answers_are_not_open_by_the_card():
    assert [g.number for g in make_case(gates=failing(4, 11, 12)).open_gates()] == [4, 12]
    assert [g.number for g in make_case(gates=failing(4, 12), synthetic=True).open_gates()] == [4]
    waived = make_case(OPEN, ("waive", FIRST, 4), gates=failing(4, 5))
    assert [g.number for g in waived.open_gates()] == [5]
    assert waived.waivers[4].who == "Berta First (berta)"


@pytest.mark.parametrize(
    ("steps", "standing"),
    [
        ((), "not opened"),
        ((OPEN,), "in review"),
        ((OPEN, ("approve", FIRST)), "in review"),
        ((OPEN, ("approve", FIRST), ("approve", SECOND)), "approved"),
        ((OPEN, ("approve", FIRST), ("approve", SECOND, OTHER)), "in review"),
        ((OPEN, ("approve", FIRST), ("approve", SECOND), OPEN), "in review"),
        ((OPEN, ("refuse", FIRST)), "refused"),
        ((OPEN, ("approve", FIRST), ("approve", SECOND), ("withdraw", ADMIN)), "withdrawn"),
    ],
)
def test_how_a_review_stands_by_its_log(steps, standing):
    case = make_case(*steps)
    assert (compute_standing(case.events), case.standing) == (standing, standing)


def test_the_first_end_is_the_end():
    case = make_case(OPEN, ("refuse", FIRST), ("withdraw", ADMIN))
    assert find_end(case.events).kind == "refuse"
    assert find_end(make_case(OPEN).events) is None


def test_an_event_without_a_name_goes_by_its_account():
    event = Event(1, "2026-11-02T10:00:00+00:00", "release", "pilot:1", "carl", "why")
    assert (event.who, event.digests) == ("carl (carl)", None)


def log(*steps):
    """Return a log of (version, kind) or (version, kind, account)."""
    return [
        Event(
            i,
            "2026-11-22T10:00:00+00:00",
            kind,
            f"pilot:{version}",
            (account[0] if account else FIRST).name,
            "why",
            {"digests": vars(DIGESTS)},
        )
        for i, (version, kind, *account) in enumerate(steps, start=1)
    ]


def approve(version):
    return [(version, "open", AUTHOR), (version, "approve", FIRST), (version, "approve", SECOND)]


@pytest.mark.parametrize(
    ("steps", "version"),
    [
        ([], None),
        ([(1, "open"), (1, "approve")], None),
        (approve(1), "1"),
        ([*approve(1), *approve(2)], "2"),
        ([*approve(2), *approve(1)], "1"),
        ([*approve(1), *approve(2), (1, "withdraw")], "2"),
        ([*approve(1), *approve(2), (2, "withdraw")], None),
        ([*approve(1), *approve(2), (1, "rollback")], "1"),
        ([*approve(1), *approve(2), (1, "rollback"), *approve(3)], "3"),
        ([*approve(1), *approve(2), (1, "release")], "2"),
        ([*approve(1), (2, "open", AUTHOR), (2, "refuse")], "1"),
    ],
)
def test_the_alias_follows_the_log(steps, version):
    assert approved_version(log(*steps), "pilot") == version
    assert approved_version(log(*steps), "other") is None


@pytest.mark.parametrize(
    ("steps", "versions"),
    [
        ([], []),
        ([(1, "release"), (1, "release")], ["1"]),
        ([(1, "release"), (2, "release"), (2, "release")], ["1", "2"]),
        ([(1, "release"), (2, "open", AUTHOR)], ["1"]),
        ([(1, "release"), (2, "release"), (1, "release")], ["1", "2", "1"]),
        ([(1, "release"), (2, "release"), (3, "release")], ["1", "2", "3"]),
        ([(1, "release"), (2, "release"), (1, "rollback")], ["1"]),
        ([(1, "release"), (2, "release"), (3, "release"), (1, "rollback")], ["1"]),
        ([(1, "release"), (2, "release"), (1, "rollback"), (3, "release")], ["1", "3"]),
    ],
)
def test_what_was_rolled_back_is_not_come_back_to(steps, versions):
    assert released_versions(log(*steps), "pilot") == versions
    assert released_versions(log(*steps), "other") == []


def test_an_approval_for_silent_evaluation_is_named_so_and_no_other():
    approved = (OPEN, ("waive", FIRST, 9), ("approve", FIRST), ("approve", SECOND))
    assert make_case(*approved, gates=failing(9)).name == "approved for silent evaluation only"
    assert make_case(*approved, gates=failing(11)).name == "approved"
    few = replace(make_case(*approved, gates=failing(11)), deployable=False)
    assert (few.scope, few.name) == (SILENT, "approved for silent evaluation only")
    assert name_standing("in review", SILENT) == "in review"


def test_who_handed_a_model_in_does_not_judge_it_under_their_next_account():
    later = replace(AUTHOR, name="anna2", display="Anna  AUTHOR", role="reviewer")
    case = make_case(OPEN, ("approve", later), ("approve", FIRST))
    assert case.is_author(later)
    assert names(case.approvals) == ["berta"]
    assert case.standing == "void"
