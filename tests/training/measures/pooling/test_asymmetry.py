import numpy as np
import pytest

from tests.training.helpers.bcg import make_bcg_effects
from training.measures.pooling.asymmetry import compute_begg_test, compute_egger_test


def test_funnel_tests_on_bcg_trials() -> None:
    bcg = make_bcg_effects()
    # metafor: regtest(model = "lm") p = 0.1887, ranktest tau = 0.0256, p = 0.9524.
    assert compute_egger_test(*bcg).p_value == pytest.approx(0.1887, abs=5e-5)
    begg = compute_begg_test(*bcg)
    assert (begg.statistic, begg.p_value) == pytest.approx((0.0256, 0.9524), abs=5e-5)


def test_egger_intercept_is_zero_when_size_does_not_matter() -> None:
    variances = np.array([0.1, 0.2, 0.4, 0.8])
    straight = compute_egger_test(0.7 + 1e-6 * np.array([1, -1, -1, 1]), variances)
    assert straight.statistic == pytest.approx(0, abs=1e-4)
    # Effects that grow with the standard error by 2 per unit: the intercept is that 2.
    leaning = compute_egger_test(
        0.7 + 2 * np.sqrt(variances) + 1e-6 * np.array([1, -1, -1, 1]), variances
    )
    assert leaning.statistic == pytest.approx(2, abs=1e-4)
    assert leaning.p_value < 0.001


def test_impossible_input_is_refused() -> None:
    with pytest.raises(ValueError, match="equal lengths"):
        compute_begg_test([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="at least 3 studies"):
        compute_egger_test([1, 2], [1, 2])
    with pytest.raises(ValueError, match="different precision"):
        compute_egger_test([1, 2, 3], [1, 1, 1])
