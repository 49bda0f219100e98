"""A centre's part, from what it is sent to the file that it sends: nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from features.errors import InputError, Problem, Refused
from features.files.settings import show
from training.network.checks.asked import find_impossible_asks
from training.network.content import Ask, ShareContent
from training.network.patients import CentrePatients
from training.network.protocol.envelope import (
    SealedShare,
    commit_to_patients,
    find_foreign,
    open_share,
    seal_share,
)
from training.network.protocol.keys import CentreKey
from training.network.protocol.protocol import Protocol
from training.network.receiving import AskedRound, find_content_faults, receive_rounds
from training.network.share_words import describe_share
from training.network.sharing import make_share

__all__ = [
    "PreparedShare",
    "check_round_number",
    "find_own_centre",
    "foresee_share",
    "name_share",
    "prepare_share",
]


@dataclass(frozen=True, eq=False)
class PreparedShare:
    """A share that is ready to leave.

    Parameters
    ----------
    file : str
        What it is to be called.
    data : bytes
        All that leaves, as it will be written.
    content : ShareContent
        What it tells.
    """

    file: str
    data: bytes
    content: ShareContent


def name_share(centre: str, round_: int) -> str:
    """Return what a centre's share of a round is called."""
    return f"{centre}_round_{round_}.json"


def find_own_centre(protocol: Protocol, key: CentreKey) -> str:
    """Return which centre of a protocol holds a key.

    Raises
    ------
    InputError
        If the protocol does not name it.
    """
    for centre, public in protocol.centres.items():
        if public == key.public:
            return centre
    expected = f"the key of one of {', '.join(protocol.centres)}"
    got = "the lead's" if key.public == protocol.lead_key else "another one"
    action = "use the centre's own key, or ask the lead which one was named"
    raise InputError("key", [Problem("key", expected, got, action=action)])


def check_round_number(protocol: Protocol, round_: int) -> None:
    """Check that a protocol has a round of this number.

    Raises
    ------
    InputError
        If it has not; it tells how many there are.
    """
    if not 1 <= round_ <= protocol.rounds:
        expected = f"a round of the protocol: 1 to {protocol.rounds}"
        raise InputError("share", [Problem("round", expected, str(round_))])


def foresee_share(protocol: Protocol, patients: CentrePatients) -> ShareContent:
    """Return what a centre would tell in the first round, before anybody has signed or shared.

    What it withholds there it withholds in all rounds: they were foreseen. A later round may
    withhold more.

    Parameters
    ----------
    protocol : Protocol
        Signed or not.
    patients : CentrePatients
        The centre's.

    Raises
    ------
    NotEnoughData
        If there are fewer patients than may be told of.
    """
    with threadpool_limits(1):
        return make_share(patients.data, protocol, centre="", synthetic=patients.synthetic)


def prepare_share(
    protocol: Protocol,
    key: CentreKey,
    patients: CentrePatients,
    *,
    round_: int,
    rounds: Mapping[str, bytes] | None = None,
    earlier: Mapping[str, bytes] | None = None,
) -> PreparedShare:
    """Return a centre's share of a round, whole and signed.

    Parameters
    ----------
    protocol : Protocol
        Signed by its lead.
    key : CentreKey
        The centre's: it tells which one it is.
    patients : CentrePatients
        Its patients.
    round_ : int
        From 1.
    rounds, earlier : mapping of str to bytes or None
        By what they are called, the lead's rounds from the second to this one, and all shares of
        the centre's own that are there, this round's and later ones among them.

    Raises
    ------
    InputError
        Listing every problem of these files: a round that is not the lead's or follows another
        protocol, or is not the one that was answered, or is over, since a later one was answered; a
        share that is missing or is not what the lead's round was made from; patients that are not
        those of the rounds before; what no honest lead asks.
    Refused
        If this centre no longer takes part, or what is asked cannot be computed.
    """
    centre = find_own_centre(protocol, key)
    check_round_number(protocol, round_)
    asked = receive_rounds(rounds or {}, protocol)
    if round_ in asked and centre in asked[round_].ask.dropped:
        why = asked[round_].ask.dropped[centre]
        raise Refused(
            f"{centre} no longer takes part in this network, for the lead gives as its reason "
            f"{show(why)}: ask its lead, {protocol.lead}"
        )
    own = _read_own(protocol, centre, earlier or {})
    problems = _check_over(round_, own) + [
        problem
        for number in range(2, round_ + 1)
        for problem in _check_round(centre, number, asked.get(number), own)
    ]
    before = own.get(round_ - 1)
    if before and before.patients != commit_to_patients(patients.digest, protocol, key):
        expected = f"the same patients' rows as in round {round_ - 1}"
        action = "share from the same cohort file; other patients need a new first round of all"
        problems.append(Problem("cohort", expected, "other rows", action=action))
    if problems:
        raise InputError(f"the share of {centre}, round {round_}", problems)
    asks = [asked[number].ask for number in range(2, round_ + 1)]
    impossible = [one for ask in asks for one in find_impossible_asks(ask, protocol, centre)]
    if impossible:
        raise InputError("what the lead asks", impossible)
    told_before = [_read_content(own[number]) for number in range(1, round_)]
    content = _make_content(protocol, centre, patients, asks, told_before)
    told = content.model_dump(mode="json", exclude_defaults=True)
    data = seal_share(
        told,
        describe_share(told),
        protocol=protocol,
        centre=centre,
        key=key,
        round_=round_,
        answers=asked[round_].sealed.sha256 if round_ > 1 else "",
        previous=own[round_ - 1].sha256 if round_ > 1 else "",
        patients=patients.digest,
    )
    return PreparedShare(name_share(centre, round_), data, content)


def _make_content(
    protocol: Protocol,
    centre: str,
    patients: CentrePatients,
    asks: Sequence[Ask],
    earlier: Sequence[ShareContent],
) -> ShareContent:
    try:
        with threadpool_limits(1):  # matrices so small that threads wait for each other
            return make_share(
                patients.data,
                protocol,
                centre=centre,
                asks=asks,
                earlier=earlier,
                synthetic=patients.synthetic,
            )
    except (ArithmeticError, np.linalg.LinAlgError) as err:
        raise Refused(
            f"what is asked in round {1 + len(asks)} has no number for the patients of {centre} "
            f"({err}); nothing was written: ask the lead, {protocol.lead}"
        ) from err


def _check_over(round_: int, own: Mapping[int, SealedShare]) -> list[Problem]:
    """Check that no later round was answered: this one's share, told anew, could be another."""
    last = max(own, default=0)
    if last <= round_:
        return []
    expected = f"a round from {last} on, the last that this centre has answered"
    action = "a round is answered once: send the share that was made then"
    return [Problem(f"round {round_}", expected, "one that is over", action=action)]


def _read_own(
    protocol: Protocol, centre: str, files: Mapping[str, bytes]
) -> dict[int, SealedShare]:
    """Return a centre's own shares by round."""
    problems: list[Problem] = []
    found: dict[int, SealedShare] = {}
    for name, data in files.items():
        share = open_share(data, name)
        problems += find_foreign(share, protocol, name)
        if share.centre != centre:
            problems.append(Problem(name, f"a share of {centre}", f"one of {share.centre}"))
        if share.round in found:
            expected = f"one share of round {share.round}"
            problems.append(Problem(name, expected, "another one", action="keep the one sent"))
        found[share.round] = share
    if problems:
        raise InputError(f"the shares of {centre}", problems)
    return found


def _read_content(share: SealedShare) -> ShareContent:
    """Return what a share of the centre's own told."""
    told, faults = find_content_faults(ShareContent, share.content)
    if told is None:
        problems = [Problem(where, expected, got) for where, expected, got in faults]
        raise InputError(f"the share of {share.centre}, round {share.round}", problems)
    return told


def _check_round(
    centre: str, number: int, asked: AskedRound | None, own: Mapping[int, SealedShare]
) -> list[Problem]:
    """Check that a round is there, was made from this centre's own share, and is what it answered.

    A lead who asks a round again, otherwise, could learn of the same patients twice, and have what
    was told before be forgotten.
    """
    where = f"round {number}"
    problems = []
    before = own.get(number - 1)
    if before is None:
        action = "a share answers to the centre's own ones before it: put them beside"
        expected = f"the centre's own share of round {number - 1}"
        problems.append(Problem(where, expected, "none", action=action))
    if asked is None:
        action = "ask the lead for it"
        return [*problems, Problem(where, "the lead's file of it", "none", action=action)]
    told = asked.sealed.shares.get(centre)
    if before is not None and told != before.sha256:
        expected = f"made from the centre's share of round {number - 1}"
        got = "from another one of it" if told else "without it"
        action = "ask the lead which share was used"
        problems.append(Problem(where, expected, got, action=action))
    mine = own.get(number)
    if mine is not None and mine.answers != asked.sealed.sha256:
        expected = "the lead's file that the centre's own share of this round answers"
        action = "a round is answered once: put back the file that was answered"
        problems.append(Problem(where, expected, "another one", action=action))
    if mine is not None and before is not None and mine.previous != before.sha256:
        expected = f"a share that follows the centre's own one of round {number - 1}"
        action = "put the shares beside that were sent"
        problems.append(Problem(where, expected, "one that follows another", action=action))
    return problems
