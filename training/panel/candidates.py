"""What a panel may add to the clinical log-odds: the candidates.

Each turns normalised, standardised assays and what is known already (the clinical log-odds, as an
offset) into one :class:`PanelMember` for each of its settings. All screening and selection looks
at outcomes, and is therefore inside a candidate's fit, never before it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import FloatArray, IntArray
from training.fitting.boosting import fit_trees
from training.fitting.candidates import Family, Tried
from training.fitting.solvers import fit_elastic_net, fit_ridge
from training.model.trees import compute_tree_margin
from training.panel.screening import ASSAY_TOLERANCE, screen
from training.panel.stability import compute_stability

__all__ = ["PANEL_CANDIDATES", "PanelCandidate", "PanelMember", "PanelPatients", "PanelStable"]


_RIDGE_SD = 0.5
_TREE_COLUMNS = 30


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
            score = score + compute_tree_margin(self.trees, Z[:, self.tree_columns], self.n_trees)
        return np.asarray(score)

    @property
    def used(self) -> IntArray:
        """The assays that take part."""
        used = set(np.flatnonzero(self.coef).tolist())
        if self.trees is not None and self.tree_columns is not None:
            parts = self.trees.feature_importance("split", iteration=self.n_trees) > 0
            used |= set(self.tree_columns[parts].tolist())
        return np.array(sorted(used), dtype=np.intp)


@dataclass(frozen=True, eq=False)
class PanelPatients:
    """What a candidate is fitted to.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Standardised assays that passed the screening.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    offset : ndarray of shape (n,)
        Clinical log-odds.
    strongest : float
        Mean residual gradient per patient from which on no assay enters, of the patients that a
        fold's training part belongs to.
    max_assays : int
        Most assays that a member may use.
    """

    Z: FloatArray
    y: FloatArray
    offset: FloatArray
    strongest: float
    max_assays: int


class PanelCandidate(Tried):
    """A way of fitting a panel beside the clinical log-odds."""

    @abstractmethod
    def fit_path(self, patients: PanelPatients, *, rng: np.random.Generator) -> list[PanelMember]:
        """Return one fitted member for each setting."""


@dataclass(frozen=True)
class PanelNet(PanelCandidate):
    """Elastic net on all assays, half L1 and half L2 penalty."""

    name: str = "elastic_net"
    label: str = "elastic net on the assays"
    family: Family = "logistic"
    tried: tuple[float, ...] = (0.9, 0.75, 0.6, 0.48, 0.38, 0.3, 0.22, 0.15)
    _words = "{:g} of the strongest penalty"

    def fit_path(self, patients: PanelPatients, *, rng: np.random.Generator) -> list[PanelMember]:
        """Return one fit for each penalty; one with too many assays is the one before it."""
        Z, y, offset = patients.Z, patients.y, patients.offset
        penalty = np.array(self.tried) * patients.strongest * len(y) / 0.5
        members: list[PanelMember] = []
        path = fit_elastic_net(
            Z, y, penalty=penalty, l1_share=0.5, offset=offset, tolerance=ASSAY_TOLERANCE
        )
        for coef in path[:, 1:]:
            if np.count_nonzero(coef) > patients.max_assays:
                coef = members[-1].coef if members else np.zeros_like(coef)
            members.append(PanelMember(coef))
        return members


@dataclass(frozen=True)
class PanelStable(PanelCandidate):
    """Logistic regression of the assays that are selected again and again on half samples."""

    name: str = "stability"
    label: str = "logistic regression of stably selected assays"
    family: Family = "logistic"
    tried: tuple[float, ...] = (0.9, 0.75, 0.6)
    _words = "selected in {:.0%} of half samples"

    def fit_path(self, patients: PanelPatients, *, rng: np.random.Generator) -> list[PanelMember]:
        """Return one fit for each share."""
        Z, y, offset = patients.Z, patients.y, patients.offset
        share = compute_stability(Z, y, offset, rng=rng).share
        order = np.argsort(-share, kind="stable")[: patients.max_assays]
        members = []
        for threshold in self.tried:
            chosen = order[share[order] >= threshold]
            coef = np.zeros(Z.shape[1])
            if len(chosen):
                own = Z[:, chosen]
                coef[chosen] = fit_ridge(own, y, prior_sd=[_RIDGE_SD], offset=offset)[0, 1:]
            members.append(PanelMember(coef))
        return members


@dataclass(frozen=True)
class PanelTrees(PanelCandidate):
    """LightGBM on the assays that score highest, beside the clinical log-odds."""

    name: str = "lightgbm"
    label: str = "LightGBM on the assays, small-sample settings"
    family: Family = "trees"
    tried: tuple[int, ...] = (20, 40, 80)
    _words = "{} trees"

    def fit_path(self, patients: PanelPatients, *, rng: np.random.Generator) -> list[PanelMember]:
        """Fit the longest sequence of trees once, and return it cut at each number."""
        Z, y, offset = patients.Z, patients.y, patients.offset
        columns = screen(Z, y, offset, min(patients.max_assays, _TREE_COLUMNS))
        trees = fit_trees(Z[:, columns], y, n_trees=max(self.tried), offset=offset)
        zeros = np.zeros(Z.shape[1])
        return [PanelMember(zeros, trees, n, columns) for n in self.tried]


PANEL_CANDIDATES: dict[str, PanelCandidate] = {
    candidate.name: candidate for candidate in (PanelNet(), PanelStable(), PanelTrees())
}
"""All candidates by the name that a study file uses."""
