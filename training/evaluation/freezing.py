"""What a finished training serves: the frozen model, and its sub-model with a panel."""

from __future__ import annotations

import numpy as np

from training.evaluation.evaluation import Evaluation
from training.fitting.freezing import make_response_model
from training.model.response_model import ResponseModel
from training.panel.freeze import freeze_panel
from training.panel.model import PanelModel
from training.study.study import Description

__all__ = ["freeze"]


def freeze(
    description: Description, evaluation: Evaluation
) -> tuple[ResponseModel, PanelModel | None]:
    """Return the model that is served: the fitted procedure, its intervals, its background.

    Parameters
    ----------
    description, evaluation : Description, Evaluation
        A finished training.

    Returns
    -------
    model : ResponseModel
        The clinical sub-model.
    panel : PanelModel or None
        That for patients with a panel; None where there is nothing to serve.
    """
    study = description.study
    model = make_response_model(
        description.data,
        evaluation.fitted,
        study.dictionary,
        only_rate=study.procedure.candidates == ("prevalence",),
        rng=np.random.default_rng((study.seed, 4)),
    )
    data, found = description.panel, evaluation.panel
    if data is None or found is None or found.fitted is None or not found.keeps_model:
        return model, None
    rng = np.random.default_rng((study.seed, 9))
    return model, freeze_panel(data, model, found.fitted, study.panel, rng=rng)
