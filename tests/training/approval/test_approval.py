from __future__ import annotations

from dataclasses import replace
from random import Random

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
    make_reason,
)
from training.approval.approval import (
    check_annex,
    compute_objections,
    compute_unmet,
    describe_waivers,
    make_annex,
)
from training.approval.case import ACTIONS, SYSTEM, compute_standing

OPEN = ("open", AUTHOR)
APPROVED = (OPEN, ("approve", FIRST), ("approve", SECOND))


def codes(case):
    return [unmet.code for unmet in compute_unmet(case)]


def against(case, action, account, *, comment=None, gate=None):
    comment = comment or (make_reason(gate) if action == "waive" else "read it all")
    return compute_objections(case, action, account, comment=comment, gate=gate)


def test_two_reviewers_and_passing_gates_are_enough():
    case = make_case(*APPROVED)
    assert codes(case) == []
    assert compute_standing(case.events) == "approved"


def test_every_unmet_criterion_is_listed_at_once():
    case = make_case(gates=failing(4, 9, 11, 12), synthetic=True)
    assert codes(case) == ["synthetic", "not_opened", "gate_4", "gate_9", "approvals"]
    case = make_case(OPEN, gates=failing(4, 12))
    assert codes(case) == ["gate_4", "gate_12", "approvals"]


def test_one_person_is_not_two():
    case = make_case(OPEN, ("approve", FIRST), ("approve", FIRST))
    assert codes(case) == ["approvals"]
    assert compute_standing(case.events) == "in review"
    assert against(case, "approve", FIRST) == ["berta has approved it already"]
    assert "Berta First (berta)" in compute_unmet(case)[0].text


@pytest.mark.parametrize("what", ["model", "data", "card", "code"])
def test_any_change_voids_every_approval_and_is_named(what):
    changed = replace(DIGESTS, **{what: "9" * 64})
    case = make_case(*APPROVED, digests=changed)
    assert codes(case) == ["changed", "void", "void", "approvals"]
    texts = [unmet.text for unmet in compute_unmet(case)]
    assert texts[0] == f"{what} changed since the review was opened"
    assert texts[1] == (
        f"{what} changed since the approval of Berta First (berta) on 2026-11-02; it is void"
    )
    assert against(case, "approve", THIRD) == [
        f"{what} changed since the review was opened; its author opens it again"
    ]
    assert (compute_standing(case.events), case.standing) == ("approved", "void")
    assert make_annex(case)["standing"] == "void"


def test_a_review_that_is_opened_again_starts_anew():
    changed = replace(DIGESTS, card="9" * 64)
    opened = (*APPROVED, ("open", AUTHOR, changed))
    case = make_case(*opened, digests=changed)
    assert (codes(case), case.standing) == (["approvals"], "in review")
    assert against(case, "refuse", FIRST) == []
    case = make_case(
        *opened, ("approve", FIRST, changed), ("approve", THIRD, changed), digests=changed
    )
    assert (codes(case), case.standing) == ([], "approved")
    back = make_case(*opened)  # what was approved first is put back: that is over
    assert codes(back) == ["changed", "approvals"]


def test_what_changed_in_the_code_is_named():
    case = make_case(OPEN, digests=replace(DIGESTS, code="9" * 64))
    case.events[0].details["code"] = {
        "features.dictionary.schema": "1",
        "numpy": "2.4.6",
        "scipy": "1.17",
    }
    now = {"features.dictionary.schema": "2", "numpy": "2.5.0", "scipy": "1.17"}
    assert compute_unmet(replace(case, code=now))[0].text == (
        "code (features.dictionary.schema, numpy) changed since the review was opened"
    )


def test_what_changed_is_told_since_the_review_was_last_opened():
    between, now = replace(DIGESTS, card="8" * 64), replace(DIGESTS, card="8" * 64, code="9" * 64)
    case = make_case(OPEN, ("open", AUTHOR, between), digests=now)
    assert compute_unmet(case)[0].text == "code changed since the review was opened"
    assert against(case, "approve", FIRST) == [
        "code changed since the review was opened; its author opens it again"
    ]


def test_approvals_of_different_things_do_not_add_up():
    other = replace(DIGESTS, card="9" * 64)
    case = make_case(OPEN, ("approve", FIRST, other), ("open", AUTHOR), ("approve", SECOND))
    assert "approvals" in codes(case)
    assert compute_standing(case.events) == "in review"


@pytest.mark.parametrize("action", ["approve", "refuse", "waive"])
def test_nobody_judges_their_own_model(action):
    words = "is an author of this model: nobody judges their own"
    opened = make_case(("open", FIRST), gates=failing(4))
    assert f"berta {words}" in against(opened, action, FIRST, gate=4)
    for name in ("BERTA", "berta first"):
        named = make_case(OPEN, gates=failing(4), authors=frozenset({name}))
        assert f"berta {words}" in against(named, action, FIRST, gate=4)


def test_an_approval_by_who_opened_the_review_counts_for_nothing():
    case = make_case(("open", FIRST), ("approve", FIRST), ("approve", SECOND))
    assert codes(case) == ["approvals"]


@pytest.mark.parametrize(
    ("action", "account"),
    [("approve", AUTHOR), ("refuse", ADMIN), ("waive", ADMIN), ("open", ADMIN)],
)
def test_each_role_does_its_own(action, account):
    case = make_case(gates=failing(4)) if action == "open" else make_case(OPEN, gates=failing(4))
    found = against(case, action, account, gate=4)
    assert any(f"has the role {account.role}; to {action} takes" in text for text in found)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_comment_is_needed(action):
    case = make_case() if action == "open" else make_case(OPEN, gates=failing(4, 11))
    found = against(case, action, AUTHOR if action == "open" else FIRST, comment=" \n", gate=4)
    assert "a comment is needed: it stands beside the card for ever" in found


def test_what_is_not_written_yet_stands_against_nobody():
    case = make_case(OPEN, gates=failing(9, 11))
    assert compute_objections(case, "waive", FIRST, comment=None, gate=9) == []
    assert compute_objections(case, "refuse", FIRST, comment=None) == []
    (told,) = compute_objections(case, "waive", AUTHOR, comment=None, gate=9)[1:]
    assert told == "anna is an author of this model: nobody judges their own"


def test_an_open_gate_keeps_from_approving_until_it_is_waived():
    case = make_case(OPEN, gates=failing(5, 11))
    (found,) = against(case, "approve", FIRST)
    assert found == "gate 5, calibration, is open: slope 0.71 (asked: 0.80 to 1.20)"
    assert against(case, "waive", FIRST, gate=5) == []
    waived = make_case(OPEN, ("waive", FIRST, 5), gates=failing(5, 11))
    assert against(waived, "approve", SECOND) == []
    assert against(waived, "waive", SECOND, gate=5) == [
        "gate 5 is waived already, by Berta First (berta)"
    ]


@pytest.mark.parametrize("gate", [11, 12])
def test_some_gates_are_never_waived(gate):
    (found,) = against(make_case(OPEN, gates=failing(gate)), "waive", FIRST, gate=gate)
    assert found.startswith(f"gate {gate} is never waived")
    # Not even where the log says so: the gate stays open, and what was approved is void.
    case = make_case(*APPROVED, ("waive", FIRST, gate), gates=failing(11, 12))
    assert codes(case) == ["gate_12"]
    assert case.waivers == {}
    assert case.standing == "void"


@pytest.mark.parametrize(
    ("gate", "words"), [(4, "gate 4 passes"), (13, "by its number"), (None, "by its number")]
)
def test_only_a_failing_gate_is_waived(gate, words):
    (found,) = against(make_case(OPEN), "waive", FIRST, gate=gate)
    assert words in found


def test_a_waiver_holds_for_what_was_seen():
    case = make_case(
        OPEN, ("waive", FIRST, 5), gates=failing(5), digests=replace(DIGESTS, card="9" * 64)
    )
    assert "gate_5" in codes(case)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("end", "word"), [("refuse", "refused"), ("withdraw", "withdrawn")])
def test_an_ended_review_says_why_for_ever(end, word, action):
    case = make_case(*APPROVED, (end, THIRD))
    assert compute_standing(case.events) == word
    assert compute_unmet(case)[0].code == word
    assert f"{end}: why" in compute_unmet(case)[0].text
    assert any(
        f"was {word} by Dora Third (dora)" in text and f"{end}: why" in text
        for text in against(case, action, SECOND, gate=5)
    )


def test_an_approved_model_is_withdrawn_and_not_refused():
    case = make_case(*APPROVED)
    assert against(case, "refuse", THIRD) == ["it is approved already: withdraw it instead"]
    for account in (THIRD, ADMIN, AUTHOR):
        assert against(case, "withdraw", account) == []
    case = make_case(OPEN)
    assert against(case, "withdraw", THIRD) == ["it is not approved: refuse it instead"]
    assert against(case, "withdraw", AUTHOR) == []


@pytest.mark.parametrize("action", ["approve", "refuse", "waive", "withdraw"])
def test_a_review_has_to_be_opened(action):
    assert "its review is not open: its author opens it first" in against(
        make_case(gates=failing(4)), action, FIRST, gate=4
    )


def test_a_review_is_opened_once():
    assert against(make_case(OPEN), "open", AUTHOR) == ["its review is open already"]


def test_the_system_user_acts_on_a_demonstration_only():
    words = "the system user may act on a demonstration only; log in with an account"
    for action in ACTIONS:
        assert words in against(make_case(OPEN, gates=failing(4)), action, SYSTEM, gate=4)
    case = make_case(("open", SYSTEM), synthetic=True, gates=failing(11, 12))
    assert against(case, "approve", SYSTEM) == []
    assert against(case, "approve", FIRST) == [
        "trained on simulated data: it stays a demonstration for ever"
    ]


def test_a_demonstration_is_never_approved():
    steps = (("open", SYSTEM), ("approve", SYSTEM), ("approve", FIRST), ("approve", SECOND))
    case = make_case(*steps, synthetic=True, gates=failing(12))
    assert codes(case) == ["synthetic", "approvals"]
    assert compute_standing(case.events) == "in review"
    assert make_annex(case)["approvals"] == []


def test_the_annex_tells_who_and_why_and_holds_for_its_digests():
    case = make_case(
        OPEN, ("waive", FIRST, 5), ("approve", FIRST), ("approve", SECOND), gates=failing(5, 11)
    )
    annex = make_annex(case)
    assert annex["standing"] == "approved"
    assert [entry["name"] for entry in annex["approvals"]] == ["Berta First", "Carl Second"]
    assert annex["waivers"][0] | {"at": ""} == {
        "at": "",
        "name": "Berta First",
        "account": "berta",
        "comment": make_reason(5),
        "gate": 5,
        "title": "calibration",
    }
    assert [entry["kind"] for entry in annex["history"]] == ["open", "waive", "approve", "approve"]
    assert check_annex(annex, DIGESTS) == []
    (found,) = check_annex(annex, replace(DIGESTS, code="9" * 64))
    assert found.text == "the code is not the one that was approved"


def test_an_annex_without_two_approvals_is_not_enough():
    annex = make_annex(make_case(OPEN, ("approve", FIRST)))
    assert [found.code for found in check_annex(annex, DIGESTS)] == ["approvals", "approvals"]
    annex = make_annex(make_case(*APPROVED))
    annex["approvals"][1]["account"] = "berta"
    assert [found.code for found in check_annex(annex, DIGESTS)] == ["approvals"]


NEEDED_STEPS = (("open", AUTHOR), ("waive", FIRST), ("approve", FIRST), ("approve", SECOND))
TRIED = (AUTHOR, FIRST, SECOND, THIRD, ADMIN)


def try_at_random(rng):
    """Return the steps that were let through of those needed, some left out, with others between.

    Drawn blindly, hardly one review in a thousand would end in an approval.
    """
    steps: list = []
    for needed in NEEDED_STEPS:
        tries = [(rng.choice(ACTIONS[:3]), rng.choice(TRIED)) for _ in range(rng.randrange(3))]
        if rng.random() < 0.95:
            tries.append(needed if rng.random() < 0.9 else (needed[0], rng.choice(TRIED)))
        if rng.random() < 0.05:
            tries.append((rng.choice(ACTIONS), rng.choice(TRIED)))
        for action, account in tries:
            case = make_case(*steps, gates=failing(5, 11))
            gate = rng.choice([4, 5, 5, 5])
            if not against(case, action, account, gate=gate):
                steps.append((action, account, gate))
    return steps


def test_whatever_is_tried_only_two_others_approve():
    rng = Random(7)
    approved = ended = 0
    for _ in range(400):
        steps = try_at_random(rng)
        case = make_case(*steps, gates=failing(5, 11))
        done = [(action, account) for action, account, _ in steps]
        ended += bool({"refuse", "withdraw"} & {action for action, _ in done})
        if codes(case) != []:
            continue
        approved += 1
        opener = {account for action, account in done if action == "open"}
        approvers = {account for action, account in done if action == "approve"}
        assert len(approvers) >= 2
        assert not approvers & opener
        assert all(account.role == "reviewer" for account in approvers)
        waived = {account for action, account in done if action == "waive"}
        assert waived and not waived & opener
        assert not {"refuse", "withdraw"} & {action for action, _ in done}
    # What the assertions hold is only worth something where they are reached.
    assert approved >= 100
    assert ended >= 40
    assert approved + ended < 400


CONSTANT = tuple(
    replace(gate, fixed="everyone gets the same") if gate.number in (4, 5) else gate
    for gate in failing(4, 5, 9, 11)
)
TALK = "the committee has thought about it for a long time"


@pytest.mark.parametrize("gate", [4, 5])
def test_no_reason_lets_a_constant_model_pass(gate):
    case = make_case(OPEN, gates=CONSTANT)
    assert against(case, "waive", FIRST, gate=gate, comment=TALK) == [
        f"gate {gate} is never waived: everyone gets the same"
    ]
    assert against(case, "waive", FIRST, gate=9, comment=TALK) == []


def test_a_waiver_from_before_does_not_count_and_says_why():
    steps = (OPEN, ("waive", FIRST, 4), ("waive", FIRST, 9), *APPROVED[1:])
    case = make_case(*steps, gates=CONSTANT)
    assert list(case.waivers) == [9]
    assert codes(case) == ["gate_4", "gate_5"]
    assert compute_unmet(case)[0].text.endswith(
        "the waiver of Berta First (berta) does not count: gate 4 is never waived: everyone gets "
        "the same"
    )
    assert (compute_standing(case.events), case.standing) == ("approved", "void")
    annex = make_annex(make_case(*steps, gates=failing(4, 9, 11)))
    assert check_annex(annex, DIGESTS, failing(4, 9, 11)) == []
    (found,) = check_annex(annex, DIGESTS, CONSTANT[:4])
    assert found.code == "gate_4"
    assert "its waiver does not count: it is never waived: everyone gets the same" in found.text
    assert [f.code for f in check_annex(annex, DIGESTS, failing(5))] == ["gate_5"]


@pytest.mark.parametrize("word", ["ok", "ok " * 20, TALK])
def test_a_word_or_the_reason_of_another_gate_waives_nothing(word):
    case = make_case(OPEN, ("waive", FIRST, 9), gates=failing(5, 9, 11))
    said = replace(case.events[1], comment=TALK.upper().replace(" ", "\n"))
    case = replace(case, events=[case.events[0], said])
    assert list(case.waivers) == [9]
    assert against(case, "waive", SECOND, gate=5) == []
    (found,) = against(case, "waive", SECOND, gate=5, comment=word)
    assert found.startswith("gate 5: its reason ")
    # Nor where the log says so.
    details = {**said.details, "gate": 5}
    case = replace(case, events=[*case.events, replace(said, comment=word, details=details)])
    assert list(case.waivers) == [9]
    (event, faults) = case.idle_waivers[5]
    assert (event.comment, len(faults)) == (word, 1)


def test_waivers_are_sentences_with_gate_name_day_and_reason():
    case = make_case(OPEN, ("waive", FIRST, 9), gates=failing(9))
    annex = make_annex(case)
    assert describe_waivers(annex) == [
        f"Gate 9, calibration, waived by Berta First on 2026-11-02: {make_reason(9)}"
    ]
    del annex["waivers"][0]["title"]  # as an annex from before
    assert describe_waivers(annex)[0].startswith("Gate 9 waived by Berta First")
    assert describe_waivers(None) == []
