import numpy as np
import pytest
from scipy.special import expit

from training.measures.sample_size.validation import (
    compute_size_for_c_statistic,
    compute_size_for_o_e,
    compute_size_for_slope,
    compute_validation_size,
)


def test_validation_gives_the_published_numbers() -> None:
    # Prevalence 0.5, c 0.70: Pavlou 2021, doi:10.1177/09622802211007522, and Riley 2021,
    # doi:10.1002/sim.9025
    assert compute_size_for_c_statistic(0.5, 0.7, se=0.05) == 107
    size = compute_validation_size(0.5, 0.7, c_width=0.1, o_e_width=0.4)
    assert (size.n_c_statistic, size.n_o_e) == (416, 98)
    assert size.n == max(size.n_c_statistic, size.n_o_e, size.n_slope)


def test_c_statistic_with_a_standard_error_agrees_with_sampsizeval() -> None:
    # the R package's own test: prevalence 0.057, c 0.77, SE 0.025
    assert compute_size_for_c_statistic(0.057, 0.77, se=0.025) == 1599


@pytest.mark.parametrize(
    ("linear_predictor", "published"), [((0.02, 0.9), 1518), ((-0.33, 0.9), 1542)]
)
def test_slope_agrees_with_simulated_information(
    linear_predictor: tuple[float, float], published: int
) -> None:
    # two published uses of the method, each from a million simulated linear predictors
    size = compute_size_for_slope(0.5, 0.7, se=0.072, linear_predictor=linear_predictor)
    assert size == pytest.approx(published, abs=3)


def test_slope_from_a_c_statistic_has_the_precision_in_simulation() -> None:
    n, prevalence, distance = 300_000, 0.5, 0.7416143
    rng = np.random.default_rng(2)
    y = rng.random(n) < prevalence
    lp = distance * (rng.normal(size=n) + distance * y) - distance**2 / 2
    weight = expit(lp) * expit(-lp)
    information = np.array(
        [[weight.mean(), (weight * lp).mean()], [(weight * lp).mean(), (weight * lp**2).mean()]]
    )
    variance = np.linalg.inv(information)[1, 1]
    assert compute_size_for_slope(prevalence, 0.7, se=0.1) == pytest.approx(variance / 0.01, 0.02)


def test_o_e_by_hand() -> None:
    # (1 - 0.2) / (0.2 * 0.1^2) = 400
    assert compute_size_for_o_e(0.2, se=0.1) == 400
