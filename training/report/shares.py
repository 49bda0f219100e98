"""Of whom is a share of responders? Every denominator in words, wherever the share is told.

At T2 after T1 there are three: patients whose T2 is known, among whom a nonresponder at T1 counts
without being seen again; those seen at T2; and all, to whom the share itself belongs. A share that
stands without its denominator cannot be told from the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a page of a card tells of results, and loads nothing that makes them
    from training.store.results import Results
    from training.study.study import Patients

__all__ = ["tell_patients_share", "tell_results_share"]


def tell_patients_share(patients: Patients, horizon: str) -> str:
    """Return of whom the share of responders at a horizon is, before or after a training."""
    known = {h: (int(found["events"]), int(found["n"])) for h, found in patients.counts.items()}
    kept = patients.labels.counts().get("kept")
    if not isinstance(kept, dict):
        return _tell(horizon, known, None)
    return _tell(horizon, known, (kept["responders"], kept["nonresponders"]))


def tell_results_share(results: Results, horizon: str) -> str:
    """Return the same of what a run found."""
    known = {str(h): (found.events, found.n) for h, found in results.counts.items()}
    kept = results.labels.kept
    return _tell(horizon, known, None if kept is None else (kept.responders, kept.nonresponders))


def _tell(horizon: str, known: dict[str, tuple[int, int]], kept: tuple[int, int] | None) -> str:
    events, n = known[horizon]
    counted = f"{events} of {n} patients whose {horizon.upper()} is known"
    if horizon != "t2" or "t1" not in known or kept is None:
        return counted
    first, of_all = known["t1"]
    return (
        f"{first} of {of_all} at T1, times {kept[0]} of the {sum(kept)} responders at T1 who were "
        f"seen at T2; not the {counted}, among whom those who failed at T1 count without being "
        "seen again"
    )
