"""The panel as an update of the clinical estimate.

The clinical procedure has spoken first, on everyone. Its log-odds (for training patients: by
inner fits that had not seen them) are an offset. If the panel passes a global test beside it, a
score of the assays is added: the average over all that the panel may tell, from nothing to
something of every assay, by how probable the outcomes make each
(:mod:`training.panel.posterior`).

The test holds the line: a posterior alone gives noise a little weight always, and in 48 patients
now and then much. Where it is not passed there is no sub-model, and the clinical estimate stands.

Normalisation, evidence and the choice of assays are all learnt in :func:`fit_panel`, so that
running it inside each fold reruns everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from features.arrays import FloatArray, IntArray
from features.panel.normaliser import PanelNormaliser
from training.fitting.fit import MIN_FOR_KEPT, FittedOutcome
from training.fitting.response import FittedResponse
from training.panel.data import PanelData
from training.panel.global_test import compute_global_test
from training.panel.posterior import PanelPosterior, fit_posterior, keep_fewest
from training.panel.procedure import PanelProcedure

__all__ = ["FittedPanel", "FittedUpdate", "fit_panel", "fit_update"]


FEWEST_PER_CLASS = 5
"""Patients of either class below which a fold's training part gives no score."""
_SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True, eq=False)
class FittedUpdate:
    """What a panel adds to the log-odds of one outcome.

    Parameters
    ----------
    coef : ndarray of shape (n_assays,)
        Log-odds per standard deviation of each normalised assay.
    posterior : PanelPosterior or None
        What they are the mean of, but for the assays that are left out; None where nothing is
        added.
    n, events : int
        Patients with a panel and a known outcome, and events among them.
    p_value : float
        Of the global test (:func:`training.panel.global_test.compute_global_test`); NaN where it
        was not made.
    reason : str
        Why nothing is added; empty where something is.
    """

    coef: FloatArray
    posterior: PanelPosterior | None = None
    n: int = 0
    events: int = 0
    p_value: float = np.nan
    reason: str = ""

    @property
    def weights(self) -> dict[str, float]:
        """Probability of "few" and "all", and of "clinical", that the panel adds nothing."""
        if self.posterior is None:
            return {"clinical": 1.0}
        mass = self.posterior.mass
        return {"clinical": mass["none"], **{n: m for n, m in mass.items() if n != "none"}}

    @property
    def members(self) -> dict[str, FloatArray]:
        """Coefficients (n_assays,) if only "few", or only "all", were possible."""
        return {} if self.posterior is None else self.posterior.parts

    @property
    def used(self) -> IntArray:
        """The assays that take part."""
        return np.flatnonzero(self.coef)

    def score(self, Z: FloatArray) -> FloatArray:
        """Return what is added to the log-odds of each row of `Z` (n, n_assays)."""
        return np.asarray(np.sum(Z * self.coef, axis=1))

    def draw(self, n_draws: int, *, rng: np.random.Generator) -> FloatArray:
        """Return draws (n_draws, n_used) of the coefficients of the assays that take part.

        Their mean is `coef`: what the assays that were left out would have added is not drawn.
        """
        if self.posterior is None:
            return np.zeros((n_draws, 0))
        draws = self.posterior.draw(n_draws, rng=rng)[:, self.used]
        return np.asarray(draws + self.coef[self.used] - self.posterior.coef[self.used])


def fit_update(
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    procedure: PanelProcedure,
    *,
    rng: np.random.Generator,
) -> FittedUpdate:
    """Find what assays add to the log-odds of one outcome.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Normalised assays, standardised, complete.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    offset : ndarray of shape (n,)
        Clinical log-odds by fits that had not seen the patient.
    procedure : PanelProcedure
        Largest p value, most assays.
    rng : numpy.random.Generator
        Source of the global test's permutations.
    """
    n, events = len(y), int(y.sum())
    nothing, p_value = np.zeros(Z.shape[1]), np.nan
    if min(events, n - events) < FEWEST_PER_CLASS:
        reason = f"{events} with and {n - events} without the event: too few for a score"
        return FittedUpdate(nothing, n=n, events=events, reason=reason)
    if procedure.max_p < 1:
        p_value = compute_global_test(Z, y, offset, max_p=procedure.max_p, rng=rng)
        if p_value > procedure.max_p:
            reason = (
                "the panel goes no better with what the clinical estimate leaves open than panels "
                f"dealt out at random (global test, p = {p_value:.3f})"
            )
            return FittedUpdate(nothing, n=n, events=events, p_value=p_value, reason=reason)
    posterior = fit_posterior(Z, y, offset)
    coef = keep_fewest(posterior.coef, Z, procedure.max_assays)
    return FittedUpdate(coef, posterior, n=n, events=events, p_value=p_value)


@dataclass(frozen=True, eq=False)
class FittedPanel:
    """A panel's updates of the clinical outcomes, and what they are computed from.

    Parameters
    ----------
    normaliser : PanelNormaliser
        Fitted on the patients with a panel.
    usable : ndarray of int of shape (n_usable,)
        Patients with a panel that could be normalised.
    delta : ndarray of shape (n_usable, n_assays)
        Their ΔCt in cycles. It belongs to patients, and is never stored.
    center, scale : ndarray of shape (n_assays,)
        By which ΔCt is standardised.
    first : FittedUpdate
        Of the first horizon's outcome.
    kept : FittedUpdate or None
        Of "kept at T2"; None with one horizon.
    """

    normaliser: PanelNormaliser
    usable: IntArray
    delta: FloatArray = field(repr=False)
    center: FloatArray
    scale: FloatArray
    first: FittedUpdate
    kept: FittedUpdate | None

    @property
    def Z(self) -> FloatArray:
        """Standardised assays of the usable patients; they belong to patients."""
        return (self.delta - self.center) / self.scale

    @property
    def selected(self) -> IntArray:
        """Assays that take part in any outcome, the most influential first; may be empty."""
        total, used = np.abs(self.first.coef), set(self.first.used.tolist())
        if self.kept is not None:
            total, used = total + np.abs(self.kept.coef), used | set(self.kept.used.tolist())
        return np.array(sorted(used, key=lambda j: (-total[j], j)), dtype=np.intp)

    def standardise(self, rows: FloatArray) -> FloatArray:
        """Return standardised assays of raw Ct rows; NaN where a sample cannot be normalised."""
        return np.asarray((self.normaliser.transform(rows) - self.center) / self.scale)


def fit_panel(
    data: PanelData, fitted: FittedResponse, procedure: PanelProcedure, *, rng: np.random.Generator
) -> FittedPanel:
    """Run the panel's whole procedure beside a fitted clinical one.

    Parameters
    ----------
    data : PanelData
        The patients that `fitted` was made from, in the same order.
    fitted : FittedResponse
        The clinical procedure on them.
    procedure : PanelProcedure
        What to fit and how.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    ValueError
        If the panels cannot be normalised.
    """
    clinical = data.clinical
    with_panel = np.flatnonzero(data.has)
    normaliser = data.make_normaliser(procedure).fit(data.rows[with_panel])
    usable = with_panel[normaliser.can_normalise(data.rows[with_panel])]
    delta = normaliser.transform(data.rows[usable])
    center, scale = delta.mean(axis=0), np.maximum(delta.std(axis=0), _SMALLEST_SPREAD)
    Z = (delta - center) / scale

    def update(y: FloatArray, outcome: FittedOutcome, fewest: int) -> FittedUpdate:
        known = ~np.isnan(y)
        offset = np.full(len(y), np.nan)
        offset[known] = outcome.held_out
        rows = known[usable]
        own = usable[rows]
        events = int(y[own].sum())
        if min(events, len(own) - events) < fewest:
            reason = (
                f"{events} with and {len(own) - events} without the event have a panel: fewer "
                f"than {fewest} of either"
            )
            return FittedUpdate(np.zeros(Z.shape[1]), n=len(own), events=events, reason=reason)
        return fit_update(Z[rows], y[own], offset[own], procedure, rng=rng)

    first = update(clinical.y[clinical.horizons[0]], fitted.first, FEWEST_PER_CLASS)
    kept = None if fitted.kept is None else update(clinical.kept, fitted.kept, MIN_FOR_KEPT)
    return FittedPanel(normaliser, usable, delta, center, scale, first, kept)
