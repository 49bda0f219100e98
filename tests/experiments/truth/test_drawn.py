import numpy as np
import pytest

from experiments.truth.drawn import draw_truth
from experiments.truth.truths import draw_patients, simulate_truth, standardise


def test_the_same_number_is_the_same_world_and_another_is_another() -> None:
    risks = [
        simulate_truth(draw_truth(number), 20, n_new=50, rng=np.random.default_rng(1)).risk
        for number in (3, 3, 4)
    ]
    np.testing.assert_array_equal(risks[0], risks[1])
    assert not np.allclose(risks[0], risks[2])


@pytest.mark.parametrize("number", range(12))
def test_every_drawn_world_has_its_mean_risk_and_is_for_no_choice(number: int) -> None:
    truth = draw_truth(number)
    risk = simulate_truth(truth, 10, n_new=4000, rng=np.random.default_rng(number)).risk
    assert risk.mean() == pytest.approx(truth.mean_risk, abs=0.02)
    assert not truth.for_choosing


def test_worlds_that_are_called_contained_are_sums_of_straight_effects() -> None:
    contained = [t for t in map(draw_truth, range(60)) if t.contained]
    assert contained
    for truth in contained:
        x = standardise(truth, draw_patients(truth, 400, np.random.default_rng(2)))
        design = np.column_stack([np.ones(400), *x.values()])
        margin = truth.log_odds(x)
        left = margin - design @ np.linalg.lstsq(design, margin, rcond=None)[0]
        np.testing.assert_allclose(left, 0.0, atol=1e-8)
