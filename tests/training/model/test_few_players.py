"""Few players get the values that their coalitions' log-odds, mixed row by row, give them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.helpers.drawn_models import draw_model, draw_rows, variable
from training.model.coalitions import compute_shapley_values
from training.model.comparison import RowComparison
from training.model.counting import Counting
from training.model.evaluator import Evaluator
from training.model.few_players import FewPlayers, FewWithoutTrees, FewWithTrees
from training.model.response_model import ResponseModel
from training.model.tree_terms import TreeComparison


def _prepare(model: ResponseModel, players: np.ndarray) -> tuple[FewPlayers, Evaluator]:
    evaluator = Evaluator.of(model)
    judged = evaluator.judge(model.background)
    margins = np.stack([outcome.margin(model.background) for outcome in evaluator.outcomes])
    counting = Counting(evaluator.outcomes, margins, judged.probability)
    outcomes, columns = evaluator.outcomes, evaluator.find_columns(judged)
    if model.has_trees:
        comparison = TreeComparison.of(outcomes, columns)
        assert comparison is not None
        return FewWithTrees(outcomes, margins, counting, comparison), evaluator
    rows, straight = judged.rows[: len(outcomes)], RowComparison(outcomes, columns)
    return FewWithoutTrees(outcomes, rows, players, counting, straight), evaluator


def _mix(model: ResponseModel, ways: np.ndarray, players: np.ndarray) -> np.ndarray:
    """Return the values of a patient, asking the model for each coalition's rows."""
    worth = []
    for number in range(2 ** len(players)):
        inside = (number >> np.arange(len(players)) & 1) @ players > 0
        mixed = np.where(inside, ways, model.background)
        worth.append(model.probability(mixed).mean(axis=0))
    return compute_shapley_values(np.transpose(worth))


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(
        st.sampled_from(["number", "log", "yes_no", "category"]), min_size=2, max_size=5
    ),
    seed=st.integers(0, 10**6),
    two=st.booleans(),
    pairs=st.booleans(),
    isotonic=st.booleans(),
    joined=st.booleans(),
    ways=st.booleans(),
)
def test_values_are_those_of_the_rows_mixed_one_by_one(
    kinds: list[str], seed: int, two: bool, pairs: bool, isotonic: bool, joined: bool, ways: bool
) -> None:
    model, _ = draw_model(kinds, seed, two=two, pairs=pairs, isotonic=isotonic)
    players = np.eye(len(kinds))
    if joined:  # the first two predictors come in together
        players = np.vstack([players[0] + players[1], players[2:]])
    few, evaluator = _prepare(model, players)
    n_rows = len(model.background)
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(kinds)]
    X = draw_rows(variables, 3 * (n_rows if ways else 1), np.random.default_rng(seed))
    judged = evaluator.judge(X)
    found = few.value(judged.rows, judged.probability, n_patients=3)
    expected = [_mix(model, own, players) for own in X.reshape(3, -1, len(kinds))]
    np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)
    together = few.value_many(judged.rows, judged.probability, 3)
    np.testing.assert_allclose(together, found, atol=1e-15, rtol=0)


@settings(max_examples=15, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["number", "yes_no", "category"]), min_size=2, max_size=4),
    seed=st.integers(0, 10**6),
    two=st.booleans(),
    pairs=st.booleans(),
    isotonic=st.booleans(),
    ways=st.booleans(),
)
def test_trees_too_are_mixed_row_by_row(
    kinds: list[str], seed: int, two: bool, pairs: bool, isotonic: bool, ways: bool
) -> None:
    model, _ = draw_model(kinds, seed, two=two, pairs=pairs, isotonic=isotonic, trees=True)
    players = np.eye(len(kinds))
    few, evaluator = _prepare(model, players)
    n_rows = len(model.background)
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(kinds)]
    X = draw_rows(variables, 3 * (n_rows if ways else 1), np.random.default_rng(seed))
    judged = evaluator.judge(X)
    expected = [_mix(model, own, players) for own in X.reshape(3, -1, len(kinds))]
    for _ in range(2):  # what was answered alike is taken from what was kept
        found = few.value_many(judged.rows, judged.probability, 3)
        np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)


def test_who_has_no_weight_or_nothing_new_gets_exactly_nothing() -> None:
    model, x = draw_model(["number", "yes_no", "number"], 5, pairs=True)
    assert model.kept is not None
    outcomes = [
        replace(
            one,
            coef=np.where(one.basis.groups_ == 0, 0.0, one.coef),
            pair_coef=np.where((one.basis.groups_[one.pairs] == 0).any(axis=1), 0.0, one.pair_coef),
        )
        for one in (model.first, model.kept)
    ]
    background = model.background.copy()
    background[:, 1] = x[1] = 1.0
    model = replace(model, first=outcomes[0], kept=outcomes[1], background=background)
    few, evaluator = _prepare(model, np.eye(3))
    judged = evaluator.judge(x[np.newaxis])
    found = few.value(judged.rows, judged.probability)[0]
    np.testing.assert_array_equal(found[:, :2], 0.0)
    assert np.all(found[:, 2] != 0.0)


@pytest.mark.parametrize("n", [0, 1])
def test_nobody_and_one_have_as_many_values(n: int) -> None:
    model, x = draw_model(["number", "yes_no"], 1)
    few, evaluator = _prepare(model, np.eye(2))
    judged = evaluator.judge(np.tile(x, (n, 1)))
    assert few.value_many(judged.rows, judged.probability, n).shape == (n, 2, 2)
