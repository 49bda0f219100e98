"""What one answer costs in a processor's time, whole and part by part, without any server.

Run as ``python -m experiments.benchmarks.predicting [MODEL ...]``. Without a model's
folder two models are drawn at random (see :mod:`experiments.benchmarks.explanation`: 12 predictors,
two horizons, 100 background rows), without trees and with them. Patients are made up of background
values, one after the other. The parts overlap: an estimate holds the probability, the interval and
the explanation. One thread; set OMP_NUM_THREADS=1 as the service does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.costs import Cost, Job, time_in_turns
from experiments.benchmarks.explanation import make_model
from features.cohort.cohort import parse_record
from features.dictionary.eligibility import CRPS_ELIGIBILITY
from serving.estimate.predictor import Predictor
from serving.estimate.submodel import SubModel
from training.model.example import make_example
from training.store.artifact import LoadedModel, load_model
from training.store.facts import ModelFacts

__all__ = ["load_drawn", "time_answers"]

SEED = 0
AT_ONCE = 50
"""Patients between two readings of the clock, which is coarser than one answer."""


def load_drawn(*, trees: bool) -> LoadedModel:
    """Return a model drawn at random, as if it had been loaded."""
    model = make_model(trees=trees, seed=SEED)
    ranges: dict[str, Any] = {
        variable.name: {"low": float(np.nanmin(column)), "high": float(np.nanmax(column))}
        for variable, column in zip(model.predictor_variables, model.background.T, strict=True)
        if variable.is_numeric
    }
    facts = ModelFacts(
        name="with trees" if trees else "without trees",
        version="1",
        status="demonstration",
        population="nobody",
        treatment="none",
        condition="CRPS",
        outcomes=dict.fromkeys(model.horizons, "drawn at random"),
        rule="fall2_or_success",
        base_rates=dict.fromkeys(model.horizons, 0.5),
        counts={},
        eligibility=CRPS_ELIGIBILITY.to_dict(),
        training_ranges=ranges,
        performance={},
        blend={},
        created="2026-11-27",
        seed=SEED,
        study_sha256="a" * 64,
        cohort_sha256="b" * 64,
        code_version="0",
        versions={},
        synthetic=True,
    )
    return LoadedModel(model, facts, "d" * 64)


def _make_patients(predictor: Predictor, n: int) -> list[dict[str, Any]]:
    """Return complete patients in scope, each column of another background row."""
    model, example = predictor.model, make_example(predictor.model, predictor.eligibility)
    middle = np.nanmedian(model.background, axis=0)
    known = np.where(np.isnan(model.background), middle, model.background)
    drawn = np.random.default_rng(SEED).permuted(np.tile(known, (n // len(known) + 1, 1)), axis=0)
    patients = []
    for row in drawn[:n]:
        told = zip(model.predictor_variables, row.tolist(), strict=True)
        patient = example | {variable.name: variable.decode(value) for variable, value in told}
        # Whom the model is for: older than the disease, and in enough pain to be rid of some.
        patient["age_years"] = 100.0
        patient["nrs_t0"] = max(float(patient.get("nrs_t0", 5.0)), 3.0)
        patients.append(patient)
    return patients


def _list_parts(loaded: LoadedModel) -> dict[str, Callable[[], Any]]:
    """Return the whole answer and its parts, by name: each goes through the same patients."""
    predictor, model = Predictor(loaded), loaded.model
    patients = _make_patients(predictor, AT_ONCE)
    records = [parse_record(patient, predictor.dictionary)[0] for patient in patients]
    rows = predictor.dictionary.encode(records, model.predictors)
    spoke = SubModel.of(model)
    evaluator, explainer = spoke.explainer.evaluator, spoke.explainer
    judged = [evaluator.judge(row[np.newaxis]) for row in rows]
    return {
        "answer": lambda: [predictor.predict(one, request_id="1") for one in patients],
        "estimate": lambda: [spoke.estimate(row) for row in rows],
        "probability": lambda: [evaluator.judge(row[np.newaxis]) for row in rows],
        "interval": lambda: [evaluator.interval(one) for one in judged],
        "explanation": lambda: [explainer.explain_evaluated(one) for one in judged],
    }


def _make_jobs(loaded: LoadedModel) -> list[Job]:
    """Return the jobs of one model, its answers counted one by one."""
    name, size = loaded.facts.name, len(loaded.model.predictors)
    return [
        Job(f"one {part} of a model {name}", size, "predictors", run, times=AT_ONCE)
        for part, run in _list_parts(loaded).items()
    ]


def time_answers() -> list[Cost]:
    """Return what one answer and its parts cost, by models drawn without and with trees."""
    jobs = [_make_jobs(load_drawn(trees=trees)) for trees in (False, True)]
    return time_in_turns([job for some in jobs for job in some])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, help="folders; else two are drawn")
    asked = parser.parse_args().models
    jobs = [job for folder in asked for job in _make_jobs(load_model(folder))]
    costs = time_in_turns(jobs) if asked else time_answers()
    rows = [(cost.what, cost.size, 1000.0 * float(np.median(cost.taken))) for cost in costs]
    table = pd.DataFrame(rows, columns=["what", "predictors", "median_ms_cpu"])
    print(table.to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
