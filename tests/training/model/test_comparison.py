import numpy as np
import pytest

from tests.training.helpers.drawn_models import MIXED, draw_model, draw_rows, variable
from training.model.comparison import RowComparison


@pytest.mark.parametrize(("knots", "pairs"), [(0, False), (3, False), (3, True)])
@pytest.mark.parametrize("many", [False, True])
def test_gains_of_any_coalition_add_up_to_the_log_odds_of_the_mixed_row(
    knots: int, pairs: bool, many: bool
) -> None:
    model, x = draw_model(MIXED, 8, knots=knots, pairs=pairs)
    assert model.kept is not None
    outcomes = [model.first, model.kept]
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(MIXED)]
    rng = np.random.default_rng(1)
    rows = draw_rows(variables, 7, rng) if many else x[np.newaxis]
    others = [outcome.basis.expand(model.background) for outcome in outcomes]
    gains = RowComparison(outcomes, others).compare(
        [outcome.basis.expand(rows) for outcome in outcomes]
    )
    assert (gains.together is None) is not pairs
    for inside in ([0], [1, 3], [0, 2, 4, 5], list(range(6))):
        mixed = model.background.copy()
        mixed[:, inside] = np.broadcast_to(rows, mixed.shape)[:, inside]
        held = np.zeros((1, 6), dtype=bool)
        held[0, inside] = True
        added = gains.add_up(np.arange(6), held)[:, :, 0]
        for h, outcome in enumerate(outcomes):
            expected = outcome.margin(mixed) - outcome.margin(model.background)
            np.testing.assert_allclose(added[h], expected, atol=1e-12)
