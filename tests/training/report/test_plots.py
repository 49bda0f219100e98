"""What the pictures of a report draw, and where."""

import numpy as np
import pandas as pd
import pytest

from tests.training.helpers.validated import judge_small
from training.report.plots import (
    plot_calibration_instability,
    plot_decision_curve,
    plot_importance,
    plot_null_test,
    plot_prediction_instability,
    plot_risk_calibration,
    plot_roc,
    plot_sites,
)
from training.validation.validation import Judged

RERUNS = pd.DataFrame(
    {
        "risk": [0.3, 0.5, 0.7],
        "low": [0.1, 0.3, 0.5],
        "q1": [0.2, 0.4, 0.6],
        "median": [0.32, 0.5, 0.66],
        "q3": [0.4, 0.6, 0.75],
        "high": [0.5, 0.7, 0.9],
    }
)


def test_importance_is_in_points_and_the_largest_stands_on_top() -> None:
    table = pd.DataFrame(
        {
            "predictor": ["nrs_t0", "opioid", "age_years"],
            "mean_absolute_contribution": [0.02, 0.05, 0.01],
        }
    )
    figure = plot_importance(table, labels={"opioid": "Opioid"})
    (axes,) = figure.axes
    bars = axes.containers[0]
    assert [bar.get_width() for bar in bars] == pytest.approx([1.0, 2.0, 5.0])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["age_years", "nrs_t0", "Opioid"]


def test_the_median_of_the_reruns_is_drawn_at_the_served_risk() -> None:
    (axes,) = plot_prediction_instability(RERUNS).axes
    median = next(line for line in axes.lines if line.get_label() == "median")
    assert median.get_xdata() == pytest.approx([0.3, 0.5, 0.7])
    assert median.get_ydata() == pytest.approx([0.32, 0.5, 0.66])
    assert len(axes.collections) == 2  # a band of 95%, and one of half of the reruns


def test_a_constant_model_is_drawn_as_bars_and_a_point() -> None:
    (axes,) = plot_prediction_instability(RERUNS.head(1)).axes
    segments = [bars.get_segments()[0][:, 1].tolist() for bars in axes.collections]
    assert segments == [[0.1, 0.5], [0.2, 0.4]]


def test_a_curve_that_leaves_0_to_1_is_cut_there() -> None:
    table = pd.DataFrame({"risk": [0.0, 0.5, 1.0], "median": [-0.2, 0.5, 1.3]})
    curves = np.array([[-0.5, 0.4, 1.5]])
    (axes,) = plot_calibration_instability(table, curves).axes
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
    inside = [y for y in drawn if len(y) == 3]
    assert sorted(y.tolist() for y in inside) == [[0.0, 0.4, 1.0], [0.0, 0.5, 1.0]]


def test_the_null_test_names_its_models_and_shows_the_band_that_passes() -> None:
    table = pd.DataFrame(
        {
            "horizon": ["t1", "t1"],
            "model": ["ridge", "whole"],
            "auc": [0.49, 0.52],
            "mc_error": [0.01, np.nan],
            "verdict": ["passed", "uncertain"],
        }
    )
    (axes,) = plot_null_test(table, {"ridge": "ridge regression"}).axes
    names = {label.get_text() for label in axes.get_yticklabels()}
    assert names == {"ridge regression", "whole"}
    low, high = axes.get_xlim()
    assert low <= 0.4
    assert high >= 0.6


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    return judge_small()


def test_pictures_draw_their_tables(judged: dict[str, Judged]) -> None:
    result = judged["t1"]
    figure = plot_risk_calibration(result.calibration.curve, result.groups, result.risks)
    above, below = figure.axes
    np.testing.assert_allclose(above.lines[1].get_ydata(), result.calibration.curve["observed"])
    heights = [patch.get_height() for patch in below.patches]  # type: ignore[attr-defined]
    assert sum(heights) == result.events - (result.n - result.events)
    auc = next(iter(result.performance.loc[["auc"]].itertuples()))
    assert f"AUC {auc.estimate:.2f}" in plot_roc(result.roc, auc).axes[0].texts[0].get_text()
    net = plot_decision_curve(result.decisions.curve).axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(net, result.decisions.curve["net_benefit"])


def test_the_forest_names_sites_that_cannot_be_judged(judged: dict[str, Judged]) -> None:
    sites = judged["t1"].sites
    assert sites is not None
    axes = plot_sites(sites.table, sites.pooled).axes
    labels = [label.get_text() for label in axes[0].get_yticklabels()]
    assert labels[0].startswith("north  (") and labels[-1] == "all sites"
    assert [text.get_text() for text in axes[0].texts] == ["not estimable"]
    few = plot_sites(sites.table, sites.pooled.assign(estimate=np.nan, prediction_low=np.nan))
    assert len(few.axes[0].lines) < len(axes[0].lines)


def test_sites_by_the_hundred_are_drawn_on_one_page_and_named_by_the_table():
    n = 100
    table = pd.DataFrame({"site": [f"site {k}" for k in range(n)], "n": 40, "events": 20})
    for measure, middle in (("auc", 0.7), ("o_e", 1.0), ("slope", 1.0)):
        for end, factor in (("", 1.0), ("_low", 0.9), ("_high", 1.1)):
            table[measure + end] = middle * factor
    pooled = pd.DataFrame(
        {"estimate": [0.7, 1.0, 1.0]}
        | {e: [0.6, 0.9, 0.9] for e in ("low", "prediction_low")}
        | {e: [0.8, 1.1, 1.1] for e in ("high", "prediction_high")},
        index=["auc", "o_e", "slope"],
    )
    figure = plot_sites(table, pooled)
    assert figure.get_figheight() < 9
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [*[""] * n, "all sites"]
