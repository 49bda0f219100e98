"""The frozen model: the whole arithmetic from raw predictors to served probabilities.

Training, the report, the service and the explanation all call :meth:`ResponseModel.probability`;
there is no second way to a number. A frozen model holds no patient: only what was learnt, the
draws behind its intervals, and background rows whose columns were permuted independently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from features.arrays import FloatArray, IntArray
from features.dictionary.schema import Dictionary
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.model.centres import Centre, CentreOutcome, check_centre
from training.model.evaluator import Evaluator
from training.model.gaps import Gaps
from training.model.log_odds import to_probability
from training.model.pairs import NO_PAIRS, add_products
from training.model.trees import compute_tree_margin, load_trees

__all__ = ["OutcomeModel", "ResponseModel", "WorkingModel", "compute_probability"]


@dataclass(frozen=True)
class OutcomeModel:
    """The calibrated probability of one outcome.

    probability = isotonic(expit(intercept + Z @ coef + pairs(Z) + tree_weight * trees(Z))), where
    Z is the basis of the raw predictors. Everything but the trees is a sum of functions of one
    raw predictor or of two.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted.
    intercept : float
        Log-odds; blend and recalibration are already in it.
    coef : ndarray of shape (n_columns,)
        Log-odds per basis column; blend and recalibration are already in it.
    trees : str
        LightGBM's text of the trees; empty when trees have no weight.
    n_trees : int
        How many of the trees count.
    tree_weight : float
        What the trees' raw score is multiplied by.
    isotonic_x, isotonic_y : ndarray of shape (n_steps,)
        Isotonic recalibration by linear interpolation; empty when there is none.
    pairs : ndarray of int of shape (n_pairs, 2)
        Columns of two predictors whose product counts.
    pair_coef : ndarray of shape (n_pairs,)
        Log-odds per unit of the product.
    """

    basis: PredictorBasis
    intercept: float
    coef: FloatArray
    trees: str
    n_trees: int
    tree_weight: float
    isotonic_x: FloatArray
    isotonic_y: FloatArray
    pairs: IntArray = field(default_factory=NO_PAIRS.copy)
    pair_coef: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def has_trees(self) -> bool:
        """Whether trees take part, so that the log-odds are not a sum over predictors."""
        return bool(self.trees) and self.tree_weight != 0.0

    @property
    def is_constant(self) -> bool:
        """Whether everyone gets the same probability."""
        return not self.has_trees and not np.any(self.coef) and not np.any(self.pair_coef)

    @property
    def weights(self) -> FloatArray:
        """Log-odds of 1, of each column and of each product (1 + n_columns + n_pairs,)."""
        return np.concatenate([[self.intercept], self.coef, self.pair_coef])

    def finish(self, margin: FloatArray) -> FloatArray:
        """Return the calibrated probability of the whole log-odds `margin`, any shape."""
        probability = to_probability(margin)
        if self.isotonic_x.size:
            probability = np.interp(probability, self.isotonic_x, self.isotonic_y)
        return np.asarray(probability)

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probability of each row of raw predictors `X` (n, n_predictors)."""
        return self.finish(self.margin(X))

    def margin(self, X: FloatArray) -> FloatArray:
        """Return the log-odds, before isotonic recalibration, of raw predictors `X`."""
        return self.add_up(add_products(self.basis.expand(X), self.pairs), self.weights)

    def add_up(self, rows: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the log-odds (n,), before isotonic recalibration.

        Parameters
        ----------
        rows : ndarray of shape (n, 1 + n_columns + n_pairs)
            As :func:`training.model.pairs.add_products` makes them of the basis.
        weights : ndarray of shape (1 + n_columns + n_pairs,)
            :attr:`weights`, which who asks often has at hand.
        """
        # A sum over columns, not a matrix product: BLAS adds in another order for one row than
        # for many, and the same patient must get the same number alone and in a batch.
        margin = np.add.reduce(rows * weights, axis=1)
        if self.has_trees:
            trees, Z = load_trees(self.trees), rows[:, 1 : 1 + len(self.coef)]
            margin = margin + self.tree_weight * compute_tree_margin(trees, Z, self.n_trees)
        return np.asarray(margin)


@dataclass(frozen=True)
class WorkingModel:
    """Draws from the posterior of a logistic model of one outcome.

    It gives the width of the served interval, not its centre.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted.
    draws : ndarray of shape (n_draws, 1 + n_columns + n_pairs)
        Intercept and coefficients, of the columns and then of the products; log-odds.
    follow : float
        From 0 to 1: how far the interval reaches after a served probability that this model's
        own does not follow, because bent predictors or trees are in it.
    pairs : ndarray of int of shape (n_pairs, 2)
        Columns of two predictors whose product counts.
    """

    basis: PredictorBasis
    draws: FloatArray
    follow: float = 0.0
    pairs: IntArray = field(default_factory=NO_PAIRS.copy)

    def expand(self, X: FloatArray) -> FloatArray:
        """Return what the coefficients belong to, see :func:`training.model.pairs.add_products`.

        Of shape (n, 1 + n_columns + n_pairs), of raw predictors `X` (n, n_predictors).
        """
        return add_products(self.basis.expand(X), self.pairs)

    def probabilities(self, X: FloatArray) -> FloatArray:
        """Return the drawn probabilities (n_draws, n) of raw predictors `X` (n, n_predictors)."""
        return to_probability(self.draws @ self.expand(X).T)

    def draw_ways(self, rows: FloatArray) -> FloatArray:
        """Return the drawn log-odds (n, n_draws) of patients whose gaps are filled.

        Parameters
        ----------
        rows : ndarray of shape (n, n_fills, 1 + n_columns + n_pairs)
            What :meth:`expand` returns, one for each filling of a patient's gaps: the draws take
            turns.
        """
        n, n_fills, width = rows.shape
        n_draws = len(self.draws)
        n_turns = n_draws // n_fills
        found = np.empty((n, n_draws))
        whole = found[:, : n_turns * n_fills].reshape(n, n_turns, n_fills)
        taking_turns = self.draws[: n_turns * n_fills].reshape(n_turns, n_fills, width)
        each = taking_turns.swapaxes(0, 1) @ rows.transpose(1, 2, 0)
        whole[...] = each.transpose(2, 1, 0)
        left = self.draws[n_turns * n_fills :]
        found[:, n_turns * n_fills :] = np.sum(rows[:, : len(left)] * left, axis=2)
        return found


@dataclass(frozen=True)
class ResponseModel:
    """A frozen model of one or two horizons, with what is needed to serve and explain it.

    With two horizons the second probability is the first times the probability that response is
    kept, so it can never be the larger one.

    Parameters
    ----------
    horizons : tuple of str
        ("t1",), ("t1", "t2") or ("t2",).
    predictors : tuple of str
        Names, in the order of the columns of every array.
    variables : tuple of dict
        The dictionary the model was trained with, as :meth:`Dictionary.to_list` writes it.
    first : OutcomeModel
        Probability of the first horizon's outcome.
    kept : OutcomeModel or None
        Probability that a responder at T1 still is one at T2.
    working_first : WorkingModel
        Draws for the interval of the first outcome.
    working_kept : WorkingModel or None
        Draws, paired with those of `working_first`.
    background : ndarray of shape (n_background, n_predictors)
        Rows that stand for "not knowing": each column holds the training values, rounded to the
        dictionary's precision and permuted independently, so that no row is a patient.
    gaps : Gaps or None
        How gaps are filled, by the background's rows; None: by the bases.
    centres : tuple of Centre
        Those that took part in a model of several, each with a name of its own; empty for a model
        of one cohort. What is not a centre's own is of a new centre, one that took no part: the
        draws then hold what centres differ by.
    """

    horizons: tuple[str, ...]
    predictors: tuple[str, ...]
    variables: tuple[dict[str, Any], ...]
    first: OutcomeModel
    kept: OutcomeModel | None
    working_first: WorkingModel
    working_kept: WorkingModel | None
    background: FloatArray
    gaps: Gaps | None = None
    centres: tuple[Centre, ...] = ()

    @property
    def dictionary(self) -> Dictionary:
        """The dictionary of variables the model was trained with."""
        return Dictionary.from_list(self.variables)

    @property
    def predictor_variables(self) -> tuple[Variable, ...]:
        """The predictors' entries in the dictionary, in the order of the array's columns."""
        dictionary = self.dictionary
        return tuple(dictionary[name] for name in self.predictors)

    @property
    def min_known(self) -> int:
        """How many predictors have to be known for an estimate: half of them, rounded up.

        With fewer it would be about patients in general, and look as if it were about this one.
        """
        return math.ceil(len(self.predictors) / 2)

    @property
    def has_trees(self) -> bool:
        """Whether trees take part at any horizon."""
        return self.first.has_trees or (self.kept is not None and self.kept.has_trees)

    @property
    def is_constant(self) -> bool:
        """Whether everyone gets the same probabilities."""
        return self.first.is_constant and (self.kept is None or self.kept.is_constant)

    def at(self, name: str) -> ResponseModel:
        """Return the model of one of its centres, itself without centres.

        Parameters
        ----------
        name : str
            Of the centre. For a new one take the model as it is.

        Raises
        ------
        KetresponseError
            If no centre of the model has this name; it lists those that have one.
        """
        found = check_centre(self.centres, name)
        first, working_first = _move(self.first, self.working_first, found.first)
        moved = replace(self, first=first, working_first=working_first, centres=())
        if self.kept is None or self.working_kept is None:
            return moved
        kept, working_kept = _move(self.kept, self.working_kept, found.kept)
        return replace(moved, kept=kept, working_kept=working_kept)

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the served probabilities.

        Parameters
        ----------
        X : ndarray of shape (n, n_predictors)
            Raw predictors, NaN where missing.

        Returns
        -------
        ndarray of shape (n, n_horizons)
            In [0, 1]; the second column is never above the first.
        """
        return compute_probability(self.first, self.kept, self.gaps, X)

    def interval(self, X: FloatArray, *, level: float = 0.95) -> FloatArray:
        """Return the interval around each served probability.

        Quantiles of draws from the working model's posterior, over all fillings of a patient's
        gaps: it is about the risk were everything known. They are widened in two ways: to hold the
        served probability, and, as far as bent predictors and trees have weight in it, by the
        same interval moved (in log-odds) to where the served probability lies. Such a working
        model is straight; where the data are not, it is sure of the wrong thing.

        Parameters
        ----------
        X : ndarray of shape (n, n_predictors)
            Raw predictors, NaN where missing.
        level : float
            Between 0 and 1.

        Returns
        -------
        ndarray of shape (n, n_horizons, 2)
            Lower and upper limit.
        """
        return Evaluator.of(self).intervals(X, level=level)


def _move(
    outcome: OutcomeModel, working: WorkingModel, own: CentreOutcome | None
) -> tuple[OutcomeModel, WorkingModel]:
    """Return an outcome's models with what is a centre's own in them."""
    if own is None:
        return outcome, working
    moved = replace(outcome, intercept=own.intercept, coef=own.coef)
    return moved, replace(working, draws=own.draws)


def compute_probability(
    first: OutcomeModel, kept: OutcomeModel | None, gaps: Gaps | None, X: FloatArray
) -> FloatArray:
    """Return the probabilities (n, n_horizons) by the models of one outcome or two.

    Parameters
    ----------
    first : OutcomeModel
        Of the first horizon.
    kept : OutcomeModel or None
        That a responder of the first still is one at the second.
    gaps : Gaps or None
        How gaps are filled: the probability is the mean over the fillings. None: by the bases.
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    """
    return Evaluator([first] if kept is None else [first, kept], gaps=gaps).probability(X)
