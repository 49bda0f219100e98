"""From fitted updates to the sub-model that is served: the clinical one with a score behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from features.arrays import FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.boosting import relabel_trees
from training.fitting.ends import find_all_ends
from training.fitting.gaps import find_margins, make_background
from training.fitting.solvers import fit_intercept
from training.model.gaps import Gaps
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.panel.data import PanelData
from training.panel.fit import FittedPanel, FittedUpdate
from training.panel.model import PanelModel, make_assay_variables
from training.panel.procedure import PanelProcedure

__all__ = ["freeze_panel"]


def freeze_panel(
    data: PanelData,
    clinical: ResponseModel,
    panel: FittedPanel,
    procedure: PanelProcedure,
    *,
    rng: np.random.Generator,
) -> PanelModel | None:
    """Return the sub-model that is served; None where the panel adds nothing.

    Parameters
    ----------
    data : PanelData
        What `panel` was fitted on.
    clinical : ResponseModel
        The frozen clinical sub-model. Its coefficients and intervals are taken over as they are.
    panel : FittedPanel
        The updates.
    procedure : PanelProcedure
        How much of a panel must be there.
    rng : numpy.random.Generator
        Source of the draws and of the background's permutations.
    """
    selected = panel.selected
    if not len(selected):
        return None
    names = tuple(data.assays[j] for j in panel.normaliser.kept_[selected])
    variables = make_assay_variables(names, clinical.dictionary.names)
    wide = _Widening(data, panel, selected, variables, clinical.gaps, rng)
    kept = working_kept = None
    if clinical.kept is not None and clinical.working_kept is not None:
        y = data.clinical.kept
        kept = wide.outcome(clinical.kept, panel.kept, y)
        working_kept = wide.working(clinical.working_kept, panel.kept, kept, clinical.kept)
    y = data.clinical.y[clinical.horizons[0]]
    outcome = wide.outcome(clinical.first, panel.first, y)
    response = ResponseModel(
        horizons=clinical.horizons,
        predictors=(*clinical.predictors, *(variable.name for variable in variables)),
        variables=tuple(clinical.dictionary.with_variables(variables).to_list()),
        first=outcome,
        kept=kept,
        working_first=wide.working(clinical.working_first, panel.first, outcome, clinical.first),
        working_kept=working_kept,
        background=np.column_stack(
            [clinical.background, make_background(panel.delta[:, selected], variables, rng=rng)]
        ),
        gaps=clinical.gaps,
    )
    return PanelModel(
        normaliser=panel.normaliser,
        assays=data.assays,
        plates=data.plates,
        ceiling=data.ceiling,
        selected=names,
        min_coverage=procedure.min_coverage,
        response=response,
    )


class _Widening:
    """Clinical outcomes with the selected assays behind their predictors."""

    def __init__(
        self,
        data: PanelData,
        panel: FittedPanel,
        selected: IntArray,
        variables: Sequence[Variable],
        gaps: Gaps | None,
        rng: np.random.Generator,
    ) -> None:
        self._data, self._panel, self._selected, self._rng = data, panel, selected, rng
        self._gaps = gaps
        delta = panel.delta[:, selected]
        low, high = delta.min(axis=0), delta.max(axis=0)
        self._low, self._high = find_all_ends(delta, variables, low=low, high=high)

    def _widen(self, basis: PredictorBasis) -> PredictorBasis:
        center, scale = self._panel.center[self._selected], self._panel.scale[self._selected]
        return basis.with_numbers(low=self._low, high=self._high, center=center, scale=scale)

    def outcome(
        self, clinical: OutcomeModel, update: FittedUpdate | None, y: FloatArray
    ) -> OutcomeModel:
        """Return a clinical outcome with the panel's score added, its mean risk as it was."""
        panel, selected = self._panel, self._selected
        n_clinical, n_columns = len(clinical.coef), len(clinical.coef) + len(selected)
        coef = np.concatenate([clinical.coef, np.zeros(len(selected))])
        trees = clinical.trees
        if trees:
            trees = relabel_trees(trees, range(n_clinical), n_columns)
        shift = 0.0
        if update is not None and not update.reason:
            coef[n_clinical:] = update.coef[selected]
            known = ~np.isnan(y[panel.usable])
            own = self._data.clinical.X[panel.usable[known]]
            margins = find_margins(clinical.margin, own, self._gaps)
            # The mean clinical risk stays as it is.
            mean = float(clinical.finish(margins).mean())
            score = update.score(panel.Z[known])[:, np.newaxis]
            shift = fit_intercept(margins + score, mean, finish=clinical.finish)
        return replace(
            clinical,
            basis=self._widen(clinical.basis),
            intercept=clinical.intercept + shift,
            coef=coef,
            trees=trees,
        )

    def working(
        self,
        working: WorkingModel,
        update: FittedUpdate | None,
        outcome: OutcomeModel,
        clinical: OutcomeModel,
    ) -> WorkingModel:
        """Return the clinical draws with draws of the selected assays' coefficients.

        These come from the posterior that gave the coefficients their means: which assays take
        part, if any, is drawn too.
        """
        n_draws = len(working.draws)
        slopes = np.zeros((n_draws, len(self._selected)))
        shift = 0.0
        if update is not None and not update.reason:
            places = [self._selected.tolist().index(j) for j in update.used]
            slopes[:, places] = update.draw(n_draws, rng=self._rng)
            shift = outcome.intercept - clinical.intercept
        draws = np.insert(working.draws, [1 + len(working.basis.groups_)], slopes, axis=1)
        draws[:, 0] += shift
        return WorkingModel(self._widen(working.basis), draws, working.follow, working.pairs)
