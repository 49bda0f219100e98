from collections.abc import Sequence

import numpy as np
import pytest
from scipy.special import expit

from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis
from training.fitting.candidates import CANDIDATES, Firth, Member, constant_member, is_constant
from training.model.trees import import_lightgbm


def _draw(n: int, seed: int, *, slope: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, 3))
    return Z, (rng.random(n) < expit(slope * Z[:, 0])).astype(float)


def _as_they_are(Z: np.ndarray, *, linear: Sequence[bool] | None = None) -> PredictorBasis:
    """Return a basis whose columns are these; those that are not linear count as bends."""
    basis = PredictorBasis().fit(Z)
    if linear is not None:
        basis.linear_ = np.array(linear)
    return basis


def test_firth_gives_the_known_solution_of_a_separated_table() -> None:
    # x = y = (0,0,0,1,1,1): the penalised maximum is slope 2 ln 7, intercept -ln 7 (Heinze and
    # Schemper 2002, doi:10.1002/sim.1047: adding 1/2 to each cell of a saturated 2 x 2 table).
    x = np.array([0.0, 0, 0, 1, 1, 1])
    (member,) = Firth().fit_path(x[:, np.newaxis], _as_they_are(x[:, np.newaxis]), x)
    assert member.coef[0] == pytest.approx(2 * np.log(7), abs=1e-6)
    assert member.intercept == pytest.approx(-np.log(7), abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_flic_gives_the_observed_mean_risk_even_under_separation(seed: int) -> None:
    Z, y = _draw(30, seed, slope=3.0)
    if seed % 2:
        y = (Z[:, 0] > 0.4).astype(float)
    (member,) = Firth().fit_path(Z, _as_they_are(Z), y)
    assert expit(member.margin(Z)).mean() == pytest.approx(y.mean(), abs=1e-12)
    assert np.abs(member.coef).max() < 50


def test_firth_leaves_out_a_column_without_spread() -> None:
    Z, y = _draw(40, 1)
    Z[:, 2] = 0.0
    (member,) = Firth().fit_path(Z, _as_they_are(Z), y)
    assert member.coef[2] == pytest.approx(0.0, abs=1e-12)
    assert member.coef[0] > 0.5


def test_firth_shares_an_effect_between_two_equal_columns() -> None:
    # A bootstrap sample often makes two rare flags the same.
    Z, y = _draw(40, 1)
    twice = np.column_stack([Z[:, 0], Z])
    (alone,) = Firth().fit_path(Z, _as_they_are(Z), y)
    (shared,) = Firth().fit_path(twice, _as_they_are(twice), y)
    assert shared.coef[:2] == pytest.approx(np.full(2, alone.coef[0] / 2), abs=1e-6)
    assert shared.margin(twice) == pytest.approx(alone.margin(Z), abs=1e-5)


@pytest.mark.parametrize("name", list(CANDIDATES))
def test_every_candidate_gives_one_member_for_each_setting(name: str) -> None:
    Z, y = _draw(48, 2)
    candidate = CANDIDATES[name]
    members = candidate.fit_path(Z, _as_they_are(Z, linear=[True, True, False]), y)
    assert len(members) == len(candidate.settings())
    for member in members:
        assert np.isfinite(member.margin(Z)).all()


@pytest.mark.parametrize("name", ["ridge", "firth", "elastic_net", "lightgbm"])
def test_straight_candidates_and_trees_ignore_bends(name: str) -> None:
    Z, y = _draw(60, 3)
    changed = Z.copy()
    changed[:, 2] *= -7.0
    linear = np.array([True, True, False])
    first = CANDIDATES[name].fit_path(Z, _as_they_are(Z, linear=linear), y)[-1]
    second = CANDIDATES[name].fit_path(changed, _as_they_are(Z, linear=linear), y)[-1]
    if name == "lightgbm":
        Z, changed = np.where(linear, Z, 0), np.where(linear, changed, 0)
    np.testing.assert_allclose(first.margin(Z), second.margin(changed), atol=1e-9)


def test_splines_find_a_bend_that_ridge_cannot() -> None:
    rng = np.random.default_rng(4)
    X = rng.uniform(-3, 3, size=(1500, 1))
    y = (rng.random(1500) < expit(X[:, 0] ** 2 - 3)).astype(float)
    basis = make_basis([CONTRACT["nrs_t0"]], knots=3).fit(X)
    Z = basis.expand(X)
    auc = {}
    for name in ("ridge", "splines"):
        margin = CANDIDATES[name].fit_path(Z, basis, y)[-1].margin(Z)
        ranks = np.argsort(np.argsort(margin))
        events = y == 1
        auc[name] = (ranks[events].mean() - (events.sum() - 1) / 2) / (~events).sum()
    assert auc["ridge"] < 0.6
    assert auc["splines"] > 0.85


def test_ridge_prior_sd_is_what_it_says() -> None:
    # With the intercept free and one standardised column, the gradient of the penalised loss is 0:
    # sum (p - y) z + coef / sd^2 = 0.
    Z, y = _draw(50, 5)
    column = _as_they_are(Z, linear=[True, False, False])
    ridge = CANDIDATES["ridge"]
    for setting, member in zip(ridge.settings(), ridge.fit_path(Z, column, y), strict=True):
        sd = float(setting.removeprefix("prior SD "))
        gradient = ((expit(member.margin(Z)) - y) * Z[:, 0]).sum() + member.coef[0] / sd**2
        assert gradient == pytest.approx(0, abs=1e-6)


def test_small_sample_trees_are_no_constant_where_the_defaults_are() -> None:
    Z, y = _draw(36, 6, slope=3.0)
    lightgbm = import_lightgbm()
    data = lightgbm.Dataset(Z, y, params={"verbosity": -1})
    default = lightgbm.train({"objective": "binary", "verbosity": -1}, data)
    assert is_constant(Member(0.0, np.zeros(3), default, 100).margin(Z))
    small = CANDIDATES["lightgbm"].fit_path(Z, _as_they_are(Z), y)[-1]
    assert not is_constant(small.margin(Z))


def test_the_prevalence_of_one_class_is_not_0_or_1() -> None:
    # 4 of 4: (4 + 0.5) / (4 + 1) = 0.9.
    assert expit(constant_member(np.ones(4), 2).intercept) == pytest.approx(0.9)
    assert expit(constant_member(np.array([1.0, 0, 0, 0]), 2).intercept) == pytest.approx(0.25)
