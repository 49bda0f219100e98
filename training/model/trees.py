"""Boosted trees as a frozen model reads them: LightGBM's text, and the score of its trees."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.errors import KetresponseError

__all__ = ["compute_tree_margin", "import_lightgbm", "load_trees"]


def import_lightgbm() -> Any:
    """Import LightGBM, or say in one line which system package it lacks."""
    try:
        import lightgbm
    except OSError as err:
        raise KetresponseError(
            "LightGBM cannot start because the system library libgomp is missing: install it "
            "(Debian and Ubuntu: apt-get install libgomp1; Fedora: dnf install libgomp)"
        ) from err
    return lightgbm


@lru_cache(maxsize=64)
def load_trees(text: str) -> Any:
    """Return the LightGBM booster written as `text` (its own plain format, no pickle)."""
    return import_lightgbm().Booster(model_str=text)


def compute_tree_margin(trees: Any, Z: FloatArray, n_trees: int) -> FloatArray:
    """Return the raw score (log-odds) of the first `n_trees` trees, on one thread."""
    return np.asarray(trees.predict(Z, raw_score=True, num_iteration=n_trees, num_threads=1))
