"""Which patients of a panel may be one and the same, or one of a cohort, spelt in another way."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from features.cohort.pseudonyms import find_alike
from features.errors import list_words

__all__ = ["find_spelt_otherwise", "tell_spelt_otherwise"]


def find_spelt_otherwise(
    panel: Collection[str], cohort: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return patients of a panel who are in the cohort only if their name was spelt otherwise.

    Parameters
    ----------
    panel, cohort : collection of str
        Pseudonyms.

    Returns
    -------
    tuple of (str, str)
        A patient of the panel who is not in the cohort, and one of the cohort who has no panel:
        their pseudonyms differ by case, spaces, signs or leading zeros and nothing else.

    Examples
    --------
    >>> find_spelt_otherwise(["P01", "P2"], ["P1", "P2", "P02"])
    (('P01', 'P1'),)
    """
    with_panel, in_cohort = set(panel), set(cohort)
    without = dict.fromkeys(patient for patient in panel if patient not in in_cohort)
    lacking = dict.fromkeys(patient for patient in cohort if patient not in with_panel)
    names = [*without, *lacking]
    return tuple(
        (names[one], names[other])
        for rows in find_alike(names)
        for one in rows
        for other in rows
        if one < len(without) <= other
    )


def tell_spelt_otherwise(pairs: Sequence[tuple[str, str]]) -> str:
    """Return pairs of :func:`find_spelt_otherwise` in words."""
    return list_words([f"{panel} (in the cohort: {cohort})" for panel, cohort in pairs])
