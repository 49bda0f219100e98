"""What is to be told of what came, and the OperationOutcome that tells it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from features.errors import Problem
from features.texts import Text, say

__all__ = ["Issue", "issue_of", "make_outcome", "tell_unused"]

_Severity = Literal["error", "warning", "information"]
_MOST_PLACES = 20
_MOST = 200
"""Issues in one answer: whoever sends more garbage is told how much more."""


@dataclass(frozen=True)
class Issue:
    """One thing to tell.

    Parameters
    ----------
    severity : {"error", "warning", "information"}
        An error leaves the request without an answer.
    code : str
        Of R4's issue types.
    text : Text
        Plain words. It may hold a patient's value: it is for the sender only.
    expressions : tuple of str
        FHIRPath of each thing it is about; empty where it is about the whole.
    notice : str
        Our own code, for programs: that of a notice beside an estimate.
    """

    severity: _Severity
    code: str
    text: Text
    expressions: tuple[str, ...] = ()
    notice: str = ""

    def to_element(self) -> dict[str, Any]:
        """Return it as an OperationOutcome holds it."""
        element: dict[str, Any] = {"severity": self.severity, "code": self.code}
        element["details"] = {"text": self.text}
        if self.notice:
            element["details"]["coding"] = [{"code": self.notice}]
        element["diagnostics"] = self.text
        if self.expressions:
            element["expression"] = [*self.expressions[:_MOST_PLACES]]
        return element


_ALL_WELL = Issue("information", "informational", say("Everything that could be used was used."))


def issue_of(problem: Problem, expression: str = "", *, severity: _Severity = "error") -> Issue:
    """Return a problem of the dictionary's as an issue, with what came: it is for the sender."""
    told = {"what": problem.column, "expected": problem.expected, "got": problem.got}
    if problem.action:
        action = problem.action
        text = say("{what}: expected {expected}; got {got}; {action}", **told, action=action)
    else:
        text = say("{what}: expected {expected}; got {got}", **told)
    return Issue(severity, "value", text, (expression or problem.column,))


def tell_unused(
    what: str,
    why: Text,
    *expressions: str,
    severity: _Severity = "warning",
    code: str = "business-rule",
) -> Issue:
    """Return the issue that something is not used.

    Parameters
    ----------
    what : str
        Label of the variable.
    why : Text
        A clause in plain words, without a full stop.
    *expressions : str
        FHIRPath of each thing that is not used.
    severity, code
        As :class:`Issue` has them.
    """
    return Issue(severity, code, say("{what} is not used: {why}.", what=what, why=why), expressions)


def make_outcome(issues: Sequence[Issue] | Iterable[Issue]) -> dict[str, Any]:
    """Return the OperationOutcome that lists every issue, the gravest first."""
    ranks = {"error": 0, "warning": 1, "information": 2}
    found = sorted(dict.fromkeys(issues), key=lambda issue: ranks[issue.severity]) or [_ALL_WELL]
    shown = found[:_MOST]
    if len(found) > _MOST:
        text = say("{count} more issues like these are not listed.", count=len(found) - _MOST)
        shown.append(Issue("information", "too-long", text))
    return {"resourceType": "OperationOutcome", "issue": [issue.to_element() for issue in shown]}
