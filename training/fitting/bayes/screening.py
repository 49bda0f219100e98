"""Which of many models are worth solving, where there are many patients.

Of 20,000 patients and more the likelihood is all but quadratic wherever a model of any weight has
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

from features.arrays import FloatArray
from training.fitting.bayes.directions import INTERCEPT_SD, compute_gram
from training.fitting.bayes.hypotheses import Hypothesis
from training.fitting.bayes.laplace import find_mode
from training.measures.many import MANY

__all__ = ["SCREENED_FROM", "keep_likely", "sum_up_likelihood"]

SCREENED_FROM = MANY
"""Patients from which models are screened."""
_FAR = 60.0
"""Nats by which a model that is left out lies behind the best. Where a model is that far from the
widest one, its distance is told to about a fifth: it is 40 at least, and a weight of e-40 is lost
in the rounding of the others'."""


@dataclass(frozen=True, eq=False)
class _LikelihoodForm:
    """The log-likelihood of all coefficients as a quadratic form.

    Parameters
    ----------
    gram : ndarray of shape (1 + n_effects, 1 + n_effects)
        Information; the upper triangle counts.
    pull : ndarray of shape (1 + n_effects,)
        Slope where all coefficients are 0.
    base : float
        Height there.
    """

    gram: FloatArray
    pull: FloatArray
    base: float

    def find_evidence(self, variances: FloatArray) -> float:
        """Return the log evidence, about, of a model with these prior variances (n_effects,)."""
        prior = np.concatenate([[INTERCEPT_SD**2], variances])
        used = np.flatnonzero(prior)
        root = np.sqrt(prior[used])
        precision = self.gram[np.ix_(used, used)] * root * root[:, np.newaxis]
        precision[np.diag_indices(len(used))] += 1.0
        pull = root * self.pull[used]
        lower, failed = dpotrf(precision.T, lower=True)
        if failed:
            return -np.inf
        place, _ = dpotrs(lower, pull, lower=True)
        return float(self.base + pull @ place / 2 - np.log(lower.diagonal()).sum())


def sum_up_likelihood(
    design: FloatArray, y: FloatArray, models: Sequence[Hypothesis]
) -> _LikelihoodForm:
    """Return the likelihood around the mode of the widest of models.

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
    mode = find_mode(own, y, prior[used], least=np.inf)
    # Around the mode: height + residual (new - margin) - information (new - margin)^2 / 2.
    height = float(y @ mode.margin - np.logaddexp(0.0, mode.margin).sum())
    bent = mode.information * mode.margin
    return _LikelihoodForm(
        gram=compute_gram(design, mode.information),
        pull=(mode.residual + bent) @ design,
        base=height - float(mode.residual @ mode.margin + bent @ mode.margin / 2),
    )


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
