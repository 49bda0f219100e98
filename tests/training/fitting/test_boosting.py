import lightgbm
import numpy as np
from scipy.special import expit

from training.fitting.boosting import fit_trees, relabel_trees


def test_trees_grow_beside_an_offset() -> None:
    # What the offset tells already is not learnt again.
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(200, 1))
    y = (rng.random(200) < expit(3 * Z[:, 0])).astype(float)
    alone = fit_trees(Z, y, n_trees=20).predict(Z, raw_score=True)
    beside = fit_trees(Z, y, n_trees=20, offset=3 * Z[:, 0]).predict(Z, raw_score=True)
    assert np.ptp(beside) < np.ptp(alone) / 2


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
