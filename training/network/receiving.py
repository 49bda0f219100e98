"""What the lead receives: every share checked against the protocol, the rounds and each other.

One thing that is wrong with one file, and nothing is combined; all that is wrong with all of them
is told at once, each with the centre's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from features.errors import InputError, Problem
from features.files.settings import show
from training.network.checks.plausible import find_changed_counts, find_copies, find_impossible
from training.network.content import Ask, ShareContent
from training.network.gathering import Gathered
from training.network.protocol.envelope import (
    SealedRound,
    SealedShare,
    find_foreign,
    open_round,
    open_share,
)
from training.network.protocol.protocol import Protocol

__all__ = ["AskedRound", "Received", "find_content_faults", "receive_rounds", "receive_shares"]


_Kind = TypeVar("_Kind", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class AskedRound:
    """A round of the lead, opened and checked.

    Parameters
    ----------
    sealed : SealedRound
        The file.
    ask : Ask
        What it asks.
    """

    sealed: SealedRound
    ask: Ask


@dataclass(frozen=True, eq=False)
class Received:
    """Shares that belong together.

    Parameters
    ----------
    gathered : Gathered
        What they tell.
    sealed : dict of str to list of SealedShare
        By centre, its files, the first round first.
    """

    gathered: Gathered
    sealed: dict[str, list[SealedShare]]

    @cached_property
    def digests(self) -> dict[str, list[str]]:
        """By centre, the digests of its shares, the first round first."""
        return {name: [share.sha256 for share in told] for name, told in self.sealed.items()}


@dataclass(frozen=True, eq=False)
class _Opened:
    name: str
    share: SealedShare
    told: ShareContent

    @property
    def place(self) -> tuple[str, int]:
        return self.share.centre, self.share.round

    def problem(self, expected: str, got: str, action: str = "") -> Problem:
        where = f"{self.share.centre}, round {self.share.round} ({self.name})"
        return Problem(where, expected, got, action=action)


def receive_rounds(files: Mapping[str, bytes], protocol: Protocol) -> dict[int, AskedRound]:
    """Read the rounds that the lead has written.

    Parameters
    ----------
    files : mapping of str to bytes
        By what they are called.
    protocol : Protocol
        Of the network.

    Returns
    -------
    dict of int to AskedRound
        By round, from 2.

    Raises
    ------
    InputError
        Listing every problem of every file, and rounds that do not follow each other.
    """
    problems: list[Problem] = []
    found: dict[int, AskedRound] = {}
    for name, data in files.items():
        try:
            sealed = open_round(data, name)
        except InputError as err:
            problems += _name(err, name)
            continue
        problems += find_foreign(sealed, protocol, name)
        ask, faults = find_content_faults(Ask, sealed.content)
        problems += [Problem(f"{name}: {where}", e, got) for where, e, got in faults]
        if ask is None:
            continue
        if ask.round != sealed.round or sealed.round < 2 or sealed.round in found:
            expected = "one file for each round, from 2"
            problems.append(Problem(name, expected, f"another one of round {sealed.round}"))
        found[sealed.round] = AskedRound(sealed, ask)
    for number in sorted(found):
        earlier = found.get(number - 1)
        follows = found[number].sealed.previous
        if number > 2 and earlier is not None and follows != earlier.sealed.sha256:
            expected = f"a round {number} that follows round {number - 1} of the same lead"
            problems.append(Problem(f"round {number}", expected, "one that follows another"))
    if problems:
        raise InputError("the rounds of the network", problems)
    return found


def receive_shares(
    files: Mapping[str, bytes], protocol: Protocol, rounds: Mapping[int, AskedRound]
) -> Received:
    """Read the shares of all centres, of all rounds so far.

    Parameters
    ----------
    files : mapping of str to bytes
        By what they are called, in any order.
    protocol : Protocol
        Of the network.
    rounds : mapping of int to AskedRound
        What the lead has asked.

    Raises
    ------
    InputError
        Listing every problem of every file with its centre: a wrong key, an unknown centre,
        another protocol, an old or future round, content that was changed or cannot be, the same
        centre twice, its own share before missing or another one, rows that changed.
    """
    problems: list[Problem] = []
    opened: list[_Opened] = []
    for name, data in files.items():
        one, found = _open(name, data, protocol)
        problems += found
        if one is not None:
            opened.append(one)
    by_place: dict[tuple[str, int], _Opened] = {}
    for one in opened:
        earlier = by_place.setdefault(one.place, one)
        if earlier is not one:
            same = earlier.share.sha256 == one.share.sha256
            got = f"the same as {earlier.name}" if same else f"another one than {earlier.name}"
            action = "leave one out" if same else "ask the centre which one holds"
            problems.append(one.problem("one share of a centre in a round", got, action))
    for one in opened:
        problems += _check_chain(one, by_place, rounds)
        asked = rounds.get(one.share.round)
        ask = None if asked is None else asked.ask
        if one.share.round > 1 and ask is None:
            continue  # told: there is no such round
        faults = find_impossible(one.told, protocol, one.share.centre, ask)
        first = by_place.get((one.share.centre, 1))
        noisy = protocol.limits.noise is not None  # each round's counts have noise of their own
        if first is not None and first is not one and not noisy:
            faults += find_changed_counts(first.told, one.told)
        problems += [
            one.problem(f"{where}: {expected}", got, "ask the centre to share again")
            for where, expected, got in faults
        ]
    first_told = {one.share.centre: one for one in opened if one.share.round == 1}
    for other, centre, name in find_copies({c: one.told for c, one in first_told.items()}):
        expected = f"sums of {name} of its own: no two centres have the same"
        action = f"ask {other} and {centre} whose patients they are"
        problems.append(first_told[centre].problem(expected, f"those of {other}", action))
    if problems:
        raise InputError("the shares of the network", problems)
    shares: dict[str, list[ShareContent]] = {}
    sealed: dict[str, list[SealedShare]] = {}
    for (centre, _), one in sorted(by_place.items()):
        shares.setdefault(centre, []).append(one.told)
        sealed.setdefault(centre, []).append(one.share)
    return Received(Gathered(protocol, shares), sealed)


def _open(name: str, data: bytes, protocol: Protocol) -> tuple[_Opened | None, list[Problem]]:
    try:
        share = open_share(data, name)
    except InputError as err:
        return None, _name(err, _guess_centre(data, name, protocol))
    problems = find_foreign(share, protocol, f"{share.centre} ({name})")
    told, faults = find_content_faults(ShareContent, share.content)
    if told is not None and told.round != share.round:
        faults.append(("round", f"round {share.round}, as the file says", str(told.round)))
    here, action = version("ketresponse"), ""
    if share.program != here:
        action = f"version {show(share.program)} wrote it, and {here} reads it: use one of them"
    problems += [
        Problem(f"{share.centre} ({name})", f"{where}: {expected}", got, action=action)
        for where, expected, got in faults
    ]
    if told is None or problems:
        return None, problems
    return _Opened(name, share, told), []


def _guess_centre(data: bytes, name: str, protocol: Protocol) -> str:
    """Return a file's name with the centre that an unreadable share says it is of."""
    for centre in protocol.centres:
        if f'"centre": "{centre}"'.encode() in data:
            return f"{centre} ({name})"
    return name


def _name(err: InputError, name: str) -> list[Problem]:
    """Return what is wrong with a file as problems that name it."""
    if not err.problems:
        return [Problem(name, "a file of this network", str(err))]
    return [
        Problem(name, f"{problem.column}: {problem.expected}", problem.got, action=problem.action)
        for problem in err.problems
    ]


def find_content_faults(
    kind: type[_Kind], content: Mapping[str, object]
) -> tuple[_Kind | None, list[tuple[str, str, str]]]:
    """Read what a file holds, or say where it is not what it must be.

    Returns
    -------
    told : kind or None
        None where it cannot be read.
    faults : list of (str, str, str)
        Where, what was expected, what came.
    """
    try:
        return kind.model_validate(content), []
    except ValidationError as err:
        return None, [
            (
                ".".join(map(str, item["loc"])),
                item["msg"].lower(),
                "nothing" if item["type"] == "missing" else "something else",
            )
            for item in err.errors()
        ]


def _check_chain(
    one: _Opened, by_place: Mapping[tuple[str, int], _Opened], rounds: Mapping[int, AskedRound]
) -> list[Problem]:
    """Check that a share answers the lead's round and follows the centre's own share before."""
    share = one.share
    if share.round == 1:
        if share.answers or share.previous:
            return [one.problem("a first share, that answers nothing", "one that follows another")]
        return []
    problems = []
    asked = rounds.get(share.round)
    if asked is None:
        expected = f"a round that the lead has asked: 1 to {max(rounds, default=1)}"
        return [one.problem(expected, f"round {share.round}")]
    if share.answers != asked.sealed.sha256:
        action = "the centre has answered an older or another file: send it the round again"
        expected = f"an answer to the lead's round {share.round} ({asked.sealed.sha256[:12]}...)"
        problems.append(one.problem(expected, "to another file", action))
    before = by_place.get((share.centre, share.round - 1))
    if before is None:
        expected = f"the centre's share of round {share.round - 1} beside it"
        return [*problems, one.problem(expected, "none", "give the shares of all rounds")]
    if share.previous != before.share.sha256:
        expected = f"to follow the centre's share of round {share.round - 1} that is here"
        problems.append(one.problem(expected, "it follows another", "ask the centre which holds"))
    if asked.sealed.shares.get(share.centre) != before.share.sha256:
        expected = f"the share of round {share.round - 1} that the lead's round was made from"
        problems.append(one.problem(expected, "another, or none"))
    if share.patients != before.share.patients:
        expected = f"the same patients' rows as in round {share.round - 1}"
        action = "rows that change need a new first round; the centre's digest of them differs"
        problems.append(one.problem(expected, "other rows", action))
    return problems
