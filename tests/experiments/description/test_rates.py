"""How many responded, by each denominator."""

import numpy as np
import pytest

from experiments.description.rates import compute_rates


def test_each_rate_has_its_own_denominator() -> None:
    t1 = np.array([1, 1, 1, 0, 0, np.nan])
    t2 = np.array([1, 0, np.nan, 0, np.nan, np.nan])
    rates = compute_rates({"t1": t1, "t2": t2}, n=6).set_index("rate")
    counted = rates[["events", "n"]].astype(object).where(rates["n"].notna(), None)
    assert counted.to_numpy().tolist() == [[3, 5], [1, 3], [2, 3], [1, 2], [None, None]]
    # One unknown of 6: 3 of 6 if it is no responder, 4 of 6 if it is one.
    assert rates.loc["t1", ["lowest", "highest"]].tolist() == pytest.approx([3 / 6, 4 / 6])
    # 3/5 responded, of whom 1/2 kept it.
    assert rates.loc["sustained", "share"] == pytest.approx(0.3)


def test_nothing_known_is_no_rate() -> None:
    assert compute_rates({"t1": np.full(3, np.nan)}, n=3).empty
    assert compute_rates({}, n=3).empty
