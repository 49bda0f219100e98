from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from serving.monitoring.typicality import UNLIKE, compute_rank_p, compute_typicality
from training.fitting.ends import find_ends
from training.fitting.gaps import make_background

VARIABLES = [CONTRACT[name] for name in ("age_years", "mcgill_pri", "hads_anxiety", "opioid")]


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


def test_ends_that_are_means_of_a_few_stand_for_all_of_them() -> None:
    before = np.repeat([2.0, 6.0, 9.0], [5, 9, 5])  # 0 to 4 and 8 to 10 were averaged
    x = np.array([-0.5, 0.0, 3.0, 10.0, 12.0])
    found = compute_rank_p(x, before, ordered=True, ends=(0.0, 10.0))
    # one of six at that end: 2 x 6 / 20; beyond all: 2 x 1 / 20
    np.testing.assert_allclose(found, [0.1, 0.6, 0.6, 0.6, 0.1])


def _draw(n: int, rng: np.random.Generator) -> np.ndarray:
    age, pain = 18 + np.round(rng.gamma(3, 9, size=n), 1), np.round(rng.normal(40, 9, size=n), 1)
    anxiety = np.clip(np.round(rng.normal(9, 4, size=n)), 0, 21)
    return np.column_stack([age, pain, anxiety, rng.random(n) < 0.3])


@pytest.mark.parametrize("n", [60, 100])
def test_new_patients_of_the_same_kind_are_unlike_about_as_often_as_those_of_training(
    n: int,
) -> None:
    rng = np.random.default_rng(5)
    found, expected = [], []
    for _ in range(60):
        training = _draw(n, rng)
        columns = zip(training.T, VARIABLES, strict=True)
        like = compute_typicality(
            _draw(100, rng),
            make_background(training, VARIABLES, rng=rng),  # the one of a model file
            ordered=tuple(variable.is_numeric for variable in VARIABLES),
            n_training=n,
            ends=np.array([find_ends(c, v) if v.is_numeric else (np.nan,) * 2 for c, v in columns]),
        )
        found.append(like.unlike.mean())
        expected.append(like.reference.events / like.reference.n)
    assert np.mean(expected) <= UNLIKE + 0.001
    assert abs(np.mean(found) - np.mean(expected)) < 0.025


def test_patients_of_another_kind_are_unlike() -> None:
    rng = np.random.default_rng(6)
    background = rng.normal(size=(100, 3))
    new = rng.normal(loc=2.5, size=(50, 3))
    ends = np.column_stack([background.min(axis=0), background.max(axis=0)])
    like = compute_typicality(new, background, ordered=(True,) * 3, n_training=100, ends=ends)
    assert like.unlike.mean() > 0.8


def test_nothing_known_is_not_unlike() -> None:
    background = np.random.default_rng(7).normal(size=(100, 2))
    like = compute_typicality(
        np.full((2, 2), np.nan),
        background,
        ordered=(True, True),
        n_training=100,
        ends=np.full((2, 2), np.nan),
    )
    assert not like.unlike.any()
