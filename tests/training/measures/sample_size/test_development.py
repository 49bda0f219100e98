import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

from features.errors import InputError
from training.measures.sample_size.development import (
    compute_cox_snell_r2,
    compute_development_size,
    compute_expected_shrinkage,
    compute_max_r2,
)


def test_development_from_r2_gives_the_published_example() -> None:
    # Riley 2020, doi:10.1136/bmj.m441, and R package pmsampsize
    size = compute_development_size(24, 0.174, r2=0.288)
    assert (size.n_shrinkage, size.n_optimism, size.n_risk, size.n) == (623, 662, 221, 662)
    assert size.max_r2 == pytest.approx(0.603, abs=5e-4)
    assert size.nagelkerke_r2 == pytest.approx(0.477, abs=5e-4)
    assert size.events_per_parameter == pytest.approx(4.8, abs=0.005)
    assert size.events == pytest.approx(115.2, abs=0.05)


@pytest.mark.parametrize(
    ("parameters", "prevalence", "c_statistic", "expected"),
    [
        # pmsampsize, which simulates the conversion: within two patients of it
        (24, 0.174, 0.89, (617, 661, 221, 661)),
        (5, 0.48, 0.70, (348, 123, 384, 384)),
    ],
)
def test_development_from_a_c_statistic_agrees_with_the_simulation(
    parameters: int, prevalence: float, c_statistic: float, expected: tuple[int, ...]
) -> None:
    size = compute_development_size(parameters, prevalence, c_statistic=c_statistic)
    got = (size.n_shrinkage, size.n_optimism, size.n_risk, size.n)
    np.testing.assert_allclose(got, expected, atol=2)


def test_cox_snell_r2_is_that_of_a_simulated_binormal_model() -> None:
    # R2 = 1 - exp(-LR / n), LR / n = 2 (mean log-likelihood of the model - of the prevalence)
    rng = np.random.default_rng(1)
    n, prevalence, distance = 400_000, 0.3, 1.2
    y = np.arange(n) < prevalence * n
    z = rng.normal(size=n) + distance * y
    risk = expit(math.log(prevalence / (1 - prevalence)) + distance * z - distance**2 / 2)
    gain = np.log(np.where(y, risk / prevalence, (1 - risk) / (1 - prevalence))).mean()
    c_statistic = float(norm.cdf(distance / math.sqrt(2)))
    assert compute_cox_snell_r2(c_statistic, prevalence) == pytest.approx(
        1 - math.exp(-2 * gain), abs=0.003
    )


def test_max_r2_at_even_odds() -> None:
    # 1 - (0.5^0.5 0.5^0.5)^2 = 0.75
    assert compute_max_r2(0.5) == pytest.approx(0.75)


@given(st.floats(0.51, 0.99), st.floats(0.02, 0.98))
def test_r2_of_a_c_statistic_is_possible_and_symmetric(c: float, prevalence: float) -> None:
    r2 = compute_cox_snell_r2(c, prevalence)
    assert 0 < r2 < compute_max_r2(prevalence)
    assert r2 == pytest.approx(compute_cox_snell_r2(c, 1 - prevalence), rel=1e-6)


@given(st.integers(1, 50), st.floats(0.05, 0.95), st.floats(0.55, 0.9))
def test_more_parameters_never_need_fewer_patients(
    parameters: int, prevalence: float, c: float
) -> None:
    fewer = compute_development_size(parameters, prevalence, c_statistic=c)
    more = compute_development_size(parameters + 1, prevalence, c_statistic=c)
    assert more.n >= fewer.n
    assert more.n == max(more.n_shrinkage, more.n_optimism, more.n_risk)


@pytest.mark.parametrize(("parameters", "factor"), [(1, 0.83), (2, 0.67), (3, 0.50), (5, 0.16)])
def test_expected_shrinkage_of_a_small_cohort(parameters: int, factor: float) -> None:
    # n = 48 and an R2 given as 0.12; the four factors together place it at 0.117
    assert compute_expected_shrinkage(48, parameters, 0.117) == pytest.approx(factor, abs=0.005)


def test_expected_shrinkage_by_hand() -> None:
    # 1 - 10 / (200 ln 2), ln(1 - 0.5) = -ln 2
    assert compute_expected_shrinkage(200, 10, 0.5) == pytest.approx(1 - 10 / (200 * math.log(2)))


def test_expected_shrinkage_at_the_needed_size_is_the_criterion() -> None:
    size = compute_development_size(24, 0.174, r2=0.288)
    factor = compute_expected_shrinkage(size.n_shrinkage, 24, 0.288, adjusted=True)
    assert factor == pytest.approx(0.9, abs=5e-4)


def test_expected_shrinkage_of_a_hopeless_model_has_a_floor() -> None:
    assert compute_expected_shrinkage(10, 500, 0.12) == 0
    assert compute_expected_shrinkage(10, 500, 0.12, adjusted=True) == pytest.approx(0.12)


@pytest.mark.parametrize(("prevalence", "r2", "limit"), [(0.1, 0.5, "0.478"), (0.5, 0.76, "0.750")])
def test_an_impossible_r2_is_refused(prevalence: float, r2: float, limit: str) -> None:
    with pytest.raises(InputError, match=f"below {limit}"):
        compute_development_size(3, prevalence, r2=r2)
