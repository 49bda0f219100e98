"""Shapley values of the probability that is served.

What is explained is :meth:`ResponseModel.probability` itself: after the blend, the recalibration
and, at the second horizon, the product of the two outcomes. A coalition S of predictors is worth
the mean served probability over the background rows with the patient's values put in for S
(interventional Shapley values). The base is the mean over the background; base plus
contributions is the served probability.

Predictors may be taken as a group, as the assays of a panel are. The group is then one player of
the game, and what it gets is divided among its members by Owen's value: the Shapley value over
the orders in which the members come one after another. Another way to say it: a set of members is
worth what the group would get if it were only this set, and Shapley's value divides that. The
members' values add up to the group's.

The shap package is not used here: it needs numba and seconds to import, on the way of every
estimate; its exact explainer runs the whole model for each coalition and row, where a sum of one
term per predictor is enough; and its Owen values go by a tree of pairs, where a panel is one flat
group. Its exact explainer is what the tests compare with.

References
----------
Shapley, A value for n-person games, 1953, doi:10.1515/9781400881970-018.
Strumbelj and Kononenko, Explaining prediction models and individual predictions with feature
contributions, 2014, doi:10.1007/s10115-013-0679-x (the interventional game, sampled orders).
Mitchell et al., Sampling permutations for Shapley value estimation, 2022,
https://jmlr.org/papers/v23/21-0439.html (antithetic pairs).
Owen, Values of games with a priori unions, 1977, doi:10.1007/978-3-642-45494-3_7 (groups).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray
from training.model.coalitions import draw_orders, shapley_weights, share_before
from training.model.comparison import RowComparison
from training.model.counting import BLOCK, Counting
from training.model.evaluator import Evaluated, Evaluator
from training.model.few_players import FewPlayers, FewWithoutTrees, FewWithTrees
from training.model.gains import Gains
from training.model.mixing import Mixer
from training.model.response_model import ResponseModel
from training.model.tree_terms import Terms, TreeComparison

__all__ = ["Explainer", "Attribution"]


_MOST_ACTIVE = 16
"""Most predictors of one background row whose coalitions are all counted (65 536 of them)."""
_FEW_PLAYERS = 8
"""Most players whose coalitions are all counted over all background rows at once, whether or not
they are active: 256 coalitions a row."""
_MOST_JOINT = 1 << 20
"""Most coalitions of a group's members and the others, over all background rows, that are counted
to divide the group's value; beyond, orders are drawn."""
_MEMBER_PAIRS = 20
"""Pairs of orders of a group's members."""
_MEMBER_ROWS = 20
"""Background rows over which trees are asked about one order of a group's members."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each predictor adds to the probability of one patient, at each horizon.

    A contribution says how the model uses a value, not what would happen if it were changed.

    Parameters
    ----------
    scale : str
        "probability": contributions are differences of probability, within [-1, 1].
    method : str
        How the numbers came about, in plain words.
    base : ndarray of shape (n_horizons,)
        Mean served probability over the background: the estimate when nothing is known.
    contributions : ndarray of shape (n_horizons, n_predictors)
        ``base + contributions.sum(axis=1)`` is the served probability. A group's contribution is
        the sum of its members'.
    error : ndarray of shape (n_horizons,)
        Largest Monte Carlo standard error of the horizon's contributions, a group counted as
        one; 0 when they are exact.
    member_error : ndarray of shape (n_horizons,)
        The same of the contributions of the group's members; 0 without a group.
    """

    scale: str
    method: str
    base: FloatArray
    contributions: FloatArray
    error: FloatArray
    member_error: FloatArray


class Explainer:
    """Explain one model's probabilities, patient by patient.

    Without trees the log-odds are a sum over predictors and pairs of them, and the values are
    exact: all coalitions are counted, of more than eight predictors for each background row those
    of the predictors whose part in the log-odds differs from the patient's (the others are dummies
    there and get 0). With trees, or with more than 16 such predictors in a row, predictors are put
    in one by one in orders drawn at random, each order also in reverse, over all background rows;
    every order adds up to the same total, so that the sum is right and only its division has a
    Monte Carlo error.

    A group counts as one predictor in all this. Where it has too many members for all their
    coalitions, they are put in one by one in orders drawn at random, after those of the others
    that come before the group. What is sampled so is corrected by its regression on the sampled
    value of the group, whose value is known better: the members' values then add up to it.

    Parameters
    ----------
    model : ResponseModel
        The model that is served.
    group : sequence of int
        Columns of the predictors that are one group; empty for none.
    seed : int
        Seed of the orders. They are drawn once, so that a patient always gets the same numbers.
    n_permutations : int
        Orders, reverse ones included: an even number of at least 4.

    Raises
    ------
    ValueError
        If `n_permutations` is odd or below 4.
    """

    def __init__(
        self,
        model: ResponseModel,
        *,
        group: Sequence[int] = (),
        seed: int = 0,
        n_permutations: int = 20,
    ) -> None:
        if n_permutations < 4 or n_permutations % 2:
            raise ValueError(f"n_permutations must be even and at least 4, got {n_permutations}")
        self._model = model
        self._seed = seed
        self.evaluator = Evaluator.of(model)
        self._outcomes = self.evaluator.outcomes
        judged = self.evaluator.judge(model.background)
        self._served, self._base = judged.probability, judged.probability.mean(axis=0)
        self._is_constant, self._has_trees = model.is_constant, model.has_trees
        self._comparison = self._prepare(self.evaluator.find_columns(judged), bool(len(group)))
        self._mixer = Mixer(self.evaluator, judged)
        self._margins = np.stack([outcome.margin(model.background) for outcome in self._outcomes])
        self._counting = Counting(self._outcomes, self._margins, self._served)
        self._group = np.asarray(group, dtype=np.int64)
        self._alone = np.setdiff1d(np.arange(model.background.shape[1]), self._group)
        # Which columns each player puts in; the group is the last player.
        self._columns = np.zeros((len(self._alone) + bool(self._group.size), len(model.predictors)))
        self._columns[np.arange(len(self._alone)), self._alone] = 1.0
        self._columns[len(self._alone) :, self._group] = 1.0
        self._few = self._prepare_few(judged)
        rng = np.random.default_rng(seed)
        n_players, n_members = len(self._columns), len(self._group)
        self._orders = draw_orders(n_players, n_pairs=n_permutations // 2, rng=rng)
        places = np.argsort(draw_orders(n_players, n_pairs=_MEMBER_PAIRS, rng=rng), axis=1)
        self._before = places[:, : len(self._alone)] < places[:, -1:]
        self._member_orders = draw_orders(n_members, n_pairs=_MEMBER_PAIRS, rng=rng)

    def _prepare(
        self, columns: Sequence[FloatArray], has_group: bool
    ) -> RowComparison | TreeComparison | None:
        """Return what a patient is compared with; None where the model has to be asked."""
        if not self._has_trees:
            return RowComparison(self._outcomes, columns)
        return None if has_group else TreeComparison.of(self._outcomes, columns)

    def _prepare_few(self, background: Evaluated) -> FewPlayers | None:
        """Return what values the players, where they are few; else None."""
        if len(self._columns) > min(_FEW_PLAYERS, _MOST_ACTIVE):
            return None
        outcomes, counting = self._outcomes, self._counting
        if isinstance(self._comparison, TreeComparison):
            return FewWithTrees(outcomes, self._margins, counting, self._comparison)
        if self._comparison is None:
            return None
        rows = background.rows[: len(outcomes)]
        return FewWithoutTrees(outcomes, rows, self._columns, counting, self._comparison)

    def explain(self, x: FloatArray) -> Attribution:
        """Return the explanation of one patient's probabilities.

        Parameters
        ----------
        x : ndarray of shape (n_predictors,)
            Raw predictors, NaN where missing.

        Returns
        -------
        Attribution
            A positive contribution raises the probability above what it would be without
            knowing the value; contributions smaller than a few times `error` are not told
            from 0.

        Raises
        ------
        ValueError
            If `x` has another shape.
        """
        x = np.asarray(x, dtype=np.float64)
        n_predictors = self._model.background.shape[1]
        if x.shape != (n_predictors,):
            raise ValueError(f"x must have shape ({n_predictors},), got {x.shape}")
        return self.explain_evaluated(self.evaluator.judge(x[np.newaxis]))

    def explain_evaluated(self, judged: Evaluated) -> Attribution:
        """Return the explanation of one patient whom :attr:`evaluator` has judged."""
        exact = np.zeros(len(self._outcomes))
        n_predictors = self._model.background.shape[1]
        if self._is_constant:
            method = "none needed: the model gives everyone the same probability"
            nothing = np.zeros((len(exact), n_predictors))
            return Attribution("probability", method, judged.probability[0], nothing, exact, exact)
        # With gaps, each background row meets the patient as filled by this row.
        ways = judged.filled or judged
        gains = self._compare(ways)
        method, values, error = self._value_players(ways, gains)
        if not self._group.size:
            return Attribution("probability", method, self._base, values, error, exact)
        contributions = np.empty((len(exact), n_predictors))
        contributions[:, self._alone] = values[:, :-1]
        whole = gains if isinstance(gains, Gains) else None
        how, contributions[:, self._group], left = self._divide(ways, whole, values[:, -1])
        method = f"{method}; the {len(self._group)} of a group by Owen values, {how}"
        return Attribution("probability", method, self._base, contributions, error, left + error)

    def explain_many(self, judged: Evaluated) -> tuple[FloatArray, FloatArray]:
        """Return the explanations of any number of patients whom :attr:`evaluator` has judged.

        They are those of :meth:`explain`, but for rounding (1e-15).

        Returns
        -------
        base : ndarray of shape (n, n_horizons)
        contributions : ndarray of shape (n, n_horizons, n_predictors)
        """
        n, n_horizons = judged.probability.shape
        base = np.tile(self._base, (n, 1))
        values = np.empty((n, n_horizons, self._model.background.shape[1]))
        if self._few is None or self._group.size or self._is_constant:
            for i in range(n):
                found = self.explain_evaluated(judged.pick(i))
                base[i], values[i] = found.base, found.contributions
            return base, values
        some = np.setdiff1d(np.arange(n), judged.open_)
        rows = [each[some] for each in judged.rows]
        values[some] = self._few.value_many(rows, judged.probability[some], len(some))
        if judged.filled is not None:
            ways, n_open = judged.filled, len(judged.open_)
            values[judged.open_] = self._few.value_many(ways.rows, ways.probability, n_open)
        return base, values

    def _compare(self, ways: Evaluated) -> Gains | Terms | None:
        """Return what the patient's values add; None where nobody needs it, or with many trees."""
        if self._comparison is None or (self._few is not None and not self._group.size):
            return None
        return self._comparison.compare(self.evaluator.find_columns(ways))

    def _value_players(
        self, ways: Evaluated, gains: Gains | Terms | None
    ) -> tuple[str, FloatArray, FloatArray]:
        """Return the method, the values (n_horizons, n_players) and their error (n_horizons,).

        `ways` is the patient, in one way or in one for each background row; `gains` as
        :meth:`_compare` tells.
        """
        over = f"over {len(self._served)} background rows"
        exact, values = f"exact Shapley values {over}", None
        if self._few is not None:
            values = self._few.value(ways.rows, ways.probability)[0]
        elif gains is not None:
            if isinstance(gains, Gains) and self._group.size:
                gains = gains.merge(self._columns)
            values = self._count_players(gains, ways.probability)
        if values is not None:
            return exact, values, np.zeros(len(values))
        method = f"{self._describe_orders(len(self._orders))} {over}"
        if not isinstance(gains, Gains):
            return method, *self._average_orders(self._ask_orders(ways))
        path = self._counting.walk(gains, ways.probability, self._orders)
        return method, *self._average_orders(path)

    def _count_players(self, gains: Gains | Terms, ends: FloatArray) -> FloatArray | None:
        """Return the exact values (n_horizons, n_players), or None where there are too many."""
        active = np.asarray(gains.active.any(axis=0))
        counts = active.sum(axis=1)
        if counts.max() > _MOST_ACTIVE:
            return None
        if self._has_trees and np.exp2(counts).sum() > _MOST_JOINT:
            return None
        return self._counting.count_active(gains, active, ends)

    def _describe_orders(self, n_orders: int) -> str:
        return f"antithetic permutations ({n_orders // 2} pairs, seed {self._seed})"

    def _divide(
        self, ways: Evaluated, gains: Gains | None, total: FloatArray
    ) -> tuple[str, FloatArray, FloatArray]:
        """Return how the group's value is divided, the members' values and their error.

        `total` (n_horizons,) is the group's value at each horizon; the rest as above.
        """
        if gains is not None:
            counts = np.asarray(gains.active.any(axis=0)).sum(axis=1)
            if np.exp2(counts).sum() <= _MOST_JOINT:
                members = self._count_members(gains)
                # Equal but for rounding, and for a recalibration step that a last bit decides.
                share = np.abs(members) + np.finfo(np.float64).tiny
                share /= share.sum(axis=1, keepdims=True)
                members += share * (total - members.sum(axis=1))[:, np.newaxis]
                return "exact", members, np.zeros(len(total))
        pairs = self._sample_members(ways, gains)
        members = pairs.mean(axis=0)
        apart = pairs - members
        whole = apart.sum(axis=2, keepdims=True)
        spread = (whole**2).sum(axis=0)
        slope = np.full_like(members, 1.0 / members.shape[1])
        np.divide((apart * whole).sum(axis=0), spread, out=slope, where=spread > 0.0)
        members += slope * (total - members.sum(axis=1))[:, np.newaxis]
        variance = ((apart - slope * whole) ** 2).sum(axis=0) / (len(pairs) - 2)
        error = np.sqrt(variance / len(pairs)).max(axis=1)
        return self._describe_orders(len(self._member_orders)), members, error

    def _count_members(self, gains: Gains) -> FloatArray:
        """Return the exact values (n_horizons, n_members) of the group's members."""
        members = np.zeros((*self._margins.shape, len(self._group)))
        active = np.asarray(gains.active.any(axis=0))
        alone, own = active[:, self._alone], active[:, self._group]
        sizes = np.stack([alone.sum(axis=1), own.sum(axis=1)], axis=1)
        for k, m in np.unique(sizes, axis=0).tolist():
            if m == 0:
                continue
            found = np.flatnonzero((sizes == (k, m)).all(axis=1))
            step = max(BLOCK >> (k + m), 1)
            share = share_before(k)
            for start in range(0, len(found), step):
                rows = found[start : start + step]
                outside = np.nonzero(alone[rows])[1].reshape(len(rows), k)
                inside = np.nonzero(own[rows])[1].reshape(len(rows), m)
                columns = np.hstack([self._alone[outside], self._group[inside]])
                sums = gains.take(rows, columns).add_all(self._margins[:, rows])
                worth = self._counting.weigh(sums)
                joined = share @ worth.reshape(len(worth), 2**m, 2**k, len(rows))
                values = shapley_weights(m).T @ joined
                members[:, rows[:, np.newaxis], inside] = values.swapaxes(1, 2)
        return np.asarray(members.mean(axis=1))

    def _sample_members(self, ways: Evaluated, gains: Gains | None) -> FloatArray:
        """Return sampled values (n_pairs, n_horizons, n_members) of the group's members."""
        members = self._group[self._member_orders]
        if gains is not None:
            start = self._margins[:, :, np.newaxis] + gains.add_up(self._alone, self._before)
            # Members of a group act with no other predictor: each adds what it adds alone.
            steps = np.cumsum(gains.alone[:, :, members], axis=3)
            path = np.concatenate([start[..., np.newaxis], start[..., np.newaxis] + steps], axis=3)
            for outcome, part in zip(self._outcomes, path, strict=True):
                part[...] = outcome.finish(part)
            path[1:] *= path[0]
            worth = np.moveaxis(path.mean(axis=1), 0, 2)
        else:
            n_orders, n_members = members.shape
            place = np.argsort(self._member_orders, axis=1)
            holds = np.zeros((n_orders, n_members + 1, self._columns.shape[1]), dtype=bool)
            holds[:, :, self._alone] = self._before[:, np.newaxis]
            steps = np.arange(n_members + 1)[:, np.newaxis]
            holds[:, :, self._group] = place[:, np.newaxis] < steps
            # The rows take turns, a pair of orders having the same ones.
            n_rows = min(_MEMBER_ROWS, len(self._served))
            turn = np.arange(n_orders)[:, np.newaxis] // 2 * n_rows + np.arange(n_rows)
            worth = self._mixer.ask(ways, turn % len(self._served), holds)
        values = np.empty((*members.shape, worth.shape[2]))
        orders = self._member_orders[:, :, np.newaxis]
        np.put_along_axis(values, orders, np.diff(worth, axis=1), axis=1)
        return np.asarray(values.reshape(-1, 2, *values.shape[1:]).mean(axis=1).swapaxes(1, 2))

    def _ask_orders(self, ways: Evaluated) -> FloatArray:
        """Return what the model says of `ways` as above: (n_orders, n_steps, n_horizons)."""
        # Which players are in after each step of each order: (n_orders, n_steps, n_players)
        place = np.argsort(self._orders, axis=1)
        players = place[:, np.newaxis] < np.arange(place.shape[1] + 1)[:, np.newaxis]
        rows = np.broadcast_to(np.arange(len(self._served)), (len(place), len(self._served)))
        return self._mixer.ask(ways, rows, players @ self._columns > 0.0)

    def _average_orders(self, path: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return values (n_horizons, n_players), and errors (n_horizons,), from such steps."""
        sampled = np.empty((*self._orders.shape, path.shape[2]))
        np.put_along_axis(sampled, self._orders[:, :, np.newaxis], np.diff(path, axis=1), axis=1)
        pairs = sampled.reshape(-1, 2, *sampled.shape[1:]).mean(axis=1)
        spread = pairs.std(axis=0, ddof=1).max(axis=0)
        return pairs.mean(axis=0).T, np.asarray(spread / np.sqrt(len(pairs)))
