"""A test of whether a panel tells anything at all beyond the clinical estimate."""

from __future__ import annotations

from math import ceil

import numpy as np

from features.arrays import FloatArray
from training.panel.posterior import find_few

__all__ = ["compute_global_test"]


_MANY = 2000
_LARGEST = 2
"""Assays of a model; more of them find no more in simulated cohorts, and cost more."""


def compute_global_test(
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    *,
    max_p: float,
    rng: np.random.Generator,
    n_permutations: int | None = None,
) -> float:
    """Test whether a panel goes with what the clinical estimate leaves open.

    The evidence that one or two of the assays tell something
    (:func:`training.panel.posterior.find_few`) is compared with that of panels dealt out to the
    patients at random, until it is certain that p is above `max_p`.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Standardised assays.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Clinical log-odds by fits that had not seen the patient.
    max_p : float
        What p is to be held against, above 0 and below 1.
    rng : numpy.random.Generator
        Source of the permutations.
    n_permutations : int or None
        Panels that are dealt out at most; more where `max_p` cannot be reached with so many. None:
        199, or 39 from 2000 patients on.

    Returns
    -------
    float
        p value: where the panel tells nothing it is at most `max_p` in a share `max_p` of cohorts.

    References
    ----------
    Besag and Clifford 1991, doi:10.1093/biomet/78.2.301 (stopping early).
    """
    wanted = n_permutations or (39 if len(y) >= _MANY else 199)
    count = max(wanted, ceil(1 / max_p) - 1)
    # So many panels dealt out at random with as much evidence put p above max_p.
    enough = int(max_p * (count + 1) + 1e-9)
    told = find_few(Z, y, offset, largest=_LARGEST).log_evidence
    as_much = 0
    for dealt in range(1, count + 1):
        shuffled = Z[rng.permutation(len(y))]
        as_much += find_few(shuffled, y, offset, largest=_LARGEST).log_evidence >= told
        if as_much == enough:
            return max(as_much / dealt, (as_much + 1) / (count + 1))
    return (as_much + 1) / (count + 1)
