"""A small model with a sub-model for patients with a panel, on simulated Ct values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from features.panel.normaliser import PanelNormaliser
from tests.serving.helpers.models import COUNTS, NOTHING, draw_predictors, make_facts, make_model
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.panel.model import PanelModel, make_assay_variables
from training.store.artifact import LoadedModel
from training.store.facts import ModelFacts

CEILING = 35.0
ASSAYS = (
    "hsa-miR-16-5p",
    "hsa-miR-17-5p",
    "hsa-miR-21*",
    "hsa-miR-19a-3p",
    "hsa-miR-155-5p",
    "hsa-miR-124-3p",
    "RNU48",
)
LEVELS = (22.0, 25.0, 27.5, 26.0, 31.0, 34.5, 24.0)
SELECTED = ("hsa-miR-17-5p", "hsa-miR-155-5p", "hsa-miR-19a-3p")
N = 60


def make_cts(n: int, *, seed: int) -> FloatArray:
    """Return Ct values (n, 7), two decimals, non-detects at the ceiling."""
    rng = np.random.default_rng(seed)
    cts = np.array(LEVELS) + rng.normal(size=(n, 1)) + rng.normal(size=(n, len(LEVELS)))
    return np.minimum(np.round(cts, 2), CEILING)


def make_panel(model: ResponseModel, *, plates: tuple[str, ...] = (), seed: int = 7) -> PanelModel:
    """Return the sub-model that goes with a clinical model; coefficients -0.8, 0.6, -0.4 per SD."""
    cts = make_cts(N, seed=seed)
    rows = np.column_stack([cts, np.arange(N) % len(plates)]) if plates else cts
    normaliser = PanelNormaliser(
        ceiling=CEILING, common=0.8, plate_column=len(ASSAYS) if plates else None
    ).fit(rows)
    kept = normaliser.kept_.tolist()
    delta = normaliser.transform(rows)[:, [kept.index(ASSAYS.index(a)) for a in SELECTED]]
    assays = make_assay_variables(SELECTED, model.dictionary.names)
    variables = (*model.predictor_variables, *assays)
    X = np.column_stack([draw_predictors(model.predictor_variables, N, seed), delta])
    basis = make_basis(variables).fit(X)
    rng = np.random.default_rng(seed)
    n_clinical = len(basis.groups_) - len(SELECTED)

    def outcome(intercept: float, scale: float) -> OutcomeModel:
        coef = scale * np.append(np.linspace(0.5, -0.3, n_clinical), [-0.8, 0.6, -0.4])
        return OutcomeModel(basis, intercept, coef, "", 0, 0.0, NOTHING, NOTHING)

    def working(one: OutcomeModel) -> WorkingModel:
        centre = np.append(one.intercept, one.coef)
        return WorkingModel(basis, centre + 0.4 * rng.standard_normal((300, len(centre))))

    first = outcome(0.3, 1.0)
    kept_model = outcome(1.1, 0.5) if model.kept is not None else None
    response = ResponseModel(
        model.horizons,
        tuple(v.name for v in variables),
        tuple(model.dictionary.with_variables(assays).to_list()),
        first,
        kept_model,
        working(first),
        None if kept_model is None else working(kept_model),
        np.round(rng.permuted(X, axis=0), 1),
    )
    return PanelModel(normaliser, ASSAYS, plates, CEILING, SELECTED, 0.6, response)


def tell_panel(panel: PanelModel) -> dict[str, Any]:
    """Return what the facts say about it."""
    return {
        "assays": list(panel.selected),
        "n_assays": len(ASSAYS),
        "n_patients": N,
        "horizons": {
            horizon: {
                "n": N,
                "events": 33,
                "clinical": {"auc": [0.62, 0.47, 0.76], "brier": [0.23, 0.2, 0.27]},
                "clinical+panel": {"auc": [0.71, 0.58, 0.84], "brier": [0.21, 0.17, 0.26]},
                "difference": {"auc": [0.09, -0.03, 0.21], "brier": [-0.02, -0.05, 0.02]},
            }
            for horizon in panel.response.horizons
        },
        "verdict": "Whether the panel adds anything cannot be told from so few patients.",
    }


def make_panel_case(
    *, plates: tuple[str, ...] = (), seed: int = 7, **options: Any
) -> tuple[ResponseModel, ModelFacts, PanelModel]:
    """Return a clinical model, facts and the sub-model for patients with a panel."""
    model = make_model(dictionary=CONTRACT, seed=seed, **options)
    panel = make_panel(model, plates=plates, seed=seed)
    facts = make_facts(model, counts={"n_patients": 480, **{h: COUNTS[h] for h in model.horizons}})
    return model, replace(facts, submodel="clinical+panel", panel=tell_panel(panel)), panel


def make_loaded_with_panel(**options: Any) -> LoadedModel:
    model, facts, panel = make_panel_case(**options)
    return LoadedModel(model, facts, "d" * 64, panel)
