from dataclasses import replace

import pandas as pd

from tests.training.helpers.evaluated import describe_small, evaluate_small
from training.evaluation.evaluation import count_steps, evaluate
from training.study.study import Description


def test_every_fit_rerun_and_permutation_moves_the_progress_bar() -> None:
    # 1 fit + 2 x 5 folds + 8 reruns + 2 permutations + 2 x 5 folds by scores alone + 3 x 5 on parts
    # of the patients + 2 horizons
    assert evaluate_small()[2] == 48


def _quick(description: Description, **changes: object) -> Description:
    less = {"repeats": 1, "bootstrap_reruns": 0, "learning_curve": 0}
    resampling = description.study.resampling.model_copy(update=less)
    return replace(
        description,
        study=replace(description.study, resampling=resampling, **changes),  # type: ignore[arg-type]
    )


def test_without_a_range_and_without_reruns_the_rest_is_still_judged() -> None:
    description = _quick(describe_small(more=""))
    evaluation = evaluate(description)
    for found in evaluation.judgements.values():
        assert found.decisions is None
        assert found.optimism is None
        assert found.instability is None
    assert evaluation.null_test is None
    assert evaluation.instability == {}
    assert evaluation.learning == {}
    assert count_steps(description) == 1 + 5 + 5 + 2


def test_the_weighting_is_the_studys() -> None:
    description = describe_small()
    results = {
        weighting: evaluate(_quick(description, weighting=weighting)).performance
        for weighting in ("none", "follow_up")
    }
    pd.testing.assert_frame_equal(results["none"]["t1"], results["follow_up"]["t1"])
    briers = {name: found["t2"].loc["brier", "estimate"] for name, found in results.items()}
    assert briers["none"] != briers["follow_up"]


def test_the_procedure_is_judged_again_on_labels_from_scores_alone() -> None:
    description = _quick(describe_small())
    evaluation = evaluate(description)
    rescored = description.score_labels.data
    assert rescored is not None
    own = replace(
        description, data=rescored, score_labels=replace(description.score_labels, data=None)
    )
    again = evaluate(own)
    assert again.score_labels == {}
    for horizon, table in evaluation.score_labels.items():
        pd.testing.assert_frame_equal(table, again.performance[horizon])
