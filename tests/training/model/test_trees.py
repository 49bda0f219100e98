import builtins
from typing import Any

import numpy as np
import pytest

from features.errors import KetresponseError
from training.fitting.boosting import fit_trees
from training.model.trees import compute_tree_margin, import_lightgbm, load_trees


def test_a_missing_system_library_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def fail(name: str, *args: Any, **keywords: Any) -> Any:
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return real(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(KetresponseError, match="apt-get install libgomp1"):
        import_lightgbm()


def test_trees_read_from_text_give_the_score_of_those_that_were_grown() -> None:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 3))
    trees = fit_trees(Z, (Z[:, 0] > 0).astype(float), n_trees=12)
    read = load_trees(trees.model_to_string())
    for n_trees in (4, 12):
        margin = compute_tree_margin(trees, Z, n_trees)
        assert np.ptp(margin) > 0.1
        np.testing.assert_array_equal(compute_tree_margin(read, Z, n_trees), margin)
    assert np.ptp(compute_tree_margin(read, Z, 4)) < np.ptp(margin)
