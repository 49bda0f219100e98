"""Shapley values of the served probability, against enumeration, shap and sums worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import factorial, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.arrays import FloatArray
from features.dictionary.preprocessing import make_basis
from tests.training.helpers.drawn_models import (
    MIXED,
    assemble,
    draw_model,
    draw_outcome,
    draw_rows,
    variable,
)
from training.model import counting
from training.model import explanation as module
from training.model.coalitions import draw_orders
from training.model.explanation import Attribution, Explainer
from training.model.gains import Gains
from training.model.gaps import Gaps
from training.model.response_model import OutcomeModel, ResponseModel

NO_STEPS = np.empty(0)
# shap sets its colours up in a way that matplotlib is going to drop.
shap_colours = pytest.mark.filterwarnings("ignore:The set_:PendingDeprecationWarning")


def explain(model: ResponseModel, x: FloatArray, *, seed: int = 0) -> Attribution:
    return Explainer(model, seed=seed).explain(x)


NUMBERS = tuple(["number"] * 12)


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be counted: the orders are drawn."""
    monkeypatch.setattr(module, "_MOST_ACTIVE", 0)


def by_enumeration(model: ResponseModel, x: FloatArray) -> FloatArray:
    """Shapley's formula over all coalitions, of the served probability and nothing else."""
    p = len(x)

    def worth(coalition: tuple[int, ...]) -> FloatArray:
        mixed = model.background.copy()
        mixed[:, list(coalition)] = x[list(coalition)]
        return np.asarray(sum(model.probability(row[np.newaxis])[0] for row in mixed) / len(mixed))

    worths = {c: worth(c) for size in range(p + 1) for c in combinations(range(p), size)}
    values = np.zeros((len(model.horizons), p))
    for j in range(p):
        for coalition, value in worths.items():
            if j not in coalition:
                s = len(coalition)
                share = factorial(s) * factorial(p - s - 1) / factorial(p)
                joined = tuple(sorted((*coalition, j)))
                values[:, j] += share * (worths[joined] - value)
    return values


@settings(max_examples=60)
@given(
    kinds=st.lists(
        st.sampled_from(["number", "log", "yes_no", "category"]), min_size=1, max_size=5
    ),
    seed=st.integers(0, 10**6),
    n_background=st.integers(1, 6),
    two=st.booleans(),
    knots=st.sampled_from([0, 3]),
    isotonic=st.booleans(),
    pairs=st.booleans(),
)
def test_logistic_family_equals_enumeration_over_coalitions(
    kinds: list[str],
    seed: int,
    n_background: int,
    two: bool,
    knots: int,
    isotonic: bool,
    pairs: bool,
) -> None:
    model, x = draw_model(
        kinds, seed, n_background=n_background, two=two, knots=knots, isotonic=isotonic, pairs=pairs
    )
    found = explain(model, x)
    expected = by_enumeration(model, x)
    np.testing.assert_allclose(found.contributions, expected, atol=1e-11, rtol=0)
    np.testing.assert_allclose(found.base, model.probability(model.background).mean(axis=0))
    np.testing.assert_allclose(
        found.base + found.contributions.sum(axis=1),
        model.probability(x[np.newaxis])[0],
        atol=1e-12,
        rtol=0,
    )
    assert found.scale == "probability"
    np.testing.assert_array_equal(found.error, 0.0)


@pytest.mark.parametrize("few", [0, 8])
@pytest.mark.parametrize(("isotonic", "pairs"), [(False, False), (True, False), (False, True)])
def test_trees_equal_enumeration_over_coalitions(
    monkeypatch: pytest.MonkeyPatch, few: int, isotonic: bool, pairs: bool
) -> None:
    monkeypatch.setattr(module, "_FEW_PLAYERS", few)
    model, x = draw_model(
        MIXED[:5], 3, n_background=5, knots=3, trees=True, isotonic=isotonic, pairs=pairs
    )
    found = explain(model, x)
    assert found.method == "exact Shapley values over 5 background rows"
    np.testing.assert_allclose(found.contributions, by_enumeration(model, x), atol=1e-11, rtol=0)
    np.testing.assert_array_equal(found.error, 0.0)


def test_trees_with_too_many_coalitions_are_asked_in_drawn_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_JOINT", 1 << 8)
    model, x = draw_model(MIXED * 2, 3, n_background=20, trees=True)
    assert explain(model, x).method.startswith("antithetic permutations")


def two_flags() -> ResponseModel:
    """Two yes/no predictors whose columns are -1 for no and +1 for yes, one background row."""
    variables = [variable("a", "yes_no"), variable("b", "yes_no")]
    basis = make_basis(variables).fit(np.array([[0.0, 0.0], [1.0, 1.0]]))

    def outcome(coef: list[float]) -> OutcomeModel:
        return OutcomeModel(basis, 0.0, np.array(coef), "", 0, 0.0, NO_STEPS, NO_STEPS)

    first, kept = outcome([log(3), log(2)]), outcome([0.0, log(3)])
    return assemble(variables, first, kept, np.zeros((1, 2)))


def test_values_worked_by_hand_at_the_first_horizon() -> None:
    # Log-odds +-ln 3 +-ln 2: probability 1/7 (no, no), 3/5 (yes, no), 2/5 (no, yes), 6/7 (yes, yes)
    # a: ((3/5 - 1/7) + (6/7 - 2/5)) / 2 = 16/35;  b: ((2/5 - 1/7) + (6/7 - 3/5)) / 2 = 9/35
    found = explain(two_flags(), np.array([1.0, 1.0]))
    assert found.base[0] == pytest.approx(1 / 7)
    assert found.contributions[0] == pytest.approx([16 / 35, 9 / 35])


def test_values_worked_by_hand_at_the_second_horizon() -> None:
    # Kept: log-odds -+ln 3, so 1/4 without b and 3/4 with it; times the first horizon's values:
    # 1/28 (no, no), 3/20 (yes, no), 3/10 (no, yes), 9/14 (yes, yes)
    # a: ((3/20 - 1/28) + (9/14 - 3/10)) / 2 = 8/35
    # b: ((3/10 - 1/28) + (9/14 - 3/20)) / 2 = 53/140
    found = explain(two_flags(), np.array([1.0, 1.0]))
    assert found.base[1] == pytest.approx(1 / 28)
    assert found.contributions[1] == pytest.approx([8 / 35, 53 / 140])


@shap_colours
@pytest.mark.parametrize("pairs", [False, True])
def test_logistic_family_agrees_with_shap_exact(pairs: bool) -> None:
    import shap

    kinds = (*MIXED, "number", "yes_no")
    model, x = draw_model(kinds, 5, n_background=20, knots=3, pairs=pairs)
    masker = shap.maskers.Independent(model.background, max_samples=20)
    theirs = shap.explainers.Exact(model.probability, masker)(x[np.newaxis])
    ours = explain(model, x)
    np.testing.assert_allclose(ours.contributions, theirs.values[0].T, atol=1e-10, rtol=0)
    np.testing.assert_allclose(ours.base, theirs.base_values[0], atol=1e-10, rtol=0)


@pytest.mark.parametrize("trees", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_base_and_contributions_add_up_to_the_served_probability(trees: bool, seed: int) -> None:
    model, x = draw_model(MIXED * 2, seed, n_background=30, knots=3, trees=trees)
    found = explain(model, x)
    served = model.probability(x[np.newaxis])[0]
    np.testing.assert_allclose(
        found.base + found.contributions.sum(axis=1), served, atol=1e-12, rtol=0
    )


def test_sum_holds_where_recalibration_jumps_at_the_patient() -> None:
    # A step of 0.6 within 1e-16 of the patient's own probability: a last bit decides.
    model, x = draw_model(NUMBERS, 3, n_background=20, two=False)
    at = float(model.first.probability(x[np.newaxis])[0])
    steps_x = np.array([0.0, np.nextafter(at, 0), at, 1.0])
    model = replace(
        model,
        first=replace(model.first, isotonic_x=steps_x, isotonic_y=np.array([0.1, 0.2, 0.8, 0.9])),
    )
    found = explain(model, x)
    total = found.base + found.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.probability(x[np.newaxis])[0], atol=1e-12, rtol=0)


def test_trees_come_near_enumeration_within_the_stated_error(sampled: None) -> None:
    model, x = draw_model(MIXED, 11, n_background=10, trees=True)
    expected = by_enumeration(model, x)
    errors = []
    for n_permutations in (20, 600):
        found = Explainer(model, n_permutations=n_permutations).explain(x)
        assert found.method.startswith(f"antithetic permutations ({n_permutations // 2} pairs")
        off = np.abs(found.contributions - expected).max(axis=1)
        assert np.all(off < 4 * found.error)
        errors.append(found.error)
    assert np.all(errors[1] < 0.4 * errors[0])


def test_stated_error_is_the_spread_over_seeds(sampled: None) -> None:
    model, x = draw_model(MIXED, 11, n_background=4, trees=True)
    expected = by_enumeration(model, x)
    found = [Explainer(model, seed=seed).explain(x) for seed in range(60)]
    misses = np.stack([f.contributions for f in found]) - expected
    spread = np.sqrt((misses**2).mean(axis=0)).max(axis=1)
    stated = np.mean([f.error for f in found], axis=0)
    # The largest of several estimated errors lies somewhat above the largest true one.
    assert np.all(spread > 0.6 * stated)
    assert np.all(spread < 1.2 * stated)


def test_pair_of_orders_is_exact_for_two_predictors(sampled: None) -> None:
    model, x = draw_model(("number", "number"), 2, trees=True)
    found = explain(model, x)
    np.testing.assert_allclose(found.contributions, by_enumeration(model, x), atol=1e-12, rtol=0)
    assert np.all(found.error < 1e-12)


def test_more_than_sixteen_active_predictors_fall_back_to_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, x = draw_model(["number"] * 17, 1, n_background=3)
    coef = np.linspace(-0.5, 0.5, 17)
    basis = model.first.basis
    model = replace(model, first=replace(model.first, coef=coef + 0.01))
    x = np.full(17, 3.5)  # no background row holds it
    background = np.nan_to_num(model.background, nan=0.0)
    model = replace(model, background=background)
    assert np.all(basis.expand(x[np.newaxis]) != basis.expand(background))
    sampled = Explainer(model, n_permutations=60).explain(x)
    assert sampled.method == "antithetic permutations (30 pairs, seed 0) over 3 background rows"
    monkeypatch.setattr(module, "_MOST_ACTIVE", 17)
    exact = explain(model, x)
    assert exact.method == "exact Shapley values over 3 background rows"
    off = np.abs(sampled.contributions - exact.contributions).max(axis=1)
    assert np.all(sampled.error > 0)
    assert np.all(off < 4 * sampled.error)


def test_orders_tell_coalitions_of_many_predictors_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    # 70 predictors need three words of 32 bits; only five of them, in all words, do anything.
    model, x = draw_model(["number", "yes_no"] * 35, 4, n_background=5, two=False)
    used = [0, 7, 33, 40, 69]
    coef = np.zeros(70)
    coef[used] = [1.0, -1.0, 0.8, 0.7, -0.9]
    model = replace(model, first=replace(model.first, coef=coef))
    exact = explain(model, x)
    monkeypatch.setattr(module, "_MOST_ACTIVE", 0)
    sampled = Explainer(model, n_permutations=200).explain(x)
    assert sampled.method.startswith("antithetic")
    off = np.abs(sampled.contributions - exact.contributions).max(axis=1)
    assert np.all(off < 4 * sampled.error)
    for found in (exact, sampled):
        idle = np.delete(found.contributions, used, axis=1)
        np.testing.assert_array_equal(idle, 0.0)
    assert np.count_nonzero(exact.contributions) >= 4


@pytest.mark.parametrize("trees", [False, True])
def test_value_that_the_whole_background_shares_contributes_exactly_nothing(trees: bool) -> None:
    model, x = draw_model(MIXED, 8, n_background=12, trees=trees)
    background = model.background.copy()
    background[:, 0], background[:, 3] = 4.0, np.nan
    x[0], x[3] = 4.0, np.nan
    found = explain(replace(model, background=background), x)
    np.testing.assert_array_equal(found.contributions[:, [0, 3]], 0.0)
    assert np.count_nonzero(found.contributions) > 0


def test_predictors_that_play_the_same_part_contribute_the_same() -> None:
    rng = np.random.default_rng(9)
    variables = [variable(f"x{j}", "number") for j in range(5)]
    training, background = draw_rows(variables, 40, rng), draw_rows(variables, 15, rng)
    training[:, 1], background[:, 1] = training[:, 0], background[:, 0]
    drawn = draw_outcome(variables, training, rng)
    first = replace(drawn, coef=np.array([0.7, 0.7, -0.4, 0.2, 1.0]))
    kept = replace(drawn, coef=np.array([-0.3, -0.3, 0.5, 0.1, 0.2]))
    x = np.array([6.0, 6.0, 1.0, 2.0, 7.0])
    found = explain(assemble(variables, first, kept, background), x).contributions
    assert abs(found[0, 0]) > 0.01
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-14, rtol=0)


@pytest.mark.parametrize("is_sampled", [False, True])
def test_same_patient_always_gets_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, is_sampled: bool
) -> None:
    if is_sampled:
        monkeypatch.setattr(module, "_MOST_ACTIVE", 0)
    model, x = draw_model(MIXED, 3, n_background=10, trees=True)
    explainer = Explainer(model, seed=7)
    before = explainer.explain(x)
    explainer.explain(model.background[0])
    for found in (explainer.explain(x), Explainer(model, seed=7).explain(x)):
        np.testing.assert_array_equal(found.contributions, before.contributions)
        np.testing.assert_array_equal(found.error, before.error)
    other = explain(model, x, seed=8)
    assert np.array_equal(other.contributions, before.contributions) is not is_sampled


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(5)))
def test_order_of_predictors_does_not_matter(seed: int, order: list[int]) -> None:
    model, x = draw_model(MIXED[:5], seed, two=False)
    names = [model.predictor_variables[j] for j in order]
    training = draw_rows(model.predictor_variables, 40, np.random.default_rng(seed))
    here, there = make_basis(model.predictor_variables), make_basis(names)
    here.fit(training)
    there.fit(training[:, order])
    coef = model.first.coef
    moved = np.concatenate([coef[here.groups_ == j] for j in order])
    first = replace(model.first, basis=here)
    second = replace(model.first, basis=there, coef=moved)
    one = explain(replace(model, first=first), x)
    other = explain(assemble(names, second, None, model.background[:, order]), x[order])
    np.testing.assert_allclose(other.contributions, one.contributions[:, order], atol=1e-12, rtol=0)


@pytest.mark.parametrize("trees", [False, True])
def test_order_and_repetition_of_background_rows_do_not_matter(trees: bool) -> None:
    model, x = draw_model(MIXED, 6, n_background=9, trees=trees)
    rows = np.concatenate([model.background[::-1], model.background])
    one, other = explain(model, x), explain(replace(model, background=rows), x)
    np.testing.assert_allclose(other.contributions, one.contributions, atol=1e-12, rtol=0)
    np.testing.assert_allclose(other.base, one.base, atol=1e-12, rtol=0)


def test_constant_model_contributes_nothing() -> None:
    model, x = draw_model(MIXED, 1)
    assert model.kept is not None
    first = replace(model.first, coef=np.zeros_like(model.first.coef))
    kept = replace(model.kept, coef=np.zeros_like(model.kept.coef))
    model = replace(model, first=first, kept=kept)
    found = explain(model, x)
    np.testing.assert_array_equal(found.contributions, np.zeros((2, 6)))
    np.testing.assert_array_equal(found.base, model.probability(x[np.newaxis])[0])
    np.testing.assert_array_equal(found.error, 0.0)
    assert "same probability" in found.method


def test_constant_share_kept_scales_the_first_horizon() -> None:
    model, x = draw_model(MIXED, 1)
    assert model.kept is not None
    kept = replace(model.kept, coef=np.zeros_like(model.kept.coef), intercept=log(3))
    found = explain(replace(model, kept=kept), x)
    np.testing.assert_allclose(
        found.contributions[1], 0.75 * found.contributions[0], atol=1e-14, rtol=0
    )


def test_patient_like_the_only_background_row_is_explained_by_the_base() -> None:
    model, _ = draw_model(MIXED, 2, n_background=1)
    found = explain(model, model.background[0])
    np.testing.assert_array_equal(found.contributions, 0.0)
    np.testing.assert_array_equal(found.base, model.probability(model.background)[0])


@pytest.mark.parametrize("n_permutations", [0, 2, 7])
def test_number_of_orders_that_makes_no_pairs_is_refused(n_permutations: int) -> None:
    model, _ = draw_model(MIXED, 4)
    with pytest.raises(ValueError, match="even and at least 4"):
        Explainer(model, n_permutations=n_permutations)


def test_array_of_another_shape_is_refused_without_its_values() -> None:
    model, _ = draw_model(MIXED, 4)
    with pytest.raises(ValueError, match=r"x must have shape \(6,\), got \(1, 6\)"):
        explain(model, np.ones((1, 6)))


# -- a group of predictors, as the assays of a panel are ------------------------------------------


def owen_by_enumeration(
    model: ResponseModel, x: FloatArray, group: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Owen's formula over all coalitions: values of every predictor, and of the group as one."""
    p, members = len(x), list(group)
    alone = [j for j in range(p) if j not in members]

    def worth(coalition: Sequence[int]) -> FloatArray:
        mixed = model.background.copy()
        mixed[:, list(coalition)] = x[list(coalition)]
        return np.asarray(model.probability(mixed).mean(axis=0))

    def subsets(of: Sequence[int]) -> list[tuple[int, ...]]:
        return [c for size in range(len(of) + 1) for c in combinations(of, size)]

    def share(s: int, n: int) -> float:
        return factorial(s) * factorial(n - s - 1) / factorial(n)

    values = np.zeros((len(model.horizons), p))
    whole = np.zeros(len(model.horizons))
    n_players = len(alone) + 1
    for others in subsets(alone):
        outer = share(len(others), n_players)
        whole += outer * (worth([*others, *members]) - worth(others))
        for j in members:
            for inside in subsets([i for i in members if i != j]):
                inner = share(len(inside), len(members))
                gain = worth([*others, *inside, j]) - worth([*others, *inside])
                values[:, j] += outer * inner * gain
    for j in alone:
        rest = [i for i in alone if i != j]
        for others in subsets(rest):
            for held in ([], members):
                gain = worth([*others, *held, j]) - worth([*others, *held])
                values[:, j] += share(len(others) + bool(held), n_players) * gain
    return values, whole


@settings(max_examples=40)
@given(
    n_alone=st.integers(0, 3),
    n_members=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    n_background=st.integers(1, 5),
    two=st.booleans(),
    isotonic=st.booleans(),
    pairs=st.booleans(),
)
def test_group_equals_owens_formula_over_all_coalitions(
    n_alone: int,
    n_members: int,
    seed: int,
    n_background: int,
    two: bool,
    isotonic: bool,
    pairs: bool,
) -> None:
    kinds = [*["number", "yes_no", "category"][:n_alone], *["number"] * n_members]
    group = list(range(n_alone, len(kinds)))
    model, x = draw_model(
        kinds, seed, n_background=n_background, two=two, isotonic=isotonic, apart=group, pairs=pairs
    )
    found = Explainer(model, group=group).explain(x)
    expected, whole = owen_by_enumeration(model, x, group)
    np.testing.assert_allclose(found.contributions, expected, atol=1e-11, rtol=0)
    total = found.contributions[:, group].sum(axis=1)
    np.testing.assert_allclose(total, whole, atol=1e-11, rtol=0)
    np.testing.assert_array_equal(found.error, 0.0)
    np.testing.assert_array_equal(found.member_error, 0.0)


def test_group_of_all_predictors_or_of_one_is_shapleys_value() -> None:
    model, x = draw_model(MIXED[:4], 6)
    plain = explain(model, x).contributions
    for group in ([0, 1, 2, 3], [2]):
        found = Explainer(model, group=group).explain(x).contributions
        np.testing.assert_allclose(found, plain, atol=1e-13, rtol=0)


def test_group_worked_by_hand() -> None:
    # As above, with one more flag c of log-odds +-ln 2 beside a (+-ln 3) and b (+-ln 2), all "no"
    # in the background: worth of {} 1/13, a 3/7, b 1/4, c 1/4, ab 3/4, ac 3/4, bc 4/7, abc 12/13.
    # b and c are the group. Alone it is worth 4/7, so the group gets
    # ((4/7 - 1/13) + (12/13 - 3/7)) / 2 = 45/91, and a the rest: 11/13 - 45/91 = 32/91.
    # b and c play the same part: 45/182 each.
    variables = [variable(name, "yes_no") for name in "abc"]
    basis = make_basis(variables).fit(np.array([[0.0] * 3, [1.0] * 3]))
    coef = np.array([log(3), log(2), log(2)])
    first = OutcomeModel(basis, 0.0, coef, "", 0, 0.0, NO_STEPS, NO_STEPS)
    model = assemble(variables, first, None, np.zeros((1, 3)))
    found = Explainer(model, group=[1, 2]).explain(np.ones(3))
    assert found.base[0] == pytest.approx(1 / 13)
    assert found.contributions[0] == pytest.approx([32 / 91, 45 / 182, 45 / 182])


@pytest.fixture
def few_joint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_JOINT", 0)


def test_sampled_members_add_up_to_the_exact_group(few_joint: None) -> None:
    for seed in range(4):
        group = [3, 4, 5, 7]
        model, x = draw_model(
            ["number"] * 8, seed, n_background=9, isotonic=True, apart=group, pairs=seed > 1
        )
        found = Explainer(model, group=group).explain(x)
        expected, whole = owen_by_enumeration(model, x, group)
        total = found.contributions[:, group].sum(axis=1)
        np.testing.assert_allclose(total, whole, atol=1e-12, rtol=0)
        alone = [0, 1, 2, 6]
        np.testing.assert_allclose(
            found.contributions[:, alone], expected[:, alone], atol=1e-11, rtol=0
        )
        off = np.abs(found.contributions - expected).max(axis=1)
        assert np.all(found.member_error > 0)
        assert np.all(off < 4 * found.member_error)
        np.testing.assert_array_equal(found.error, 0.0)
        assert "antithetic permutations (20 pairs, seed 0)" in found.method


def test_stated_error_of_members_is_the_spread_over_seeds(few_joint: None) -> None:
    model, x = draw_model(["number"] * 7, 12, n_background=4)
    group = [2, 3, 4, 5, 6]
    expected, _ = owen_by_enumeration(model, x, group)
    found = [Explainer(model, group=group, seed=seed).explain(x) for seed in range(60)]
    misses = np.stack([f.contributions for f in found]) - expected
    spread = np.sqrt((misses**2).mean(axis=0)).max(axis=1)
    stated = np.mean([f.member_error for f in found], axis=0)
    assert np.all(spread > 0.6 * stated)
    assert np.all(spread < 1.3 * stated)
    # No bias: the mean miss is what 60 draws leave of the spread.
    assert np.all(np.abs(misses.mean(axis=0)).max(axis=1) < 4 * spread / np.sqrt(60))


def test_a_group_of_one_is_divided_without_error(few_joint: None) -> None:
    # Its only member gets what the group gets, in every order that is drawn.
    model, x = draw_model(MIXED, 12, n_background=6)
    found = Explainer(model, group=[2]).explain(x)
    np.testing.assert_allclose(found.contributions, explain(model, x).contributions, atol=1e-12)
    assert np.all(found.member_error < 1e-12)


@pytest.mark.parametrize("most", [0, 1 << 20])
def test_member_without_a_part_in_the_model_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(module, "_MOST_JOINT", most)
    model, x = draw_model(["number"] * 6, 5, n_background=8)
    idle = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    first, kept = (replace(one, coef=(one.coef + 0.1) * idle) for one in (model.first, model.kept))
    found = Explainer(replace(model, first=first, kept=kept), group=[2, 3, 4, 5]).explain(x)
    assert np.all(np.abs(found.contributions[:, 3]) < 1e-300)
    assert np.count_nonzero(found.contributions) >= 8


def test_each_order_comes_as_often_as_any_other_and_with_its_reverse() -> None:
    orders = draw_orders(3, n_pairs=3000, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(orders[1::2], orders[::2, ::-1])
    found, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(found) == 6
    np.testing.assert_allclose(counts, 1000, rtol=0.1)


def test_trees_with_a_group_come_near_owens_formula(sampled: None) -> None:
    model, x = draw_model(MIXED, 11, n_background=6, trees=True)
    group = [3, 4, 5]
    expected, whole = owen_by_enumeration(model, x, group)
    found = Explainer(model, group=group, n_permutations=600).explain(x)
    off = np.abs(found.contributions - expected)
    assert np.all(off[:, group].max(axis=1) < 4 * found.member_error)
    assert np.all(off[:, :3].max(axis=1) < 4 * found.error)
    total = found.contributions[:, group].sum(axis=1)
    assert np.all(np.abs(total - whole) < 4 * found.error)
    np.testing.assert_allclose(
        found.base + found.contributions.sum(axis=1),
        model.probability(x[np.newaxis])[0],
        atol=1e-12,
        rtol=0,
    )
    assert "the 3 of a group by Owen values" in found.method


@pytest.mark.parametrize("group", [[], [2, 3, 4]])
def test_how_many_coalitions_are_worked_on_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, group: list[int]
) -> None:
    # Rows with more coalitions than one block holds are taken one by one.
    model, x = draw_model(MIXED, 6, n_background=7)
    whole = Explainer(model, group=group).explain(x).contributions
    for block in (1, 64):
        for place in (module, counting):
            monkeypatch.setattr(place, "BLOCK", block)
        found = Explainer(model, group=group).explain(x).contributions
        np.testing.assert_allclose(found, whole, atol=1e-13, rtol=0)


def test_group_that_plays_no_part_gets_nothing() -> None:
    model, x = draw_model(["number"] * 5, 3, n_background=6)
    background = model.background.copy()
    background[:, 2:] = x[2:]
    found = Explainer(replace(model, background=background), group=[2, 3, 4]).explain(x)
    np.testing.assert_array_equal(found.contributions[:, 2:], 0.0)
    assert np.count_nonzero(found.contributions)


def _draw_with_gaps(
    n_players: int, seed: int, *, correlation: float
) -> tuple[ResponseModel, FloatArray]:
    """Return a model that fills gaps, and a patient with one gap or more."""
    rng = np.random.default_rng(seed)
    kinds = ["number", "yes_no", "number", "category", *["number"] * 30][:n_players]
    model, x = draw_model(kinds, seed, n_background=20, pairs=True)
    background = draw_rows([variable(f"x{j}", kind) for j, kind in enumerate(kinds)], 20, rng)
    background = np.nan_to_num(background, nan=1.0)
    together = np.full((n_players, n_players), correlation)
    np.fill_diagonal(together, 1.0)
    x = background[0].copy()
    x[rng.permutation(n_players)[: rng.integers(1, n_players)]] = np.nan
    return replace(model, background=background, gaps=Gaps(background, together)), x


@settings(max_examples=30)
@given(n_players=st.integers(2, 4), seed=st.integers(0, 10**6), correlation=st.floats(0, 0.9))
def test_with_gaps_each_background_row_meets_its_own_filling(
    n_players: int, seed: int, correlation: float
) -> None:
    model, x = _draw_with_gaps(n_players, seed, correlation=correlation)
    assert model.gaps is not None
    filled = model.gaps.fill(x[np.newaxis])[0]
    found = explain(model, x)

    def worth(coalition: tuple[int, ...]) -> FloatArray:
        mixed = model.background.copy()
        mixed[:, list(coalition)] = filled[:, list(coalition)]
        return np.asarray(model.probability(mixed).mean(axis=0))

    expected = np.zeros_like(found.contributions)
    for j in range(n_players):
        others = [i for i in range(n_players) if i != j]
        for size in range(n_players):
            share = factorial(size) * factorial(n_players - size - 1) / factorial(n_players)
            for coalition in combinations(others, size):
                expected[:, j] += share * (worth((*coalition, j)) - worth(coalition))
    np.testing.assert_allclose(found.contributions, expected, atol=1e-11)
    served = model.probability(x[np.newaxis])[0]
    np.testing.assert_allclose(found.base + found.contributions.sum(axis=1), served, atol=1e-12)


@given(seed=st.integers(0, 10**6))
def test_where_nothing_goes_together_a_gap_contributes_nothing(seed: int) -> None:
    model, x = _draw_with_gaps(4, seed, correlation=0.0)
    found = explain(model, x)
    assert not found.contributions[:, np.isnan(x)].any()


def test_orders_drawn_at_random_add_up_with_gaps_too() -> None:
    model, x = _draw_with_gaps(34, 3, correlation=0.3)
    found = explain(model, x)
    assert found.method.startswith("antithetic")
    served = model.probability(x[np.newaxis])[0]
    np.testing.assert_allclose(found.base + found.contributions.sum(axis=1), served, atol=1e-12)


@pytest.mark.parametrize("isotonic", [False, True])
@pytest.mark.parametrize("group", [(), (2, 5)])
def test_what_orders_add_up_to_is_what_the_model_says_when_asked(
    sampled: None, isotonic: bool, group: tuple[int, ...]
) -> None:
    kinds = ["number", "yes_no", "number", "category", "log", "number"]
    model, x = draw_model(kinds, 5, n_background=30, pairs=not group, isotonic=isotonic)
    gappy, with_gap = _draw_with_gaps(6, 5, correlation=0.4)
    for asked, patient in ((model, x), (gappy, with_gap))[: 1 if group else 2]:
        explainer = Explainer(asked, group=group)
        judged = explainer.evaluator.judge(patient[np.newaxis])
        ways = judged.filled or judged
        gains = explainer._compare(ways)
        assert isinstance(gains, Gains)
        found = explainer._counting.walk(
            gains.merge(explainer._columns), ways.probability, explainer._orders
        )
        np.testing.assert_allclose(found, explainer._ask_orders(ways), atol=1e-12)
