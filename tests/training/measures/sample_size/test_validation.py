import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from training.measures.sample_size.validation import (
    compute_size_for_c_statistic,
    compute_size_for_calibration_in_the_large,
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


def test_slope_and_calibration_in_the_large_agree_with_sampsizeval() -> None:
    # the R package's own test: prevalence 0.057, c 0.77, standard errors 0.025, 0.15 and 0.15
    size = compute_validation_size(
        0.057, 0.77, c_se=0.025, slope_se=0.15, citl_se=0.15, normality="marginal"
    )
    assert (size.n_c_statistic, size.n_slope, size.n_citl) == (1599, 934, 897)
    assert (size.n, size.n_o_e) == (1599, None)
    by_class = compute_validation_size(0.057, 0.77, slope_se=0.15, citl_width=0.588)
    assert (by_class.n_slope, by_class.n_citl) == (903, 897)
    # and its README: prevalence 0.1, c 0.75, standard errors 0.025, 0.1 and 0.1 give 1536
    readme = compute_validation_size(
        0.1, 0.75, c_se=0.025, slope_se=0.1, citl_se=0.1, normality="marginal"
    )
    assert readme.n == readme.n_slope == 1536


def test_o_e_and_c_statistic_agree_with_pmvalsampsize() -> None:
    # the R package's own tests: prevalence 0.018, c 0.8, O:E 1 wide
    size = compute_validation_size(0.018, 0.8, o_e_width=1)
    assert (size.n_o_e, size.n_c_statistic) == (905, 4252)


@given(st.floats(0.01, 0.99), st.floats(0.51, 0.95), st.floats(0.05, 0.5))
def test_criteria_do_not_depend_on_which_class_is_called_the_event(
    prevalence: float, c_statistic: float, se: float
) -> None:
    for compute in (compute_size_for_slope, compute_size_for_calibration_in_the_large):
        for normality in ("class", "marginal"):
            here, there = (
                compute(share, c_statistic, se=se, normality=normality)  # type: ignore[arg-type]
                for share in (prevalence, 1 - prevalence)
            )
            assert here == pytest.approx(there, abs=1)


@given(st.floats(0.01, 0.99), st.floats(0.02, 2))
def test_a_width_of_o_e_is_met_to_the_next_ten_thousandth(prevalence: float, width: float) -> None:
    se = np.arcsinh(width / 2) / 1.96
    most, least = (compute_size_for_o_e(prevalence, se=e) for e in (se, se + 1e-4))
    assert least <= compute_size_for_o_e(prevalence, width=width) <= most


@pytest.mark.parametrize("normality", ["class", "marginal"])
def test_calibration_in_the_large_has_the_precision_in_simulation(normality: str) -> None:
    # c 0.85, prevalence 0.3: the calibrated risks of simulated patients, by either normality
    rng, n, prevalence = np.random.default_rng(4), 400_000, 0.3
    distance = np.sqrt(2) * 1.0364334
    if normality == "class":
        z = rng.normal(size=n) + distance * (rng.random(n) < prevalence)
        lp = np.log(prevalence / (1 - prevalence)) + distance * z - distance**2 / 2
    else:
        variance = distance**2 * 1.01**2 * np.ones(1)  # as sampsizeval widens it at this c
        mean = (prevalence - 0.5) * variance + np.log(prevalence / (1 - prevalence))
        lp = rng.normal(mean, np.sqrt(variance * (1 + prevalence * (1 - prevalence) * variance)), n)
    expected = 1 / (0.1**2 * np.mean(expit(lp) * expit(-lp)))
    found = compute_size_for_calibration_in_the_large(
        prevalence,
        0.85,
        se=0.1,
        normality=normality,  # type: ignore[arg-type]
    )
    assert found == pytest.approx(expected, rel=0.01)


def test_calibration_in_the_large_stands_for_o_e_unless_both_are_asked_for() -> None:
    assert compute_validation_size(0.5, 0.7).n_citl is None
    assert compute_validation_size(0.5, 0.7, citl_se=0.1).n_o_e is None
    both = compute_validation_size(0.5, 0.7, citl_se=0.02, o_e_width=0.4)
    assert both.n_o_e == 98 and both.n == both.n_citl


def test_o_e_by_hand() -> None:
    # (1 - 0.2) / (0.2 * 0.1^2) = 400
    assert compute_size_for_o_e(0.2, se=0.1) == 400
