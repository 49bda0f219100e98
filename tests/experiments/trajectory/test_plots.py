"""Pictures of weekly pain in two arms."""

import pandas as pd

from experiments.trajectory.plots import plot_differences, plot_regressions, plot_weekly_means
from features.dictionary.contract import CONTRACT


def test_pictures_draw_what_was_computed() -> None:
    means = pd.DataFrame(
        [
            ("a", 0, 5, 7.0, 1, 6, 8),
            ("a", 1, 5, 6.0, 1, 5, 7),
            ("b", 0, 5, 7.0, 1, 6, 8),
            ("b", 1, 2, float("nan"), 1, 2, 4),
        ],
        columns=["arm", "week", "n", "mean", "sd", "low", "high"],
    )
    (axes,) = plot_weekly_means(means, arms=("a", "b"), score=CONTRACT["nrs_t0"], title="x").axes
    drawn = [list(line.get_ydata()) for line in axes.lines if line.get_marker() == "o"]
    assert drawn == [[7, 6], [7]]
    differences = pd.DataFrame(
        {
            "week": [1, 2],
            "difference": [-2.0, 0.1],
            "low": [-3.0, -1.0],
            "high": [-1.0, 1.0],
            "low_all": [-4.0, -2.0],
            "high_all": [0.5, 2.0],
        }
    )
    (axes,) = plot_differences(differences, differences, lost=2, unit="points", title="x").axes
    assert [text.get_text() for text in axes.texts] == ["no week differs\nfrom week 2 on"]
    assert 0 < axes.get_ylim()[1]
    (axes,) = plot_differences(differences, None, lost=None, unit="points", title="x").axes
    assert not axes.texts
    rows = pd.DataFrame(
        {
            "variable": ["age_years", "sex"],
            "label": ["Age, years", "Sex"],
            "level": ["", "male (against female)"],
            "b": [0.1, -1.0],
            "low": [0.0, -2.0],
            "high": [0.2, 0.0],
            "sd": [10.0, 1.0],
        }
    )
    (axes,) = plot_regressions(rows, rows[:1], unit="points", title="x").axes
    points = {
        round(float(line.get_xdata()[0]), 6)
        for line in axes.lines
        if line.get_marker() == "o" and len(line.get_xdata()) == 1
    }
    assert points == {1.0, -1.0}  # per standard deviation: 10 x 0.1
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Sex, male (against female)", "Age, years (per SD)"]
