"""What noise buys, added up."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from training.network.disclosure.accounting import compute_epsilon, compute_rho


def test_the_published_budget_of_a_census() -> None:
    # 2020 Census redistricting data, persons: rho 2.56, delta 1e-10, published epsilon 17.14
    # (Abowd 2022, doi:10.1162/99608f92.529e3cb9).
    assert compute_epsilon(2.56, 1e-10) == pytest.approx(17.14, abs=0.03)


@pytest.mark.parametrize("rho", [0.001, 0.02, 0.5, 3.0])
@pytest.mark.parametrize("delta", [1e-3, 1e-6])
def test_between_the_exact_value_and_the_simple_bound(rho: float, delta: float) -> None:
    # One normal release is exactly (epsilon, delta) by Balle and Wang 2018 (arXiv:1805.06530).
    mu = np.sqrt(2 * rho)

    def excess(epsilon: float) -> float:
        tail = np.exp(epsilon + norm.logcdf(-mu / 2 - epsilon / mu))
        return float(norm.cdf(mu / 2 - epsilon / mu) - tail - delta)

    exact = brentq(excess, 0, 100)
    simple = rho + 2 * np.sqrt(rho * np.log(1 / delta))  # Bun and Steinke 2016, proposition 1.3
    assert exact <= compute_epsilon(rho, delta) <= simple


@pytest.mark.parametrize(("epsilon", "delta"), [(0.5, 1e-6), (1, 1e-5), (8, 1e-3)])
def test_the_budget_is_kept_and_used_up(epsilon: float, delta: float) -> None:
    rho = compute_rho(epsilon, delta)
    assert compute_epsilon(rho, delta) == pytest.approx(epsilon, rel=1e-6)
    assert compute_epsilon(rho, delta) <= epsilon


@pytest.mark.parametrize(("epsilon", "delta"), [(0, 1e-5), (-1, 1e-5), (1, 0), (1, 1)])
def test_a_budget_that_means_nothing_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(ValueError, match="expected epsilon above 0 and delta in"):
        compute_rho(epsilon, delta)
