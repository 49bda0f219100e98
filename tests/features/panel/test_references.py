import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.panel.references import (
    compute_normfinder_stability,
    compute_normfinder_variance,
    compute_pairwise_variation,
    compute_reference_count,
    fit_levels,
    rank_by_genorm,
    rank_by_normfinder,
)

# Three samples of assays A, B, C, D. SDs of the differences, by hand: A-B 0; A-C and B-C 1;
# A-D and B-D sqrt(3) (differences -2, 1, -2); C-D 2 (differences 8, 10, 6).
TABLE = np.array([[20.0, 25, 30, 22], [21, 26, 30, 20], [22, 27, 30, 24]])


def test_genorm_excludes_the_least_stable_first() -> None:
    # D has the highest M; without it C has (1 + 1) / 2 against 1 / 2.
    np.testing.assert_array_equal(rank_by_genorm(TABLE), [0, 1, 2, 3])
    np.testing.assert_array_equal(rank_by_genorm(TABLE[:, [3, 1, 2, 0]]), [1, 3, 2, 0])


def test_m_is_taken_anew_after_each_exclusion() -> None:
    # W is far from everything, so that at first X (near W's course) looks better than Y does
    # beside it; the order is checked against the definition, step by step.
    rng = np.random.default_rng(3)
    values = 25 + rng.normal(size=(12, 6)) * [0.2, 0.4, 0.6, 0.8, 1.5, 3.0]
    left, excluded = list(range(6)), []
    while len(left) > 2:
        m = [
            np.mean([np.std(values[:, j] - values[:, k], ddof=1) for k in left if k != j])
            for j in left
        ]
        excluded.append(left.pop(int(np.argmax(m))))
    np.testing.assert_array_equal(rank_by_genorm(values), [*left, *excluded[::-1]])


def test_pairwise_variation_is_that_of_reference_values() -> None:
    # Means of A, B: 22.5, 23.5, 24.5; with C: 25, 25.667, 26.333: the differences step by 1/3.
    # With D: 24.25, 24.25, 25.75: differences 0.75, 1.4167, 0.5833, SD 0.44096.
    variation = compute_pairwise_variation(TABLE, np.arange(4))
    np.testing.assert_allclose(variation, [1 / 3, 0.4409586], rtol=1e-6)


def test_as_many_references_are_taken_as_it_needs() -> None:
    assert (
        compute_reference_count(TABLE, np.arange(4)) == 2
    )  # none is below 0.15; the first is the least
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(5000, 12)) * 0.5
    # Adding one of n + 1 equal assays moves the mean by SD 0.5 / sqrt(n (n + 1)):
    # 0.204 at n = 2, 0.144 at n = 3.
    assert compute_reference_count(25 + noise, np.arange(12)) == 3


def test_normfinder_by_hand() -> None:
    # A, B, C without D: squared residuals sum to 2/9, 2/9, 8/9; over (3 - 1)(1 - 2/3) they are
    # 1/3, 1/3, 4/3, and a sixth of their sum 2 is taken off each.
    np.testing.assert_allclose(compute_normfinder_variance(TABLE[:, :3]), [0, 0, 1], atol=1e-12)
    assert rank_by_normfinder(TABLE[:, [2, 0, 1]])[-1] == 0


def test_a_negative_variance_is_replaced_as_in_the_authors_program() -> None:
    # Variances of differences: A-B 2, A-C 2, B-C 8, so A's is (2 + 2 - 8) / 2 = -2, B's and C's
    # (2 + 8 - 2) / 2 = 4; A gets a quarter of its smallest, 0.5.
    values = np.array([[0.0, 1, -1], [0, -1, 1]])
    np.testing.assert_allclose(compute_normfinder_variance(values), [0.5, 4, 4])


@given(
    arrays(float, (6, 5), elements=st.floats(15, 34)),
    arrays(float, (6, 1), elements=st.floats(-3, 3)),
    st.permutations(range(6)),
)
@settings(max_examples=50)
def test_stability_does_not_depend_on_input_or_order_of_samples(
    values: np.ndarray, shift: np.ndarray, order: list[int]
) -> None:
    def measure(v: np.ndarray) -> np.ndarray:
        return np.sqrt(compute_normfinder_variance(v))

    np.testing.assert_allclose(measure(values + shift), measure(values), atol=2e-6)
    np.testing.assert_allclose(measure(values[order]), measure(values), atol=2e-6)


def test_normfinder_with_groups_by_hand() -> None:
    # Group 1: A, B, C as above, variances 0, 0, 1 of 3 samples; group 2 the same with C 3 higher.
    # Distances of the means -+(0.5, 0.5, -1), their squares sum to 3: over (2 - 1)(3 - 1) 1.5,
    # less the mean of the variances over 3, 1/9: 25/18 between groups. A: 0.5 is kept whole, no
    # error. C: kept 25/18 / (25/18 + 1/3) = 25/31 of 1; error sqrt((1 + 25/31) / 3).
    values = np.vstack([TABLE[:, :3], TABLE[:, :3] + [0, 0, 3]])
    groups = np.repeat([7, 2], 3)
    expected = [0.5, 0.5, 25 / 31 + np.sqrt(56 / 93)]
    np.testing.assert_allclose(compute_normfinder_stability(values, groups), expected, atol=1e-6)
    assert rank_by_normfinder(values[:, [2, 0, 1]], groups)[-1] == 0


def _follow_the_program(values: np.ndarray, groups: np.ndarray) -> list[float]:
    """Return the stability values step by step, as the authors' R program (2015) has them."""
    n_genes, names = values.shape[1], sorted(set(groups.tolist()))
    variance: dict[tuple[int, int], float] = {}
    for g in names:
        y = values[groups == g]
        a = []
        for i in range(n_genes):
            residuals = [y[j, i] - y[:, i].mean() - y[j].mean() + y.mean() for j in range(len(y))]
            a.append(sum(r * r for r in residuals) / (len(y) - 1))
        for i in range(n_genes):
            found = (a[i] - sum(a) / (n_genes**2 - n_genes)) / (1 - 2 / n_genes)
            others = [np.var(y[:, i] - y[:, k], ddof=1) for k in range(n_genes) if k != i]
            variance[i, g] = (found if found >= 0 else min(others) / 4) / len(y)
    mean = {(i, g): values[groups == g, i].mean() for i in range(n_genes) for g in names}
    overall = np.mean(list(mean.values()))
    away = {
        (i, g): mean[i, g]
        - np.mean([mean[i, h] for h in names])
        - np.mean([mean[k, g] for k in range(n_genes)])
        + overall
        for i, g in mean
    }
    gamma = sum(d * d for d in away.values()) / ((len(names) - 1) * (n_genes - 1))
    gamma = max(gamma - sum(variance.values()) / (n_genes * len(names)), 0)
    stability = []
    for i in range(n_genes):
        parts = []
        for g in names:
            v = variance[i, g]
            parts.append(
                abs(away[i, g] * gamma / (gamma + v)) + np.sqrt(v + gamma * v / (gamma + v))
            )
        stability.append(float(np.mean(parts)))
    return stability


@given(st.integers(0, 10_000), st.integers(3, 8), st.integers(2, 4))
@settings(max_examples=50, deadline=None)
def test_normfinder_with_groups_follows_the_authors_program(
    seed: int, n_assays: int, n_groups: int
) -> None:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(2, 7, n_groups))
    values = (
        25
        + rng.normal(size=(len(groups), 1))
        + rng.normal(
            rng.normal(0, 0.5, (n_groups, n_assays))[groups], rng.uniform(0.1, 1, n_assays)
        )
    )
    found = compute_normfinder_stability(values, groups)
    np.testing.assert_allclose(found, _follow_the_program(values, groups), rtol=1e-9)
    # neither the amount of material nor the order or the names of groups matter
    order = rng.permutation(len(groups))
    moved = values[order] + rng.normal(0, 2, (len(groups), 1))
    np.testing.assert_allclose(compute_normfinder_stability(moved, -groups[order]), found)


def test_groups_that_are_too_few_or_too_small_are_told() -> None:
    for groups in ([0, 0, 0], [0, 0, 1]):
        with pytest.raises(ValueError, match="two groups of two samples"):
            compute_normfinder_stability(TABLE, np.array(groups))
    same = np.tile([20.0, 25, 30], (4, 1))  # nothing varies: all are perfectly stable
    np.testing.assert_array_equal(
        compute_normfinder_stability(same, np.array([0, 0, 1, 1])), [0, 0, 0]
    )


def test_with_all_references_detected_the_reference_is_their_mean() -> None:
    levels, usable = fit_levels(TABLE, np.ones(TABLE.shape, dtype=bool))
    assert usable.all()
    reference = levels.compute_reference(TABLE, np.ones(TABLE.shape, dtype=bool))
    np.testing.assert_allclose(reference, TABLE.mean(axis=1))


def test_a_reference_that_was_not_measured_does_not_move_the_reference_value() -> None:
    rng = np.random.default_rng(0)
    ct = np.array([20.0, 24, 28, 32]) + rng.normal(0, 1, (40, 1)) + rng.normal(0, 0.1, (40, 4))
    levels, _ = fit_levels(ct, np.ones(ct.shape, dtype=bool))
    whole = levels.compute_reference(ct, np.ones(ct.shape, dtype=bool))
    gap = ct.copy()
    gap[:, 3] = np.nan
    # The plain mean of the other three would be 2 cycles lower.
    assert np.abs(levels.compute_reference(gap, ~np.isnan(gap)) - whole).max() < 0.15


def test_a_reference_that_was_not_detected_pulls_the_reference_value_up() -> None:
    rng = np.random.default_rng(0)
    ct = np.array([24.0, 24, 34]) + rng.normal(0, 1, (60, 1)) + rng.normal(0, 0.3, (60, 3))
    seen = ct < 35
    capped = np.minimum(ct, 35.0)
    levels, _ = fit_levels(capped, seen)
    got = levels.compute_reference(capped, seen)
    hidden = ~seen.all(axis=1)
    assert hidden.sum() >= 5
    assert np.abs(got - ct.mean(axis=1))[hidden].mean() < 0.25
    assert np.all(levels.fill(capped, seen)[~seen] >= 35.0)


def test_a_sample_with_fewer_than_half_of_the_references_has_no_reference_value() -> None:
    ct = np.array([[24.0, 25, 26, 27], [24, 25, 35, 35], [24, 35, 35, 35]])
    levels, usable = fit_levels(ct, ct < 35)
    np.testing.assert_array_equal(usable, [True, True, False])
    assert np.isnan(levels.compute_reference(ct, ct < 35)[2])


def test_no_usable_sample_is_said() -> None:
    ct = np.array([[24.0, 35, 35], [35, 25, 35]])
    with pytest.raises(ValueError, match="no sample has half"):
        fit_levels(ct, ct < 35)
