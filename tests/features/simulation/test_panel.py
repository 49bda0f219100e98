"""Simulated panels: shape, levels, and the truth behind them."""

import numpy as np

from features.files.table import write_table
from features.panel.importing import read_panel
from features.panel.panel import PANEL_COLUMNS, to_matrix
from features.simulation.panel import CEILING, make_panel

PATIENTS = [f"SYN-{i:05d}" for i in range(60)]
RESPONDS = np.arange(60) % 2.0


def test_a_panel_comes_back_from_its_file(tmp_path):
    made = make_panel(PATIENTS, RESPONDS, n_assays=30, seed=1)
    assert list(made.panel.table.columns) == list(PANEL_COLUMNS)
    assert made.panel.synthetic
    write_table(made.panel.table, tmp_path / "panel.parquet")
    again = to_matrix(read_panel(tmp_path / "panel.parquet", format="tidy"))
    np.testing.assert_array_equal(again.ct, to_matrix(made.panel).ct)
    assert again.ceiling == CEILING


def test_without_informative_assays_the_outcome_changes_nothing():
    one = make_panel(PATIENTS, RESPONDS, n_assays=30, seed=1)
    other = make_panel(PATIENTS, 1 - RESPONDS, n_assays=30, seed=1)
    np.testing.assert_array_equal(to_matrix(one.panel).ct, to_matrix(other.panel).ct)
    assert one.informative == ()
    np.testing.assert_array_equal(one.log_odds, 0.0)


def test_informative_assays_are_lower_in_responders_by_the_shift():
    responds = np.arange(4000) % 2.0
    made = make_panel(
        [f"SYN-{i}" for i in range(4000)], responds, n_assays=3, n_informative=2, shift=1.0, seed=2
    )
    ct = to_matrix(made.panel).ct
    gap = ct[responds == 1].mean(axis=0) - ct[responds == 0].mean(axis=0)
    # The shift is in standard deviations of what other assays do not explain: 0.8 cycles.
    np.testing.assert_allclose(gap[:2], -0.8, atol=0.12)
    assert abs(gap[2]) < 0.15
    assert made.informative == ("hsa-miR-9000-5p", "hsa-miR-9001-5p")


def test_some_assays_are_not_detected_in_everyone():
    made = make_panel(PATIENTS, RESPONDS, n_assays=300, seed=3)
    share = made.panel.table.groupby("assay")["detected"].mean()
    assert share.min() < 0.8
    assert (share == 1).mean() > 0.7
