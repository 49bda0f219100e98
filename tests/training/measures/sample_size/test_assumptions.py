import numpy as np
import pytest
from scipy.special import expit, ndtr

from features.errors import InputError
from training.measures.sample_size.assumptions import make_marginal_predictor, make_predictor
from training.measures.sample_size.development import compute_development_size
from training.measures.sample_size.validation import (
    compute_size_for_c_statistic,
    compute_validation_size,
)


def test_every_value_out_of_range_is_listed() -> None:
    with pytest.raises(InputError) as caught:
        compute_development_size(0, 1.2, r2=0.1, c_statistic=0.4)
    columns = [problem.column for problem in caught.value.problems]
    assert columns == ["r2, c_statistic", "parameters", "prevalence", "c_statistic"]


def test_neither_way_to_ask_is_refused() -> None:
    with pytest.raises(InputError, match="one of them"):
        compute_development_size(3, 0.5)
    with pytest.raises(InputError, match="one of them"):
        compute_size_for_c_statistic(0.5, 0.7)
    with pytest.raises(InputError, match="slope_width"):
        compute_validation_size(0.5, 0.7, slope_width=0)


def test_the_marginal_predictor_has_the_moments_of_the_binormal_one() -> None:
    moments = []
    for normality in ("class", "marginal"):
        lp, density = make_predictor(0.75, 0.2, normality)  # type: ignore[arg-type]
        mean = density @ lp
        moments.append((mean, density @ (lp - mean) ** 2))
    assert moments[0] == pytest.approx(moments[1], rel=1e-9)


@pytest.mark.parametrize(("c_statistic", "prevalence"), [(0.85, 0.1), (0.9, 0.5), (0.95, 0.3)])
def test_the_marginal_predictor_is_widened_until_it_discriminates(
    c_statistic: float, prevalence: float
) -> None:
    lp, density = make_marginal_predictor(c_statistic, prevalence)
    rng = np.random.default_rng(1)
    mean = float(density @ lp)
    drawn = rng.normal(mean, np.sqrt(density @ (lp - mean) ** 2), 400_000)
    events = rng.random(len(drawn)) < expit(drawn)
    cases, controls = drawn[events], np.sort(drawn[~events])
    found = np.mean(np.searchsorted(controls, cases)) / len(controls)
    assert found == pytest.approx(c_statistic, abs=0.0045)
    assert density.sum() == pytest.approx(ndtr(10) - ndtr(-10))
