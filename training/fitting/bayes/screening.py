"""Which of many models are worth solving, where there are many patients.

Of 2,000 patients and more the likelihood is all but quadratic wherever a model of any weight has
its mode. It is summed up once, around the widest model; every other model's evidence then follows
from that sum without going through the patients again. Those that come within reach of the best are
solved, exactly and as ever; the others cannot weigh anything. Of fewer patients every model is
solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from features.arrays import FloatArray, IntArray
from training.fitting.bayes.directions import INTERCEPT_SD
from training.fitting.bayes.hypotheses import Hypothesis
from training.fitting.bayes.laplace import find_mode

__all__ = ["SCREENED_FROM", "keep_likely", "sum_up_likelihood"]

SCREENED_FROM = 2_000
"""Patients from which models are screened."""
_FAR = 45.0
"""Nats by which a model that is left out lies behind the best. Its distance is told to a
quarter: it is 36 at least, and a weight of e-36 is lost in the rounding of the others'."""
_NEAR = 0.3
"""Log-odds by which the patients may still move where the likelihood is summed up."""


@dataclass(frozen=True, eq=False)
class _LikelihoodForm:
    """The log-likelihood of coefficients as a quadratic form.

    Parameters
    ----------
    used : ndarray of int of shape (n_used,)
        Positions of these coefficients among the intercept and those of all effects.
    gram : ndarray of shape (n_used, n_used)
        Information.
    pull : ndarray of shape (n_used,)
        Slope where all coefficients are 0.
    base : float
        Height there.
    """

    used: IntArray
    gram: FloatArray
    pull: FloatArray
    base: float

    def find_evidence(self, variances: FloatArray) -> float:
        """Return the log evidence, about, of a model with these prior variances (n_effects,).

        What is not among the coefficients of the form must have a variance of 0.
        """
        prior = np.concatenate([[INTERCEPT_SD**2], variances])[self.used]
        own = np.flatnonzero(prior)
        root = np.sqrt(prior[own])
        precision = self.gram[np.ix_(own, own)] * root * root[:, np.newaxis]
        precision[np.diag_indices(len(own))] += 1.0
        pull = root * self.pull[own]
        lower, failed = dpotrf(precision.T, lower=True)
        if failed:
            return -np.inf
        place, _ = dpotrs(lower, pull, lower=True)
        return float(self.base + pull @ place / 2 - np.log(lower.diagonal()).sum())


def sum_up_likelihood(
    design: FloatArray, y: FloatArray, models: Sequence[Hypothesis]
) -> _LikelihoodForm:
    """Return the likelihood near the mode of the widest of models.

    Parameters
    ----------
    design : ndarray of shape (n, 1 + n_effects)
        Behind a column of ones.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    models : sequence of Hypothesis
        The widest gives each effect the largest variance that any of them does.
    """
    widest = np.max([model.variances for model in models], axis=0)
    prior = np.concatenate([[INTERCEPT_SD**2], widest])
    used = np.flatnonzero(prior)
    own = design if used.size == prior.size else design[:, used]
    mode = find_mode(own, y, prior[used], least=np.inf, rest=_NEAR)
    # Around it: height + residual (new - margin) - information (new - margin)^2 / 2.
    height = float(y @ mode.margin - np.logaddexp(0.0, mode.margin).sum())
    bent = mode.information * mode.margin
    return _LikelihoodForm(
        used=used,
        gram=_undo(mode.precision, prior[used]),
        pull=(mode.residual + bent) @ own,
        base=height - float(mode.residual @ mode.margin + bent @ mode.margin / 2),
    )


def _undo(lower: FloatArray, prior: FloatArray) -> FloatArray:
    """Return the information on columns of which the posterior has this factor of its precision."""
    root = np.sqrt(prior)
    along = lower @ lower.T
    along.reshape(-1)[:: len(prior) + 1] -= 1.0
    return np.asarray(along / (root * root[:, np.newaxis]))


def keep_likely(
    form: _LikelihoodForm | None, models: Sequence[Hypothesis], beside: Sequence[Hypothesis] = ()
) -> list[Hypothesis]:
    """Return the models that may weigh something.

    Parameters
    ----------
    form : _LikelihoodForm or None
        None keeps all.
    models : sequence of Hypothesis
        Of which.
    beside : sequence of Hypothesis
        Others that they are weighed against.
    """
    if form is None or not models:
        return list(models)
    log = np.array([np.add(m.weights, form.find_evidence(m.variances)) for m in (*models, *beside)])
    near = (log > log.max(axis=0) - _FAR).any(axis=1)
    return [model for model, kept in zip(models, near, strict=False) if kept]
