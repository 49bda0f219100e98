"""A simulated network, every method's answers, and how they are judged."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.truth.networks import networks as network
from experiments.truth.networks.networks import Answers, compare_networks, judge, run_networks
from experiments.truth.networks.worlds import NETWORK_WORLDS, NetworkWorld, SimulatedNetwork


def test_answers_are_judged_against_the_true_risks() -> None:
    simulated = SimulatedNetwork(
        cohorts=[],
        X=np.empty((2, 0)),
        risk_known=np.array([[0.5, 0.5], [0.2, 0.8]]),
        risk_new=np.array([0.3, 0.6]),
    )
    answers = Answers(
        known=np.array([[0.5, 0.5], [0.3, 0.7]]),
        new=np.array([0.3, 0.8]),
        known_interval=np.array([[[0.4, 0.6], [0.6, 0.7]], [[0.2, 0.4], [0.6, 0.9]]]),
        new_interval=np.array([[0.2, 0.4], [0.7, 0.9]]),
    )
    # Known: 0 at the first centre, 0.1 at the second. New: sqrt((0 + 0.04) / 2).
    # Three of four intervals hold, of widths 0.2, 0.1, 0.2, 0.3; one of two, both 0.2.
    assert judge(simulated, answers) == pytest.approx(
        {
            "rmse": 0.05,
            "rmse_new": 0.02**0.5,
            "coverage": 0.75,
            "width": 0.2,
            "coverage_new": 0.5,
            "width_new": 0.2,
        }
    )


def test_a_large_network_comes_as_near_as_all_rows_and_far_nearer_than_a_centre_alone() -> None:
    world = replace(NETWORK_WORLDS["strong_differ"], sizes=(300,) * 4)
    rows = {row["method"]: row for row in compare_networks(world, 1, seed=1, n_new=200)}
    assert rows["network"]["rmse"] < 0.05
    near = pytest.approx(rows["same procedure, all rows"]["rmse"], abs=0.003)
    assert rows["network"]["rmse"] == near
    assert rows["network"]["rmse"] < 0.8 * rows["each centre alone"]["rmse"]
    assert rows["prevalence"]["rmse"] > 0.2
    for method in ("BFI", "ODAL1", "ODAL2", "one cohort's procedure, all rows"):
        assert rows[method]["rmse"] < rows["prevalence"]["rmse"] / 2
    assert rows["network"]["coverage"] > 0.8


def test_every_replicate_of_every_world_is_a_network_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def note(world: NetworkWorld, replicate: int, *, seed: int) -> list[dict[str, object]]:
        return [{"world": world.name, "replicate": replicate, "seed": seed}]

    monkeypatch.setattr(network, "compare_networks", note)
    rows = run_networks(["nothing", "weak_alike"], 2, seed=3, first=1)
    assert rows["world"].tolist() == ["nothing", "nothing", "weak_alike", "weak_alike"]
    assert rows["replicate"].tolist() == [1, 2, 1, 2]
    assert set(rows["seed"]) == {3}
