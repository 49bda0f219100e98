import numpy as np
import pytest

from tests.training.helpers.evaluated import evaluate_small


def test_every_horizon_is_judged_in_every_way() -> None:
    description, evaluation, _ = evaluate_small()
    assert list(evaluation.judgements) == ["t1", "t2"]
    for horizon, found in evaluation.judgements.items():
        n = description.counts[horizon]["n"]
        assert found.optimism is not None
        assert set(found.optimism["n_resamples"]) == {8}
        assert found.instability is not None
        assert found.instability.predictions["n"].sum() == len(description.data)
        assert found.decisions is not None
        assert found.decisions.curve["threshold"].iloc[[0, -1]].tolist() == [0.3, 0.62]
        assert found.subgroups.loc[0, "n"] == n
        assert found.risks[["events", "non_events"]].to_numpy().sum() == n
        assert found.bounds.attrs["unknown"] == len(description.data) - n
    assert evaluation.null_test is not None
    assert evaluation.null_test.attrs["n_permutations"] == 2
    assert evaluation.instability["t1"]["n_resamples"] == 8


def test_sites_are_among_the_subgroups() -> None:
    _, evaluation, _ = evaluate_small()
    assert {"Aveleijn", "Bremberg"} <= set(evaluation.judgements["t1"].subgroups["subgroup"])


def test_the_apparent_performance_is_that_of_the_served_model() -> None:
    description, evaluation, _ = evaluate_small()
    y = description.data.y["t1"]
    risk = evaluation.fitted.probability(description.data.X)[:, 0]
    known = ~np.isnan(y)
    optimism = evaluation.judgements["t1"].optimism
    assert optimism is not None
    assert optimism.loc["brier", "apparent"] == pytest.approx(np.mean((y - risk)[known] ** 2))
