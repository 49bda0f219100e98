from itertools import product

import numpy as np
import pytest

from tests.training.helpers.drawn_models import MIXED, draw_model, draw_rows, variable
from training.model import tree_terms as module
from training.model.tree_terms import Terms, TreeComparison


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_terms_of_any_coalition_add_up_to_the_log_odds_of_the_mixed_row(
    pairs: bool, many: bool
) -> None:
    model, x = draw_model(MIXED, 8, knots=3, pairs=pairs, trees=True)
    assert model.kept is not None
    outcomes = [model.first, model.kept]
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(MIXED)]
    rows = draw_rows(variables, 7, np.random.default_rng(1)) if many else x[np.newaxis]
    others = [outcome.basis.expand(model.background) for outcome in outcomes]
    found = TreeComparison.of(outcomes, others)
    assert found is not None
    terms = found.compare([outcome.basis.expand(rows) for outcome in outcomes])
    margins = np.stack([outcome.margin(model.background) for outcome in outcomes])
    told = terms.add_all(margins)
    active = terms.active[0]
    for number, inside in enumerate(product([False, True], repeat=6)):
        held = np.array(inside[::-1])
        mixed = np.where(held, rows, model.background)
        for h, outcome in enumerate(outcomes):
            np.testing.assert_allclose(told[h, number], outcome.margin(mixed), atol=1e-12)
        # Row by row: the coalitions of those alone who are active there.
        for r, row in enumerate(active):
            columns = np.flatnonzero(row)[np.newaxis]
            taken = terms.take(np.array([r]), columns).add_all(margins[:, [r]])
            local = int(held[columns[0]] @ (1 << np.arange(columns.size)))
            np.testing.assert_allclose(taken[:, local, 0], told[:, number, r], atol=1e-12)


def test_who_adds_nothing_is_not_active() -> None:
    terms = Terms(np.array([1, 2, 5]), np.array([[[0.0, 1.0], [2.0, 0.0], [0.5, 0.0]]]), 3)
    np.testing.assert_array_equal(terms.active, [[[True, True, True], [True, False, False]]])


def test_trees_that_ask_too_much_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = draw_model(MIXED, 8, trees=True, two=False)
    others = [model.first.basis.expand(model.background)]
    monkeypatch.setattr(module, "_MOST_ON_A_WAY", 1)
    assert TreeComparison.of([model.first], others) is None
