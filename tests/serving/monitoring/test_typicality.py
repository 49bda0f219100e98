from __future__ import annotations

import numpy as np

from serving.monitoring.typicality import UNLIKE, compute_rank_p, compute_typicality


def test_numbers_are_unusual_at_either_end() -> None:
    before = np.arange(1.0, 20.0)  # 19 values
    found = compute_rank_p(np.array([0.0, 10.0, 25.0, np.nan]), before, ordered=True)
    # beyond an end: 2 x 1 / 20
    np.testing.assert_allclose(found, [0.1, 1.0, 0.1, np.nan])


def test_categories_are_as_unusual_as_they_are_rare() -> None:
    before = np.repeat([0.0, 1.0], [2, 7])
    found = compute_rank_p(np.array([0.0, 1.0, 2.0]), before, ordered=False)
    # category 0: (2 + 1) / 10; the common one: all; one never seen: 1 / 10
    np.testing.assert_allclose(found, [0.3, 1.0, 0.1])


def test_training_patients_are_held_against_the_others() -> None:
    before = np.arange(1.0, 11.0)
    found = compute_rank_p(before[[0, 5]], before, ordered=True, among=True)
    np.testing.assert_allclose(found, [0.2, 1.0])


def test_new_patients_of_the_same_kind_are_unlike_about_as_often_as_those_of_training() -> None:
    rng = np.random.default_rng(5)
    ordered = (True, True, False)
    found, expected = [], []
    for _ in range(60):
        n = 60
        training, new = (
            np.column_stack([rng.gamma(2, size=m), rng.normal(size=m), rng.random(m) < 0.3])
            for m in (n, 100)
        )
        even = ((np.arange(100) + 0.5) / 100 * n).astype(int)
        background = np.column_stack([rng.permutation(np.sort(c)[even]) for c in training.T])
        like = compute_typicality(new, background, ordered=ordered, n_training=n)
        found.append(like.unlike.mean())
        expected.append(like.reference.events / like.reference.n)
    assert np.mean(expected) <= UNLIKE + 0.001
    assert abs(np.mean(found) - np.mean(expected)) < 0.02


def test_patients_of_another_kind_are_unlike() -> None:
    rng = np.random.default_rng(6)
    background = rng.normal(size=(100, 3))
    new = rng.normal(loc=2.5, size=(50, 3))
    like = compute_typicality(new, background, ordered=(True,) * 3, n_training=100)
    assert like.unlike.mean() > 0.8


def test_nothing_known_is_not_unlike() -> None:
    background = np.random.default_rng(7).normal(size=(100, 2))
    like = compute_typicality(
        np.full((2, 2), np.nan), background, ordered=(True, True), n_training=100
    )
    assert not like.unlike.any()
