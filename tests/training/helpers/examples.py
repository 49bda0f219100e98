"""A small model and its facts, made by hand, for the tests of what is done with a model."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import CRPS_ELIGIBILITY
from features.dictionary.preprocessing import make_basis
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.store.facts import ModelFacts, package_versions

PREDICTORS = ("nrs_t0", "disease_duration_years", "opioid", "crps_type")


def make_predictors(n: int, *, seed: int) -> FloatArray:
    """Return raw predictors in the order of PREDICTORS, a tenth of them missing."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.integers(2, 11, n).astype(float),
            np.round(rng.gamma(1.2, 4.0, n), 1),
            rng.integers(0, 2, n).astype(float),
            rng.integers(0, 3, n).astype(float),
        ]
    )
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


def make_model(*, trees: bool = False, seed: int = 0) -> ResponseModel:
    """Return a model of both horizons whose coefficients are drawn, not fitted."""
    rng = np.random.default_rng(seed)
    X = make_predictors(80, seed=seed)
    basis = make_basis([CONTRACT[name] for name in PREDICTORS], knots=3).fit(X)
    straight = make_basis([CONTRACT[name] for name in PREDICTORS]).fit(X)

    def outcome() -> OutcomeModel:
        text = ""
        if trees:
            data = lightgbm.Dataset(basis.expand(X), label=rng.integers(0, 2, 80))
            settings = {
                "objective": "binary",
                "verbosity": -1,
                "min_data_in_leaf": 5,
                "num_threads": 1,
            }
            text = lightgbm.train(settings, data, num_boost_round=3).model_to_string()
        return OutcomeModel(
            basis=basis,
            intercept=float(rng.normal()),
            coef=rng.normal(0.0, 0.5, len(basis.groups_)),
            trees=text,
            n_trees=3 if trees else 0,
            tree_weight=0.7 if trees else 0.0,
            isotonic_x=np.empty(0),
            isotonic_y=np.empty(0),
        )

    def working() -> WorkingModel:
        return WorkingModel(straight, rng.normal(0.0, 0.4, (50, 1 + len(straight.groups_))))

    background = np.column_stack([rng.permutation(column) for column in X.T])[:20]
    return ResponseModel(
        horizons=("t1", "t2"),
        predictors=PREDICTORS,
        variables=tuple(CONTRACT.to_list()),
        first=outcome(),
        kept=outcome(),
        working_first=working(),
        working_kept=working(),
        background=background,
    )


def make_facts(**changes: Any) -> ModelFacts:
    """Return the facts of the model above, as of a simulated cohort unless told otherwise."""
    values: dict[str, Any] = {
        "name": "example",
        "status": "demonstration",
        "population": "Simulated adults with CRPS",
        "treatment": "Low-dose intravenous S-ketamine",
        "condition": "CRPS",
        "outcomes": {"t1": "Responder at discharge", "t2": "Still a responder at follow-up"},
        "rule": "fall2_or_success",
        "base_rates": {"t1": 0.6, "t2": 0.4},
        "counts": {"n_patients": 80, "t1": {"n": 80, "events": 48}, "t2": {"n": 70, "events": 28}},
        "eligibility": CRPS_ELIGIBILITY.to_dict(),
        "training_ranges": {
            "nrs_t0": {"low": 2.0, "high": 10.0},
            "disease_duration_years": {"low": 0.1, "high": 18.5},
            "opioid": {"seen": ["no", "yes"]},
            "crps_type": {"seen": ["1", "2"]},
        },
        "performance": {"t1": {"auc": [0.61, 0.48, 0.72], "slope": [0.8, 0.1, float("nan")]}},
        "blend": {"t1": {"prevalence": 0.5, "ridge": 0.5}},
        "created": "2026-11-02",
        "seed": 7,
        "study_sha256": "a" * 64,
        "cohort_sha256": "b" * 64,
        "code_version": "0.1.0",
        "versions": package_versions(),
        "synthetic": True,
        "notes": ["The cohort was simulated: these numbers say nothing about patients."],
    }
    return ModelFacts(**{**values, **changes})
