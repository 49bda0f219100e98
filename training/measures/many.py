"""From how many patients on some work tells nothing more, and what is said of it."""

from __future__ import annotations

__all__ = ["MANY", "tell_no_reruns"]

MANY = 20_000
"""Patients up to whom nothing is left out for want of time."""


def tell_no_reruns(n_patients: int) -> str:
    """Return why there are no bootstrap reruns, in a clause; what only they tell is not judged.

    Parameters
    ----------
    n_patients : int
        That were trained on.
    """
    if n_patients <= MANY:
        return "the bootstrap reruns were switched off"
    return (
        f"no bootstrap reruns were made, because there are {n_patients} patients: beyond {MANY} "
        "they are only made where [resampling] bootstrap_reruns is set"
    )
