"""The rounds of a simulated network: Newton's steps to what all rows give."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.truth.networks.peers import CentreRows
from experiments.truth.networks.pooled import fit_with_intercepts
from experiments.truth.networks.rounds import (
    agree_protocol,
    conclude_rounds,
    find_left_model,
    gather_rounds,
)
from experiments.truth.networks.worlds import (
    NETWORK_WORLDS,
    SimulatedNetwork,
    agree_basis,
    simulate_network,
)
from training.fitting.response import TrainingData
from training.network.result import NetworkOutcome

WORLD = NETWORK_WORLDS["strong_differ"]
BASIS = agree_basis(WORLD)


@pytest.fixture(scope="module")
def network() -> SimulatedNetwork:
    return simulate_network(WORLD, n_new=10, rng=np.random.default_rng(1))


def test_the_protocol_has_the_agreed_basis_and_every_centre() -> None:
    protocol = agree_protocol(BASIS, WORLD.truth.predictors, 6, rounds=3, seed=1)
    assert list(protocol.centres) == [f"centre-{k}" for k in range(1, 7)]
    assert protocol.basis is BASIS and protocol.rounds == 3


def _fit_rows(
    cohorts: list[TrainingData], outcome: NetworkOutcome
) -> tuple[np.ndarray, np.ndarray]:
    """Return intercepts and coefficients of all rows, in the columns and by the prior chosen."""
    columns = BASIS.linear_ | (outcome.family == "bends")
    rows = [CentreRows(BASIS.expand(d.X)[:, columns], d.y["t1"]) for d in cohorts]
    precision = np.full(int(columns.sum()), outcome.prior_sd**-2.0)
    intercepts, coef = fit_with_intercepts(rows, precision)
    full = np.zeros(len(columns))
    full[columns] = coef
    return intercepts, full


def test_six_rounds_are_all_rows_to_1e_8(network: SimulatedNetwork) -> None:
    outcome = conclude_rounds(gather_rounds(network.cohorts, BASIS, guarded=False)).outcomes[
        "response"
    ]
    intercepts, coef = _fit_rows(network.cohorts, outcome)
    np.testing.assert_allclose(outcome.coef, coef, atol=1e-8)
    np.testing.assert_allclose(list(outcome.intercepts.values()), intercepts, atol=1e-8)


def test_a_centre_that_stays_for_one_round_costs_its_own_rows_only(
    network: SimulatedNetwork,
) -> None:
    result = conclude_rounds(
        gather_rounds(network.cohorts, BASIS, stays={"centre-6": 1}, guarded=False)
    )
    assert result.dropped == {"centre-6": "no share of round 2"}
    outcome = result.outcomes["response"]
    assert list(outcome.intercepts) == [f"centre-{k}" for k in range(1, 6)]
    _, coef = _fit_rows(network.cohorts[:5], outcome)
    np.testing.assert_allclose(outcome.coef, coef, atol=1e-8)


def test_disclosure_control_holds_back_what_a_small_centre_must_not_tell() -> None:
    # 20 patients for 7 columns and an intercept: more than a third of a parameter each.
    small = replace(WORLD, sizes=(20, 150, 150, 150))
    network = simulate_network(small, n_new=10, rng=np.random.default_rng(2))
    result = conclude_rounds(gather_rounds(network.cohorts, BASIS, rounds=2))
    outcome = result.outcomes["response"]
    assert list(outcome.withheld) == ["centre-1"] or outcome.family == "straight"
    assert find_left_model(result, "centre-2") is not result.model
    open_ = conclude_rounds(
        gather_rounds(network.cohorts, BASIS, rounds=2, guarded=False)
    ).outcomes["response"]
    assert not open_.withheld
