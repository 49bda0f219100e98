"""Small models made by hand, with coefficients that are plain to see in the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import CRPS_ELIGIBILITY
from features.dictionary.preprocessing import make_basis
from features.dictionary.schema import Dictionary
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from tests.training.helpers.centres import add_centres
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.store.artifact import LoadedModel
from training.store.facts import ModelFacts

DEFAULT = ("nrs_t0", "disease_duration_years", "opioid", "antidepressant", "sex")
NOTHING = np.empty(0)
CENTRES = {"North": 0.8, "South": -0.3}
"""Two centres, by how far their log-odds lie from a new one's."""

ELIGIBLE = {
    "age_years": 45,
    "setting": "elective",
    "drug": "s_ketamine",
    "route": "intravenous",
    "concurrent_infusion_drug": "none",
    "course_number": 1,
}
COUNTS = {"t1": {"n": 470, "events": 282}, "t2": {"n": 400, "events": 180}}
PATIENT: dict[str, Any] = {
    **ELIGIBLE,
    "nrs_t0": 8,
    "disease_duration_years": 3.5,
    "opioid": "yes",
    "antidepressant": "no",
    "sex": "female",
}
"""A synthetic patient in scope, every predictor known."""


def draw_predictors(variables: Sequence[Variable], n: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    columns = []
    for variable in variables:
        if variable.is_numeric:
            low = variable.low or 0.0
            high = min(variable.high if variable.high is not None else 10.0, low + 25.0)
            columns.append(np.round(rng.uniform(low + 0.1 * (high - low), high, n), 1))
        else:
            columns.append(rng.integers(0, max(2, len(variable.categories)), n).astype(float))
    return np.column_stack(columns)


def make_model(
    *,
    predictors: Sequence[str] = DEFAULT,
    horizons: tuple[str, ...] = ("t1", "t2"),
    dictionary: Dictionary = CONTRACT,
    constant: bool = False,
    seed: int = 7,
) -> ResponseModel:
    """Return a logistic model with coefficients 0.5, -0.4, 0.3, ... per SD of each basis column."""
    variables = dictionary.check_predictors(predictors)
    X = draw_predictors(variables, 100, seed)
    basis: PredictorBasis = make_basis(variables).fit(X)
    rng = np.random.default_rng(seed)

    def outcome(intercept: float, scale: float) -> OutcomeModel:
        signs = np.where(np.arange(len(basis.groups_)) % 2, -1.0, 1.0)
        coef = scale * signs * (0.5 - 0.05 * np.arange(len(basis.groups_)))
        coef = np.zeros_like(coef) if constant else coef
        return OutcomeModel(basis, intercept, coef, "", 0, 0.0, NOTHING, NOTHING)

    def working(model: OutcomeModel) -> WorkingModel:
        centre = np.append(model.intercept, model.coef)
        return WorkingModel(basis, centre + 0.3 * rng.standard_normal((400, len(centre))))

    first = outcome(0.45, 1.0)
    kept = outcome(1.2, 0.6) if len(horizons) == 2 else None
    background = np.column_stack([rng.permutation(column) for column in X.T])
    return ResponseModel(
        horizons,
        tuple(predictors),
        tuple(dictionary.to_list()),
        first,
        kept,
        working(first),
        None if kept is None else working(kept),
        background,
    )


def make_facts(model: ResponseModel, **changes: Any) -> ModelFacts:
    ranges: dict[str, Any] = {}
    for variable, column in zip(model.predictor_variables, model.background.T, strict=True):
        if variable.is_numeric:
            ranges[variable.name] = {"low": float(column.min()), "high": float(column.max())}
        else:
            ranges[variable.name] = {"seen": [variable.decode(v) for v in np.unique(column)]}
    words = {
        "t1": "response at discharge (T1): pain at least 2 points lower than before treatment, or "
        "the record calls the treatment successful",
        "t2": "sustained response at the first follow-up (T2), about 4 weeks after discharge at "
        "uneven intervals",
    }
    facts = ModelFacts(
        name="demo-crps",
        version="3",
        status="demonstration",
        population="adults with therapy-resistant CRPS, one tertiary centre (simulated)",
        treatment="an elective inpatient course of low-dose intravenous S-ketamine",
        condition="CRPS",
        outcomes={h: words[h] for h in model.horizons},
        rule="fall2_or_success",
        base_rates={h: COUNTS[h]["events"] / COUNTS[h]["n"] for h in model.horizons},
        counts={"n_patients": 480, **{h: COUNTS[h] for h in model.horizons}},
        eligibility=CRPS_ELIGIBILITY.to_dict(),
        training_ranges=ranges,
        performance={h: {"auc": [0.66, 0.61, 0.71]} for h in model.horizons},
        blend={"first": {"ridge": 1.0}},
        created="2026-11-22",
        seed=7,
        study_sha256="a" * 64,
        cohort_sha256="b" * 64,
        code_version="0.1.0",
        versions={"python": "3.11"},
        synthetic=True,
    )
    return replace(facts, **changes)


def make_loaded(**options: Any) -> LoadedModel:
    facts, moves = options.pop("facts", {}), options.pop("centres", {})
    model = add_centres(make_model(**options), moves)
    return LoadedModel(model, make_facts(model, **facts), "d" * 64)


def make_loaded_of_centres(**options: Any) -> LoadedModel:
    """Return the model of two centres, which differ by what CENTRES has."""
    return make_loaded(centres=CENTRES, **options)
