"""What is told of held-out risks, whoever made the model."""

from __future__ import annotations

import numpy as np
import pytest

from training.measures.held_out import describe_held_out

N = 40
RESAMPLED = {"sample_weight": np.ones(N), "n_bootstrap": 50, "seed": 1}


def _describe(thresholds: tuple[float, float] | None) -> dict:
    rng = np.random.default_rng(3)
    risks = rng.uniform(0.1, 0.9, (2, N))
    y = (rng.random(N) < risks[0]).astype(float)
    y[:4] = np.nan
    folds = np.tile(np.arange(N) % 5, (2, 1))
    base = np.full((2, N), 0.5)
    return describe_held_out(y, risks, folds, base, thresholds=thresholds, resampled=RESAMPLED)


def test_every_table_speaks_of_those_whose_outcome_is_known() -> None:
    found = _describe((0.3, 0.6))
    assert found["risks"][["events", "non_events"]].to_numpy().sum() == N - 4
    assert found["groups"]["n"].sum() == pytest.approx(N - 4)
    assert found["bounds"].attrs["unknown"] == 4
    assert found["roc"]["threshold"].iloc[[0, -1]].tolist() == [0.0, 1.0]
    # At a threshold of 0 everyone is positive, at 1 nobody is.
    assert found["roc"]["sensitivity"].iloc[[0, -1]].tolist() == [1.0, 0.0]


def test_decisions_are_told_where_a_range_was_set_beforehand() -> None:
    assert _describe(None)["decisions"] is None
    decisions = _describe((0.3, 0.6))["decisions"]
    assert decisions.thresholds["threshold"].tolist() == [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]
    assert len(decisions.curve) == 31
