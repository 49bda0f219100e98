"""Both whole procedures in each fold, and nothing of who is held out."""

from dataclasses import replace

import numpy as np

import training.evaluation.panel_folds as panel_folds
from tests.training.helpers.panel_cohorts import CLINICAL, PANEL, make_data
from training.evaluation.panel_folds import cross_validate_panel, make_panel_folds


def test_many_patients_get_one_repeat_of_five_folds(monkeypatch):
    monkeypatch.setattr(panel_folds, "_MANY", 50)
    data = make_data(60, seed=2)
    out = cross_validate_panel(data, CLINICAL, PANEL, n_folds=10, n_repeats=3, seed=1)
    assert out.folds.shape == (1, 60)
    assert sorted(np.unique(out.folds)) == [0, 1, 2, 3, 4]


def test_only_patients_with_a_panel_are_compared_and_each_once():
    data = make_data(100, shift=1.0, share=0.7)
    out = cross_validate_panel(data, CLINICAL, PANEL, n_folds=5, n_repeats=2, seed=1)
    np.testing.assert_array_equal(out.rows, np.flatnonzero(data.has))
    assert out.panel.shape == (1, 2, 70)
    assert not np.isnan(out.panel).any()
    assert not np.isnan(out.clinical).any()


def test_a_panel_that_cannot_be_used_leaves_the_clinical_estimate():
    data = make_data(120, shift=1.2)
    rows = data.rows.copy()
    rows[0] = data.ceiling  # nothing was detected: no reference to normalise by
    data = replace(data, rows=rows)
    out = cross_validate_panel(data, CLINICAL, PANEL, n_folds=5, n_repeats=1, seed=1)
    assert out.panel[0, 0, 0] == out.clinical[0, 0, 0]
    assert np.mean(out.panel[0, 0] != out.clinical[0, 0]) > 0.9


def test_held_out_patients_are_not_looked_at():
    # Other outcomes and panels of one fold must not change what it is predicted.
    data = make_data(80, shift=1.0)
    out = cross_validate_panel(data, CLINICAL, PANEL, n_folds=5, n_repeats=1, seed=1)
    test = out.folds[0] == 2
    y = data.clinical.y["t1"].copy()
    y[test] = 1 - y[test]
    part = panel_folds._predict_fold(
        replace(data, clinical=replace(data.clinical, y={"t1": y})),
        test,
        CLINICAL,
        PANEL,
        (1, 2, 0, 2),
    )
    np.testing.assert_array_equal(part.panel[:, 0], out.panel[0, 0, test])


def test_a_held_out_patients_plate_is_a_new_one():
    data = make_data(80, shift=1.2)
    plate = np.arange(80) % 2.0
    data = replace(
        data, rows=np.column_stack([data.rows + plate[:, None], plate]), plates=("a", "b")
    )
    test = np.arange(80) % 5 == 0
    other = data.rows.copy()
    other[test, -1] = 1 - other[test, -1]
    one, two = (
        panel_folds._predict_fold(d, test, CLINICAL, PANEL, (0,))
        for d in (data, replace(data, rows=other))
    )
    assert one.selected
    np.testing.assert_array_equal(one.panel, two.panel)


def test_folds_are_balanced_over_outcomes_and_over_who_has_a_panel():
    data = make_data(100, share=0.6)
    folds = make_panel_folds(data, n_folds=5, n_repeats=2, seed=1)
    assert folds.shape == (2, 100)
    assert (folds[0] != folds[1]).any()
    responders = data.clinical.y["t1"] == 1
    for repeat in folds:
        for group in (responders & data.has, ~responders & data.has, responders & ~data.has):
            sizes = np.bincount(repeat[group], minlength=5)
            assert np.ptp(sizes) <= 1


def test_a_fold_that_cannot_be_normalised_is_told_and_keeps_the_clinical_estimate():
    data = make_data(60)
    data = replace(data, rows=np.where(data.has[:, None], data.ceiling, data.rows))
    out = cross_validate_panel(data, CLINICAL, PANEL, n_folds=3, n_repeats=1, seed=1)
    assert all(part.failure and part.selected == () for part in out.parts)
    np.testing.assert_array_equal(out.panel, out.clinical)
