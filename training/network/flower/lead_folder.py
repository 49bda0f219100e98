"""The lead's folder: which shares are there, which round is next, and what follows from them.

Shares lie in `shares` and rounds in `rounds`, one signed file each, as if they had come by mail.
A share that does not hold is not kept; a round that is written is never written again.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.errors import InputError, Problem
from training.network.answering import name_share
from training.network.leading import CombinedShares, combine_shares, name_round
from training.network.protocol.envelope import find_foreign, open_share
from training.network.protocol.keys import CentreKey
from training.network.protocol.places import FilePlace
from training.network.protocol.protocol import Protocol
from training.network.receiving import receive_rounds, receive_shares

__all__ = ["LeadFolder"]


@dataclass(frozen=True, eq=False)
class LeadFolder:
    """Where the lead of a network keeps what came and what went.

    Parameters
    ----------
    protocol : Protocol
        What was agreed.
    key : CentreKey
        The lead's.
    folder : str
        Path or address.
    """

    protocol: Protocol
    key: CentreKey
    folder: str

    def list_missing(self, round_: int) -> list[str]:
        """Return the centres whose share of a round is awaited; none of a round that is over."""
        if self._rounds.holds(name_round(round_ + 1)):
            return []
        return [
            centre
            for centre in self.protocol.centres
            if all(self._holds(centre, k) for k in range(1, round_))
            and not self._holds(centre, round_)
        ]

    def open_round(self, round_: int) -> bytes:
        """Return the lead's file of a round, written now if it is not there; none for the first."""
        if round_ == 1:
            return b""
        file = name_round(round_)
        if not self._rounds.holds(file):
            self._rounds.write(self._combine(round_ - 1).data, file)
        return self._rounds.read(file)

    def take(self, round_: int, data: bytes, name: str) -> str:
        """Keep a share, if it holds; return whose it is.

        Parameters
        ----------
        round_ : int
            That was asked.
        data : bytes
            The file.
        name : str
            What it is called, for messages.

        Raises
        ------
        InputError
            With all that is wrong with it; then nothing is kept.
        """
        share = open_share(data, name)
        problems = find_foreign(share, self.protocol, name)
        if problems:
            raise InputError(f"share {name}", problems)
        centre, file = share.centre, name_share(share.centre, round_)
        if share.round != round_:
            expected = f"a share of round {round_}, that was asked"
            problems.append(Problem(centre, expected, f"one of round {share.round}"))
        elif self._shares.holds(file) and self._shares.read(file) != data:
            action = "the first one holds; ask the centre why there are two"
            problems.append(Problem(centre, "one share in a round", "another", action=action))
        if problems:
            raise InputError(f"share {name}", problems)
        earlier = self._shares.read_some(name_share(centre, k) for k in range(1, round_))
        rounds = receive_rounds(self._read_rounds(), self.protocol)
        receive_shares({**earlier, name: data}, self.protocol, rounds)
        self._shares.write(data, file, force=True)
        return centre

    def conclude(self) -> CombinedShares:
        """Return what follows from the shares of all rounds."""
        return self._combine(self.protocol.rounds)

    @property
    def _shares(self) -> FilePlace:
        return FilePlace(f"{self.folder}/shares")

    @property
    def _rounds(self) -> FilePlace:
        return FilePlace(f"{self.folder}/rounds")

    def _holds(self, centre: str, round_: int) -> bool:
        return self._shares.holds(name_share(centre, round_))

    def _read_rounds(self) -> dict[str, bytes]:
        return self._rounds.read_some(self._rounds.list_files())

    def _read_shares(self, last: int) -> dict[str, bytes]:
        """Return the shares up to a round that are here."""
        places = [(centre, k) for k in range(1, last + 1) for centre in self.protocol.centres]
        return self._shares.read_some(name_share(*place) for place in places)

    def _combine(self, last: int) -> CombinedShares:
        """Put together what was told up to a round."""
        return combine_shares(
            self.protocol,
            self.key,
            self._read_shares(last),
            rounds=self._read_rounds(),
            finish=last >= self.protocol.rounds,
        )
