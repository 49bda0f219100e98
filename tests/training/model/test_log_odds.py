import numpy as np
from scipy.special import expit

from training.model.log_odds import to_probability


def test_it_is_the_logistic_function_without_warnings_far_out() -> None:
    log_odds = np.concatenate([np.linspace(-40, 40, 801), [-1e4, -750.0, 750.0, 1e4]])
    found = to_probability(log_odds)
    np.testing.assert_allclose(found, expit(log_odds), rtol=1e-14, atol=1e-300)
    alone = [to_probability(log_odds[i : i + 1])[0] for i in range(len(log_odds))]
    np.testing.assert_array_equal(found, alone)


def test_it_can_take_the_place_of_what_came() -> None:
    log_odds = np.zeros((2, 3))
    assert to_probability(log_odds, out=log_odds) is log_odds
    np.testing.assert_array_equal(log_odds, 0.5)
