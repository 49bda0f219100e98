"""What a panel adds, in the same patients."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.helpers.panel_cohorts import CLINICAL, PANEL, make_data
from training.evaluation.panel import count_panel_steps, evaluate_panel
from training.evaluation.verdict import make_panel_size_text, make_panel_verdict
from training.fitting.response import fit_response
from training.measures.sample_size.development import (
    compute_affordable_parameters,
    compute_development_size,
)
from training.report.panel_section import make_panel_section


def _evaluate(data, *, n_repeats=1, calls=None, procedure=PANEL):
    fitted = fit_response(data.clinical, CLINICAL, rng=np.random.default_rng(0))
    return evaluate_panel(
        data,
        CLINICAL,
        procedure,
        fitted,
        n_folds=5,
        n_repeats=n_repeats,
        thresholds=[0.5],
        weighting="none",
        n_bootstrap=100,
        seed=1,
        progress=lambda: None if calls is None else calls.append(1),
    )


@pytest.fixture(scope="module")
def signal():
    return _evaluate(make_data(120, shift=1.2))


def test_added_value_is_found_where_it_is(signal):
    assert signal.found == "found"
    assert signal.keeps_model
    table = signal.value["t1"]
    assert table.loc["auc", "difference"] > 0.1
    assert table.loc["brier", "high"] < 0
    assert signal.net_benefit["t1"]["difference"].item() > 0
    assert "added value found" in make_panel_verdict(signal)
    best = signal.assays.head(4)
    assert set(best["assay"]) == {f"hsa-miR-{9000 + j}-5p" for j in range(4)}
    assert (best["odds_ratio"] < 1).all()
    assert (best["folds"] == 1).all()


def test_noise_is_said_to_hold_nothing():
    found = _evaluate(make_data(60, seed=2))
    assert found.found == "nothing"
    assert not found.keeps_model
    assert "nothing was found" in make_panel_verdict(found)
    assert "no sub-model" in make_panel_verdict(found)


def test_too_few_of_a_class_are_described_only():
    data = make_data(60)
    y = data.clinical.y["t1"].copy()
    y[np.flatnonzero(y == 0)[7:]] = np.nan
    data = replace(data, clinical=replace(data.clinical, y={"t1": y}))
    calls: list[int] = []
    found = _evaluate(data, calls=calls)
    assert found.found == "too_few"
    assert found.fitted is None
    assert "7 nonresponders" in make_panel_verdict(found)
    assert len(calls) == count_panel_steps(data, n_folds=5, n_repeats=1) == 1
    section = make_panel_section(found, PANEL, clinical=1)
    assert len(section.blocks) == 2


def test_progress_is_called_as_often_as_told():
    data, calls = make_data(60, seed=2), []
    _evaluate(data, n_repeats=2, calls=calls)
    assert len(calls) == count_panel_steps(data, n_folds=5, n_repeats=2) == 12


def test_the_size_counts_every_assay_and_says_what_is_borne(signal):
    assert signal.size.parameters == 61
    bears = compute_affordable_parameters(1000, 0.5, c_statistic=0.70)
    # One more parameter would need more than the patients there are.
    assert compute_development_size(bears, 0.5, c_statistic=0.70).n <= 1000
    assert compute_development_size(bears + 1, 0.5, c_statistic=0.70).n > 1000
    text = make_panel_size_text(signal, 1)
    assert "61 parameters" in text
    assert f"bear {signal.affordable} candidate parameter" in text
