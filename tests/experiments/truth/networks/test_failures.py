"""What a simulated network says of a centre that lies, and what one costs that leaves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.truth.networks.failures import (
    flip_outcomes,
    follow_rounds,
    run_failures,
    summarise_failures,
)
from experiments.truth.networks.worlds import NETWORK_WORLDS, agree_basis, simulate_network

STRONG = NETWORK_WORLDS["strong_alike"]


def test_a_flipped_cohort_has_its_classes_exchanged() -> None:
    network = simulate_network(STRONG, n_new=1, rng=np.random.default_rng(1))
    data = network.cohorts[0]
    np.testing.assert_array_equal(flip_outcomes(data).y["t1"] + data.y["t1"], 1)


def test_a_liar_among_strong_effects_is_caught_and_one_who_leaves_costs_his_own_rows() -> None:
    world = replace(STRONG, sizes=(80,) * 6)
    row = run_failures(world, 0, seed=5)
    assert row["caught"] and row["turned"]
    assert row["flipped"] > row["all"]
    # The penalty may be another, told by models in which he still had a part.
    assert row["dropped"] == pytest.approx(row["without"], abs=0.01)


def test_shares_and_errors_are_means_over_networks() -> None:
    errors = {"all": 0.05, "flipped": 0.1, "dropped": 0.06, "without": 0.06}
    rows = [
        {"world": "w", "false": 0, "caught": True, "turned": True, "blamed": 0} | errors,
        {"world": "w", "false": 3, "caught": False, "turned": False, "blamed": 1} | errors,
    ]
    (found,) = summarise_failures(pd.DataFrame(rows)).to_dict("records")
    # 3 of 12 honest centres, 1 of 2 networks, 1 of 10 beside a liar.
    shares = {"false": 0.25, "false_network": 0.5, "caught": 0.5, "turned": 0.5, "blamed": 0.1}
    assert found.pop("world") == "w"
    assert found == pytest.approx({"networks": 2} | shares | errors)


def test_rounds_come_to_what_all_rows_give() -> None:
    network = simulate_network(STRONG, n_new=1, rng=np.random.default_rng(2))
    away = follow_rounds(network.cohorts, agree_basis(STRONG))
    assert away[-1] < 1e-8
    assert away[2] > 1e-4
