from __future__ import annotations

import numpy as np

from serving.monitoring.charts import compute_outcome_charts
from serving.monitoring.performance import compute_o_e_course
from serving.monitoring.plots import plot_charts, plot_o_e_course
from tests.serving.monitoring.arrays import make_followed


def test_charts_show_value_limit_and_crossing():
    y = np.concatenate([np.tile([1.0, 1, 0], 5), np.zeros(10)])
    charts = compute_outcome_charts(make_followed(y))
    figure = plot_charts(charts)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == 4
    value, limit, crossings = panels[0].lines
    np.testing.assert_array_equal(value.get_ydata(), charts[0].steps["value"])
    assert np.isnan(limit.get_ydata()[0])  # so few cannot cross it
    assert list(crossings.get_xdata()) == [c.at + 1 for c in charts[0].crossings] != []
    assert panels[0].get_title(loc="left") == "Fewer respond than estimated (T1)"
    assert figure.to_png().startswith(b"\x89PNG")


def test_course_has_a_panel_for_each_horizon():
    course = compute_o_e_course(make_followed(np.tile([1.0, 0.0], 20)))
    figure = plot_o_e_course(course, ["t1", "t2"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["T1", "T2"]
    assert figure.axes[0].lines[2].get_xdata()[-1] == 40
