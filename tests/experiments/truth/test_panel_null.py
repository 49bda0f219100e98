"""The panel's procedure on cohorts of noise, and on cohorts with something in them."""

import numpy as np
import pytest

from experiments.truth.panel_null import (
    Planted,
    compute_noise_table,
    find_in_noise,
    measure_coverage,
    simulate_with_panel,
)
from features.simulation.panel import make_panel


def test_noise_is_found_to_be_noise():
    # 60 assays in place of 750 keep this to seconds; the whole is in docs/panel.md.
    results = [find_in_noise(48, 60, seed=s, n_repeats=1) for s in range(40, 44)]
    assert [result["found"] for result in results].count("nothing") >= 3
    table = compute_noise_table(results).set_index("candidate")
    assert table.index.tolist() == ["few", "all"]
    # 0.45 to 0.55 of the mean over many cohorts, and what so few cohorts leave open.
    assert (abs(table["auc"] - 0.5) < 0.05 + 2.5 * table["error"]).all()
    assert (table["constant_folds"] < 0.5).all()


def test_the_simulated_log_odds_are_those_of_the_panel():
    # Among patients with the same log-odds the share of responders must be what they say.
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.5).astype(float)
    made = make_panel(
        [f"P{i}" for i in range(4000)], y, n_assays=6, n_informative=3, shift=0.8, seed=1
    )
    risk = 1 / (1 + np.exp(-made.log_odds))
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        inside = (risk > low) & (risk < high)
        assert y[inside].mean() == pytest.approx(risk[inside].mean(), abs=0.05)


def test_the_true_risk_with_a_panel_goes_further_than_without():
    _, risks = simulate_with_panel(200, 20, planted=Planted(4, 1.0), seed=3)
    assert risks[:, 1].std() > 1.5 * risks[:, 0].std()


def test_intervals_hold_most_true_risks():
    told = measure_coverage(150, 40, Planted(4, 1.0), seed=2)
    assert told["clinical"] > 0.8
    assert told["panel"] > 0.7
    assert 0 < told["width_panel"] < 1
