"""What is a centre's own in a model of several centres: where its patients start from.

Centres differ in ways that no predictor tells: whom they admit, how they dose, how pain is asked. A
model of several of them has what holds for a centre that it has never seen, and beside it, for
each centre that took part, what is different there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.arrays import FloatArray
from features.errors import InputError, KetresponseError, did_you_mean, list_words
from features.texts import squash

__all__ = ["NO_CENTRE", "Centre", "CentreOutcome", "check_centre", "choose_centre", "match_centre"]

NO_CENTRE = "none"
"""What is written for a centre that took no part, where another would be taken otherwise."""


@dataclass(frozen=True, eq=False)
class CentreOutcome:
    """The probability of one outcome at one centre, as far as it is the centre's own.

    Parameters
    ----------
    intercept : float
        Log-odds, in the place of :attr:`OutcomeModel.intercept`; blend and recalibration are
        already in it. Far above the model's own: patients do better here than their predictors
        tell.
    coef : ndarray of shape (n_columns,)
        Log-odds per basis column, in the place of :attr:`OutcomeModel.coef`; the model's own
        where its centres share their slopes.
    draws : ndarray of shape (n_draws, 1 + n_columns + n_pairs)
        In the place of :attr:`WorkingModel.draws`: the posterior of this centre's intercept and
        coefficients. As many as the model's, so that two outcomes' stay paired.
    """

    intercept: float
    coef: FloatArray
    draws: FloatArray


@dataclass(frozen=True, eq=False)
class Centre:
    """One centre of a model of several.

    Parameters
    ----------
    name : str
        As the `site` column of a cohort has it.
    first : CentreOutcome or None
        Of the first horizon's outcome; None where the centre told nothing of it, so that it is
        answered as a new centre's.
    kept : CentreOutcome or None
        That a responder at T1 still is one at T2; None likewise, and in a model of one horizon.
    """

    name: str
    first: CentreOutcome | None
    kept: CentreOutcome | None = None


def match_centre(centres: Sequence[Centre], asked: str) -> str:
    """Return the name of the centre that is meant, in whatever case, accents and signs.

    Returns
    -------
    str
        As the model writes it; "" where none is meant, or two could be.
    """
    names = [centre.name for centre in centres]
    if asked in names:
        return asked
    near = [name for name in names if squash(name) == squash(asked) != ""]
    return near[0] if len(near) == 1 else ""


def check_centre(centres: Sequence[Centre], name: str) -> Centre:
    """Return the centre of a name, written as it was when it took part.

    Raises
    ------
    KetresponseError
        If there is none; it lists those that there are.
    """
    for centre in centres:
        if centre.name == name:
            return centre
    known = list_words([centre.name for centre in centres], most=len(centres))
    raise KetresponseError(
        f"the model has no centre of the name {name!r}: "
        + (f"its centres are {known}" if centres else "it is of one cohort and knows no centres")
    )


def choose_centre(centres: Sequence[Centre], asked: str, *, setting: str = "--centre") -> str:
    """Return the centre that a setting names, as the model writes it.

    Parameters
    ----------
    centres : sequence of Centre
        Of the model.
    asked : str
        "" or :data:`NO_CENTRE` for one that took no part.
    setting : str
        What the setting is called, for messages.

    Returns
    -------
    str
        "" for one that took no part.

    Raises
    ------
    InputError
        If the model knows no such centre; it lists those that it knows.
    """
    if asked.strip().casefold() in ("", NO_CENTRE):
        return ""
    try:
        return check_centre(centres, match_centre(centres, asked) or asked).name
    except KetresponseError as err:
        hint = did_you_mean(asked, [centre.name for centre in centres])
        told = f"{err}{f' ({hint})' if hint else ''}; leave {setting} out"
        raise InputError(f"{told} for a new one" if centres else told) from err
