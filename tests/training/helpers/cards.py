"""A small study run once, and the card of its model, for the tests of cards and gates."""

from __future__ import annotations

import csv
import tempfile
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from features.simulation.cohort import make_cohort
from training.card.author import AUTHOR_FIELDS, empty_author
from training.card.card import Card, make_card
from training.evaluation.design import make_design
from training.evaluation.evaluation import evaluate
from training.evaluation.freezing import freeze
from training.model.importance import explain_rows, global_importance
from training.report.results import describe_blend, describe_study, make_results
from training.running.model_facts import make_facts
from training.store.facts import ModelFacts
from training.store.results import Results
from training.study.settings import read_study
from training.study.study import read_description

STUDY = """
name = "small"
title = "A small study"
seed = 3
[population]
description = "simulated adults"
condition = "CRPS"
[treatment]
description = "S-ketamine"
[cohort]
file = "cohort.csv"
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1
[resampling]
folds = 3
repeats = 1
bootstrap = 100
bootstrap_reruns = 3
learning_curve = 1
[decision]
thresholds = [0.3, 0.6]
"""
DIGEST = "d" * 64


@lru_cache(maxsize=1)
def _run() -> tuple[Results, ModelFacts]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_cohort(90, seed=4).table.to_csv(folder / "cohort.csv", index=False)
        (folder / "study.toml").write_text(STUDY)
        description = read_description(read_study(folder / "study.toml"))
    evaluation = evaluate(description)
    model, _ = freeze(description, evaluation)
    importance = global_importance(model, explain_rows(model, model.background))
    results = make_results(
        description,
        make_design(description.study),
        evaluation,
        importance,
        asked=describe_study(description.study),
        blend=describe_blend(evaluation.fitted),
    )
    return results, make_facts(description, evaluation)


def small_results() -> dict[str, Any]:
    """Return the run's results as they stand in its file, the caller's own to change."""
    return _run()[0].to_json()


def small_facts() -> ModelFacts:
    """Return the facts of its model."""
    return _run()[1]


def full_author() -> dict[str, Any]:
    """Return the answers of an author who has answered everything that is asked."""
    asked = [field.key for field in AUTHOR_FIELDS if not (field.optional or field.many)]
    text = files("tests.training.helpers").joinpath("author_answers.csv").read_text("utf-8")
    given = {row["key"]: row["answer"] for row in csv.DictReader(text.splitlines())}
    assert sorted(given) == sorted(asked)
    return {**empty_author(), **given, "people.authors": ["alice", "Dr. B. Writer"]}


def small_card(results: dict[str, Any] | None = None, author: dict[str, Any] | None = None) -> Card:
    """Return the card of its model."""
    typed = _run()[0] if results is None else Results.model_validate(results)
    return make_card(small_facts(), DIGEST, typed, author or full_author())
