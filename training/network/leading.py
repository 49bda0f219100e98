"""The lead's part, from the shares that came in to the next round or to what the network found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from threadpoolctl import threadpool_limits

from features.errors import InputError, Problem, Refused
from training.network.answering import name_share
from training.network.asking import make_ask
from training.network.checks.asked import find_impossible_asks
from training.network.concluding import conclude
from training.network.protocol.envelope import seal_round
from training.network.protocol.keys import CentreKey
from training.network.protocol.protocol import Protocol
from training.network.receiving import Received, receive_rounds, receive_shares
from training.network.result import NetworkResult
from training.network.share_words import describe_ask

__all__ = ["CombinedShares", "check_lead", "combine_shares", "name_round"]


@dataclass(frozen=True, eq=False)
class CombinedShares:
    """What came of the shares of a round: the next one, or the result.

    Parameters
    ----------
    round : int
        The last round that was shared.
    centres : tuple of str
        Who shared in it.
    dropped : dict of str to str
        Who did not, and why.
    late : tuple of str
        Who shared in every round but this one: left out now, they are left out for good.
    file : str
        What the next round is to be called; empty where there is none.
    data : bytes
        The next round, as it travels; empty where there is none.
    result : NetworkResult or None
        What was found, after the last round.
    shares : dict of str to bytes
        The files that it was made from, as they were written.
    programs : dict of str to str
        By centre, the version of the program that wrote its last share.
    """

    round: int
    centres: tuple[str, ...]
    dropped: dict[str, str]
    late: tuple[str, ...] = ()
    file: str = ""
    data: bytes = b""
    result: NetworkResult | None = None
    shares: dict[str, bytes] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)


def name_round(round_: int) -> str:
    """Return what the lead's file of a round is called."""
    return f"round_{round_}.json"


def check_lead(protocol: Protocol, key: CentreKey) -> None:
    """Check that a key is the lead's.

    Raises
    ------
    InputError
        If it is not; it tells whose it is, where the protocol names it.
    """
    if key.public == protocol.lead_key:
        return
    expected = f"the key of the lead, {protocol.lead}"
    owners = {public: f"that of {centre}" for centre, public in protocol.centres.items()}
    got = owners.get(key.public, "another one")
    raise InputError("key", [Problem("key", expected, got, action="the lead alone combines")])


def combine_shares(
    protocol: Protocol,
    key: CentreKey,
    shares: Mapping[str, bytes],
    *,
    rounds: Mapping[str, bytes] | None = None,
    finish: bool = False,
    without: Collection[str] | None = None,
) -> CombinedShares:
    """Put the shares of all centres together.

    Parameters
    ----------
    protocol : Protocol
        Signed by its lead.
    key : CentreKey
        The lead's.
    shares : mapping of str to bytes
        Shares of all rounds so far, by what they are called.
    rounds : mapping of str to bytes or None
        What the lead has asked so far; none after the first round.
    finish : bool
        Whether this was the last round, whatever the protocol plans.
    without : collection of str or None
        Centres that may be left out, for good, though they have shared in every round but this
        one; None: whoever is late.

    Raises
    ------
    InputError
        Listing every problem of every file; see :mod:`training.network.receiving`. Or if one of
        `without` has shared, or is no centre of the network.
    Refused
        If a centre is late that may not be left out.
    NotEnoughData
        If fewer than two centres take part.
    """
    check_lead(protocol, key)
    asked = receive_rounds(rounds or {}, protocol)
    received = receive_shares(shares, protocol, asked)
    gathered = received.gathered
    last = gathered.rounds
    files = {
        name_share(centre, share.round): share.data
        for centre, sealed in received.sealed.items()
        for share in sealed
    }
    programs = {name: received.sealed[name][-1].program for name in gathered.centres}
    told = CombinedShares(
        last,
        gathered.centres,
        gathered.dropped,
        late=gathered.late,
        shares=files,
        programs=programs,
    )
    if without is not None:
        _check_late(told, without)  # who is only late may be the one that is missing below
    if finish or last >= protocol.rounds:
        with threadpool_limits(1):  # matrices so small that threads wait for each other
            result = conclude(gathered, received.digests)
        return replace(told, result=result)
    for outcome in gathered.outcomes if len(gathered.centres) > 1 else ():
        gathered.require_counts(outcome)  # what cannot come to an end is not gone on with
    with threadpool_limits(1):
        ask = make_ask(gathered)
    problems = [
        replace(problem, action="look at the shares: one of them may be far from all others")
        for centre in gathered.centres
        for problem in find_impossible_asks(ask, protocol, centre)
    ]
    if problems:  # every centre would refuse it
        raise InputError(f"round {last + 1}, as it follows from the shares", problems)
    content = ask.model_dump(mode="json", exclude_defaults=True)
    data = seal_round(
        content,
        describe_ask(content),
        protocol=protocol,
        key=key,
        round_=last + 1,
        shares=_list_digests(received),
        previous=asked[last].sealed.sha256 if last > 1 else "",
    )
    return replace(told, file=name_round(last + 1), data=data)


def _list_digests(received: Received) -> dict[str, str]:
    """Return the digest of the last share of each centre that takes part."""
    gathered = received.gathered
    return {name: received.digests[name][gathered.rounds - 1] for name in gathered.centres}


def _check_late(told: CombinedShares, without: Collection[str]) -> None:
    """Refuse to go on without a centre that nobody has said may be left out."""
    problems = [
        Problem(
            "--without",
            f"a centre without a share of round {told.round}",
            name,
            action="take its files out of what is given, if it is to take no part"
            if name in told.centres
            else f"centres are {', '.join([*told.centres, *told.dropped])}",
        )
        for name in without
        if name not in told.dropped
    ]
    if problems:
        raise InputError("combine", problems)
    waited = [name for name in told.late if name not in without]
    if waited:
        options = " ".join(f"--without {name}" for name in waited)
        raise Refused(
            f"{', '.join(waited)}: no share of round {told.round}; wait for it, or go on without "
            f"it, for good, by {options}"
        )
