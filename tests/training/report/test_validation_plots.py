"""Pictures of a model judged in other patients draw their tables."""

import numpy as np
import pytest

from tests.training.helpers.validated import judge_small
from training.report.validation_plots import (
    plot_decision_curve,
    plot_risk_calibration,
    plot_roc,
    plot_sites,
)
from training.validation.validation import Judged


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
