from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from features.errors import InputError
from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_key, make_signed
from training.network.protocol.envelope import (
    find_foreign,
    open_round,
    open_share,
    seal_round,
    seal_share,
)
from training.network.protocol.protocol import Protocol


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return make_signed()


def _seal(protocol: Protocol, **changed: Any) -> bytes:
    told = {
        "content": {"patients": 40, "gradient": [0.5, -1e-9], "curvature": [[1.0, 0.0]]},
        "words": {"content": "sums"},
        "protocol": protocol,
        "centre": "aachen",
        "key": KEYS["aachen"],
        "round_": 1,
        "patients": b"rows",
    }
    return seal_share(**{**told, **changed})


def test_a_share_is_read_back_and_can_be_read_by_a_person(protocol: Protocol) -> None:
    data = _seal(protocol, round_=2, answers="a" * 64, previous="b" * 64)
    share = open_share(data, "aachen.json")
    assert (share.centre, share.round, share.network) == ("aachen", 2, "crps-network")
    assert (share.answers, share.previous) == ("a" * 64, "b" * 64)
    assert share.protocol == protocol.sha256
    assert share.content["gradient"] == [0.5, -1e-9]
    assert share.sha256 == hashlib.sha256(data).hexdigest()
    assert find_foreign(share, protocol, "aachen.json") == []
    lines = data.decode().splitlines()
    assert '    "gradient": [0.5, -1e-09],' in lines
    assert lines[1] == '  "words": {' and lines[-2].startswith('  "signature": ')


def test_a_round_is_read_back(protocol: Protocol) -> None:
    data = seal_round(
        {"n": 1}, {}, protocol=protocol, key=LEAD, round_=2, shares={"basel": "c" * 64}
    )
    sealed = open_round(data, "round_2.json")
    assert (sealed.round, dict(sealed.shares), sealed.previous) == (2, {"basel": "c" * 64}, "")
    assert find_foreign(sealed, protocol, "round_2.json") == []
    with pytest.raises(InputError, match=r"kind: expected 'share'.*it is what the lead asked"):
        open_share(data, "round_2.json")


def test_spaces_do_not_count_and_the_digest_stays(protocol: Protocol) -> None:
    data = _seal(protocol)
    respelt = json.dumps(json.loads(data)).encode()
    assert open_share(respelt, "x").sha256 == open_share(data, "x").sha256
    assert open_share(respelt, "x").data == data


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["content"].update(patients=41),
        lambda told: told["content"]["gradient"].reverse(),
        lambda told: told.update(round=2),
        lambda told: told.update(centre="basel"),
        lambda told: told.update(patients="0" * 64),
        lambda told: told.update(key=make_key(7).public),
        lambda told: told["words"].update(kind="other"),
        lambda told: told.update(signature="0" * 128),
    ],
)
def test_what_was_changed_after_it_was_signed_is_refused(
    protocol: Protocol, change: Callable[[dict[str, Any]], None]
) -> None:
    told = json.loads(_seal(protocol))
    change(told)
    with pytest.raises(InputError, match="the sender's signature over the file as it is"):
        open_share(json.dumps(told).encode(), "aachen.json")


def test_every_part_that_is_wrong_is_told(protocol: Protocol) -> None:
    told = json.loads(_seal(protocol))
    told |= {"round": "1", "protocol": "x", "key": "y", "further": 1}
    del told["patients"]
    with pytest.raises(InputError) as caught:
        open_share(json.dumps(told).encode(), "aachen.json")
    assert sorted(problem.column for problem in caught.value.problems) == [
        "further",
        "key",
        "patients",
        "protocol",
        "round",
    ]


def test_numbers_that_are_none_are_neither_written_nor_read(protocol: Protocol) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        _seal(protocol, content={"value": float("inf")})
    data = _seal(protocol).replace(b"-1e-09", b"NaN")
    with pytest.raises(InputError, match="not finite"):
        open_share(data, "aachen.json")


@pytest.mark.parametrize(
    ("changed", "expected", "got"),
    [
        ({"key": KEYS["basel"]}, "the key that the protocol has of aachen", "the key of basel"),
        ({"key": make_key(7)}, "the key that the protocol has of aachen", "a key that the"),
        ({"centre": "bern"}, "one of rotterdam, aachen, basel", "an unknown centre"),
        ({"round_": 6}, "a round of the protocol: 1 to 5", "round 6"),
        (
            {"protocol": make_signed(TEXT.replace("seed = 1", "seed = 2"))},
            "an answer to this protocol",
            "of crps-network by another protocol",
        ),
    ],
)
def test_what_does_not_belong_to_the_network_is_told(
    protocol: Protocol, changed: dict[str, Any], expected: str, got: str
) -> None:
    share = open_share(_seal(**{"protocol": protocol, **changed}), "aachen.json")
    (problem,) = find_foreign(share, protocol, "aachen.json")
    assert problem.column == "aachen.json"
    assert problem.expected.startswith(expected) and problem.got.startswith(got)


def test_a_round_by_anybody_else_is_told(protocol: Protocol) -> None:
    data = seal_round({}, {}, protocol=protocol, key=KEYS["basel"], round_=2, shares={})
    (problem,) = find_foreign(open_round(data, "r"), protocol, "r")
    assert problem.expected == "the key that the protocol has of the lead Rotterdam"


def test_rows_are_committed_to_by_protocol_and_centre(protocol: Protocol) -> None:
    other = make_signed(TEXT.replace("seed = 1", "seed = 2"))
    shares = [
        _seal(protocol),
        _seal(protocol, round_=3),
        _seal(protocol, patients=b"other rows"),
        _seal(other),
        _seal(protocol, centre="basel", key=KEYS["basel"]),
    ]
    told = [open_share(data, "x").patients for data in shares]
    assert told[0] == told[1]
    assert len(set(told)) == 4
    assert hashlib.sha256(b"rows").hexdigest() not in told
