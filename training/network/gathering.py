"""The shares of a network's centres, put side by side: who takes part in what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from features.errors import NotEnoughData
from training.fitting.fit import MIN_FOR_KEPT
from training.network.arithmetic.combining import Intercepts
from training.network.content import ShareContent
from training.network.pooled import PooledOutcome
from training.network.protocol.protocol import Protocol

__all__ = ["Gathered"]


@dataclass(frozen=True, eq=False)
class Gathered:
    """All that the centres of a network have told so far.

    Parameters
    ----------
    protocol : Protocol
        What was agreed.
    shares : mapping of str to sequence of ShareContent
        By centre, from the first round on, none left out in between.
    """

    protocol: Protocol
    shares: Mapping[str, Sequence[ShareContent]]

    @cached_property
    def rounds(self) -> int:
        """The last round that any centre told in."""
        return max((len(told) for told in self.shares.values()), default=0)

    @cached_property
    def centres(self) -> tuple[str, ...]:
        """Those that told in every round, in the protocol's order."""
        return tuple(c for c in self.protocol.centres if len(self.shares.get(c, ())) == self.rounds)

    @property
    def dropped(self) -> dict[str, str]:
        """The others of the protocol, and since when they are missing."""
        return {
            name: f"no share of round {len(self.shares.get(name, ())) + 1}"
            for name in self.protocol.centres
            if name not in self.centres
        }

    @property
    def late(self) -> tuple[str, ...]:
        """Those that told in every round but the last."""
        before = self.rounds - 1
        return tuple(c for c in self.protocol.centres if len(self.shares.get(c, ())) == before)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What is asked of: "response", and "kept" with two horizons."""
        return ("response", "kept")[: len(self.protocol.horizons)]

    def list_counts(self, outcome: str) -> dict[str, tuple[int, int]]:
        """Return patients and responders of every centre that tells both."""
        found = {}
        for name in self.centres:
            told = self.shares[name][0].outcomes.get(outcome)
            if told is not None and told.n is not None and told.events is not None:
                found[name] = (told.n, told.events)
        return found

    def require_counts(self, outcome: str) -> dict[str, tuple[int, int]]:
        """Return the same of an outcome that is the same for everyone at a centre.

        Raises
        ------
        NotEnoughData
            If fewer than two centres tell.
        """
        self._require_centres()
        counts = self.list_counts(outcome)
        if len(counts) < 2:
            raise NotEnoughData(
                f"{len(counts)} of {len(self.centres)} centres may tell how many patients "
                f"responded ({outcome}): a network needs two; begin a new network when more "
                "centres have enough patients"
                + (", or one of the horizon t1 alone" if outcome == "kept" else "")
            )
        return counts

    def _require_centres(self) -> None:
        """Refuse to go on where too few have told, and say who is waited for."""
        if len(self.centres) > 1:
            return
        missing = "".join(f"; {name}: {why}" for name, why in self.dropped.items())
        raise NotEnoughData(
            "a network needs the shares of at least two centres in every round; round "
            f"{self.rounds} has {len(self.centres)}{missing}; wait for what is missing, and give "
            "the shares of all rounds"
        )

    def list_withheld(self, outcome: str) -> dict[str, str]:
        """Return the centres whose slopes do not take part in an outcome, and why.

        Whoever stops telling them in a later round takes no part from the first on: what all
        centres have in common is of the same patients in every round.
        """
        found: dict[str, str] = {}
        for told in zip(*(self.shares[c] for c in self.centres), strict=True):
            here = {c: s.outcomes.get(outcome) for c, s in zip(self.centres, told, strict=True)}
            if all(share is None or share.likelihood is None for share in here.values()):
                continue  # it was not asked in this round
            for name, share in here.items():
                if share is None:
                    found.setdefault(name, "it told nothing of this outcome")
                elif share.likelihood is None:
                    found.setdefault(name, share.withheld)
        return found

    def find_reason(self, outcome: str) -> str:
        """Return why everyone gets the same at an outcome; empty where they do not."""
        withheld = self.list_withheld(outcome)
        sharing = [c for c in self.centres if c not in withheld]
        told = [self.shares[c][0].outcomes.get(outcome) for c in sharing]
        sharing = [c for c, share in zip(sharing, told, strict=True) if share and share.likelihood]
        if len(sharing) < 2:
            return (
                f"{len(sharing)} of {len(self.centres)} centres may share slopes of it: two are "
                "needed, so everyone gets the same share"
            )
        counts = self.list_counts(outcome)
        events = sum(counts[name][1] for name in sharing)
        others = sum(counts[name][0] for name in sharing) - events
        if outcome == "kept" and min(events, others) < MIN_FOR_KEPT:
            return (
                f"kept by {events} and lost by {others} of the responders at T1 seen at T2: fewer "
                f"than {MIN_FOR_KEPT} of either, so everyone gets the same share"
            )
        return ""

    @cached_property
    def pooled(self) -> dict[str, PooledOutcome]:
        """The outcomes whose slopes are pooled.

        Raises
        ------
        NotEnoughData
            If fewer than two centres take part.
        """
        self._require_centres()
        protocol = self.protocol
        sd = protocol.intercept_sd
        intercepts = Intercepts(protocol.intercepts == "common", 0.0 if sd is None else sd**-2.0)
        found = {}
        for name in self.outcomes:
            if self.find_reason(name):
                continue
            withheld = self.list_withheld(name)
            centres = tuple(c for c in self.centres if c not in withheld)
            found[name] = PooledOutcome(
                centres=centres,
                rounds=[
                    {c: self.shares[c][place].outcomes[name] for c in centres}
                    for place in range(self.rounds)
                ],
                straight=protocol.basis.linear_,
                families=protocol.families,
                prior_sds=protocol.prior_sds,
                intercepts=intercepts,
            )
        return found
