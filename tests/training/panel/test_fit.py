"""The panel beside the clinical estimate: fitted, frozen, and what it must not change."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from features.arrays import BoolArray, IntArray
from tests.training.helpers.panel_cohorts import CLINICAL, PANEL, make_data
from tests.training.helpers.panel_fits import fit_signal, fit_sub_model
from training.fitting.response import fit_response
from training.panel.fit import FittedPanel, fit_panel, fit_update


@pytest.fixture(scope="module")
def signal():
    return fit_signal()


def test_noise_gives_no_sub_model():
    panel, _, model = fit_sub_model(make_data(60, seed=2))
    assert model is None
    assert panel.first.weights == {"clinical": 1.0}
    assert "dealt out at random" in panel.first.reason


def test_a_signal_gives_a_sub_model_of_the_assays_that_carry_it(signal):
    _, panel, _, model = signal
    assert panel.first.reason == ""
    assert sum(panel.first.weights.values()) == pytest.approx(1.0)
    assert list(panel.first.weights) == ["clinical", "few", "all"]
    assert panel.first.weights["clinical"] < 0.01
    assert 0 < panel.first.p_value <= 0.05
    assert {f"hsa-miR-{9000 + j}-5p" for j in range(4)} <= set(model.selected)
    # The most influential come first.
    assert set(model.selected[:4]) == {f"hsa-miR-{9000 + j}-5p" for j in range(4)}


def _fit_with(others: int, lost: int) -> FittedPanel:
    """Fit 60 panels of noise, of patients without response and of those who lost it."""
    data = make_data(60, seed=2)
    t1 = np.where(np.arange(60) < others, 0.0, 1.0)
    kept = np.where(t1 == 0, np.nan, np.arange(60) >= others + lost)
    y = {"t1": t1, "t2": np.where(t1 == 0, 0.0, kept)}
    clinical = replace(data.clinical, horizons=("t1", "t2"), y=y, kept=kept)
    data = replace(data, clinical=clinical)
    fitted = fit_response(clinical, CLINICAL, rng=np.random.default_rng(0))
    return fit_panel(data, fitted, PANEL, rng=np.random.default_rng(1))


@pytest.mark.parametrize(("others", "lost"), [(5, 10), (4, 9)])
def test_a_panel_is_looked_at_from_five_of_a_class_and_ten_who_lost_the_response_on(
    others: int, lost: int
) -> None:
    panel = _fit_with(others, lost)
    assert ("fewer than 5 of either" in panel.first.reason) is (others < 5)
    assert panel.kept is not None
    assert ("fewer than 10 of either" in panel.kept.reason) is (lost < 10)


@pytest.mark.parametrize("few", [4, 5])
def test_a_score_is_sought_from_five_of_a_class_on(few: int) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], [few, 40])
    Z, n = rng.normal(size=(few + 40, 10)), few + 40
    update = fit_update(Z, y, np.zeros(n), PANEL, rng=rng)
    assert ("too few" in update.reason) is (few < 5)
    assert not update.coef.any()


def test_selection_before_the_folds_would_be_caught():
    # The same screening on all patients, and only then cross-validation of a fit on what it
    # kept: the AUC of noise is then far above the band that a null test allows.
    from training.fitting.resampling import make_folds
    from training.fitting.solvers import fit_ridge
    from training.measures.discrimination import compute_auc
    from training.panel.screening import compute_scores

    def judge(inside: bool, seed: int) -> float:
        rng = np.random.default_rng(seed)
        Z, offset = rng.normal(size=(48, 750)), np.zeros(48)
        y = np.repeat([0.0, 1.0], 24)
        folds = make_folds(y.astype(np.intp), np.arange(48), n_folds=4, rng=rng)

        def screen(rows: BoolArray) -> IntArray:
            return np.argsort(-np.abs(compute_scores(Z[rows], y[rows], offset[rows])))[:10]

        leaked = screen(np.ones(48, dtype=bool))
        auc = []
        for fold in range(4):
            train, test = folds != fold, folds == fold
            own = screen(train) if inside else leaked
            (mode,) = fit_ridge(Z[train][:, own], y[train], prior_sd=[0.5])
            auc.append(compute_auc(y[test], expit(Z[test][:, own] @ mode[1:])))
        return float(np.mean(auc))

    assert np.mean([judge(False, seed) for seed in range(20)]) > 0.8
    assert 0.4 < np.mean([judge(True, seed) for seed in range(20)]) < 0.6


def test_without_a_test_noise_gets_little_and_the_procedure_says_how_probable_nothing_is() -> None:
    rng = np.random.default_rng(0)
    untested = PANEL.model_copy(update={"max_p": 1.0})
    for _ in range(10):
        Z, y = rng.normal(size=(60, 100)), (rng.random(60) < 0.5).astype(float)
        update = fit_update(Z, y, np.zeros(60), untested, rng=rng)
        assert np.isnan(update.p_value)
        assert sum(update.weights.values()) == pytest.approx(1.0)
        # A signal's score has an SD above 1 (the tests of the posterior).
        assert update.score(Z).std() < 0.8


def test_no_more_assays_take_part_than_may() -> None:
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(80, 50))
    y = (rng.random(80) < expit(Z @ np.full(50, 0.5))).astype(float)
    for most in (1, 5, 30):
        procedure = PANEL.model_copy(update={"max_p": 1.0, "max_assays": most})
        assert 1 <= len(fit_update(Z, y, np.zeros(80), procedure, rng=rng).used) <= most


def test_the_same_seed_gives_the_same_bytes() -> None:
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(60, 40))
    y = (rng.random(60) < expit(2 * Z[:, 0])).astype(float)
    one, other = (
        fit_update(Z, y, np.zeros(60), PANEL, rng=np.random.default_rng(7)) for _ in range(2)
    )
    assert one.reason == ""
    assert one.coef.tobytes() == other.coef.tobytes()
    assert one.p_value == other.p_value
    draws = [u.draw(50, rng=np.random.default_rng(8)) for u in (one, other)]
    assert draws[0].tobytes() == draws[1].tobytes()
