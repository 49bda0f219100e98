from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from features.dictionary.contract import CONTRACT
from training.evaluation.learning_curve import (
    SHARES,
    compute_learning_curve,
    continue_curve,
    count_fits,
)
from training.fitting.cross_validation import OutOfFold, cross_validate, predict_from_parts
from training.fitting.procedure import Procedure
from training.fitting.response import Fit, TrainingData, fit_response
from training.measures.performance import compute_cv_performance
from training.report.plots import plot_learning_curve

RIDGE = Procedure(("ridge",), inner_repeats=1)


def _draw(n: int, seed: int) -> TrainingData:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 11, (n, 1)).astype(float)
    y = (rng.random(n) < expit(1.0 * (X[:, 0] - 5))).astype(float)
    return TrainingData(
        X, (CONTRACT["nrs_t0"],), ("t1",), {"t1": y}, np.full(n, np.nan), np.arange(n)
    )


class _Sizes:
    """Remembers what it was fitted on, and gives everyone the share of events."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []

    def __call__(self, data: TrainingData, *, rng: np.random.Generator) -> "_Sizes":
        self.seen.append((len(data), float(data.y["t1"].mean())))
        return self

    def probability(self, X: np.ndarray) -> np.ndarray:
        return np.full((len(X), 1), 0.5)


def _judge(data: TrainingData, found: OutOfFold, **changes: Any) -> pd.DataFrame:
    n = len(found.folds)
    asked = {"base_predictions": found.base["t1"][:n], "seed": 1, "n_bootstrap": 50} | changes
    return compute_cv_performance(data.y["t1"], found.predictions["t1"][:n], found.folds, **asked)


def _curve(
    data: TrainingData, fit: Fit, *, n_repeats: int = 2, n_parts: int = 2, **changes: Any
) -> dict:
    whole = cross_validate(data, RIDGE, n_folds=5, n_repeats=n_repeats, seed=1)
    parts = predict_from_parts(data, fit, whole.folds[:n_parts], SHARES, seed=1, **changes)
    performance, weights = {"t1": _judge(data, whole)}, {"t1": np.ones(len(data))}
    return compute_learning_curve(
        data, parts, whole, performance=performance, weights=weights, seed=1
    )


def test_parts_have_the_size_and_the_classes_they_should() -> None:
    data = _draw(100, 0)
    fit, calls = _Sizes(), []
    curve = _curve(data, fit, progress=lambda: calls.append(1))["t1"]
    assert len(fit.seen) == len(calls) == count_fits(5, 2) == 30
    sizes = [size for size, _ in fit.seen]
    assert sizes == pytest.approx([20] * 10 + [40] * 10 + [60] * 10, abs=1)
    assert [share for _, share in fit.seen] == pytest.approx([data.y["t1"].mean()] * 30, abs=0.05)
    assert list(curve["n"]) == [20, 40, 60, 80]
    # A model without information: AUC 0.5, and no skill beyond chance.
    assert list(curve["auc"][:3]) == pytest.approx([0.5] * 3)


def test_the_last_point_is_the_cross_validation_itself() -> None:
    data = _draw(120, 1)
    curve = _curve(data, partial(fit_response, procedure=RIDGE))["t1"]
    assert len(curve) == len(SHARES) + 1
    # A strong predictor: more patients do not hurt, and the last point is well above chance.
    assert curve["auc"].iloc[-1] > 0.8
    assert (curve["auc_low"] < curve["auc"]).all()
    assert curve["brier_skill"].iloc[-1] > 0.2


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 99), n=st.integers(40, 80), n_parts=st.integers(1, 3))
def test_the_curve_ends_at_the_performance_whatever_the_repeats(
    seed: int, n: int, n_parts: int
) -> None:
    data = _draw(n, seed)
    curve = _curve(data, partial(fit_response, procedure=RIDGE), n_repeats=3, n_parts=n_parts)["t1"]
    headline = _judge(data, cross_validate(data, RIDGE, n_folds=5, n_repeats=3, seed=1))
    for metric in ("auc", "brier_skill"):
        last = curve[[metric, f"{metric}_low", f"{metric}_high"]].iloc[-1]
        told = headline.loc[metric, ["estimate", "low", "high"]]
        np.testing.assert_array_equal(last.to_numpy(), told.to_numpy(dtype=float))
    assert curve.drop(columns="n").max(axis=None) <= 1


def test_a_part_differs_by_what_it_differs_in_the_same_folds() -> None:
    data = _draw(60, 4)
    fit = partial(fit_response, procedure=RIDGE)
    curve = _curve(data, fit, n_repeats=4, n_parts=1)["t1"]
    whole = cross_validate(data, RIDGE, n_folds=5, n_repeats=4, seed=1)
    first = OutOfFold({"t1": whole.predictions["t1"][:1]}, whole.base, whole.folds[:1])
    parts = predict_from_parts(data, fit, whole.folds[:1], SHARES, seed=1)
    by_hand = [
        _judge(data, OutOfFold(part.predictions, whole.base, part.folds)).loc["auc", "estimate"]
        - _judge(data, first).loc["auc", "estimate"]
        for part in parts
    ]
    found = curve["auc"].to_numpy()
    np.testing.assert_allclose(found[:3] - found[3], by_hand)
    # All repeats at hand: each part is as it was judged.
    all_of_them = _curve(data, fit, n_repeats=1, n_parts=1)["t1"]["auc"].to_numpy()
    alone = [_judge(data, OutOfFold(p.predictions, whole.base, p.folds)) for p in parts]
    np.testing.assert_allclose(all_of_them[:3], [t.loc["auc", "estimate"] for t in alone])


def test_the_number_of_processes_changes_nothing() -> None:
    data = _draw(60, 2)
    fit = partial(fit_response, procedure=RIDGE)
    one, two = _curve(data, fit)["t1"], _curve(data, fit, n_jobs=2)["t1"]
    np.testing.assert_array_equal(one.to_numpy(), two.to_numpy())


def test_a_curve_is_continued_as_it_was_made() -> None:
    n = np.array([20.0, 40.0, 60.0, 80.0])
    made = continue_curve(n, 0.7 - 2 / n, np.array([200.0]))
    assert made == pytest.approx([0.69])
    assert np.isnan(continue_curve(n, np.array([0.6, np.nan, np.nan, 0.7]), n)).all()


def test_the_picture_marks_the_size_that_is_needed() -> None:
    curve = _curve(_draw(60, 3), partial(fit_response, procedure=RIDGE))["t1"]
    figure = plot_learning_curve(curve, needed=100.0)
    lines = [line for line in figure.axes[0].lines if line.get_label() == "needed by criteria"]
    assert list(lines[0].get_xdata()) == [100.0, 100.0]
    assert [axes.get_ylabel() for axes in figure.axes] == ["AUC", "Brier skill"]
