"""Repeated cross-validation of patients with a panel, with both whole procedures inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from joblib import delayed
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.schema import Dictionary
from training.evaluation.null_test import Pairs, count_fold_pairs
from training.fitting.freezing import make_response_model
from training.fitting.jobs import run_tasks
from training.fitting.procedure import Procedure
from training.fitting.resampling import make_folds
from training.fitting.response import FittedResponse, fit_response
from training.panel.data import PanelData
from training.panel.fit import FittedPanel, fit_panel
from training.panel.freeze import freeze_panel
from training.panel.model import PanelModel
from training.panel.procedure import PanelProcedure

__all__ = ["PanelFolds", "cross_validate_panel", "make_panel_folds", "plan_folds"]

Progress = Callable[[], None]

_MANY = 2000
"""Patients with a panel from which one repeat of 5 folds serves."""
_FEW_FOLDS = 5


@dataclass(frozen=True, eq=False)
class PanelFold:
    """One held-out fold.

    Parameters
    ----------
    rows : ndarray of int of shape (n_test,)
        Held-out patients with a panel.
    clinical, panel : ndarray of shape (n_test, n_horizons)
        Their risks by the clinical sub-model, and as they would be served.
    pairs : dict of str to Pairs
        Of the score that each hypothesis gives alone, at the first horizon.
    weights : dict of str to float
        Of each hypothesis in the first outcome.
    selected : tuple of str
        Assays in the fold's sub-model.
    failure : str
        Why the panels could not be normalised; empty where they could.
    """

    rows: IntArray
    clinical: FloatArray
    panel: FloatArray
    pairs: dict[str, Pairs]
    weights: dict[str, float]
    selected: tuple[str, ...]
    failure: str = ""


@dataclass(frozen=True, eq=False)
class PanelFolds:
    """A repeated cross-validation of patients with a panel.

    Parameters
    ----------
    rows : ndarray of int of shape (n_panel,)
        Who they are.
    folds : ndarray of int of shape (n_repeats, n_panel)
        The fold that held each of them out.
    clinical, panel : ndarray of shape (n_horizons, n_repeats, n_panel)
        Risks; see :class:`PanelFold`.
    parts : tuple of PanelFold
        All folds.
    """

    rows: IntArray
    folds: IntArray
    clinical: FloatArray
    panel: FloatArray
    parts: tuple[PanelFold, ...]


def plan_folds(data: PanelData, n_folds: int, n_repeats: int) -> tuple[int, int]:
    """Return how many folds and repeats are made of those asked for."""
    return (_FEW_FOLDS, 1) if int(data.has.sum()) >= _MANY else (n_folds, n_repeats)


def make_panel_folds(data: PanelData, *, n_folds: int, n_repeats: int, seed: int) -> IntArray:
    """Return each patient's fold in each repeat, balanced over outcomes and who has a panel."""
    return np.stack(
        [
            make_folds(
                data.strata,
                data.clinical.groups,
                n_folds=n_folds,
                rng=np.random.default_rng((seed, 1, repeat)),
            )
            for repeat in range(n_repeats)
        ]
    )


def _freeze(
    data: PanelData,
    fitted: FittedResponse,
    panel: FittedPanel,
    procedure: PanelProcedure,
    rng: np.random.Generator,
) -> PanelModel | None:
    """Freeze a fold's sub-model, so that what is judged is what would be served."""
    dictionary = Dictionary(data.clinical.predictors)
    clinical = make_response_model(data.clinical, fitted, dictionary, only_rate=True, rng=rng)
    return freeze_panel(data, clinical, panel, procedure, rng=rng)


def _predict_fold(
    data: PanelData,
    test: BoolArray,
    clinical: Procedure,
    procedure: PanelProcedure,
    seed: tuple[int, ...],
) -> PanelFold:
    rng = np.random.default_rng(seed)
    train, rows = data.take(~test), np.flatnonzero(test & data.has)
    X, cts = data.clinical.X[rows], data.rows[rows]
    if data.plates:  # a new patient's plate is a new one, which nothing is known about
        cts[:, -1] = np.nan
    fitted = fit_response(train.clinical, clinical, rng=rng)
    before = fitted.probability(X)
    try:
        panel = fit_panel(train, fitted, procedure, rng=rng)
    except ValueError as err:
        # A small fold can lack references; it is counted and told, not passed over.
        return PanelFold(rows, before, before, {}, {}, (), str(err))
    model = _freeze(train, fitted, panel, procedure, rng)
    after = before.copy()
    if model is not None and len(rows):
        usable = np.array([not model.can_use(row) for row in cts])
        if usable.any():
            after[usable] = model.response.probability(model.encode(X[usable], cts[usable]))
    y = data.clinical.y[data.clinical.horizons[0]][rows]
    return PanelFold(
        rows,
        before,
        after,
        _evaluate_alone(panel, cts, y),
        panel.first.weights,
        () if model is None else model.selected,
    )


def _evaluate_alone(panel: FittedPanel, cts: FloatArray, y: FloatArray) -> dict[str, Pairs]:
    """Return the pairs of the score that each hypothesis gives alone."""
    if not len(cts):
        return {}
    usable = panel.normaliser.can_normalise(cts)
    Z = panel.standardise(cts[usable])
    return {
        name: count_fold_pairs(y[usable], expit(Z @ member))
        for name, member in panel.first.members.items()
    }


def cross_validate_panel(
    data: PanelData,
    clinical: Procedure,
    procedure: PanelProcedure,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> PanelFolds:
    """Predict every patient with a panel by both whole procedures, fitted without them.

    The global test is made once, on all patients, and not in the folds: there it would tell how
    often fewer patients pass it, not what the score is worth that they all give.

    Parameters
    ----------
    data : PanelData
        All patients, those without a panel included.
    clinical, procedure : Procedure, PanelProcedure
        Rerun from scratch on the training part of each fold, but for the global test.
    n_folds, n_repeats : int
        From 2000 patients with a panel on, one repeat of 5 folds is taken whatever is asked for.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    progress : callable
        Called after each fold.
    """
    n_folds, n_repeats = plan_folds(data, n_folds, n_repeats)
    untested = procedure.model_copy(update={"max_p": 1.0})
    dealt = make_panel_folds(data, n_folds=n_folds, n_repeats=n_repeats, seed=seed)
    places = [(repeat, fold) for repeat in range(n_repeats) for fold in range(n_folds)]
    tasks = (
        delayed(_predict_fold)(data, dealt[r] == f, clinical, untested, (seed, 2, r, f))
        for r, f in places
    )
    own = np.flatnonzero(data.has)
    shape = (len(data.clinical.horizons), n_repeats, len(data))
    before, after = np.full(shape, np.nan), np.full(shape, np.nan)
    parts = []
    for (repeat, _), part in zip(places, run_tasks(tasks, n_jobs, progress), strict=True):
        before[:, repeat, part.rows] = part.clinical.T
        after[:, repeat, part.rows] = part.panel.T
        parts.append(part)
    return PanelFolds(own, dealt[:, own], before[:, :, own], after[:, :, own], tuple(parts))
