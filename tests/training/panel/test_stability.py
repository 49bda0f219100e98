"""Selection on half samples."""

import numpy as np
import pytest
from scipy.special import expit

from training.panel.stability import compute_stability


def test_stable_assays_are_selected_in_nearly_all_half_samples():
    rng = np.random.default_rng(0)
    Z, offset = rng.normal(size=(120, 40)), 0.3 * rng.normal(size=120)
    y = (rng.random(120) < expit(offset + 1.2 * Z[:, 3])).astype(float)
    found = compute_stability(Z, y, offset, rng=np.random.default_rng(1))
    assert found.share[3] > 0.95
    assert np.delete(found.share, 3).max() < found.share[3]
    # 25 pairs; q^2 / ((2 * 0.75 - 1) p) by hand.
    assert found.n_halves == 50
    assert found.bound_false(0.75) == pytest.approx(found.n_selected**2 / (0.5 * 40))
