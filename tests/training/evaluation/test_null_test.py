from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from training.evaluation.null_test import (
    WHOLE,
    Pairs,
    compute_null_test,
    evaluate_candidates,
    list_failures,
    permute_outcomes,
)
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData

QUICK = Procedure(("prevalence", "ridge", "firth"), inner_repeats=1)
NAN = np.nan


def _draw(n: int, n_columns: int, seed: int = 0) -> TrainingData:
    """Return patients whose outcomes follow their first predictor, the others being noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(50, 10, (n, n_columns))
    t1 = (X[:, 0] + rng.normal(0, 6, n) > 48).astype(float)
    kept = np.where(t1 == 1, (rng.random(n) < 0.6).astype(float), NAN)
    kept[rng.random(n) < 0.1] = NAN
    t2 = np.where(t1 == 1, kept, 0.0)
    columns = tuple(replace(CONTRACT["sf36_mental"], name=f"noise_{i}") for i in range(n_columns))
    return TrainingData(X, columns, ("t1", "t2"), {"t1": t1, "t2": t2}, kept, np.arange(n))


def test_permuting_keeps_every_patients_outcomes_together_and_leaves_predictors() -> None:
    data = _draw(40, 2)
    permuted = permute_outcomes(data, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(permuted.X, data.X)

    def joint(some: TrainingData) -> Counter[str]:
        columns = np.column_stack([some.y["t1"], some.y["t2"], some.kept])
        return Counter(str(row) for row in columns.tolist())

    assert joint(permuted) == joint(data)
    assert (permuted.y["t1"] != data.y["t1"]).any()


def test_one_row_per_patient_is_permuted_freely() -> None:
    data = _draw(30, 1)
    order = np.random.default_rng(2).permutation(30)
    permuted = permute_outcomes(data, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(permuted.y["t1"], data.y["t1"][order])


def _see_twice(data: TrainingData) -> TrainingData:
    """Return every patient with a second row that is like the first."""
    return data.take(np.tile(np.arange(len(data)), 2))


def test_rows_of_a_patient_get_outcomes_that_stood_together() -> None:
    data = _see_twice(_draw(30, 1))
    permuted = permute_outcomes(data, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(permuted.y["t1"][:30], permuted.y["t1"][30:])
    np.testing.assert_array_equal(permuted.kept[:30], permuted.kept[30:])
    assert (permuted.y["t1"] != data.y["t1"]).any()


def test_an_honest_procedure_passes_for_every_candidate_and_the_whole() -> None:
    data = _draw(60, 3)
    judge = partial(evaluate_candidates, procedure=QUICK, n_folds=5)
    table = compute_null_test(data, judge, n_permutations=40, seed=1)
    assert table[["horizon", "model"]].values.tolist() == [
        [h, m] for h in ("t1", "t2") for m in ("ridge", "firth", WHOLE)
    ]
    alone = table[table["model"] != WHOLE]
    assert alone["auc"].between(0.45, 0.55).all()
    assert (alone["verdict"] == "passed").all()
    assert (alone["mc_error"] < 0.03).all()
    assert not list_failures(table)
    # The data do hold something: without permutation the same evaluation finds it.
    found = judge(data, 3)[("t1", "firth")]
    assert found.concordant / found.total > 0.75


def _select_outside_the_folds(data: TrainingData, seed: int) -> dict[tuple[str, str], Pairs]:
    """Choose the ten predictors that differ most between the classes, then cross-validate."""
    classes = [data.X[data.y["t1"] == value] for value in (0, 1)]
    distance = np.abs(classes[0].mean(axis=0) - classes[1].mean(axis=0))
    best = np.sort(np.argsort(distance)[-10:])
    chosen = replace(data, X=data.X[:, best], predictors=tuple(data.predictors[i] for i in best))
    return evaluate_candidates(chosen, seed, procedure=QUICK, n_folds=5)


def test_selection_outside_the_folds_is_caught() -> None:
    # 48 patients, 200 predictors of noise: a published trap, AUC about 0.9 where 0.5 is true.
    data = _draw(48, 200)
    table = compute_null_test(data, _select_outside_the_folds, n_permutations=12, seed=2)
    at_t1 = table[table["horizon"] == "t1"].set_index("model")
    assert at_t1.loc["ridge", "auc"] > 0.8
    assert set(at_t1["verdict"]) == {"failed"}
    assert any("ridge at T1" in words for words in list_failures(table))


def _fill_by_outcome(data: TrainingData, seed: int) -> dict[tuple[str, str], Pairs]:
    """Fill every predictor with the mean of the patient's own class, then cross-validate."""
    X = data.X.copy()
    for of_class in (data.y["t1"] == value for value in (0, 1)):
        means = np.broadcast_to(np.nanmean(X[of_class], axis=0), X.shape)
        gaps = np.isnan(X) & of_class[:, np.newaxis]
        X[gaps] = means[gaps]
    return evaluate_candidates(replace(data, X=X), seed, procedure=QUICK, n_folds=5)


def test_filling_by_the_outcome_is_caught() -> None:
    data = _draw(60, 4)
    data.X[np.random.default_rng(1).random(data.X.shape) < 0.5] = NAN
    table = compute_null_test(data, _fill_by_outcome, n_permutations=8, seed=1)
    assert (table.loc[table["horizon"] == "t1", "verdict"] == "failed").all()


def _split_patients(data: TrainingData, seed: int) -> dict[tuple[str, str], Pairs]:
    """Cross-validate as if every row were a patient."""
    apart = replace(data, groups=np.arange(len(data)))
    return evaluate_candidates(apart, seed, procedure=QUICK, n_folds=5)


def test_patients_who_stand_in_several_folds_are_caught() -> None:
    data = _see_twice(_draw(40, 12))
    table = compute_null_test(data, _split_patients, n_permutations=8, seed=1)
    at_t1 = table[table["horizon"] == "t1"].set_index("model")
    assert at_t1.loc["firth", "auc"] > 0.6
    assert set(at_t1["verdict"]) == {"failed"}


def test_a_blend_that_retreats_does_not_hide_behind_its_constants() -> None:
    # Ten permutations; in each one fold of five tells patients apart, and ranks 8 of 9 pairs
    # right: the mean is 8/9, not (4 x 0.5 + 8/9) / 5 = 0.58.
    judged = {("t1", WHOLE): Pairs(8.0, 9.0, 4, 5)}
    table = compute_null_test(_draw(20, 1), lambda *_: judged, n_permutations=10, seed=0)
    assert table.loc[0, "auc"] == pytest.approx(8 / 9)
    assert table.loc[0, "share_constant"] == pytest.approx(0.8)
    assert table.loc[0, "verdict"] == "failed"


def test_the_mean_and_its_monte_carlo_error_by_hand() -> None:
    # Pairs 10 and 30, concordant 4 and 18: mean 22/40 = 0.55; residuals -1.5 and 1.5,
    # error sqrt(2 x 1.5^2 x 2 / 1) / 40 = 3 / 40
    given = iter([Pairs(4.0, 10.0, 0, 1), Pairs(18.0, 30.0, 0, 1)])
    table = compute_null_test(
        _draw(20, 1), lambda *_: {("t1", "ridge"): next(given)}, n_permutations=2, seed=0
    )
    assert table.loc[0, "auc"] == pytest.approx(0.55)
    assert table.loc[0, "mc_error"] == pytest.approx(3 / 40)
    assert table.loc[0, "verdict"] == "uncertain"


def test_a_model_that_is_always_constant_is_not_judged() -> None:
    judged = {("t1", "elastic_net"): Pairs(0.0, 0.0, 5, 5)}
    table = compute_null_test(_draw(20, 1), lambda *_: judged, n_permutations=3, seed=0)
    assert table.loc[0, "verdict"] == "constant"
    assert np.isnan(table.loc[0, "auc"])


def test_the_number_of_processes_changes_nothing() -> None:
    data = _draw(40, 2)
    judge = partial(evaluate_candidates, procedure=QUICK, n_folds=3)
    one, two = (
        compute_null_test(data, judge, n_permutations=2, seed=4, n_jobs=jobs) for jobs in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
