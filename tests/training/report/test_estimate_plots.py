import pandas as pd
import pytest

from training.report.estimate_plots import plot_estimates


@pytest.mark.parametrize("n", [1, 2])
def test_responders_stand_above_nonresponders_below_and_the_base_rate_between(n: int) -> None:
    risks = pd.DataFrame({"low": [0.5, 0.6], "high": [0.6, 0.7], "events": [3, 0]})
    risks["non_events"] = [1, 2]
    figure = plot_estimates({f"T{i + 1}": (risks, 0.5) for i in range(n)})
    assert len(figure.axes) == n
    for axes in figure.axes:
        assert [bar.get_height() for bar in axes.patches] == [3, 0, -1, -2]
        (line,) = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert set(line.get_xdata()) == {0.5}  # type: ignore[arg-type]
        assert "50% responded" in axes.get_title(loc="left")
