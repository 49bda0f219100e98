"""How a model that was approved is called; nothing is loaded to know it."""

from __future__ import annotations

__all__ = ["APPROVALS", "APPROVED", "SILENT_APPROVAL", "name_status"]

APPROVED = "approved"
SILENT_APPROVAL = "approved for silent evaluation only"
"""The status of a model whose estimates nobody who treats the patient may see: it is never called
"approved" alone, which a reader takes for more than it is."""

APPROVALS = (APPROVED, SILENT_APPROVAL)


def name_status(status: str, scope: str) -> str:
    """Return the status of a registered version.

    Parameters
    ----------
    status, scope : str
        As its tags have them. A version that was approved before there were two words is told by
        what it was approved for.
    """
    return SILENT_APPROVAL if status == APPROVED and scope.startswith("silent") else status
