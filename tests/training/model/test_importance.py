from __future__ import annotations

import numpy as np
import pytest

from tests.training.helpers.examples import PREDICTORS, make_model
from training.model.explanation import Explainer
from training.model.importance import explain_rows, global_importance


def test_global_importance_is_the_mean_of_absolute_contributions() -> None:
    model = make_model()
    rows = model.background[:3]
    table = global_importance(model, explain_rows(model, rows))
    assert list(table.columns) == ["predictor", "horizon", "mean_absolute_contribution"]
    assert list(table["predictor"]) == [*PREDICTORS] * 2
    assert list(table["horizon"]) == ["t1"] * 4 + ["t2"] * 4
    explained = [Explainer(model).explain(row).contributions for row in rows]
    expected = sum(np.abs(c) for c in explained) / 3
    np.testing.assert_allclose(table["mean_absolute_contribution"], np.ravel(expected))
    with pytest.raises(ValueError, match="at least one explanation"):
        global_importance(model, [])
