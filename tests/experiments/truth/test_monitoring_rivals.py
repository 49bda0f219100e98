from __future__ import annotations

from experiments.truth.monitoring import UsedModel
from experiments.truth.monitoring_rivals import compare_charts


def test_no_chart_sees_much_more_with_as_many_false_alarms() -> None:
    table = compare_charts(UsedModel(), simulations=2000, seed=7).set_index("chart")
    assert ((table["alarms"] - 0.632).abs() < 0.05).all()
    best = table["seen"].max()
    assert best - table.loc["CUSUM (Page)", "seen"] < 0.06
