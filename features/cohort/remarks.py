"""What to know of a cohort beside what is in it: how its file was read, and who may be whom."""

from __future__ import annotations

from collections.abc import Sequence

from features.cohort.pseudonyms import tell_alike

__all__ = ["list_remarks", "tell_cleaned"]


def tell_cleaned(cleaned: int) -> str:
    """Return in words how many cells and headings held invisible characters; "" for none."""
    if not cleaned:
        return ""
    noun = "cell or heading" if cleaned == 1 else "cells and headings"
    return f"Passed over invisible characters in {cleaned} {noun}."


def list_remarks(patients: Sequence[str], *, cleaned: int, notes: Sequence[str]) -> list[str]:
    """Return what whoever sent a cohort should know; it may name patients.

    Parameters
    ----------
    patients : sequence of str
        The patient_id of each row.
    cleaned : int
        Cells and headings of the file that held invisible characters.
    notes : sequence of str
        What else was passed over or made out as it was read, in sentences.

    Returns
    -------
    list of str
        Sentences; none where there is nothing to say.
    """
    alike = tell_alike(patients)
    told = [tell_cleaned(cleaned), *notes, f"{alike[0].upper()}{alike[1:]}." if alike else ""]
    return [sentence for sentence in told if sentence]
