"""A panel fitted beside a clinical estimate and frozen, once for all tests of one cohort."""

from __future__ import annotations

from functools import cache

import numpy as np

from features.dictionary.contract import CONTRACT
from tests.training.helpers.panel_cohorts import CLINICAL, PANEL, make_data
from training.fitting.freezing import make_response_model
from training.fitting.procedure import Procedure
from training.fitting.response import fit_response
from training.model.response_model import ResponseModel
from training.panel.data import PanelData
from training.panel.fit import FittedPanel, fit_panel
from training.panel.freeze import freeze_panel
from training.panel.model import PanelModel
from training.panel.procedure import PanelProcedure

__all__ = ["fit_signal", "fit_sub_model"]


def fit_sub_model(
    data: PanelData, procedure: PanelProcedure = PANEL, clinical: Procedure = CLINICAL
) -> tuple[FittedPanel, ResponseModel, PanelModel | None]:
    """Return the fitted panel, the frozen clinical sub-model, and that with the panel."""
    fitted = fit_response(data.clinical, clinical, rng=np.random.default_rng(0))
    panel = fit_panel(data, fitted, procedure, rng=np.random.default_rng(1))
    base = make_response_model(
        data.clinical, fitted, CONTRACT, only_rate=False, rng=np.random.default_rng(2)
    )
    return panel, base, freeze_panel(data, base, panel, procedure, rng=np.random.default_rng(3))


@cache
def fit_signal() -> tuple[PanelData, FittedPanel, ResponseModel, PanelModel]:
    """Return 150 patients of whom four assays tell the outcome, and what is fitted to them."""
    data = make_data(150, shift=1.2)
    panel, base, model = fit_sub_model(data)
    assert model is not None
    return data, panel, base, model
