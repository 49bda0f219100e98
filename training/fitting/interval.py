"""The working model behind the served interval.

Of a model shrunk by evidence it is the posterior itself. For what is blended of other candidates it
is a logistic model of all predictors with a normal prior of SD 1 (log-odds per SD of a predictor)
on each coefficient, fixed beforehand. Draws from the normal approximation of the posterior are
stored with the model. The spread over bootstraps of the whole procedure is another thing
(instability) and is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logit

from features.arrays import FloatArray
from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.bayes.evidence import Evidence
from training.fitting.solvers import compute_precision, draw_normal, fit_ridge
from training.model.response_model import WorkingModel

__all__ = [
    "N_DRAWS",
    "PRIOR_SD",
    "draw_working_model",
    "fit_constant_working_model",
    "fit_working_model",
]


N_DRAWS = 2000
PRIOR_SD = 1.0


def fit_working_model(
    X: FloatArray,
    y: FloatArray,
    predictors: Sequence[Variable],
    *,
    rng: np.random.Generator,
    follow: float = 0.0,
) -> WorkingModel:
    """Return draws from the posterior of the working model.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    predictors : sequence of Variable
        In the order of the columns.
    rng : numpy.random.Generator
        Source of randomness.
    follow : float
        Of the :class:`WorkingModel`: the share of bent predictors and trees in what is served.
    """
    basis = make_basis(predictors).fit(X)
    Z = basis.expand(X)
    (mode,) = fit_ridge(Z, y, prior_sd=[PRIOR_SD])
    precision = compute_precision(Z, mode, prior_sd=PRIOR_SD)
    return WorkingModel(basis, draw_normal(mode, precision, N_DRAWS, rng=rng), follow)


def fit_constant_working_model(
    X: FloatArray, y: FloatArray, predictors: Sequence[Variable], *, rng: np.random.Generator
) -> WorkingModel:
    """Return draws for an outcome that is modelled as the same for everyone.

    The draws come from the posterior of a share under Jeffreys' prior, Beta(events + 1/2,
    non-events + 1/2). Parameters as in :func:`fit_working_model`; `y` may hold one class only.
    """
    basis = make_basis(predictors).fit(X)
    events = float(np.sum(y))
    shares = np.clip(rng.beta(events + 0.5, len(y) - events + 0.5, size=N_DRAWS), 1e-12, 1 - 1e-12)
    draws = np.zeros((N_DRAWS, 1 + len(basis.groups_)))
    draws[:, 0] = logit(shares)
    return WorkingModel(basis, draws)


def draw_working_model(
    evidence: Evidence, basis: PredictorBasis, *, rng: np.random.Generator, follow: float = 0.0
) -> WorkingModel:
    """Return draws from the posterior of a Bayesian member.

    Parameters
    ----------
    evidence : Evidence
        The member's.
    basis : PredictorBasis
        That it was fitted on.
    rng : numpy.random.Generator
        Source of randomness.
    follow : float
        As in :func:`fit_working_model`: the share of other bent members and trees.
    """
    mean, covariance = evidence.range
    n_columns = len(basis.groups_)
    used = np.flatnonzero(np.diag(covariance)[1 + n_columns :] > 0.0)
    kept = np.concatenate([np.arange(1 + n_columns), 1 + n_columns + used])
    size, axes = np.linalg.eigh(covariance[np.ix_(kept, kept)])
    noise = rng.standard_normal((N_DRAWS, len(kept))) * np.sqrt(np.maximum(size, 0.0))
    return WorkingModel(basis, mean[kept] + noise @ axes.T, follow, evidence.pairs[used])
