"""What a panel may add to the clinical log-odds: the candidates.

Each turns normalised, standardised assays and what is known already (the clinical log-odds, as an
offset) into one :class:`PanelMember` for each of its settings. All screening and selection looks
at outcomes, and is therefore inside a candidate's fit, never before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray, IntArray
from training.model.candidates import Family, import_lightgbm, tree_margin
from training.panel.solvers import compute_scores, fit_offset_net, fit_offset_ridge, fit_shift

__all__ = [
    "PANEL_CANDIDATES",
    "PanelMember",
    "Stability",
    "compute_stability",
    "relabel_trees",
    "screen",
]


_RIDGE_SD = 0.5
_TREE_COLUMNS = 30
_ENTER = (0.85, 0.7, 0.55, 0.42, 0.32)  # of a half sample's strongest penalty


@dataclass(frozen=True)
class PanelMember:
    """One candidate fitted at one setting.

    Parameters
    ----------
    coef : ndarray of shape (n_assays,)
        Log-odds per standard deviation of each assay.
    trees : lightgbm.Booster or None
        Boosted trees of the columns `tree_columns`, whose raw score is added.
    n_trees : int
        How many of the trees count.
    tree_columns : ndarray of int
        Columns that the trees were given, in their order.
    """

    coef: FloatArray
    trees: Any = None
    n_trees: int = 0
    tree_columns: IntArray | None = None

    def score(self, Z: FloatArray) -> FloatArray:
        """Return what is added to the log-odds of each row of `Z` (n, n_assays)."""
        score = np.sum(Z * self.coef, axis=1)
        if self.trees is not None:
            score = score + tree_margin(self.trees, Z[:, self.tree_columns], self.n_trees)
        return np.asarray(score)

    @property
    def used(self) -> IntArray:
        """The assays that take part."""
        used = set(np.flatnonzero(self.coef).tolist())
        if self.trees is not None and self.tree_columns is not None:
            parts = self.trees.feature_importance("split", iteration=self.n_trees) > 0
            used |= set(self.tree_columns[parts].tolist())
        return np.array(sorted(used), dtype=np.intp)


def screen(Z: FloatArray, y: FloatArray, offset: FloatArray, most: int) -> IntArray:
    """Return the `most` assays with the largest score beside the offset, in their order."""
    scores = np.abs(compute_scores(Z, y, offset))
    return np.sort(np.argsort(-scores, kind="stable")[:most]).astype(np.intp)


class PanelCandidate(Protocol):
    """A way of fitting a panel beside the clinical log-odds."""

    @property
    def name(self) -> str:
        """The name that a study file uses."""

    @property
    def label(self) -> str:
        """The name that people read."""

    @property
    def family(self) -> Family:
        """What the score is made of."""

    def settings(self) -> tuple[str, ...]:
        """Return the settings tried, in plain words, one for each member of the path."""

    def fit_path(
        self,
        Z: FloatArray,
        y: FloatArray,
        offset: FloatArray,
        *,
        strongest: float,
        max_assays: int,
        rng: np.random.Generator,
    ) -> list[PanelMember]:
        """Return one fitted member for each setting.

        Parameters
        ----------
        Z : ndarray of shape (n, n_assays)
            Standardised assays that passed the screening.
        y : ndarray of shape (n,)
            Outcome, 0 or 1, both present.
        offset : ndarray of shape (n,)
            Clinical log-odds.
        strongest : float
            Mean residual gradient per patient from which on no assay enters, of the patients
            that a fold's training part belongs to.
        max_assays : int
            Most assays that a member may use.
        rng : numpy.random.Generator
            Source of randomness.
        """


def find_strongest(Z: FloatArray, y: FloatArray, offset: FloatArray) -> float:
    """Return the largest gradient of the log loss by an assay, per patient."""
    residual = y - expit(offset + fit_shift(y, offset))
    return float(np.abs(residual @ Z).max() / len(y))


@dataclass(frozen=True)
class PanelNet:
    """Elastic net on all assays, half L1 and half L2 penalty."""

    name: str = "elastic_net"
    label: str = "elastic net on the assays"
    family: Family = "logistic"
    shares: tuple[float, ...] = (0.9, 0.75, 0.6, 0.48, 0.38, 0.3, 0.22, 0.15)

    def settings(self) -> tuple[str, ...]:
        """Return the penalties tried."""
        return tuple(f"{share:g} of the strongest penalty" for share in self.shares)

    def fit_path(
        self,
        Z: FloatArray,
        y: FloatArray,
        offset: FloatArray,
        *,
        strongest: float,
        max_assays: int,
        rng: np.random.Generator,
    ) -> list[PanelMember]:
        """Return one fit for each penalty; one with too many assays is the one before it."""
        penalty = np.array(self.shares) * strongest * len(y) / 0.5
        members: list[PanelMember] = []
        for coef in fit_offset_net(Z, y, offset, penalty=penalty, l1_share=0.5):
            if np.count_nonzero(coef) > max_assays:
                coef = members[-1].coef if members else np.zeros_like(coef)
            members.append(PanelMember(coef))
        return members


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
    rate = np.array([fit_shift(y[h], offset[h]) for h in halves.T.astype(bool)])
    residual = halves * (y[:, np.newaxis] - expit(offset[:, np.newaxis] + rate))
    strongest = np.maximum(np.abs(residual.T @ Z).max(axis=1), 1e-6)
    entered = (
        fit_offset_net(
            Z,
            y,
            offset,
            penalty=np.outer(_ENTER, strongest).ravel(),
            l1_share=1.0,
            row_weights=np.tile(halves, len(_ENTER)),
        ).reshape(len(_ENTER), 2 * n_pairs, -1)
        != 0
    )
    # The weakest penalty at which no more than n_enter assays have entered, in each half.
    within = (entered.sum(axis=2) <= n_enter).cumprod(axis=0).sum(axis=0)
    found = entered[np.maximum(within, 1) - 1, np.arange(2 * n_pairs)]
    return Stability(found.mean(axis=0), float(found.sum(axis=1).mean()), 2 * n_pairs)


@dataclass(frozen=True)
class PanelStable:
    """Logistic regression of the assays that are selected again and again on half samples."""

    name: str = "stability"
    label: str = "logistic regression of stably selected assays"
    family: Family = "logistic"
    thresholds: tuple[float, ...] = (0.9, 0.75, 0.6)

    def settings(self) -> tuple[str, ...]:
        """Return the shares of half samples asked for."""
        return tuple(f"selected in {share:.0%} of half samples" for share in self.thresholds)

    def fit_path(
        self,
        Z: FloatArray,
        y: FloatArray,
        offset: FloatArray,
        *,
        strongest: float,
        max_assays: int,
        rng: np.random.Generator,
    ) -> list[PanelMember]:
        """Return one fit for each share."""
        share = compute_stability(Z, y, offset, rng=rng).share
        order = np.argsort(-share, kind="stable")[:max_assays]
        members = []
        for threshold in self.thresholds:
            chosen = order[share[order] >= threshold]
            coef = np.zeros(Z.shape[1])
            if len(chosen):
                mode, _ = fit_offset_ridge(Z[:, chosen], y, offset, prior_sd=_RIDGE_SD)
                coef[chosen] = mode[1:]
            members.append(PanelMember(coef))
        return members


@dataclass(frozen=True)
class PanelTrees:
    """LightGBM on the assays that score highest, beside the clinical log-odds."""

    name: str = "lightgbm"
    label: str = "LightGBM on the assays, small-sample settings"
    family: Family = "trees"
    n_trees: tuple[int, ...] = (20, 40, 80)

    def settings(self) -> tuple[str, ...]:
        """Return the numbers of trees tried."""
        return tuple(f"{n} trees" for n in self.n_trees)

    def fit_path(
        self,
        Z: FloatArray,
        y: FloatArray,
        offset: FloatArray,
        *,
        strongest: float,
        max_assays: int,
        rng: np.random.Generator,
    ) -> list[PanelMember]:
        """Fit the longest sequence of trees once, and return it cut at each number."""
        lightgbm = import_lightgbm()
        columns = screen(Z, y, offset, min(max_assays, _TREE_COLUMNS))
        parameters = {
            "objective": "binary",
            "num_leaves": 4,
            "learning_rate": 0.05,
            "min_data_in_leaf": max(5, len(y) // 20),
            "lambda_l2": 2.0,
            "max_bin": 63,
            "min_data_in_bin": 3,
            "feature_pre_filter": False,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": 1,
            "seed": 0,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(Z[:, columns], y, init_score=offset, params=parameters)
        trees = lightgbm.train(
            parameters, data, num_boost_round=max(self.n_trees), keep_training_booster=True
        )
        zeros = np.zeros(Z.shape[1])
        return [PanelMember(zeros, trees, n, columns) for n in self.n_trees]


PANEL_CANDIDATES: dict[str, PanelCandidate] = {
    candidate.name: candidate for candidate in (PanelNet(), PanelStable(), PanelTrees())
}
"""All candidates by the name that a study file uses."""


def relabel_trees(text: str, columns: Sequence[int], n_columns: int) -> str:
    """Return trees in LightGBM's text for a wider array.

    Parameters
    ----------
    text : str
        LightGBM's own format.
    columns : sequence of int
        Where each column that the trees know stands in the wider array.
    n_columns : int
        Columns of the wider array.

    Returns
    -------
    str
        The same trees. The smallest and largest value of each column, which are those of single
        patients, are left out.
    """
    names = " ".join(f"Column_{j}" for j in range(n_columns))
    infos = " ".join(["none"] * n_columns)
    head = {"max_feature_idx": str(n_columns - 1), "feature_names": names, "feature_infos": infos}
    for key, value in head.items():
        text = re.sub(rf"(?m)^{key}=.*$", f"{key}={value}", text)
    text = re.sub(r"(?m)^tree_sizes=.*\n", "", text)  # in bytes; without it, trees are looked for
    text = re.sub(r"(?s)feature_importances:.*?\n\n", "feature_importances:\n\n", text)

    def move(match: re.Match[str]) -> str:
        return match[1] + " ".join(str(columns[int(j)]) for j in match[2].split())

    return re.sub(r"(?m)^(split_feature=)(.*)$", move, text)
