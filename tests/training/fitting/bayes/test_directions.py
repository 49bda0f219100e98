"""Sums over patients are the same a block at a time as all at once."""

from __future__ import annotations

import numpy as np
import pytest

from training.fitting.bayes import directions
from training.fitting.bayes.directions import compute_gram, find_directions
from training.fitting.bayes.laplace import find_mode


def _make_patients() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(200), rng.standard_normal((200, 6))])
    y = (rng.random(200) < 0.4).astype(np.float64)
    return design, y, np.array([100.0, 0.1, 0.4, 1.0, 0.02, 0.3, 2.0])


def test_a_model_is_the_same_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    design, y, prior = _make_patients()
    whole = find_mode(design, y, prior)
    monkeypatch.setattr(directions, "_ROWS", 64)
    blocks = find_mode(design, y, prior)
    assert blocks.evidence == pytest.approx(whole.evidence, rel=1e-13)
    np.testing.assert_allclose(blocks.margin, whole.margin, atol=1e-12)
    np.testing.assert_allclose(blocks.variance, whole.variance, rtol=1e-11)
    np.testing.assert_allclose(blocks.precision, whole.precision, atol=1e-11)


def test_the_gram_of_blocks_is_that_of_all_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    design, y, prior = _make_patients()
    weights = np.abs(design[:, 1])
    wanted = np.triu((design.T * weights) @ design)
    monkeypatch.setattr(directions, "_ROWS", 64)
    np.testing.assert_allclose(compute_gram(design, weights), wanted, atol=1e-12)
    gram, pulled = find_directions(design, prior).sum_up(weights, y)
    root = np.sqrt(prior)
    np.testing.assert_allclose(gram, wanted * root * root[:, np.newaxis], atol=1e-12)
    np.testing.assert_allclose(pulled, root * (y @ design), atol=1e-12)


def test_fewer_patients_than_columns_are_so_many_directions() -> None:
    design, _, prior = _make_patients()
    assert find_directions(design[:4], prior).count == 4
    assert find_directions(design, prior).count == 7
