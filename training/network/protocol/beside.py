"""The files that shares answer to: whether they lie where they are looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from features.errors import InputError, Problem, Refused, list_words
from training.network.protocol.envelope import SealedShare, open_round, open_share
from training.network.protocol.places import FilePlace

__all__ = ["check_asked", "check_beside", "check_unshared"]

_Sealed = TypeVar("_Sealed")


def check_unshared(place: FilePlace, file: str, round_: int, *, force: bool, noise: bool) -> None:
    """Check that a round may be shared, before anybody is asked about it.

    Parameters
    ----------
    place : FilePlace
        Of the centre's shares.
    file : str
        What the share is to be called.
    round_ : int
        That is to be shared.
    force : bool
        Whether a share that is there may be replaced.
    noise : bool
        Whether noise is added, which is drawn once.

    Raises
    ------
    Refused
        If it is there already and has noise.
    InputError
        If it is there already and `force` is False.
    """
    if not place.holds(file):
        place.check_free(file, force=force)
        return
    if noise:
        raise Refused(
            f"{place.name(file)} is there already, and noise is drawn once: two files of one round "
            "would tell more than the protocol promises; send that one"
        )
    if not force:
        raise InputError(
            f"{place.name(file)} is there already: round {round_} is shared; did you mean --round "
            f"{round_ + 1}?"
        )


def check_beside(asked: FilePlace, place: FilePlace, files: Sequence[tuple[int, str, str]]) -> None:
    """Check that all files that a share answers to are there.

    Parameters
    ----------
    asked, place : FilePlace
        Of the lead's rounds, and of the centre's own shares.
    files : sequence of (int, str, str)
        Of each round from the second on to this one, its number, what the centre's own share of
        the round before is called, and what the lead's file of it is.

    Raises
    ------
    InputError
        Naming each that is not there, and where it was looked for.
    """
    problems = []
    for k, own, lead in files:
        if not place.holds(own):
            expected = f"the centre's own share of round {k - 1}"
            action = "put it there, or name its folder by --out"
            problems.append(Problem(f"round {k}", expected, f"no {place.name(own)}", None, action))
        if not asked.holds(lead):
            action = "put it there, or name its folder by --rounds; the lead has it"
            got = f"no {asked.name(lead)}"
            problems.append(Problem(f"round {k}", "the lead's file of it", got, None, action))
    if problems:
        raise InputError("what the share answers to", problems)


def check_asked(place: FilePlace, shares: Mapping[str, bytes], asked: Mapping[str, bytes]) -> None:
    """Check that the lead's rounds are there that shares answer.

    Files that cannot be read are left to whoever combines them.

    Parameters
    ----------
    place : FilePlace
        Of the lead's rounds.
    shares, asked : mapping of str to bytes
        By what they are called, the shares, and the lead's rounds that are there.

    Raises
    ------
    InputError
        Naming each round that is not there, who answers it, and where it was looked for.
    """
    told = [share for name, data in shares.items() if (share := _try(open_share, data, name))]
    there = {one.round for name, data in asked.items() if (one := _try(open_round, data, name))}
    missing = sorted({share.round for share in told} - {1} - there)
    problems = [
        Problem(
            f"round {round_}",
            f"the lead's file of it, which shares of {_list_centres(told, round_)} answer",
            f"none in {place.address}",
            action="name the folder of the lead's rounds by --rounds; where nobody has asked this "
            "round, take its shares out",
        )
        for round_ in missing
    ]
    if problems:
        raise InputError("what the shares answer to", problems)


def _list_centres(told: Sequence[SealedShare], round_: int) -> str:
    return list_words(list(dict.fromkeys(one.centre for one in told if one.round == round_)))


def _try(read: Callable[[bytes, str], _Sealed], data: bytes, name: str) -> _Sealed | None:
    try:
        return read(data, name)
    except InputError:
        return None
