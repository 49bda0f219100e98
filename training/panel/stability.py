"""Which assays are selected again and again, on half samples of the patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray
from training.fitting.solvers import fit_elastic_net, fit_intercept

__all__ = ["Stability", "compute_stability"]


_TOLERANCE = 1e-5
"""Largest change of a coefficient, in log-odds per standard deviation, at which a fit rests."""
_ENTER = (0.85, 0.7, 0.55, 0.42, 0.32)  # of a half sample's strongest penalty


@dataclass(frozen=True, eq=False)
class Stability:
    """How often assays are selected on half samples.

    Parameters
    ----------
    share : ndarray of shape (n_assays,)
        Share of the half samples in which each assay was selected.
    n_selected : float
        Assays selected in a half sample, on average.
    n_halves : int
        Half samples.
    """

    share: FloatArray
    n_selected: float
    n_halves: int

    def bound_false(self, threshold: float) -> float:
        """Return the most assays that are selected by chance, in expectation.

        Of those whose share reaches `threshold` (above 0.5), if the noise assays are selected
        as good as at random (Meinshausen and Buehlmann 2010, theorem 1).
        """
        return self.n_selected**2 / ((2 * threshold - 1) * len(self.share))


def compute_stability(
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    *,
    rng: np.random.Generator,
    n_pairs: int = 25,
    n_enter: int = 10,
) -> Stability:
    """Select assays on complementary half samples by the lasso.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Standardised assays.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Clinical log-odds.
    rng : numpy.random.Generator
        Source of the halves, which are balanced over the outcome.
    n_pairs : int
        Each pair splits the patients in two.
    n_enter : int
        Of each half sample, the assays that enter first are taken, about so many at most.

    References
    ----------
    Meinshausen and Buehlmann 2010, doi:10.1111/j.1467-9868.2010.00740.x; Shah and Samworth 2013,
    doi:10.1111/j.1467-9868.2011.01034.x (complementary pairs).
    """
    halves = np.zeros((len(y), 2 * n_pairs))
    for pair in range(n_pairs):
        order = rng.permutation(len(y))
        order = order[np.argsort(y[order], kind="stable")]
        halves[order[::2], 2 * pair] = 1.0
    halves[:, 1::2] = 1.0 - halves[:, ::2]
    inside = halves.T.astype(bool)
    rate = np.array([fit_intercept(offset[h], float(np.mean(y[h]))) for h in inside])
    residual = halves * (y[:, np.newaxis] - expit(offset[:, np.newaxis] + rate))
    strongest = np.maximum(np.abs(residual.T @ Z).max(axis=1), 1e-6)
    entered = (
        fit_elastic_net(
            Z,
            y,
            penalty=np.outer(_ENTER, strongest).ravel(),
            l1_share=1.0,
            offset=offset,
            row_weights=np.tile(halves, len(_ENTER)),
            tolerance=_TOLERANCE,
        )[:, 1:].reshape(len(_ENTER), 2 * n_pairs, -1)
        != 0
    )
    # The weakest penalty at which no more than n_enter assays have entered, in each half.
    within = (entered.sum(axis=2) <= n_enter).cumprod(axis=0).sum(axis=0)
    found = entered[np.maximum(within, 1) - 1, np.arange(2 * n_pairs)]
    return Stability(found.mean(axis=0), float(found.sum(axis=1).mean()), 2 * n_pairs)
