"""What others would fit on the same cohorts."""

import sys
from types import ModuleType

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from experiments.truth.peers import (
    BART,
    EBM,
    PEERS,
    explain_missing_peers,
    explain_missing_rms,
    list_peers,
    predict_rms,
)


def test_rms_is_near_maximum_likelihood_where_there_is_plenty_of_data() -> None:
    if explain_missing_rms():
        pytest.skip(explain_missing_rms())
    rng = np.random.default_rng(11)
    Z = rng.normal(size=(3000, 2))
    y = (rng.random(3000) < expit(Z[:, 0])).astype(float)
    constant = np.column_stack([Z, np.zeros(3000)])
    first, second = predict_rms([(Z, y, Z[:5]), (constant, y, constant[:5])])
    expected = PEERS["ML logistic"](Z, y, Z[:5]).risks
    assert first == pytest.approx(expected, abs=0.005)
    assert second == pytest.approx(first, abs=1e-9)


def test_unpenalised_regression_of_a_flag_gives_the_shares() -> None:
    # Of those without the flag 1 in 4 respond, of those with it 3 in 4: so maximum likelihood says.
    Z = np.repeat([0.0, 1.0], 40)[:, np.newaxis]
    y = np.tile([1.0, 0.0, 0.0, 0.0], 10)
    y = np.concatenate([y, 1 - y])
    risk = PEERS["ML logistic"](Z, y, np.array([[0.0], [1.0]])).risks
    assert risk == pytest.approx([0.25, 0.75], abs=1e-3)


def test_ridge_minimises_its_penalised_loss() -> None:
    # C = 0.1: the sum of log losses plus half the squared coefficients over 0.1, intercept free.
    rng = np.random.default_rng(13)
    Z = rng.normal(size=(60, 2))
    y = (rng.random(60) < expit(Z[:, 0] - 0.5)).astype(float)

    def loss(b: np.ndarray) -> float:
        margin = b[0] + Z @ b[1:]
        return float(np.sum(np.logaddexp(0, margin) - y * margin) + b[1:] @ b[1:] / 0.2)

    b = minimize(loss, np.zeros(3)).x
    risks = PEERS["ridge, C = 0.1"](Z, y, Z).risks
    assert risks == pytest.approx(expit(b[0] + Z @ b[1:]), abs=1e-3)


@pytest.mark.parametrize("name", [*PEERS, BART, EBM])
def test_every_peer_ranks_a_strong_predictor_rightly(name: str) -> None:
    if name not in list_peers():
        pytest.skip(explain_missing_peers()[name])
    rng = np.random.default_rng(12)
    Z = rng.normal(size=(200, 2))
    y = (rng.random(200) < expit(2 * Z[:, 0])).astype(float)
    found = list_peers()[name](Z, y, np.array([[-1.5, 0.0], [1.5, 0.0]]))
    low, high = found.risks
    assert 0 <= low < 0.3 and 0.7 < high <= 1
    assert (found.interval is None) == (name != BART)
    if found.interval is not None:
        assert (found.interval[:, 0] < found.risks).all()
        assert (found.risks < found.interval[:, 1]).all()


def test_a_package_that_is_not_installed_is_named_and_its_peer_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in ("bartz", "interpret"):
        monkeypatch.setitem(sys.modules, package, None)
    assert list(list_peers()) == list(PEERS)
    assert explain_missing_peers()[EBM] == "no package interpret: uv pip install --group peers"


def test_bart_gives_the_mean_of_its_draws_and_their_middle_95_percent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 41 draws at 0.00, 0.01 ... 0.40: mean 0.20; 95% of them between 0.01 and 0.39.
    class Bart:
        def __init__(self, x: np.ndarray, y: np.ndarray, **settings: object) -> None:
            assert x.shape == (2, 5)
            assert settings["num_trees"] == 50
            assert settings["outcome_type"] == "binary"

        def predict(self, x: np.ndarray, *, kind: str) -> np.ndarray:
            assert kind == "mean_samples"
            return np.tile(np.arange(41.0)[:, np.newaxis] / 100, (1, x.shape[1]))

    stand_in = ModuleType("bartz")
    stand_in.Bart = Bart  # type: ignore[attr-defined]
    stand_in.__spec__ = sys.__spec__
    monkeypatch.setitem(sys.modules, "bartz", stand_in)
    found = list_peers()[BART](np.zeros((5, 2)), np.ones(5), np.zeros((3, 2)))
    assert found.risks == pytest.approx([0.2] * 3)
    assert found.interval == pytest.approx(np.tile([0.01, 0.39], (3, 1)))
