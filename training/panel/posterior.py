"""What a panel may add to the clinical log-odds: nothing, a few assays, or all of them a little.

Each is a hypothesis with a prior probability. "Few" is one to four assays, any of them, each with
a coefficient of its own; of these models those with most evidence are found by search. "All" is
one normal prior on every assay. The outcomes tell how probable each hypothesis and each model is
(its evidence times its prior), and the log-odds that are added are the average over all of them:
no cross-validation, and shrinkage by as much as the data leave open. The average is a linear
function of the assays.

Hoeting and others 1999, doi:10.1214/ss/1009212519 (averaging over models); Madigan and Raftery
1994, doi:10.1080/01621459.1994.10476894 (search for those with most evidence).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp

from features.arrays import FloatArray, IntArray
from training.fitting.solvers import draw_normal
from training.panel.laplace import Subsets, compute_gains, compute_pair_gains, fit_subsets

__all__ = ["HYPOTHESES", "PanelPosterior", "find_few", "fit_posterior", "keep_fewest"]


HYPOTHESES = {"few": "one to four assays", "all": "all assays, each a little"}
"""What a panel may add, in words."""
_PRIOR = {"none": 0.2, "few": 0.48, "all": 0.32}
_LARGEST = 4
_SCALES = (0.5, 1.0, 2.0)
"""Prior SDs of a coefficient, log-odds per standard deviation of the assay."""
_SPREADS = (1.0, 2.0, 4.0)
"""Prior SDs of what all assays add together, in log-odds."""
_WIDTH = 40
_MOST_PAIRED = 750
_CARRIED = 0.995
_FLAT = 1e-6
"""Of the largest, the singular value below which panels do not differ."""


@dataclass(frozen=True, eq=False)
class FewAssays:
    """Models of one to four assays, by their evidence.

    Parameters
    ----------
    sizes : tuple of Subsets
        The models that were looked at, of each size.
    log_weights : tuple of ndarray of shape (n_models,)
        Log evidence, less that of the offset alone, and log prior of each model.
    none : float
        Log evidence of the offset alone.
    """

    sizes: tuple[Subsets, ...]
    log_weights: tuple[FloatArray, ...]
    none: float

    @property
    def log_evidence(self) -> float:
        """Log evidence that few assays tell something over that none does."""
        return float(logsumexp(np.concatenate(self.log_weights)))

    def average(self, n_assays: int) -> FloatArray:
        """Return the mean coefficients (n_assays,) over the models."""
        coef = np.zeros(n_assays)
        for subsets, log_weight in zip(self.sizes, self.log_weights, strict=True):
            weight = np.exp(log_weight - self.log_evidence)
            np.add.at(coef, subsets.columns, weight[:, np.newaxis] * subsets.mode[:, 1:])
        return coef

    def draw(self, n_draws: int, n_assays: int, *, rng: np.random.Generator) -> FloatArray:
        """Return draws (n_draws, n_assays) of the coefficients, those of a model in a row."""
        weight = np.exp(np.concatenate(self.log_weights) - self.log_evidence)
        counts = rng.multinomial(n_draws, weight / weight.sum())
        draws, row = np.zeros((n_draws, n_assays)), 0
        place = [(s, i) for s in self.sizes for i in range(len(s.columns))]
        for model in np.flatnonzero(counts):
            subsets, i = place[model]
            rows = slice(row, row := row + int(counts[model]))
            drawn = draw_normal(subsets.mode[i], subsets.precision[i], int(counts[model]), rng=rng)
            draws[rows, subsets.columns[i]] = drawn[:, 1:]
        return draws


def _weigh(subsets: Subsets, n_assays: int, none: float) -> FloatArray:
    """Return the log weights of models of one size: each further assay halves the prior."""
    largest, size = min(_LARGEST, n_assays), subsets.columns.shape[1]
    shares = 0.5 ** np.arange(1, largest + 1)
    log_subsets = gammaln(n_assays + 1) - gammaln(size + 1) - gammaln(n_assays - size + 1)
    log_prior = np.log(shares[size - 1] / shares.sum()) - log_subsets - np.log(len(_SCALES))
    return np.asarray(subsets.log_evidence - none + log_prior)


def _propose(gains: FloatArray, columns: IntArray, most: int) -> IntArray:
    """Return the models, each one assay larger, that `gains` (n_models, n_assays) tells best."""
    own, assay = np.divmod(_find_largest(gains.ravel(), most), gains.shape[1])
    return np.asarray(np.column_stack([columns[own], assay]), dtype=np.intp)


def _find_largest(values: FloatArray, most: int) -> IntArray:
    """Return where the `most` largest values are, in rising order of place; none that is -inf."""
    best = np.argpartition(-values, min(most, len(values)) - 1)[:most]
    return np.sort(best[np.isfinite(values[best])])


def _propose_pairs(
    Z: FloatArray, y: FloatArray, risk: FloatArray, alone: FloatArray, most: int
) -> IntArray:
    """Return the pairs that tell most beside the offset, of the 750 best assays `alone`."""
    own = np.sort(np.argsort(-alone, kind="stable")[:_MOST_PAIRED])
    gains = compute_pair_gains(Z[:, own], y, risk, scale=1.0)
    gains[np.tri(len(own), dtype=bool)] = -np.inf
    places = np.divmod(_find_largest(gains.ravel(), most), len(own))
    return np.asarray(np.column_stack([own[place] for place in places]), dtype=np.intp)


def find_few(
    Z: FloatArray, y: FloatArray, offset: FloatArray, *, largest: int = _LARGEST
) -> FewAssays:
    """Find the models of one to four assays that have most evidence.

    Those of one assay, and those of the best models and one assay more, that promise most; among
    the pairs also those that promise most of all pairs.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Standardised assays.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Clinical log-odds by fits that had not seen the patient.
    largest : int
        Assays of the largest models that are looked at.
    """
    n_assays, scales = Z.shape[1], np.array(_SCALES)
    nothing = fit_subsets(Z, y, offset, np.zeros((1, 0), dtype=np.intp), np.ones(1))
    none = float(nothing.log_evidence[0])
    alone = compute_gains(Z, y, nothing)
    sizes, log_weights = [], []
    parents, gains = nothing, alone
    for size in range(1, min(largest, n_assays) + 1):
        proposed = _propose(gains, parents.columns, 2 * _WIDTH)
        if size == 2:
            pairs = _propose_pairs(Z, y, nothing.risk[0], alone[0], _WIDTH)
            proposed = np.vstack([proposed, pairs])
        columns = np.unique(np.sort(proposed, axis=1), axis=0)
        subsets = fit_subsets(
            Z, y, offset, np.repeat(columns, len(scales), axis=0), np.tile(scales, len(columns))
        )
        log_weight = _weigh(subsets, n_assays, none)
        sizes.append(subsets)
        log_weights.append(log_weight)
        if size == largest:
            break
        each = log_weight.reshape(len(columns), len(scales))
        best = np.argsort(-each.max(axis=1), kind="stable")[:_WIDTH]
        best = (best * len(scales) + each[best].argmax(axis=1)).astype(np.intp)
        parents = subsets.take(best)
        gains = compute_gains(Z, y, parents) + log_weight[best, np.newaxis]
    return FewAssays(tuple(sizes), tuple(log_weights), none)


@dataclass(frozen=True, eq=False)
class AllAssays:
    """All assays under one normal prior, for each of several prior SDs.

    What the patients tell lies in the space that their panels span; outside of it a draw is the
    prior's.

    Parameters
    ----------
    scale : ndarray of shape (n_scales,)
        Prior SD of each coefficient.
    axes : ndarray of shape (n_axes, n_assays)
        Orthonormal; the space of the panels.
    mode : ndarray of shape (n_scales, n_axes)
        Coefficients of the axes.
    precision : ndarray of shape (n_scales, 1 + n_axes, 1 + n_axes)
        Of the intercept and these.
    weight : ndarray of shape (n_scales,)
        Of each prior SD, sum 1.
    log_evidence : float
        Less that of the offset alone.
    """

    scale: FloatArray
    axes: FloatArray
    mode: FloatArray
    precision: FloatArray
    weight: FloatArray
    log_evidence: float

    def average(self) -> FloatArray:
        """Return the mean coefficients (n_assays,)."""
        return np.asarray(self.weight @ self.mode @ self.axes)

    def draw(self, n_draws: int, *, rng: np.random.Generator) -> FloatArray:
        """Return draws (n_draws, n_assays) of the coefficients, those of a prior SD in a row."""
        parts = []
        for i, count in enumerate(rng.multinomial(n_draws, self.weight)):
            mode = np.concatenate([[0.0], self.mode[i]])
            inside = draw_normal(mode, self.precision[i], int(count), rng=rng)[:, 1:]
            prior = self.scale[i] * rng.standard_normal((int(count), self.axes.shape[1]))
            parts.append(prior + (inside - prior @ self.axes.T) @ self.axes)
        return np.concatenate(parts)


def _fit_all(Z: FloatArray, y: FloatArray, offset: FloatArray, none: float) -> AllAssays:
    """Fit all assays together, where `none` is the log evidence of the offset alone.

    Other parameters as in :func:`find_few`.
    """
    left, size, axes = np.linalg.svd(Z, full_matrices=False)
    spanned = size > _FLAT * size.max(initial=1.0)
    design, axes = left[:, spanned] * size[spanned], axes[spanned]
    scale = np.array(_SPREADS) / np.sqrt(Z.shape[1])
    columns = np.arange(design.shape[1], dtype=np.intp)[np.newaxis]
    fits = [fit_subsets(design, y, offset, columns, scale[[i]]) for i in range(len(scale))]
    log_evidence = np.array([fit.log_evidence[0] for fit in fits]) - none
    total = float(logsumexp(log_evidence))
    return AllAssays(
        scale,
        axes,
        np.stack([fit.mode[0, 1:] for fit in fits]),
        np.stack([fit.precision[0] for fit in fits]),
        np.exp(log_evidence - total),
        total - float(np.log(len(scale))),
    )


@dataclass(frozen=True, eq=False)
class PanelPosterior:
    """What the outcomes say of the panel.

    Parameters
    ----------
    few, all_ : FewAssays, AllAssays
        The two ways in which it may add something.
    mass : dict of str to float
        Probability of "none", "few" and "all".
    n_assays : int
        Columns of the panel.
    """

    few: FewAssays
    all_: AllAssays
    mass: dict[str, float]
    n_assays: int

    @property
    def parts(self) -> dict[str, FloatArray]:
        """Mean coefficients (n_assays,) by each of :data:`HYPOTHESES` alone."""
        return {"few": self.few.average(self.n_assays), "all": self.all_.average()}

    @property
    def coef(self) -> FloatArray:
        """Mean coefficients (n_assays,), log-odds per standard deviation of each assay."""
        coef = sum(self.mass[name] * part for name, part in self.parts.items())
        return np.asarray(coef)

    def draw(self, n_draws: int, *, rng: np.random.Generator) -> FloatArray:
        """Return draws (n_draws, n_assays) of the coefficients, in no order."""
        _, few, all_ = rng.multinomial(n_draws, list(self.mass.values()))
        draws = np.zeros((n_draws, self.n_assays))
        draws[:few] = self.few.draw(int(few), self.n_assays, rng=rng)
        draws[few : few + all_] = self.all_.draw(int(all_), rng=rng)
        return np.asarray(draws[rng.permutation(n_draws)])


def fit_posterior(Z: FloatArray, y: FloatArray, offset: FloatArray) -> PanelPosterior:
    """Weigh what a panel may add; parameters as in :func:`find_few`."""
    few = find_few(Z, y, offset)
    all_ = _fit_all(Z, y, offset, few.none)
    log_evidence = np.array([0.0, few.log_evidence, all_.log_evidence])
    log_mass = np.log(list(_PRIOR.values())) + log_evidence
    mass = np.exp(log_mass - logsumexp(log_mass))
    return PanelPosterior(few, all_, dict(zip(_PRIOR, mass.tolist(), strict=True)), Z.shape[1])


def keep_fewest(coef: FloatArray, Z: FloatArray, most: int) -> FloatArray:
    """Return the coefficients of the fewest assays that carry 99.5% of the score's variance.

    Parameters
    ----------
    coef : ndarray of shape (n_assays,)
        Of all assays.
    Z : ndarray of shape (n, n_assays)
        The patients over whom the variance is taken.
    most : int
        Assays that are kept at most.

    Returns
    -------
    ndarray of shape (n_assays,)
        Those with the largest coefficients, times what makes up for the others (least squares);
        else 0.
    """
    order = np.argsort(-np.abs(coef), kind="stable")[:most]
    score = Z @ coef
    score = score - score.mean()
    parts = np.cumsum(Z[:, order] * coef[order], axis=1)
    parts = parts - parts.mean(axis=0)
    shared, own = parts.T @ score, np.sum(parts**2, axis=0)
    carried = shared**2 >= _CARRIED * own * (score @ score)
    last = int(np.argmax(carried)) if carried.any() else len(order) - 1
    kept = np.zeros_like(coef)
    if shared[last] > 0:
        kept[order[: last + 1]] = coef[order[: last + 1]] * (shared[last] / own[last])
    return kept
