"""Worlds in which it is known which assays go with the response."""

import numpy as np
import pytest
from scipy.special import logit

from experiments.truth.panel_planted import WORLDS, find_in_world, simulate_world


@pytest.mark.parametrize("name", list(WORLDS))
def test_outcomes_are_dealt_by_the_true_risks(name: str) -> None:
    data, risk = simulate_world(WORLDS[name], 4000, 12, seed=1)
    y = data.clinical.y["t1"]
    for low, high in ((0.1, 0.4), (0.4, 0.6), (0.6, 0.9)):
        inside = (risk > low) & (risk < high)
        assert y[inside].mean() == pytest.approx(risk[inside].mean(), abs=0.05)


def test_in_noise_the_panel_goes_with_nothing_and_elsewhere_it_does() -> None:
    for name, world in WORLDS.items():
        data, risk = simulate_world(world, 3000, 12, seed=2)
        panel = data.rows - data.rows.mean(axis=1, keepdims=True)
        design = np.column_stack([np.ones(3000), data.clinical.X, panel[:, :-1]])
        added = design @ np.linalg.lstsq(design, logit(risk), rcond=None)[0]
        clinical = design[:, :5] @ np.linalg.lstsq(design[:, :5], logit(risk), rcond=None)[0]
        gained = float(np.std(added - clinical))
        assert (gained > 0.5) is (name != "noise"), name


def test_the_difference_is_hidden_from_each_of_the_two_alone() -> None:
    data, risk = simulate_world(WORLDS["the difference of two"], 4000, 12, seed=3)
    panel = data.rows - data.rows[:, 2:].mean(axis=1, keepdims=True)
    alone = np.corrcoef(panel[:, 0], logit(risk))[0, 1]
    together = np.corrcoef(panel[:, 0] - panel[:, 1], logit(risk))[0, 1]
    assert abs(alone) < 0.4
    assert together > 0.85


def test_a_strong_signal_is_found_and_brings_risks_nearer_the_truth() -> None:
    told = find_in_world(WORLDS["two assays"], 120, 30, n_repeats=1, seed=1)
    assert told["found"] in ("found", "not_shown")
    assert told["planted"] == 2
    assert told["rmse"] < 0.8 * told["rmse_clinical"]
    assert told["cover"] > 0.8


def test_noise_leaves_the_clinical_estimate() -> None:
    told = find_in_world(WORLDS["noise"], 60, 30, n_repeats=1, seed=2)
    assert told["found"] == "nothing"
    assert told["rmse"] == told["rmse_clinical"]
