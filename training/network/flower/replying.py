"""A centre's answer to one round, whatever happens: its signed share, or one word.

The word says of what kind the reason is, and nothing of the patients: what it was stands in the
centre's own log, where its people read it. What came and what went is kept in the centre's folder,
as it is with files: `rounds` and `shares`. A round is answered once; asked again, the same file
goes out, and another file of that round is refused.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import InputError, KetresponseError, NotEnoughData, Problem, Refused
from training.network.answering import find_own_centre, name_share, prepare_share
from training.network.flower.settings import NodeSettings, read_node_settings
from training.network.leading import name_round
from training.network.patients import read_centre_patients
from training.network.protocol.keys import read_centre_key
from training.network.protocol.places import FilePlace
from training.network.protocol.protocol import Protocol, read_protocol
from training.network.receiving import receive_rounds

__all__ = ["REFUSALS", "HomeAnswer", "answer_round", "refuse_passphrase"]

_log = logging.getLogger("flwr.ketresponse")

REFUSALS = {
    "input": "its own files, its settings or the round that came to it are not as they should be",
    "not_enough": "it has too few patients for what is asked",
    "refused": "it may not answer, by the protocol's limits or its own people",
    "waiting": "its people have not yet agreed to what would leave",
    "failed": "its program failed",
}
"""What a word that comes instead of a share means; nothing else of the reason leaves a centre."""


class _Waiting(KetresponseError):
    """Nobody of the centre has agreed yet."""


_WORDS: dict[type[KetresponseError], str] = {
    InputError: "input",
    NotEnoughData: "not_enough",
    Refused: "refused",
    _Waiting: "waiting",
}


@dataclass(frozen=True)
class HomeAnswer:
    """What goes back to the lead.

    Parameters
    ----------
    share : bytes
        The signed file; empty where there is none.
    refused : str
        One of `REFUSALS`; empty where there is a share.
    """

    share: bytes = b""
    refused: str = ""


def answer_round(
    find_settings: Callable[[], Mapping[str, object]], round_: int, asked: bytes
) -> HomeAnswer:
    """Return what a centre answers; no exception gets out.

    Parameters
    ----------
    find_settings : callable
        Gives the centre's own settings.
    round_ : int
        From 1.
    asked : bytes
        The lead's file of this round; empty in the first.
    """
    try:
        settings = read_node_settings(find_settings())
        return HomeAnswer(share=_find_share(settings, round_, asked))
    except KetresponseError as err:
        _log.error("round %s was not answered: %s", round_, err)
        return HomeAnswer(refused=_WORDS.get(type(err), "failed"))
    except Exception as err:
        # Its words may hold a patient's values, so only its kind and place are logged.
        place = traceback.extract_tb(err.__traceback__)[-1]
        where = f"{place.filename}, line {place.lineno}"
        _log.error("round %s was not answered: %s in %s", round_, type(err).__name__, where)
        return HomeAnswer(refused="failed")


def _find_share(settings: NodeSettings, round_: int, asked: bytes) -> bytes:
    """Return the centre's share of a round: the one that is there, or one made now."""
    protocol = read_protocol(Path(settings.protocol))
    key = read_centre_key(Path(settings.key), refuse_passphrase)
    centre = find_own_centre(protocol, key)
    _check_asked(protocol, round_, asked)
    rounds = FilePlace(f"{settings.folder}/rounds")
    shares = FilePlace(f"{settings.folder}/shares")
    file = name_share(centre, round_)
    came = rounds.read_some(name_round(k) for k in range(2, round_))
    if round_ > 1:
        came[name_round(round_)] = _keep_round(rounds, came, protocol, round_, asked)
    if shares.holds(file):
        return shares.read(file)
    if settings.agreement == "each":
        raise _Waiting(
            f"ketresponse network share --round {round_} shows what would leave, and asks"
        )
    mapping, panel = (
        None if given is None else Path(given) for given in (settings.mapping, settings.panel)
    )
    prepared = prepare_share(
        protocol,
        key,
        read_centre_patients(protocol, Path(settings.cohort), mapping=mapping, panel=panel),
        round_=round_,
        rounds=came,
        earlier=shares.read_some(name_share(centre, k + 1) for k in range(protocol.rounds)),
    )
    shares.write(prepared.data, file)
    return prepared.data


def _check_asked(protocol: Protocol, round_: object, asked: object) -> None:
    """Check what came over the links before any file is named after it."""
    known = range(1, protocol.rounds + 1)
    problems = []
    if type(round_) is not int or round_ not in known:
        expected = f"a round of the protocol: 1 to {protocol.rounds}"
        problems.append(Problem("round", expected, "another"))
    if not isinstance(asked, bytes):
        problems.append(Problem("file", "the bytes of a file", type(asked).__name__))
    if problems:
        raise InputError("what the lead's program sent", problems)


def _keep_round(
    rounds: FilePlace, came: Mapping[str, bytes], protocol: Protocol, round_: int, asked: bytes
) -> bytes:
    """Keep the lead's file of a round, if it is the lead's and the first one of this round."""
    name = name_round(round_)
    if not rounds.holds(name):
        if round_ not in receive_rounds({**came, name: asked}, protocol):
            problem = Problem(name, f"the lead's file of round {round_}", "that of another round")
            raise InputError(f"round {round_}", [problem])
        rounds.write(asked, name)
    elif rounds.read(name) != asked:
        action = "ask the lead on the telephone why there are two"
        problem = Problem(name, "the file of this round that came first", "another", action=action)
        raise InputError(f"round {round_}", [problem])
    return asked


def refuse_passphrase() -> str:
    """Say that a key needs to open without anybody there."""
    raise InputError(
        "the key has a passphrase, and nobody is there to type it: Flower needs a key without one, "
        "that only its own user can read"
    )
