"""What is told of the blend."""

import pandas as pd

from tests.training.helpers.evaluated import evaluate_small
from training.document.document import Picture, Table
from training.report.composition import make_blend_section


def test_the_weights_of_an_outcome_are_those_of_its_fit() -> None:
    description, evaluation, _ = evaluate_small()
    table = make_blend_section(description, evaluation, None, None).blocks[0]
    assert isinstance(table, Table)
    shown = [float(row[2]) for row in table.rows if row[0] == "response"]
    weights = evaluation.fitted.first.weights.values()
    assert shown == [round(weight, 2) for weight in weights]


def test_importance_is_drawn_for_each_horizon() -> None:
    description, evaluation, _ = evaluate_small()
    importance = pd.DataFrame(
        {
            "horizon": ["t1", "t2"],
            "predictor": ["nrs_t0", "nrs_t0"],
            "mean_absolute_contribution": [0.1, 0.2],
        }
    )
    blocks = make_blend_section(description, evaluation, importance, None).blocks
    names = [block.name for block in blocks if isinstance(block, Picture)]
    assert names == ["importance_t1", "importance_t2"]
