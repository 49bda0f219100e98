"""The centres of a simulated network, and what is true of their patients."""

import numpy as np
import pytest
from scipy.special import logit

from experiments.truth.networks.worlds import (
    CENTRE_SIZES,
    NETWORK_WORLDS,
    agree_basis,
    simulate_network,
)


def _simulate(name: str, n_new: int = 4000):
    return simulate_network(NETWORK_WORLDS[name], n_new=n_new, rng=np.random.default_rng(1))


def test_six_centres_of_40_to_80() -> None:
    network = _simulate("weak_alike", n_new=10)
    assert [len(data) for data in network.cohorts] == list(CENTRE_SIZES)
    assert network.risk_known.shape == (6, 10) and network.risk_new.shape == (10,)


@pytest.mark.parametrize("name", list(NETWORK_WORLDS))
def test_cohorts_respond_as_often_as_their_true_risk_says(name: str) -> None:
    world = NETWORK_WORLDS[name]
    rng = np.random.default_rng(2)
    networks = [simulate_network(world, n_new=300, rng=rng) for _ in range(40)]
    seen = np.mean([[data.y["t1"].mean() for data in one.cohorts] for one in networks])
    assert seen == pytest.approx(np.mean([one.risk_known for one in networks]), abs=0.02)
    assert np.mean([one.risk_new for one in networks]) == pytest.approx(0.6, abs=0.03)


def test_centres_that_are_alike_have_one_risk_for_a_patient() -> None:
    network = _simulate("strong_alike")
    assert np.ptp(network.risk_known, axis=0).max() == 0
    np.testing.assert_array_equal(network.risk_new, network.risk_known[0])


def test_centres_differ_by_tau() -> None:
    # What a centre adds to the log-odds is the same for all of its patients ...
    network = _simulate("strong_differ")
    away = logit(network.risk_known) - logit(network.risk_known[0])
    assert np.ptp(away, axis=1).max() < 1e-9
    # ... and new centres, one for each patient, differ by 0.3.
    alike = logit(_simulate("strong_alike").risk_new)  # the same patients, drawn first
    assert np.std(logit(network.risk_new) - alike) == pytest.approx(0.3, abs=0.01)


def test_slopes_differ_between_centres_in_one_world() -> None:
    network = _simulate("slopes_differ")
    away = logit(network.risk_known) - logit(network.risk_known[0])
    assert np.ptp(away, axis=1)[1:].min() > 0.3


def test_the_agreed_columns_come_from_no_cohort() -> None:
    basis = agree_basis(NETWORK_WORLDS["bent_differ"])
    Z = basis.expand(_simulate("bent_differ").X)
    assert Z.shape[1] == 7 and basis.linear_.sum() == 5
    np.testing.assert_allclose(Z[:, basis.linear_].std(axis=0), 1, atol=0.05)
