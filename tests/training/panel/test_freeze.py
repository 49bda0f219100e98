"""From a fitted panel to what is served: the clinical estimate with a score behind it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from tests.training.helpers.panel_cohorts import make_data
from tests.training.helpers.panel_fits import fit_signal, fit_sub_model
from training.fitting.procedure import Procedure
from training.model.comparison import RowComparison


@pytest.fixture(scope="module")
def signal():
    return fit_signal()


def test_the_sub_model_is_the_clinical_one_plus_the_score(signal):
    data, panel, base, model = signal
    X, rows = data.clinical.X, data.rows
    own = logit(model.response.probability(model.encode(X, rows))[:, 0])
    clinical = logit(base.probability(X)[:, 0])
    shift = own - clinical - panel.first.score(panel.standardise(rows))
    np.testing.assert_allclose(shift, shift[0], atol=1e-9)


def test_the_mean_risk_is_that_of_the_clinical_estimate(signal):
    data, _, base, model = signal
    X, rows = data.clinical.X, data.rows
    with_panel = model.response.probability(model.encode(X, rows))
    assert with_panel.mean() == pytest.approx(base.probability(X).mean(), abs=1e-9)


def test_whoever_has_no_panel_takes_part_in_the_clinical_estimate_only():
    data = make_data(160, shift=1.2, share=0.6)
    assert int(data.has.sum()) == 96
    panel, base, model = fit_sub_model(data)
    assert panel.first.n == 96
    assert set(panel.usable) == set(np.flatnonzero(data.has))
    # The clinical coefficients are those made from everyone.
    n_clinical = len(base.first.coef)
    np.testing.assert_array_equal(model.response.first.coef[:n_clinical], base.first.coef)
    assert model.response.predictors[:1] == ("nrs_t0",)


def test_no_value_of_a_patients_panel_is_in_the_sub_model(signal):
    data, panel, _, model = signal
    values = np.unique(np.concatenate([panel.delta.ravel(), data.rows.ravel()]))
    found = []

    def walk(item: object) -> None:
        if isinstance(item, np.ndarray) and item.dtype.kind == "f":
            found.append(item.ravel())
        elif isinstance(item, (list, tuple)):
            for part in item:
                walk(part)
        elif isinstance(item, dict):
            walk(list(item.values()))
        elif hasattr(item, "__dict__"):
            walk(vars(item))

    walk(model)
    stored = np.concatenate(found)
    stored = stored[np.isfinite(stored) & (stored != data.ceiling)]
    values = values[np.isfinite(values) & (values != data.ceiling)]
    place = np.searchsorted(values, stored).clip(1, len(values) - 1)
    nearest = np.minimum(np.abs(values[place] - stored), np.abs(values[place - 1] - stored))
    # Numbers that are rounded for a reason (0, or tenths of cycles) may come near by chance.
    rounded = np.abs(stored * 10 - np.round(stored * 10)) < 1e-6
    assert len(stored) > 1000
    assert nearest[~rounded].min() > 1e-9


def test_an_assay_that_was_not_measured_counts_as_average(signal):
    data, _, _, whole = signal
    model = replace(whole, min_coverage=0.5)
    row = data.rows[0].copy()
    row[data.assays.index(model.selected[-1])] = np.nan
    assert model.can_use(row) == ""
    encoded = model.encode(data.clinical.X[:1], row[np.newaxis])
    first = model.response.first
    average = model.encode(data.clinical.X[:1], np.full((1, len(row)), np.nan))
    gains = RowComparison([first], [first.basis.expand(average)]).compare(
        [first.basis.expand(encoded)]
    )
    alone = gains.alone[0, 0]
    assert alone[-1] == 0.0
    assert alone[-2] != 0.0


def test_the_interval_holds_the_estimate_and_is_wider_than_without_a_panel(signal):
    data, _, base, model = signal
    X = data.clinical.X[:40]
    encoded = model.encode(X, data.rows[:40])
    limits, served = model.response.interval(encoded), model.response.probability(encoded)
    assert np.all((limits[:, 0, 0] <= served[:, 0]) & (served[:, 0] <= limits[:, 0, 1]))
    on_log_odds = np.diff(logit(np.clip(limits[:, 0], 1e-9, 1 - 1e-9)), axis=1).mean()
    assert on_log_odds > np.diff(logit(base.interval(X)[:, 0]), axis=1).mean()


def test_the_draws_of_the_assays_have_the_served_coefficients_as_their_mean(signal):
    _, _, base, model = signal
    slopes = model.response.working_first.draws[:, base.working_first.draws.shape[1] :]
    served = model.response.first.coef[len(base.first.coef) :]
    error = slopes.std(axis=0) / np.sqrt(len(slopes))
    assert np.all(np.abs(slopes.mean(axis=0) - served) < 5 * error)
    assert np.all(slopes.std(axis=0) > 0)


def test_a_clinical_estimate_of_trees_is_carried_along():
    rng = np.random.default_rng(0)
    data = make_data(300, shift=1.0, seed=5)
    x = data.clinical.X[:, 0]
    y = (rng.random(300) < np.where(np.abs(x - 7) < 2, 0.9, 0.1)).astype(float)
    clinical = replace(data.clinical, y={"t1": y})
    data = replace(data, clinical=clinical)
    rows = data.rows.copy()
    rows[:, 0] -= 2 * y
    data = replace(data, rows=rows)
    panel, base, model = fit_sub_model(data, clinical=Procedure(("lightgbm",), inner_repeats=1))
    assert base.has_trees
    own = logit(model.response.probability(model.encode(clinical.X, rows))[:, 0])
    expected = logit(base.probability(clinical.X)[:, 0])
    expected = expected + panel.first.score(panel.standardise(rows))
    np.testing.assert_allclose(own - expected, (own - expected)[0], atol=1e-9)
