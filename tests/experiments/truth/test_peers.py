"""What others would fit on the same cohorts."""

import numpy as np
import pytest
from scipy.special import expit

from experiments.truth.peers import PEERS, explain_missing_rms, predict_rms


def test_rms_is_near_maximum_likelihood_where_there_is_plenty_of_data() -> None:
    if explain_missing_rms():
        pytest.skip(explain_missing_rms())
    rng = np.random.default_rng(11)
    Z = rng.normal(size=(3000, 2))
    y = (rng.random(3000) < expit(Z[:, 0])).astype(float)
    constant = np.column_stack([Z, np.zeros(3000)])
    first, second = predict_rms([(Z, y, Z[:5]), (constant, y, constant[:5])])
    expected = PEERS["ML logistic"](Z, y, Z[:5])
    assert first == pytest.approx(expected, abs=0.005)
    assert second == pytest.approx(first, abs=1e-9)


def test_unpenalised_regression_of_a_flag_gives_the_shares() -> None:
    # Of those without the flag 1 in 4 respond, of those with it 3 in 4: so maximum likelihood says.
    Z = np.repeat([0.0, 1.0], 40)[:, np.newaxis]
    y = np.tile([1.0, 0.0, 0.0, 0.0], 10)
    y = np.concatenate([y, 1 - y])
    risk = PEERS["ML logistic"](Z, y, np.array([[0.0], [1.0]]))
    assert risk == pytest.approx([0.25, 0.75], abs=1e-3)


@pytest.mark.parametrize("name", list(PEERS))
def test_every_peer_ranks_a_strong_predictor_rightly(name: str) -> None:
    rng = np.random.default_rng(12)
    Z = rng.normal(size=(200, 2))
    y = (rng.random(200) < expit(2 * Z[:, 0])).astype(float)
    low, high = PEERS[name](Z, y, np.array([[-1.5, 0.0], [1.5, 0.0]]))
    assert 0 <= low < 0.3 and 0.7 < high <= 1
