"""Many patients explained at once get the numbers of each alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.helpers.drawn_models import draw_model, draw_rows, variable
from training.model.explanation import Explainer
from training.model.gaps import Gaps
from training.model.response_model import ResponseModel


def compare(model: ResponseModel, kinds: list[str], *, n: int, seed: int) -> None:
    """Hold the values of `n` drawn patients, some with gaps, to those of each alone."""
    variables = [variable(f"x{j}", kind) for j, kind in enumerate(kinds)]
    X = draw_rows(variables, n, np.random.default_rng(seed))
    one = Explainer(model)
    served = model.probability(X)
    base, contributions = one.explain_many(one.evaluator.judge(X))
    for i, x in enumerate(X):
        alone = one.explain(x)
        np.testing.assert_allclose(base[i], alone.base, atol=1e-14, rtol=0)
        np.testing.assert_allclose(contributions[i], alone.contributions, atol=1e-14, rtol=0)
    total = base + contributions.sum(axis=2)
    np.testing.assert_allclose(total, served, atol=1e-13, rtol=0)


@settings(max_examples=30, deadline=None)
@given(
    kinds=st.lists(
        st.sampled_from(["number", "log", "yes_no", "category"]), min_size=1, max_size=6
    ),
    seed=st.integers(0, 10**6),
    two=st.booleans(),
    knots=st.sampled_from([0, 3]),
    pairs=st.booleans(),
    fills=st.booleans(),
)
def test_the_values_of_many_are_those_of_each(
    kinds: list[str], seed: int, two: bool, knots: int, pairs: bool, fills: bool
) -> None:
    model, _ = draw_model(kinds, seed, two=two, knots=knots, pairs=pairs)
    if fills:
        background = np.nan_to_num(model.background, nan=1.0)
        correlation = np.full((len(kinds), len(kinds)), 0.3) + 0.7 * np.eye(len(kinds))
        model = replace(model, background=background, gaps=Gaps(background, correlation))
    compare(model, kinds, n=12, seed=seed)


@pytest.mark.parametrize("what", ["trees", "isotonic", "constant", "eleven"])
def test_a_model_that_takes_more_than_products_is_asked_one_by_one(what: str) -> None:
    kinds = ["number", "yes_no", "category"] if what != "eleven" else ["number"] * 11
    model, _ = draw_model(kinds, 3, trees=what == "trees", isotonic=what == "isotonic")
    if what == "constant":
        outcomes = [replace(one, coef=np.zeros_like(one.coef)) for one in (model.first, model.kept)]
        model = replace(model, first=outcomes[0], kept=outcomes[1])
    compare(model, kinds, n=3, seed=5)


def test_how_many_there_are_does_not_matter() -> None:
    # 1 << 14 coalitions of two players over 7 background rows: blocks of 585 patients
    model, _ = draw_model(["number", "yes_no"], 4, pairs=True)
    variables = [variable("x0", "number"), variable("x1", "yes_no")]
    X = draw_rows(variables, 2_000, np.random.default_rng(0))
    one = Explainer(model)
    _, whole = one.explain_many(one.evaluator.judge(X))
    _, part = one.explain_many(one.evaluator.judge(X[550:650]))
    np.testing.assert_allclose(whole[550:650], part, atol=1e-15, rtol=0)
