"""Random models of a few predictors of every kind, for the tests of what is read off a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from features.arrays import FloatArray
from features.dictionary.preprocessing import make_basis
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from training.fitting.candidates import BoostedTrees
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel

__all__ = ["MIXED", "assemble", "draw_model", "draw_outcome", "draw_rows", "variable"]

MIXED = ("number", "log", "yes_no", "category", "number", "yes_no")


def variable(name: str, kind: str) -> Variable:
    levels = {"number": 0, "log": 0, "yes_no": 2, "category": 4}[kind]
    return Variable(
        name,
        f"Label of {name}",
        "number" if kind == "log" else kind,  # type: ignore[arg-type]
        "baseline",
        ("predictor",),
        categories=tuple(f"level {i}" for i in range(levels)) if kind == "category" else (),
        transform="log1p" if kind == "log" else "",
    )


def draw_rows(
    variables: Sequence[Variable], n: int, rng: np.random.Generator, *, missing: float = 0.15
) -> FloatArray:
    """Coarse values, so that a patient shares many of them with the background."""
    X = np.empty((n, len(variables)))
    for j, v in enumerate(variables):
        levels = 8 if v.is_numeric else max(len(v.categories), 2)
        X[:, j] = rng.integers(0, levels, n)
    X[rng.random(X.shape) < missing] = np.nan
    return X


def draw_outcome(
    variables: Sequence[Variable],
    X: FloatArray,
    rng: np.random.Generator,
    *,
    knots: int = 0,
    isotonic: bool = False,
    trees: bool = False,
    apart: Sequence[int] = (),
    pairs: bool = False,
) -> OutcomeModel:
    """Return a random outcome; predictors in `apart` act together with no other."""
    basis = make_basis(variables, knots=knots).fit(X)
    n_columns = len(basis.groups_)
    coef = rng.normal(0, 0.8, n_columns) * (rng.random(n_columns) < 0.8)
    steps = np.sort(rng.random((2, 6)), axis=1) if isotonic else np.empty((2, 0))
    text = ""
    if trees:
        Z = basis.expand(X)
        risk = 1 / (1 + np.exp(-2 * Z[:, 0] * Z[:, -1] - Z[:, 1]))
        y = (rng.random(len(X)) < risk).astype(np.float64)
        member = BoostedTrees(tried=(60,)).fit_path(Z, basis, y)[0]
        text = member.trees.model_to_string()
    intercept = float(rng.normal())
    groups = basis.groups_
    together = [
        (i, j)
        for i, j in combinations(range(n_columns), 2)
        if pairs and groups[i] != groups[j] and not {groups[i], groups[j]} & set(apart)
    ]
    drawn = np.array(together, dtype=np.intp).reshape(-1, 2)
    return OutcomeModel(
        basis,
        intercept,
        coef,
        text,
        60,
        0.7 * trees,
        steps[0],
        steps[1],
        pairs=drawn,
        pair_coef=rng.normal(0, 0.5, len(drawn)) * (rng.random(len(drawn)) < 0.7),
    )


def assemble(
    variables: Sequence[Variable],
    first: OutcomeModel,
    kept: OutcomeModel | None,
    background: FloatArray,
) -> ResponseModel:
    working = WorkingModel(first.basis, np.zeros((2, 1 + len(first.basis.groups_))))
    return ResponseModel(
        horizons=("t1",) if kept is None else ("t1", "t2"),
        predictors=tuple(v.name for v in variables),
        variables=tuple(Dictionary(variables).to_list()),
        first=first,
        kept=kept,
        working_first=working,
        working_kept=None if kept is None else working,
        background=background,
    )


def draw_model(
    kinds: Sequence[str],
    seed: int,
    *,
    n_background: int = 7,
    two: bool = True,
    knots: int = 0,
    isotonic: bool = False,
    trees: bool = False,
    apart: Sequence[int] = (),
    pairs: bool = False,
) -> tuple[ResponseModel, FloatArray]:
    """Return a random model and one random patient."""
    rng = np.random.default_rng(seed)
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(kinds)]
    X = draw_rows(variables, 120 if trees else 40, rng)
    outcomes = [
        draw_outcome(
            variables, X, rng, knots=knots, isotonic=isotonic, trees=trees, apart=apart, pairs=pairs
        )
        for _ in range(2)
    ]
    background = draw_rows(variables, n_background, rng)
    model = assemble(variables, outcomes[0], outcomes[1] if two else None, background)
    return model, draw_rows(variables, 1, rng)[0]
