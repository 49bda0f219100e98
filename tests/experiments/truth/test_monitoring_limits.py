from __future__ import annotations

import numpy as np

from experiments.truth.monitoring import UsedModel
from experiments.truth.monitoring_limits import compute_alarm_shares


def test_alarms_are_as_many_as_the_budget_allows() -> None:
    table = compute_alarm_shares(UsedModel(), simulations=1500, seed=3).set_index("chart")
    error = np.sqrt(table["allowed"] * (1 - table["allowed"]) / 1500)
    assert (table["any"] < table["allowed"] + 3 * error).all()
    assert table.loc["first_fewer", "any"] > 0.5
    assert table.loc["any", "first_year"] < 0.05 + 3 * 0.006
