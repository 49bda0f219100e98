"""The candidates, simplest first.

A candidate turns a design matrix (:class:`features.dictionary.transformers.PredictorBasis`) and an
outcome into one :class:`Member` for each of its settings. Every member gives a margin (log-odds).
The logistic candidates share the columns of one basis, so that any convex combination of their
margins is again one linear function of that basis.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.special import logit

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis
from training.fitting.bayes.effects import Effects, make_effects
from training.fitting.bayes.evidence import Evidence, fit_evidence
from training.fitting.boosting import fit_trees
from training.fitting.solvers import fit_elastic_net, fit_intercept, fit_ridge
from training.measures.weighted import fit_logistic_rows
from training.model.pairs import NO_PAIRS, compute_pair_margin
from training.model.trees import compute_tree_margin

__all__ = [
    "BLENDED",
    "CANDIDATES",
    "DEFAULT_CANDIDATES",
    "KNOTS",
    "BayesianLogistic",
    "BoostedTrees",
    "Candidate",
    "ElasticNet",
    "Firth",
    "Member",
    "Ridge",
    "constant_member",
    "is_constant",
]

Family = Literal["constant", "logistic", "trees"]

KNOTS = 3
"""Knots of each bent numeric predictor: one nonlinear term, all that small cohorts can bear."""


@dataclass(frozen=True)
class Member:
    """One candidate fitted at one setting.

    Parameters
    ----------
    intercept : float
        Log-odds.
    coef : ndarray of shape (n_columns,)
        Log-odds per column of the basis.
    trees : lightgbm.Booster or None
        Boosted trees, whose raw score is added.
    n_trees : int
        How many of the trees count.
    pairs : ndarray of int of shape (n_pairs, 2)
        Columns of the basis whose product counts.
    pair_coef : ndarray of shape (n_pairs,)
        Log-odds per unit of the product.
    evidence : Evidence or None
        What a Bayesian member knows of itself.
    """

    intercept: float
    coef: FloatArray
    trees: Any = None
    n_trees: int = 0
    pairs: IntArray = field(default_factory=NO_PAIRS.copy)
    pair_coef: FloatArray = field(default_factory=lambda: np.empty(0))
    evidence: Evidence | None = field(default=None, repr=False)

    def margin(self, Z: FloatArray) -> FloatArray:
        """Return the log-odds of each row of the design matrix `Z` (n, n_columns)."""
        margin = self.intercept + Z @ self.coef
        if self.pair_coef.size:
            margin = margin + compute_pair_margin(Z, self.pairs, self.pair_coef)
        if self.trees is not None:
            margin = margin + compute_tree_margin(self.trees, Z, self.n_trees)
        return np.asarray(margin)


def constant_member(y: FloatArray, n_columns: int) -> Member:
    """Return the prevalence as a model: the same risk for everyone.

    The share of events is taken from (events + 0.5) / (n + 1) where only one class was seen.
    """
    rate = float(np.mean(y)) if len(y) else 0.5
    if not 0.0 < rate < 1.0:
        rate = (float(np.sum(y)) + 0.5) / (len(y) + 1.0)
    return Member(float(logit(rate)), np.zeros(n_columns))


def is_constant(margin: FloatArray) -> bool:
    """Return whether log-odds (n,) are the same for everyone."""
    return bool(np.ptp(margin) < 1e-9)


class Candidate(ABC):
    """A way of fitting: a name, a family, and settings to choose among.

    Attributes
    ----------
    name, label : str
        The name that a study file uses, and the one that people read.
    family : str
        What the margin is made of.
    tried : tuple of float
        The settings tried, one for each member of the path.
    shrinks_itself : bool
        Whether it needs no inner cross-validation: alone, it is used as it is fitted.
    """

    name: str
    label: str
    family: Family
    tried: tuple[float, ...]
    shrinks_itself: ClassVar[bool] = False
    _words: ClassVar[str]

    def settings(self) -> tuple[str, ...]:
        """Return the settings tried, in plain words."""
        return tuple(self._words.format(setting) for setting in self.tried)

    @abstractmethod
    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return one fitted member for each setting.

        Parameters
        ----------
        Z : ndarray of shape (n, n_columns)
            Design matrix.
        basis : PredictorBasis
            That the columns are of.
        y : ndarray of shape (n,)
            Outcome, 0 or 1, both present.
        """


def _spread(coef: FloatArray, columns: BoolArray) -> FloatArray:
    full = np.zeros(len(columns))
    full[columns] = coef
    return full


def _to_members(path: FloatArray, columns: BoolArray) -> list[Member]:
    return [Member(float(fit[0]), _spread(fit[1:], columns)) for fit in path]


@dataclass(frozen=True)
class Prevalence(Candidate):
    """Everyone gets the share of responders: what any model must beat."""

    name: str = "prevalence"
    family: Family = "constant"
    label: str = "prevalence only"
    tried: tuple[float, ...] = (0,)
    _words = "the share of responders"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return the constant model."""
        return [constant_member(y, Z.shape[1])]


@dataclass(frozen=True)
class Ridge(Candidate):
    """Logistic regression with a normal prior on each coefficient (L2 penalty).

    Tried are prior standard deviations, in log-odds per standard deviation of the
    predictor: 0.1 hardly lets a predictor speak, 1 is close to maximum likelihood.
    """

    name: str = "ridge"
    label: str = "ridge logistic regression"
    bent: bool = False
    family: Family = "logistic"
    tried: tuple[float, ...] = (0.1, 0.2, 0.35, 0.6, 1.0, 2.0)
    _words = "prior SD {:g}"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return one fit for each prior standard deviation."""
        columns = np.isnan(basis.cut_) if self.bent else basis.linear_
        return _to_members(fit_ridge(Z[:, columns], y, prior_sd=self.tried), columns)


@dataclass(frozen=True)
class ElasticNet(Candidate):
    """Logistic regression with half L1 and half L2 penalty: drops predictors as it shrinks.

    Tried are inverse penalties.
    """

    name: str = "elastic_net"
    family: Family = "logistic"
    label: str = "elastic net logistic regression"
    tried: tuple[float, ...] = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0)
    _words = "C {:g}, L1 share 0.5"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return one fit for each penalty."""
        linear = basis.linear_
        path = fit_elastic_net(
            Z[:, linear],
            y,
            penalty=1 / np.array(self.tried),
            l1_share=0.5,
            start=float(logit(np.mean(y))),
            together=True,
        )
        return _to_members(path, linear)


@dataclass(frozen=True)
class Firth(Candidate):
    """Firth's logistic regression with intercept correction (FLIC).

    The penalised likelihood keeps coefficients finite under separation; the intercept is then
    moved so that the mean risk equals the share of events (Puhr 2017, doi:10.1002/sim.7273).
    """

    name: str = "firth"
    family: Family = "logistic"
    label: str = "Firth logistic regression (FLIC)"
    tried: tuple[float, ...] = (0,)
    _words = "Jeffreys prior"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return the one fit."""
        from firthmodels import FirthLogisticRegression
        from sklearn.exceptions import ConvergenceWarning

        linear = basis.linear_
        # Jeffreys' prior does not depend on the axes: along the principal ones, directions in
        # which the patients do not differ (equal flags, a constant column) can be left out.
        left, size, axes = np.linalg.svd(
            Z[:, linear] - Z[:, linear].mean(axis=0), full_matrices=False
        )
        kept = size > 1e-9 * max(1.0, float(size.max(initial=0.0)))
        if not kept.any():
            return [constant_member(y, Z.shape[1])]
        scores = left[:, kept] * np.sqrt(len(y))
        model = FirthLogisticRegression(
            backend="numpy", max_iter=500, max_step=1.0, gtol=1e-7, xtol=1e-7
        )
        with warnings.catch_warnings():
            # Near separation rounding keeps the last of these digits from settling: no matter.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(scores, y)
        along = np.asarray(model.coef_, dtype=np.float64) / size[kept] * np.sqrt(len(y))
        coef = _spread(along @ axes[kept], linear)
        return [Member(fit_intercept(Z @ coef, float(np.mean(y))), coef)]


@dataclass(frozen=True)
class MaximumLikelihood(Candidate):
    """Logistic regression without any penalty, to compare with: no part of the default blend.

    Where the predictors separate the classes there is no finite estimate; a normal prior of SD 10
    on each coefficient then stands in.
    """

    name: str = "logistic"
    family: Family = "logistic"
    label: str = "logistic regression (maximum likelihood)"
    tried: tuple[float, ...] = (0,)
    _words = "no penalty"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return the one fit."""
        varied = basis.linear_ & (np.ptp(Z, axis=0) > 1e-9)
        design = np.column_stack([np.ones(len(y)), Z[:, varied]])
        fitted = fit_logistic_rows(design, y, np.ones((1, len(y))))
        if not np.isfinite(fitted).all():
            fitted = fit_ridge(Z[:, varied], y, prior_sd=(10.0,))
        return _to_members(fitted, varied)


@dataclass(frozen=True)
class BoostedTrees(Candidate):
    """LightGBM with settings for small samples, of which only the number of trees is chosen."""

    name: str = "lightgbm"
    family: Family = "trees"
    label: str = "LightGBM, small-sample settings"
    tried: tuple[int, ...] = (20, 40, 80, 160)
    _words = "{} trees"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Fit the longest sequence of trees once, and return it cut at each number."""
        inputs = np.where(basis.linear_, Z, 0.0)  # a tree bends a predictor by itself
        trees = fit_trees(inputs, y, n_trees=max(self.tried))
        zeros = np.zeros(Z.shape[1])
        return [Member(0.0, zeros, trees, n) for n in self.tried]


@dataclass(frozen=True)
class BayesianLogistic(Candidate):
    """Logistic regression with bends, steps and products, each as far as the evidence goes.

    See :mod:`training.fitting.bayes.evidence`. Nothing is chosen by cross-validation.
    """

    name: str = "evidence"
    family: Family = "logistic"
    label: str = "Bayesian logistic regression, shrunk by evidence"
    tried: tuple[float, ...] = (0,)
    shrinks_itself = True
    _words = "all models weighed by their evidence"

    def fit_path(self, Z: FloatArray, basis: PredictorBasis, y: FloatArray) -> list[Member]:
        """Return the one mixture."""
        return [self.fit_effects(make_effects(basis, Z), y)]

    def fit_effects(self, effects: Effects, y: FloatArray) -> Member:
        """Return the one mixture, of patients some of whom may have gaps."""
        found = fit_evidence(effects, y)
        coef, pair_coef = np.split(found.coef[1:], [len(found.coef) - 1 - len(effects.pairs)])
        used = pair_coef != 0.0
        return Member(
            found.intercept,
            coef,
            pairs=effects.pairs[used],
            pair_coef=pair_coef[used],
            evidence=found,
        )


CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Prevalence(),
        BayesianLogistic(),
        Ridge(),
        Firth(),
        ElasticNet(),
        Ridge(name="splines", label="ridge logistic regression with bent predictors", bent=True),
        BoostedTrees(),
        MaximumLikelihood(),
    )
}
"""All candidates by the name that a study file uses."""

BLENDED = ("prevalence", "ridge", "firth", "elastic_net", "splines", "lightgbm")
"""What is blended by cross-validation where a study asks for a blend."""

DEFAULT_CANDIDATES = ("evidence",)
"""What the default procedure is made of."""
