"""Risks counted in twentieths."""

import numpy as np

from training.measures.risk_histogram import compute_risk_histogram


def test_every_patient_is_counted_once_under_their_outcome() -> None:
    y = np.array([1.0, 1.0, 0.0, 0.0, np.nan])
    table = compute_risk_histogram(y, np.array([0.0, 0.049, 0.05, 1.0, 0.96]))
    assert len(table) == 20
    np.testing.assert_allclose(table["low"], np.arange(20) / 20)
    np.testing.assert_allclose(table["high"], np.arange(1, 21) / 20)
    assert table["events"].tolist() == [2] + [0] * 19
    assert table["non_events"].tolist() == [0, 1] + [0] * 17 + [1]
    assert table["unknown"].tolist() == [0] * 19 + [1]
