"""One of the twelve gates between a model and its approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["EXTERNAL_GATE", "NEVER_WAIVED", "REVIEWERS_GATE", "SYNTHETIC_GATE", "Gate"]

EXTERNAL_GATE, REVIEWERS_GATE, SYNTHETIC_GATE = 9, 11, 12
"""Validation in other patients; and the two that log and facts answer, not the card."""

NEVER_WAIVED = {
    REVIEWERS_GATE: "two people have to review every model",
    SYNTHETIC_GATE: "a model is made of patients who somebody says are real, or it stays a "
    "demonstration",
}
"""Gates that no reviewer lets any model pass, and why."""


@dataclass(frozen=True)
class Gate:
    """One of the twelve gates, computed from the card; a reviewer may waive it.

    Parameters
    ----------
    number : int
        1 to 12.
    name : str
        In a few words.
    status : {"pass", "fail", "waived"}
        Whether the card alone says that it is met, and beside its review whether it was waived.
    value, threshold : str
        What was found, and what is asked.
    more : str
        What to know or to do; may be empty.
    command : str
        What to run for it at a terminal; may be empty, and is nothing for people in a browser.
    waiver : str
        Who waived it, and why; else empty.
    fixed : str
        Why nobody may waive it for this model; empty where a reviewer may.
    """

    number: int
    name: str
    status: Literal["pass", "fail", "waived"]
    value: str
    threshold: str
    more: str = ""
    command: str = ""
    waiver: str = ""
    fixed: str = ""

    @property
    def never_waived(self) -> str:
        """Why nobody may waive it; empty where a reviewer may."""
        return self.fixed or NEVER_WAIVED.get(self.number, "")

    @property
    def told(self) -> str:
        """What it says in one line, without what to run at a terminal."""
        return self._join(self.more, self.waiver)

    @property
    def text(self) -> str:
        """All of it in one line."""
        return self._join(self.more, self.command, self.waiver)

    def _join(self, *parts: str) -> str:
        more = "".join(f"; {part}" for part in parts if part)
        return f"{self.value} (asked: {self.threshold}){more}"
