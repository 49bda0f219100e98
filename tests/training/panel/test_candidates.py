"""What each candidate does with assays."""

import lightgbm
import numpy as np
import pytest
from scipy.special import expit

from training.panel.candidates import (
    PANEL_CANDIDATES,
    compute_stability,
    find_strongest,
    relabel_trees,
    screen,
)


def _draw(n=120, p=40, effect=1.2, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, p))
    offset = 0.3 * rng.normal(size=n)
    y = (rng.random(n) < expit(offset + effect * Z[:, 3])).astype(float)
    return Z, y, offset


def _path(name, Z, y, offset, **settings):
    return PANEL_CANDIDATES[name].fit_path(
        Z,
        y,
        offset,
        strongest=find_strongest(Z, y, offset),
        rng=np.random.default_rng(0),
        **({"max_assays": 30} | settings),
    )


def test_screening_keeps_what_scores_highest():
    Z, y, offset = _draw()
    assert 3 in screen(Z, y, offset, 2)
    np.testing.assert_array_equal(screen(Z, y, offset, 99), np.arange(40))


@pytest.mark.parametrize("name", list(PANEL_CANDIDATES))
def test_every_candidate_finds_a_strong_assay(name):
    Z, y, offset = _draw()
    path = _path(name, Z, y, offset)
    assert len(path) == len(PANEL_CANDIDATES[name].settings())
    fresh = np.random.default_rng(9).normal(size=(500, 40))
    assert all(3 in member.used for member in path)
    assert np.corrcoef(path[-1].score(fresh), fresh[:, 3])[0, 1] > 0.5


@pytest.mark.parametrize("name", ["elastic_net", "stability"])
def test_no_member_uses_more_assays_than_allowed(name):
    Z, y, offset = _draw()
    path = _path(name, Z, y, offset, max_assays=4)
    assert max(len(member.used) for member in path) <= 4


def test_stable_assays_are_selected_in_nearly_all_half_samples():
    Z, y, offset = _draw()
    found = compute_stability(Z, y, offset, rng=np.random.default_rng(1))
    assert found.share[3] > 0.95
    assert np.delete(found.share, 3).max() < found.share[3]
    # 25 pairs; q^2 / ((2 * 0.75 - 1) p) by hand.
    assert found.n_halves == 50
    assert found.bound_false(0.75) == pytest.approx(found.n_selected**2 / (0.5 * 40))


def test_trees_are_the_same_in_a_wider_array_and_tell_no_extreme():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 4))
    y = (Z[:, 1] + rng.normal(size=60) > 0).astype(float)
    settings = {
        "objective": "binary",
        "num_leaves": 4,
        "verbosity": -1,
        "min_data_in_leaf": 5,
        "num_threads": 1,
    }
    trees = lightgbm.train(settings, lightgbm.Dataset(Z, y), 30)
    text = relabel_trees(trees.model_to_string(), [3, 17, 0, 11], 20)
    wide = rng.normal(size=(60, 20))
    wide[:, [3, 17, 0, 11]] = Z
    moved = lightgbm.Booster(model_str=text)
    np.testing.assert_array_equal(
        moved.predict(wide, raw_score=True), trees.predict(Z, raw_score=True)
    )
    assert repr(float(Z[:, 1].max()))[:12] in trees.model_to_string()
    assert repr(float(Z[:, 1].max()))[:12] not in text
