"""How boosted trees are grown and rewritten; to predict, :mod:`training.model.trees` is enough."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from features.arrays import FloatArray
from training.model.trees import import_lightgbm

__all__ = ["fit_trees", "relabel_trees"]


def fit_trees(
    Z: FloatArray, y: FloatArray, *, n_trees: int, offset: FloatArray | None = None
) -> Any:
    """Grow boosted trees with settings for small samples, the same ones for the same data.

    The library's defaults need 20 patients in a leaf and give a constant below about 40: here
    leaves hold a twentieth of the patients (at least 5), trees have at most 4 leaves and learn
    slowly.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Inputs.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    n_trees : int
        How many; a prediction may take fewer of them.
    offset : ndarray of shape (n,) or None
        Known part of the log-odds.

    Returns
    -------
    lightgbm.Booster
    """
    lightgbm = import_lightgbm()
    parameters = {
        "objective": "binary",
        "num_leaves": 4,
        "learning_rate": 0.05,
        "min_data_in_leaf": max(5, len(y) // 20),
        "lambda_l2": 2.0,
        "max_bin": 63,
        "min_data_in_bin": 3,
        "feature_pre_filter": False,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "seed": 0,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(Z, y, init_score=offset, params=parameters)
    return lightgbm.train(parameters, data, num_boost_round=n_trees, keep_training_booster=True)


def relabel_trees(text: str, columns: Sequence[int], n_columns: int) -> str:
    """Return trees in LightGBM's text for a wider array.

    Parameters
    ----------
    text : str
        LightGBM's own format.
    columns : sequence of int
        Where each column that the trees know stands in the wider array.
    n_columns : int
        Columns of the wider array.

    Returns
    -------
    str
        The same trees. The smallest and largest value of each column, which are those of single
        patients, are left out.
    """
    names = " ".join(f"Column_{j}" for j in range(n_columns))
    infos = " ".join(["none"] * n_columns)
    head = {"max_feature_idx": str(n_columns - 1), "feature_names": names, "feature_infos": infos}
    for key, value in head.items():
        text = re.sub(rf"(?m)^{key}=.*$", f"{key}={value}", text)
    text = re.sub(r"(?m)^tree_sizes=.*\n", "", text)  # in bytes; without it, trees are looked for
    text = re.sub(r"(?s)feature_importances:.*?\n\n", "feature_importances:\n\n", text)

    def move(match: re.Match[str]) -> str:
        return match[1] + " ".join(str(columns[int(j)]) for j in match[2].split())

    return re.sub(r"(?m)^(split_feature=)(.*)$", move, text)
