"""Blending probabilities in place of log-odds."""

from dataclasses import replace

import numpy as np
from scipy.special import expit

from experiments.truth.blend_scale import fit_probability_weights, predict_on_probability_scale
from experiments.truth.truths import simulate_truth
from experiments.truth.worlds import TRUTHS
from training.fitting.candidates import BLENDED
from training.fitting.procedure import Procedure


def test_blended_probabilities_give_the_truth_the_weight() -> None:
    rng = np.random.default_rng(10)
    truth = expit(rng.normal(size=4000))
    y = (rng.random(4000) < truth).astype(float)
    risks = np.stack([rng.random(4000), truth])
    weights = fit_probability_weights(
        risks, np.full(4000, y.mean()), y, price=np.ones(2), n_patients=4000
    )
    assert weights[0] < 0.05
    assert weights[1] > 0.9


def test_a_blend_of_probabilities_ranks_as_the_truth_and_keeps_the_product() -> None:
    simulated = simulate_truth(TRUTHS["kept"], 150, n_new=60, rng=np.random.default_rng(1))
    procedure = Procedure(BLENDED, inner_repeats=1)
    risk = predict_on_probability_scale(
        simulated.data, procedure, simulated.X, rng=np.random.default_rng(2)
    )
    assert risk.shape == (60,)
    assert ((risk >= 0) & (risk <= 1)).all()
    assert np.corrcoef(risk, simulated.risk)[0, 1] > 0.5
    # T1 alone: whoever keeps a response has had one, so the risk at T1 is the larger on average.
    data = simulated.data
    first = replace(data, horizons=("t1",), y={"t1": data.y["t1"]})
    alone = predict_on_probability_scale(
        first, procedure, simulated.X, rng=np.random.default_rng(2)
    )
    assert (alone >= risk - 1e-9).all()
