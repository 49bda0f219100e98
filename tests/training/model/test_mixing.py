import numpy as np
import pytest

from tests.training.helpers.drawn_models import MIXED, draw_model
from training.model.evaluator import Evaluator
from training.model.mixing import Mixer


@pytest.mark.parametrize("trees", [False, True])
def test_a_coalition_is_worth_the_mean_over_rows_with_its_values_put_in(trees: bool) -> None:
    model, x = draw_model(MIXED, 2, n_background=9, trees=trees)
    evaluator = Evaluator.of(model)
    mixer = Mixer(evaluator, evaluator.judge(model.background))
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 9, size=(3, 4))
    holds = rng.random((3, 5, len(x))) < 0.5
    holds[0, 0], holds[0, 1] = False, True
    found = mixer.ask(evaluator.judge(x[np.newaxis]), rows, holds)
    for order, some in enumerate(rows):
        for step in range(5):
            mixed = np.where(holds[order, step], x, model.background[some])
            expected = model.probability(mixed).mean(axis=0)
            np.testing.assert_allclose(found[order, step], expected, atol=1e-14, rtol=0)
