from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from features.errors import InputError
from tests.training.helpers.networks import (
    KEYS,
    LEAD,
    TEXT,
    make_key,
    make_patients,
    make_signed,
    tell,
)
from training.fitting.response import TrainingData
from training.network.asking import make_ask
from training.network.content import Ask
from training.network.protocol.canonical import write_canonical
from training.network.protocol.envelope import open_share, seal_round, seal_share
from training.network.protocol.keys import CentreKey
from training.network.protocol.protocol import Protocol
from training.network.receiving import AskedRound, receive_rounds, receive_shares

CENTRES = list(KEYS)


class Network:
    """Three centres and a lead, whose files are kept by name."""

    def __init__(self) -> None:
        self.protocol: Protocol = make_signed()
        self.patients: dict[str, TrainingData] = {
            name: make_patients(seed, 45) for seed, name in enumerate(CENTRES, start=1)
        }
        self.shares: dict[str, bytes] = {}
        self.rounds: dict[str, bytes] = {}

    @property
    def asked(self) -> dict[int, AskedRound]:
        return receive_rounds(self.rounds, self.protocol)

    def share(
        self,
        centre: str,
        round_: int,
        change: Callable[[dict[str, Any]], object] = bool,
        /,
        *,
        key: CentreKey | None = None,
        **changed: Any,
    ) -> bytes:
        """Return a share of a centre, what it tells changed before it is signed."""
        asked = self.asked.get(round_)
        before = self.shares.get(f"{centre}_{round_ - 1}")
        told = tell(
            self.patients[centre], self.protocol, centre, None if asked is None else asked.ask
        ).model_dump(mode="json")
        change(told)
        given = {
            "protocol": self.protocol,
            "centre": centre,
            "round_": round_,
            "answers": "" if asked is None else asked.sealed.sha256,
            "previous": "" if before is None else open_share(before, "x").sha256,
            "patients": centre.encode(),
        }
        return seal_share(told, {}, key=KEYS[centre] if key is None else key, **(given | changed))

    def ask(self, round_: int, /, **changed: Any) -> bytes:
        """Return what the lead asks after the shares that are there."""
        received = receive_shares(self.shares, self.protocol, self.asked)
        asked = self.asked.get(round_ - 1)
        given = {
            "protocol": self.protocol,
            "key": LEAD,
            "round_": round_,
            "shares": {name: told[-1] for name, told in received.digests.items()},
            "previous": "" if asked is None else asked.sealed.sha256,
        }
        content = make_ask(received.gathered).model_dump(mode="json")
        return seal_round(content, {}, **(given | changed))

    def refuse(self, **changed: bytes | None) -> str:
        """Return what the lead is told where files are exchanged, added, or left out."""
        files = {name: data for name, data in (self.shares | changed).items() if data is not None}
        with pytest.raises(InputError) as caught:
            receive_shares(files, self.protocol, self.asked)
        return caught.value.report()


@pytest.fixture(scope="module")
def network() -> Network:
    """Return a network whose second round has been answered."""
    made = Network()
    for round_ in (1, 2):
        for centre in CENTRES:
            made.shares[f"{centre}_{round_}"] = made.share(centre, round_)
        made.rounds[f"round_{round_ + 1}"] = made.ask(round_ + 1)
    return made


def test_shares_that_belong_together_are_gathered(network: Network) -> None:
    received = receive_shares(network.shares, network.protocol, network.asked)
    assert received.gathered.rounds == 2
    assert received.gathered.centres == tuple(CENTRES)
    assert received.digests["basel"][1] == open_share(network.shares["basel_2"], "x").sha256


def test_who_drops_out_costs_no_other_its_share(network: Network) -> None:
    without = {name: data for name, data in network.shares.items() if name != "basel_2"}
    gathered = receive_shares(without, network.protocol, network.asked).gathered
    assert gathered.centres == ("rotterdam", "aachen")
    assert gathered.dropped == {"basel": "no share of round 2"}


def test_a_wrong_key_is_named(network: Network) -> None:
    told = network.refuse(basel_1=network.share("basel", 1, key=make_key(7)))
    assert "basel (basel_1): expected the key that the protocol has of basel" in told
    told = network.refuse(basel_1=network.share("basel", 1, key=KEYS["aachen"]))
    assert "got the key of aachen" in told


def test_an_unknown_centre_is_named(network: Network) -> None:
    told = network.refuse(bern_1=network.share("basel", 1, centre="bern"))
    assert "bern (bern_1): expected one of rotterdam, aachen, basel; got an unknown" in told


def test_a_share_by_another_protocol_is_refused(network: Network) -> None:
    other = make_signed(TEXT.replace("seed = 1", "seed = 2"))
    told = network.refuse(basel_1=network.share("basel", 1, protocol=other))
    assert "basel (basel_1): expected an answer to this protocol" in told


def test_a_share_of_an_old_round_under_a_new_number_is_refused(network: Network) -> None:
    old = json.loads(network.shares["basel_1"])
    old["round"] = 2
    told = network.refuse(basel_2=write_canonical(old))
    assert "basel (basel_2): expected signature: the sender's signature over the file" in told
    again = network.share("basel", 2, answers="0" * 64)
    assert "expected an answer to the lead's round 2" in network.refuse(basel_2=again)
    told = network.refuse(basel_2=network.share("basel", 2, lambda c: c.update(round=1)))
    assert "round: round 2, as the file says; got 1" in told


def test_a_share_of_a_round_that_nobody_asked_is_refused(network: Network) -> None:
    asked = dict(network.asked)
    share = network.share("basel", 3)
    del asked[3]
    with pytest.raises(InputError) as caught:
        receive_shares({**network.shares, "basel_3": share}, network.protocol, asked)
    told = caught.value.report()
    assert "basel, round 3 (basel_3): expected a round that the lead has asked: 1 to 2" in told


def test_content_that_was_changed_on_the_way_is_refused(network: Network) -> None:
    changed = json.loads(network.shares["basel_2"])
    changed["content"]["outcomes"]["response"]["likelihood"]["gradient"][0] += 1
    told = network.refuse(basel_2=json.dumps(changed).encode())
    assert "basel (basel_2): expected signature: the sender's signature" in told


def test_numbers_that_are_none_are_refused(network: Network) -> None:
    nan = network.shares["basel_1"].replace(b'"value": -', b'"value": NaN, "x": -', 1)
    told = network.refuse(basel_1=nan)
    assert "basel (basel_1): expected a file of this network" in told and "not finite" in told
    assert "basel, round 2 (basel_2): expected the centre's share of round 1 beside it" in told


def test_the_same_centre_twice_is_refused(network: Network) -> None:
    told = network.refuse(again=network.shares["basel_1"])
    assert "one share of a centre in a round; got the same as basel_1; leave one out" in told
    other = network.share("basel", 1, lambda c: c.update(remarks=["other"]))
    told = network.refuse(again=other)
    assert "got another one than basel_1; ask the centre which one holds" in told


def test_a_missing_share_of_the_round_before_is_told(network: Network) -> None:
    told = network.refuse(basel_1=None)
    assert "basel, round 2 (basel_2): expected the centre's share of round 1 beside it" in told


def test_a_share_that_follows_another_first_share_is_refused(network: Network) -> None:
    told = network.refuse(basel_1=network.share("basel", 1, lambda c: c.update(remarks=["x"])))
    assert "expected to follow the centre's share of round 1 that is here" in told
    assert "expected the share of round 1 that the lead's round was made from" in told


def test_rows_that_changed_between_rounds_are_seen(network: Network) -> None:
    told = network.refuse(basel_2=network.share("basel", 2, patients=b"others"))
    assert "basel, round 2 (basel_2): expected the same patients' rows as in round 1" in told


def test_counts_that_changed_between_rounds_are_seen(network: Network) -> None:
    told = network.refuse(basel_2=network.share("basel", 2, lambda c: c.update(patients=60)))
    assert "expected patients: as in round 1, " in told


def test_every_problem_of_every_file_is_told_at_once(network: Network) -> None:
    told = network.refuse(
        basel_1=network.share("basel", 1, lambda c: c.update(patients=0)),
        aachen_1=network.share("aachen", 1, key=make_key(7)),
        rotterdam_2=b"{}",
    )
    assert "patients: at least 1" in told
    assert "aachen (aachen_1): expected the key that" in told
    assert "rotterdam_2: expected kind: 'share'" in told


def test_content_of_another_kind_is_told_with_its_place_and_its_version(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = network.share("basel", 1, lambda c: c.pop("outcomes"))
    told = network.refuse(basel_1=share)
    assert "basel (basel_1): expected outcomes: field required; got nothing\n" in told
    monkeypatch.setattr("training.network.receiving.version", lambda _: "9.0.0")
    assert "wrote it, and 9.0.0 reads it: use one of them" in network.refuse(basel_1=share)


def test_rounds_must_be_the_leads_and_follow_each_other(network: Network) -> None:
    for changed, expected in (
        ({"key": KEYS["basel"]}, "expected the key that the protocol has of the lead Rotterdam"),
        ({"previous": "0" * 64}, "expected a round 3 that follows round 2 of the same lead"),
        ({"round_": 2}, "expected one file for each round, from 2"),
    ):
        ask = network.ask(3, **changed)  # type: ignore[arg-type]
        with pytest.raises(InputError) as caught:
            receive_rounds({**network.rounds, "round_3": ask}, network.protocol)
        assert expected in caught.value.report()


def test_what_was_asked_is_read_back(network: Network) -> None:
    ask = network.asked[2].ask
    assert isinstance(ask, Ask) and ask.round == 2
    assert set(ask.outcomes["response"].intercepts) == set(CENTRES)
