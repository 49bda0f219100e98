"""How many coefficients a centre's patients bear before a model tells of single patients.

With as many parameters as patients a model is the patients. DataSHIELD refuses a regression whose
parameters (with the intercept) are more than a third of the patients (`nfilter.glm`, 0.33); the
same is asked here, of each outcome and each family of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray

__all__ = ["allow_families", "take_family"]


@dataclass(frozen=True)
class AllowedFamilies:
    """The families of columns that a centre may share of an outcome.

    Parameters
    ----------
    families : tuple of str
        In the order asked; empty where slopes of this outcome may not leave at all.
    reason : str
        Why some may not; empty where all may.
    """

    families: tuple[str, ...]
    reason: str = ""


def take_family(family: str, linear: BoolArray) -> BoolArray:
    """Return which columns (n_columns,) a family has.

    Parameters
    ----------
    family : {"straight", "bends"}
        Without bends, or all columns.
    linear : ndarray of bool of shape (n_columns,)
        The basis's `linear_`.
    """
    if family not in ("straight", "bends"):
        raise ValueError(f"family: expected straight or bends, got {family!r}")
    return linear.copy() if family == "straight" else np.ones(len(linear), dtype=bool)


def allow_families(
    n: int, families: Sequence[str], linear: BoolArray, *, parameters_share: float
) -> AllowedFamilies:
    """Return the families whose parameters are few enough for so many patients.

    A centre that may share "straight" but not "bends" shares gradient and curvature in the straight
    columns only; in the others it tells nothing, as a centre without patients would.

    Parameters
    ----------
    n : int
        Patients whose outcome is known.
    families : sequence of {"straight", "bends"}
        Those that the protocol asks for.
    linear : ndarray of bool of shape (n_columns,)
        The basis's `linear_`.
    parameters_share : float
        Most parameters (1 + columns) per patient, in (0, 1].

    References
    ----------
    Gaye 2014, doi:10.1093/ije/dyu188; Wilson 2017, doi:10.5334/dsj-2017-021. The value and the rule
    (parameters > nfilter.glm * n is refused) are in dsBase, `glmDS1`.
    """
    needed = {family: 1 + int(take_family(family, linear).sum()) for family in families}
    allowed = tuple(f for f in families if needed[f] <= parameters_share * n)
    refused = [family for family in families if family not in allowed]
    if not refused:
        return AllowedFamilies(allowed)
    fewest = int(np.ceil(min(needed[f] for f in refused) / parameters_share - 1e-9))
    rest = f"only {', '.join(allowed)} is shared" if allowed else "no slope of it is shared"
    return AllowedFamilies(
        allowed,
        f"{' and '.join(refused)}: too many coefficients for so few patients (at most "
        f"{parameters_share:g} per patient), so that {rest}; at least {fewest} patients with a "
        "known outcome, or fewer predictors, would do",
    )
