"""What sets add up to is what the trees say of mixed rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.helpers.drawn_models import MIXED, draw_model, draw_rows, variable
from training.model import tree_sets
from training.model.tree_sets import TreeSets, count_most_asked
from training.model.trees import compute_tree_margin, load_trees


@pytest.mark.parametrize("kept", [1, 1 << 14])
@pytest.mark.parametrize("ways", [False, True])
def test_sets_add_up_to_the_trees_of_mixed_rows(
    ways: bool, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_sets, "_KEPT", kept)
    model, _ = draw_model(MIXED, 8, knots=3, trees=True)
    assert model.kept is not None
    outcomes = [model.first, model.kept]
    others = [outcome.basis.expand(model.background) for outcome in outcomes]
    n_rows = len(model.background)
    sets = TreeSets(outcomes, others)
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(MIXED)]
    X = draw_rows(variables, 2 * (n_rows if ways else 1), np.random.default_rng(2))
    added = np.ones((len(sets.masks), 2, 2, n_rows))
    sets.find([outcome.basis.expand(X) for outcome in outcomes], added)
    added -= 1.0
    for inside in (0b1, 0b101, 0b11010, 0b111111):
        holds = np.array([inside >> j & 1 for j in range(6)], dtype=bool)
        within = [place for place, mask in enumerate(sets.masks) if mask & ~inside == 0]
        for i, own in enumerate(X.reshape(2, -1, 6)):
            mixed = np.where(holds, own, model.background)
            for h, outcome in enumerate(outcomes):
                trees, n = load_trees(outcome.trees), outcome.n_trees
                asked = (compute_tree_margin(trees, outcome.basis.expand(mixed), n), others[h])
                moved = asked[0] - compute_tree_margin(trees, asked[1], n)
                np.testing.assert_allclose(
                    added[within, h, i].sum(axis=0), outcome.tree_weight * moved, atol=1e-12
                )


def test_without_trees_no_set_adds_anything() -> None:
    model, x = draw_model(MIXED, 8, two=False)
    Z = model.first.basis.expand(model.background)
    sets = TreeSets([model.first], [Z])
    assert sets.masks == [] and count_most_asked([model.first]) == 0
    nothing = np.empty((0, 1, 1, len(Z)))
    sets.find([model.first.basis.expand(x[np.newaxis])], nothing)


def test_trees_of_four_leaves_ask_three_predictors_at_most() -> None:
    model, _ = draw_model(MIXED, 8, trees=True, two=False)
    assert 1 <= count_most_asked([model.first]) <= 3
