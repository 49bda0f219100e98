"""Every world says of itself what is so."""

import numpy as np
import pytest

from experiments.truth.truths import simulate_truth
from experiments.truth.worlds import TRUTHS

NOISE = {"noise", "noise_twelve"}


@pytest.mark.parametrize("name", list(TRUTHS))
def test_a_world_predicts_unless_it_is_noise(name: str) -> None:
    truth = TRUTHS[name]
    assert truth.name == name
    assert truth.is_noise == (name in NOISE)
    simulated = simulate_truth(truth, 50, n_new=500, rng=np.random.default_rng(2))
    assert (simulated.risk.std() > 0.08) == (name not in NOISE)
    assert ((simulated.risk > 0) & (simulated.risk < 1)).all()


def test_steps_are_steps_and_curves_come_back() -> None:
    zero = dict.fromkeys(TRUTHS["curved"].predictors, np.zeros(3))
    at = np.array([-2.0, 0.0, 2.0])
    step = TRUTHS["steps"].log_odds(zero | {"age_years": at})
    assert step[0] == step[1] and step[2] == step[1] - 1.5
    u = TRUTHS["u_shape"].log_odds(zero | {"disease_duration_years": at})
    assert u[0] == u[2] > u[1]
    together = TRUTHS["curved"].log_odds(zero | {"hads_depression": at, "nrs_t0": 0 * at})
    apart = TRUTHS["curved"].log_odds(
        zero | {"hads_depression": at, "disease_duration_years": np.ones(3)}
    )
    assert np.ptp(together) == 0 and np.ptp(apart) == pytest.approx(3.2)
