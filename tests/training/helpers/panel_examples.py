"""A small panel sub-model, put together by hand."""

from __future__ import annotations

import numpy as np

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from features.panel.normaliser import PanelNormaliser
from training.fitting.interval import fit_working_model
from training.model.response_model import OutcomeModel, ResponseModel
from training.panel.model import PanelModel, make_assay_variables

CEILING = 35.0
ASSAYS = ("hsa-miR-16-5p", "hsa-miR-17-5p", "hsa-miR-19a-3p", "hsa-miR-21*", "hsa-miR-124-3p")
SELECTED = ("hsa-miR-17-5p", "hsa-miR-21*")


def make_cts(n: int = 40, *, seed: int = 0) -> np.ndarray:
    """Return Ct values of patients who have each assay: non-detects stand at the ceiling."""
    rng = np.random.default_rng(seed)
    level = np.array([22.0, 25.0, 27.0, 29.0, 34.0])
    cts = level + rng.normal(size=(n, 1)) + rng.normal(size=(n, 5))
    return np.minimum(cts, CEILING)


def make_panel_model(
    *, plates: tuple[str, ...] = (), min_coverage: float = 0.5, seed: int = 0
) -> PanelModel:
    """Return a sub-model with two clinical predictors and two assays, of known coefficients."""
    rng = np.random.default_rng(seed)
    cts = make_cts(seed=seed)
    rows, column = cts, None
    if plates:
        rows = np.column_stack([cts, np.arange(len(cts)) % len(plates)])
        column = len(ASSAYS)
    normaliser = PanelNormaliser(ceiling=CEILING, plate_column=column).fit(rows)
    kept = normaliser.kept_.tolist()
    delta = normaliser.transform(rows)[:, [kept.index(ASSAYS.index(a)) for a in SELECTED]]
    variables = make_assay_variables(SELECTED)
    predictors = (CONTRACT["nrs_t0"], CONTRACT["opioid"], *variables)
    X = np.column_stack([rng.integers(4, 11, 40), rng.integers(0, 2, 40), delta]).astype(float)
    y = (rng.random(40) < 0.6).astype(float)
    basis = make_basis(predictors).fit(X)
    first = OutcomeModel(
        basis=basis,
        intercept=0.4,
        coef=np.array([0.2, -0.3, -0.8, 0.5]),
        trees="",
        n_trees=0,
        tree_weight=0.0,
        isotonic_x=np.empty(0),
        isotonic_y=np.empty(0),
    )
    response = ResponseModel(
        horizons=("t1",),
        predictors=tuple(v.name for v in predictors),
        variables=tuple(CONTRACT.with_variables(variables).to_list()),
        first=first,
        kept=None,
        working_first=fit_working_model(X, y, predictors, rng=rng),
        working_kept=None,
        background=np.round(rng.permuted(X, axis=0), 1),
    )
    return PanelModel(normaliser, ASSAYS, plates, CEILING, SELECTED, min_coverage, response)
