from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from features.errors import InputError, Refused
from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_key, make_signed
from tests.training.network.conftest import Walk
from training.network.answering import PreparedShare, find_own_centre, name_share, prepare_share
from training.network.leading import combine_shares
from training.network.patients import CentrePatients
from training.network.protocol.envelope import open_round, open_share, seal_round


def _prepare(walk: Walk, **changed: Any) -> PreparedShare:
    given = {
        "protocol": walk.protocol,
        "key": KEYS["basel"],
        "patients": walk.patients["basel"],
        "round_": 2,
        "rounds": walk.rounds,
        "earlier": walk.list_own("basel"),
    }
    return prepare_share(**{**given, **changed})


def _refuse(walk: Walk, **changed: Any) -> str:
    with pytest.raises(InputError) as caught:
        _prepare(walk, **changed)
    return caught.value.report()


def test_the_same_patients_and_round_give_the_same_file(walked: Walk) -> None:
    made = _prepare(walked)
    assert made.file == "basel_round_2.json" == name_share("basel", 2)
    assert made.data == walked.shares[made.file]
    share = open_share(made.data, made.file)
    assert share.previous == open_share(walked.shares["basel_round_1.json"], "x").sha256
    told = json.loads(made.data)
    assert set(told["content"]) - {"remarks"} == {"round", "patients", "synthetic", "outcomes"}
    # Each part that is told is explained, and none that is not.
    assert "content.outcomes.losses" in told["words"]
    assert "content.evaluation" not in told["words"]


def test_nothing_of_a_single_patient_is_in_a_share(walked: Walk) -> None:
    data = walked.shares["basel_round_1.json"].decode()
    assert "SYN-" not in data
    assert walked.patients["basel"].cohort.sha256 not in data
    assert walked.patients["basel"].digest.hex() not in data


def test_the_key_tells_which_centre_it_is(walked: Walk) -> None:
    assert find_own_centre(walked.protocol, KEYS["aachen"]) == "aachen"
    with pytest.raises(InputError, match="the key of one of rotterdam, aachen, basel"):
        find_own_centre(walked.protocol, make_key(7))


def test_a_first_share_needs_no_other_file(walked: Walk) -> None:
    made = _prepare(walked, round_=1, rounds=None, earlier=None)
    assert made.data == walked.shares["basel_round_1.json"]


def test_what_is_missing_for_a_later_round_is_told_at_once(walked: Walk) -> None:
    told = _refuse(walked, round_=3, rounds={}, earlier={})
    assert "the share of basel, round 3: 4 problems" in told
    assert "round 2: expected the lead's file of it; got none; ask the lead for it" in told
    assert "round 3: expected the centre's own share of round 2; got none" in told
    assert "round: expected a round of the protocol: 1 to 5; got 6" in _refuse(walked, round_=6)


def test_a_round_made_from_another_share_of_this_centre_is_refused(walked: Walk) -> None:
    other = CentrePatients(
        **{**vars(walked.patients["basel"]), "data": walked.patients["aachen"].data}
    )
    again = _prepare(walked, patients=other, round_=1, rounds=None, earlier=None)
    told = _refuse(walked, patients=other, earlier={again.file: again.data})
    assert "round 2: expected made from the centre's share of round 1; got from another" in told


def test_patients_that_changed_since_the_first_round_are_refused(walked: Walk) -> None:
    data = walked.patients["basel"].data
    fewer = CentrePatients(**{**vars(walked.patients["basel"]), "data": data.take(data.groups > 0)})
    told = _refuse(walked, patients=fewer)
    assert "cohort: expected the same patients' rows as in round 1; got other rows" in told


def test_files_of_others_are_not_taken_for_ones_own(walked: Walk) -> None:
    told = _refuse(walked, earlier=walked.list_own("aachen"))
    assert "aachen_round_1.json: expected a share of basel; got one of aachen" in told
    other = make_signed(TEXT.replace("seed = 1", "seed = 2"))
    told = _refuse(walked, protocol=other)
    assert "round_2.json: expected an answer to this protocol" in told


def test_who_was_left_out_is_told_why(walked: Walk) -> None:
    without = {name: data for name, data in walked.shares.items() if name != "basel_round_2.json"}
    asked = combine_shares(walked.protocol, LEAD, without, rounds=walked.rounds)
    with pytest.raises(Refused, match=r"basel no longer takes part .*'no share of round 2'"):
        _prepare(walked, round_=3, rounds={**walked.rounds, asked.file: asked.data})


def _ask_again(walk: Walk, round_: int, **changed: Any) -> dict[str, bytes]:
    """Return the lead's rounds up to one that is signed anew."""
    name = f"round_{round_}.json"
    sealed = open_round(walk.rounds[name], name)
    data = seal_round(
        {**json.loads(json.dumps(dict(sealed.content))), **changed},
        {},
        protocol=walk.protocol,
        key=LEAD,
        round_=round_,
        shares=dict(sealed.shares),
        previous=sealed.previous,
    )
    earlier = {f"round_{k}.json": walk.rounds[f"round_{k}.json"] for k in range(2, round_)}
    return {**earlier, name: data}


def test_a_round_that_was_answered_is_not_answered_when_asked_anew(walked: Walk) -> None:
    again = _ask_again(walked, 2)
    told = _refuse(walked, rounds=again)
    assert "round 2: expected the lead's file that the centre's own share of this round" in told
    # Nor is a later one, where the round that was answered has been changed for another.
    sealed = open_round(walked.rounds["round_3.json"], "x")
    third = seal_round(
        json.loads(json.dumps(dict(sealed.content))),
        {},
        protocol=walked.protocol,
        key=LEAD,
        round_=3,
        shares=dict(sealed.shares),
        previous=open_round(again["round_2.json"], "x").sha256,
    )
    told = _refuse(walked, round_=3, rounds={**again, "round_3.json": third})
    assert "a round is answered once: put back the file that was answered" in told
    assert _prepare(walked, round_=3).content.round == 3


def test_a_round_before_one_that_was_answered_is_over(walked: Walk) -> None:
    data = walked.patients["basel"].data
    fewer = CentrePatients(**{**vars(walked.patients["basel"]), "data": data.take(data.groups > 0)})
    second = {"basel_round_2.json": walked.shares["basel_round_2.json"]}
    told = _refuse(walked, round_=1, rounds=None, patients=fewer, earlier=second)
    assert "round 1: expected a round from 2 on, the last that this centre has answered" in told


def test_two_own_shares_of_one_round_are_refused(walked: Walk) -> None:
    own = walked.list_own("basel")
    told = _refuse(walked, earlier={**own, "copy.json": own["basel_round_1.json"]})
    assert "copy.json: expected one share of round 1; got another one" in told


def test_own_shares_follow_each_other(walked: Walk) -> None:
    other = CentrePatients(
        **{**vars(walked.patients["basel"]), "data": walked.patients["aachen"].data}
    )
    first = _prepare(walked, patients=other, round_=1, rounds=None, earlier=None)
    told = _refuse(walked, earlier={**walked.list_own("basel"), first.file: first.data})
    assert "expected a share that follows the centre's own one of round 1" in told


def test_what_no_honest_lead_asks_is_not_answered(walked: Walk) -> None:
    sealed = open_round(walked.rounds["round_2.json"], "x")
    outcomes = json.loads(json.dumps(dict(sealed.content)))["outcomes"]
    outcomes["response"]["coef"] = [1e300]
    own = {"basel_round_1.json": walked.shares["basel_round_1.json"]}
    told = _refuse(walked, rounds=_ask_again(walked, 2, outcomes=outcomes), earlier=own)
    assert "round 2: response, coef: expected a coefficient for each of 5 columns; got 1" in told


def test_what_cannot_be_computed_is_told_in_words(
    walked: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ArithmeticError("did not converge")

    monkeypatch.setattr("training.network.answering.make_share", fail)
    with pytest.raises(Refused, match="has no number for the patients of basel"):
        _prepare(walked)


def test_a_cohort_of_other_patients_has_another_digest(walked: Walk) -> None:
    data = walked.patients["basel"].data
    moved = replace(data, X=data.X + 1)
    assert (
        CentrePatients(**{**vars(walked.patients["basel"]), "data": moved}).digest
        != walked.patients["basel"].digest
    )
