"""The files that travel between centres and lead: what they hold, and who has signed it.

A share goes from a centre to the lead, a round from the lead to the centres. Each names the
protocol, the file that it answers and the one that its sender wrote before, by their digests, so
that nothing can be taken out, put in or exchanged on the way. What they hold is a table here, and
known above (:mod:`training.network.content`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Any, Literal, TypeVar

from features.errors import InputError, Problem
from features.files.settings import Settings, between, fits, read_settings, show
from training.network.protocol.canonical import read_canonical, write_canonical
from training.network.protocol.keys import CentreKey, is_public_key, is_signed_by
from training.network.protocol.protocol import Protocol

__all__ = [
    "SealedRound",
    "SealedShare",
    "commit_to_patients",
    "find_foreign",
    "open_round",
    "open_share",
    "seal_round",
    "seal_share",
]

_HEX = set("0123456789abcdef")
_MOST_ROUNDS = 100
_ORDER = (
    "words", "kind", "network", "protocol", "centre", "round", "answers", "shares", "previous",
    "program", "key", "patients", "content", "signature",
)  # fmt: skip
"""In which the parts of a file stand: what it is, what it answers, what it tells, who signs."""
_ASK_AGAIN = "ask its sender for the file as it was written"
_WRONG_KIND = {
    "share": "it is what a centre told: put it where the shares lie",
    "round": "it is what the lead asked: put it where the rounds lie (--rounds)",
}

_Digest = Annotated[str, fits("a SHA-256 digest: 64 hexadecimal digits", lambda d: _is_hex(d, 64))]
_DigestOrNone = Annotated[
    str, fits("a SHA-256 digest, or nothing", lambda d: not d or _is_hex(d, 64))
]
_Key = Annotated[str, fits("a public key, ed25519:...", is_public_key)]
_Round = Annotated[int, between(1, _MOST_ROUNDS)]
_Signature = Annotated[str, fits("a signature: 128 hexadecimal digits", lambda s: _is_hex(s, 128))]


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and not set(text) - _HEX


class _Sealed(Settings):
    """What both kinds of file say of themselves.

    Parameters
    ----------
    words : mapping of str to str
        What each part is, in plain English.
    network : str
        The protocol's name.
    protocol : str
        Its digest.
    round : int
        From 1.
    program : str
        The version that wrote the file.
    key : str
        The sender's public key.
    previous : str
        Digest of the file of this kind that the sender wrote for the round before; empty for the
        first.
    content : mapping
        What is told or asked.
    signature : str
        The sender's, over all else in the file's one form.
    """

    words: Mapping[str, str]
    network: str
    protocol: _Digest
    round: _Round
    program: str
    key: _Key
    previous: _DigestOrNone
    content: Mapping[str, Any]
    signature: _Signature

    @property
    def data(self) -> bytes:
        """The file as it was written, whatever became of its spaces on the way."""
        return write_canonical(_order(self.model_dump()))

    @property
    def sha256(self) -> str:
        """Digest of the file, as `sha256sum` tells it of the file as it was written."""
        return hashlib.sha256(self.data).hexdigest()


class SealedShare(_Sealed):
    """What a centre tells in one round.

    Parameters
    ----------
    centre : str
        Its name in the protocol.
    answers : str
        Digest of the round that it answers; empty in the first.
    patients : str
        A keyed digest of the rows that were used. Whoever has no key of the centre learns nothing
        from it but whether they are those of another of its shares.
    """

    kind: Literal["share"]
    centre: str
    answers: _DigestOrNone
    patients: _Digest


class SealedRound(_Sealed):
    """What the lead asks in one round, from the second on.

    Parameters
    ----------
    shares : mapping of str to str
        Digest of each centre's share of the round before that went into it.
    """

    kind: Literal["round"]
    shares: Mapping[str, _Digest]


_SHARE_WORDS = {
    "kind": "A share: all that a centre tells in one round. It holds no patient's row.",
    "protocol": "Digest (SHA-256) of the protocol file that is followed.",
    "answers": "Digest of the lead's file that this one answers; empty in the first round.",
    "previous": "Digest of this centre's own share of the round before.",
    "patients": "A keyed digest of the patients' rows: only this centre can make it. It shows "
    "whether they are the same in every round, and nothing else.",
    "signature": "The centre's signature (Ed25519) over all else in this file.",
}
_ROUND_WORDS = {
    "kind": "A round: what the lead of the network asks of the centres next.",
    "protocol": "Digest (SHA-256) of the protocol file that is followed.",
    "shares": "Digest of each centre's share that this round was made from.",
    "previous": "Digest of the lead's file of the round before; empty in the second round.",
    "signature": "The lead's signature (Ed25519) over all else in this file.",
}


def seal_share(
    content: Mapping[str, Any],
    words: Mapping[str, str],
    *,
    protocol: Protocol,
    centre: str,
    key: CentreKey,
    round_: int,
    answers: str = "",
    previous: str = "",
    patients: bytes,
) -> bytes:
    """Return a share as it travels.

    Parameters
    ----------
    content : mapping
        What the centre tells, as JSON can hold it.
    words : mapping of str to str
        What its parts are.
    protocol : Protocol
        That is followed.
    centre : str
        Who tells.
    key : CentreKey
        The centre's.
    round_ : int
        From 1.
    answers, previous : str
        Digests of the lead's round and of the centre's share before; empty in the first round.
    patients : bytes
        Digest of the rows that were used; a keyed one of it is told.

    Raises
    ------
    ValueError
        If the content holds a number that is not finite.
    """
    told = {
        "words": _SHARE_WORDS | dict(words),
        **_describe(protocol, key, round_, previous),
        "kind": "share",
        "centre": centre,
        "answers": answers,
        "patients": commit_to_patients(patients, protocol, key),
        "content": dict(content),
    }
    return _seal(told, key)


def commit_to_patients(patients: bytes, protocol: Protocol, key: CentreKey) -> str:
    """Return the keyed digest of a centre's rows that its shares tell.

    Parameters
    ----------
    patients : bytes
        Digest of the rows; it never leaves, since somebody might try out what it is of.
    protocol : Protocol
        Under another one it is another.
    key : CentreKey
        The centre's.
    """
    return key.commit(patients, purpose=f"patients of {protocol.sha256}")


def seal_round(
    content: Mapping[str, Any],
    words: Mapping[str, str],
    *,
    protocol: Protocol,
    key: CentreKey,
    round_: int,
    shares: Mapping[str, str],
    previous: str = "",
) -> bytes:
    """Return a round as it travels; see :func:`seal_share`.

    Parameters
    ----------
    content, words : mapping
        What is asked, and what its parts are.
    protocol : Protocol
        That is followed.
    key : CentreKey
        The lead's.
    round_ : int
        From 2.
    shares : mapping of str to str
        Digest of each centre's share that it was made from.
    previous : str
        Digest of the lead's round before; empty in the second.
    """
    told = {
        "words": _ROUND_WORDS | dict(words),
        **_describe(protocol, key, round_, previous),
        "kind": "round",
        "shares": dict(shares),
        "content": dict(content),
    }
    return _seal(told, key)


def _describe(protocol: Protocol, key: CentreKey, round_: int, previous: str) -> dict[str, Any]:
    return {
        "network": protocol.name,
        "protocol": protocol.sha256,
        "round": round_,
        "program": version("ketresponse"),
        "key": key.public,
        "previous": previous,
    }


def _seal(told: Mapping[str, Any], key: CentreKey) -> bytes:
    signature = key.sign(write_canonical(_order(told)), purpose=str(told["kind"]))
    return write_canonical(_order({**told, "signature": signature}))


def _order(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in _ORDER if name in told}


_Kind = TypeVar("_Kind", SealedShare, SealedRound)


def open_share(data: bytes, name: str) -> SealedShare:
    """Read a share, and check that whoever names their key in it has signed it.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What it is called, for messages.

    Raises
    ------
    InputError
        Listing every problem: not JSON, parts that are missing or of another kind, numbers that
        are not finite, or anything that was changed after it was signed.
    """
    return _open(SealedShare, data, name)


def open_round(data: bytes, name: str) -> SealedRound:
    """Read a round; see :func:`open_share`."""
    return _open(SealedRound, data, name)


def _open(kind: type[_Kind], data: bytes, name: str) -> _Kind:
    content = read_canonical(data, name)
    what = "share" if kind is SealedShare else "round"
    if content.get("kind") != what:
        got = show(content.get("kind"))
        action = _WRONG_KIND.get(str(content.get("kind")), _ASK_AGAIN)
        raise InputError(f"{what} {name}", [Problem("kind", f"'{what}'", got, action=action)])
    sealed = read_settings(kind, content, f"{what} {name}")
    data = write_canonical(_order(sealed.model_dump(exclude={"signature"})))
    if not is_signed_by(sealed.key, data, sealed.signature, purpose=what):
        expected = "the sender's signature over the file as it is"
        got = "changed after it was signed"
        raise InputError(f"{what} {name}", [Problem("signature", expected, got, action=_ASK_AGAIN)])
    return sealed


def find_foreign(sealed: SealedShare | SealedRound, protocol: Protocol, name: str) -> list[Problem]:
    """Return why a file that is signed by somebody does not belong to a network.

    Parameters
    ----------
    sealed : SealedShare or SealedRound
        As it was opened.
    protocol : Protocol
        Of the network.
    name : str
        What the file is called.
    """
    problems = []
    if sealed.protocol != protocol.sha256:
        expected = f"an answer to this protocol ({protocol.sha256[:12]}...)"
        got = f"of {sealed.network} by another protocol ({sealed.protocol[:12]}...)"
        action = "the sender follows another file: send them this one"
        problems.append(Problem(name, expected, got, action=action))
    if isinstance(sealed, SealedRound):
        owner, key = f"the lead {protocol.lead}", protocol.lead_key
    elif sealed.centre in protocol.centres:
        owner, key = sealed.centre, protocol.centres[sealed.centre]
    else:
        known = ", ".join(protocol.centres)
        action = "only centres that the protocol names take part"
        return [*problems, Problem(name, f"one of {known}", "an unknown centre", action=action)]
    if sealed.key != key:
        others = {public: f"the key of {centre}" for centre, public in protocol.centres.items()}
        others |= {protocol.lead_key: "the lead's key"}
        got = others.get(sealed.key, "a key that the protocol does not name")
        action = "somebody else has signed it, or with another key: ask on the telephone"
        problems.append(
            Problem(name, f"the key that the protocol has of {owner}", got, None, action)
        )
    if sealed.round > protocol.rounds:
        expected = f"a round of the protocol: 1 to {protocol.rounds}"
        problems.append(Problem(name, expected, f"round {sealed.round}"))
    return problems
