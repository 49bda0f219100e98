import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from training.measures.metrics import compute_metric_rows, compute_metric_stack


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 40),
    models=st.integers(1, 4),
    digits=st.sampled_from([1, 2, 16]),
    slope=st.floats(-3, 30),
)
def test_many_models_at_once_are_judged_as_one_by_one(
    seed: int, n: int, models: int, digits: int, slope: float
) -> None:
    # Few digits make ties, a steep slope separates the classes. At risks of exactly 0 or 1 the
    # calibration models hang on the last digits, and no two ways of summing agree.
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = (rng.random(n) < expit(slope * x)).astype(float)
    p = np.clip(np.round(expit(x + rng.normal(size=(models, n))), digits), 0.01, 0.99)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=(models, 3)) * rng.uniform(0.5, 3, n)
    found = compute_metric_stack(y, p, weights)
    for model in range(models):
        alone = compute_metric_rows(y, p[model], weights[model])
        assert list(found) == list(alone)
        for metric, expected in alone.items():
            assert found[metric][model] == pytest.approx(expected, abs=1e-6, rel=1e-6, nan_ok=True)


def test_a_weight_that_holds_events_only_has_no_calibration() -> None:
    # 0.1 + 0.2 + 0.3 is not 0.6 in binary: a class is absent by its patients, not by sums.
    y, p = np.array([1.0, 1.0, 1.0, 0.0]), np.array([[0.4, 0.3, 0.5, 0.4]])
    found = compute_metric_stack(y, p, np.array([[[0.1, 0.2, 0.3, 0.0]]]))
    for metric in ("auc", "calibration_in_the_large", "calibration_slope"):
        assert np.isnan(found[metric]).all()


def test_more_models_than_one_step_holds_keep_their_order() -> None:
    rng = np.random.default_rng(1)
    n, models = 3000, 50
    y = (rng.random(n) < 0.5).astype(float)
    p = rng.random((models, n))
    weights = np.ones((models, 2, n))
    found = compute_metric_stack(y, p, weights, n_calibrated=1)
    assert found["brier"][:, 0] == pytest.approx(((y - p) ** 2).mean(axis=1))
    assert np.isfinite(found["calibration_slope"][:, 0]).all()
    assert np.isnan(found["calibration_slope"][:, 1]).all()


def test_no_model_gives_empty_tables() -> None:
    found = compute_metric_stack(np.array([0.0, 1.0]), np.empty((0, 2)), np.empty((0, 3, 2)))
    assert found["auc"].shape == (0, 3)


def _alone(y: list[int], p: list[float], weight: list[float] | None = None) -> dict[str, float]:
    weights = np.ones((1, len(y))) if weight is None else np.array([weight], dtype=float)
    found = compute_metric_rows(np.array(y, dtype=float), np.array(p), weights)
    return {name: float(values[0]) for name, values in found.items()}


def test_losses_by_hand() -> None:
    y, p = [1, 0], [0.8, 0.4]
    plain, weighted = _alone(y, p), _alone(y, p, [3, 1])
    assert plain["brier"] == pytest.approx((0.04 + 0.16) / 2)
    assert weighted["brier"] == pytest.approx((3 * 0.04 + 0.16) / 4)
    assert plain["scaled_brier"] == pytest.approx(1 - 0.1 / 0.25)
    assert weighted["scaled_brier"] == pytest.approx(1 - 0.07 / 0.1875)
    assert plain["log_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


def test_a_certain_risk_that_fails_costs_a_finite_loss() -> None:
    assert _alone([1, 0], [0.0, 0.0])["log_loss"] == pytest.approx(-np.log(1e-12) / 2)
    assert _alone([1, 0], [1.0, 0.0])["log_loss"] == pytest.approx(0, abs=1e-11)
