from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.drawn_models import MIXED, draw_model, draw_rows, variable
from training.model.evaluator import Evaluator
from training.model.gaps import Gaps
from training.model.response_model import ResponseModel, WorkingModel


def _draw(*, gaps: bool, trees: bool = False) -> tuple[ResponseModel, np.ndarray]:
    """Return a model with draws, pairs and bends, and patients, some with gaps."""
    rng = np.random.default_rng(4)
    model, _ = draw_model(MIXED, 4, n_background=9, knots=3, pairs=True, trees=trees)
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(MIXED)]
    basis, pairs = model.first.basis, model.first.pairs[:3]
    width = 1 + len(basis.groups_) + len(pairs)
    first, kept = (
        WorkingModel(basis, rng.normal(size=(50, width)), follow, pairs) for follow in (0.3, 0.0)
    )
    background = np.nan_to_num(model.background, nan=1.0)
    filling = Gaps(background, np.full((6, 6), 0.3) + 0.7 * np.eye(6)) if gaps else None
    model = replace(
        model, working_first=first, working_kept=kept, background=background, gaps=filling
    )
    return model, draw_rows(variables, 12, rng, missing=0.1)


@pytest.mark.parametrize("gaps", [False, True])
def test_one_pass_gives_the_numbers_of_each_part_alone(gaps: bool) -> None:
    model, X = _draw(gaps=gaps)
    assert model.kept is not None and model.working_kept is not None
    ways = X[:, np.newaxis]
    if model.gaps is not None:
        ways = model.gaps.fill(X)
    found = Evaluator.of(model).judge(X)
    limits = Evaluator.of(model).interval(found)
    for x, rows, told, interval in zip(X, ways, found.probability, limits, strict=True):
        first = model.first.probability(rows)
        both = np.stack([first, first * model.kept.probability(rows)])
        np.testing.assert_allclose(told, both.mean(axis=1), atol=1e-15, rtol=0)
        # Every draw takes its turn's filling; a patient without a gap has one only.
        turns = np.arange(50) % len(rows)
        drawn = model.working_first.probabilities(rows)[np.arange(50), turns]
        kept = drawn * model.working_kept.probabilities(rows)[np.arange(50), turns]
        low, high = np.quantile(np.stack([drawn, kept]), [0.025, 0.975], axis=1)
        assert np.all(interval[:, 0] <= np.minimum(low, told) + 1e-15)
        assert np.all(interval[:, 1] >= np.maximum(high, told) - 1e-15)
        np.testing.assert_allclose(model.probability(x[np.newaxis])[0], told, atol=1e-15, rtol=0)


@pytest.mark.parametrize("trees", [False, True])
def test_a_patient_alone_is_judged_as_among_others(trees: bool) -> None:
    model, X = _draw(gaps=True, trees=trees)
    evaluator = Evaluator.of(model)
    together = evaluator.judge(X)
    alone = [evaluator.judge(x[np.newaxis]) for x in X]
    assert 0 < len(together.open_) < len(X)
    np.testing.assert_array_equal(
        together.probability, np.vstack([one.probability for one in alone])
    )
    np.testing.assert_allclose(
        evaluator.interval(together),
        np.concatenate([evaluator.interval(one) for one in alone]),
        atol=1e-14,
        rtol=0,
    )


def test_patients_taken_some_at_a_time_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, X = _draw(gaps=True)
    evaluator = Evaluator.of(model)
    whole, limits = evaluator.probability(X), evaluator.intervals(X)
    monkeypatch.setattr("training.model.evaluator._AT_ONCE", 5)
    np.testing.assert_array_equal(evaluator.probability(X), whole)
    np.testing.assert_allclose(evaluator.intervals(X), limits, atol=1e-14, rtol=0)
    assert evaluator.probability(X[:0]).shape == (0, 2)
