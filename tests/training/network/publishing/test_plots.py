"""Pictures of a network's report show what their tables say."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.training.helpers.network_runs import make_network_run
from training.network.publishing.judging import sum_groups
from training.network.publishing.plots import plot_calibration_over_centres


def test_every_centre_and_their_sum_are_drawn() -> None:
    groups = make_network_run()[0].groups["t1"]
    summed = sum_groups(groups)
    axes = plot_calibration_over_centres(summed, groups).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["ideal", "rotterdam", "aachen", "basel", "all centres, 95%"]
    own = next(line for line in axes.lines if line.get_label() == "basel")
    rows = groups[groups["centre"] == "basel"]
    assert list(own.get_ydata()) == pytest.approx((rows["events"] / rows["n"]).tolist())


def test_more_centres_than_markers_are_not_named() -> None:
    groups = make_network_run()[0].groups["t1"]
    many = pd.concat([groups.assign(centre=f"centre {k}") for k in range(50)])
    axes = plot_calibration_over_centres(sum_groups(groups), many).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["ideal", "one centre", "all centres, 95%"]
    assert len({line.get_marker() for line in axes.lines[1:51]}) == 1
