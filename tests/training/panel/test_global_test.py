"""The test of the whole panel beside the clinical estimate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from training.panel.global_test import compute_global_test


def test_noise_passes_at_its_level_and_a_signal_nearly_always():
    rng = np.random.default_rng(0)
    noise, signal = [], []
    for i in range(80):
        Z = rng.normal(size=(40, 20)) + rng.normal(size=(40, 1))
        offset = rng.normal(size=40)
        y = (rng.random(40) < expit(offset)).astype(float)
        noise.append(compute_global_test(Z, y, offset, max_p=0.1, rng=rng, n_permutations=39))
        if i < 3:
            Z[:, :3] += 2.5 * y[:, np.newaxis]
            signal.append(compute_global_test(Z, y, offset, max_p=0.05, rng=rng, n_permutations=99))
    # Of 80 uniform p values 8 lie below 0.1 and 40 below 0.5, give or take 3 SD (2.7 and 4.5).
    assert np.sum(np.array(noise) <= 0.1) <= 16
    assert 26 <= np.sum(np.array(noise) <= 0.5) <= 54
    assert max(signal) <= 0.02


def test_two_assays_that_tell_by_their_difference_only_are_found():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(5):
        Z = rng.normal(size=(100, 30))
        Z[:, 1] = 0.95 * Z[:, 0] + 0.31 * Z[:, 1]
        between = (Z[:, 0] - Z[:, 1]) / np.std(Z[:, 0] - Z[:, 1])
        y = (rng.random(100) < expit(2.5 * between)).astype(float)
        p = compute_global_test(Z, y, np.zeros(100), max_p=0.05, rng=rng, n_permutations=59)
        found.append(p <= 0.05)
    assert np.sum(found) >= 4


def test_what_the_clinical_estimate_knows_already_is_not_found_again():
    rng = np.random.default_rng(1)
    p = []
    for _ in range(9):
        known = rng.normal(size=80)
        y = (rng.random(80) < expit(2 * known)).astype(float)
        Z = np.column_stack([known, rng.normal(size=(80, 20))])
        offsets = (2 * known, np.zeros(80))
        p.append(
            [compute_global_test(Z, y, o, max_p=0.05, rng=rng, n_permutations=59) for o in offsets]
        )
    beside, without = np.median(p, axis=0)
    assert without <= 0.02
    assert beside > 0.2


@settings(max_examples=12, deadline=None)
@given(st.floats(0.03, 0.9), st.integers(0, 1000), st.booleans())
def test_stopping_early_never_changes_on_which_side_p_lies(max_p: float, seed: int, signal: bool):
    rng = np.random.default_rng(seed)
    Z, y = rng.normal(size=(12, 2)), np.repeat([0.0, 1.0], 6)
    Z[:, 0] += 3 * signal * y
    p, whole = (
        compute_global_test(
            Z, y, np.zeros(12), max_p=held, rng=np.random.default_rng(seed), n_permutations=39
        )
        for held in (max_p, 0.999)
    )
    assert 0 < p <= 1
    assert (p <= max_p) == (whole <= max_p)


def test_a_small_level_can_be_reached():
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], 20)
    Z = rng.normal(size=(40, 1)) + 5 * y[:, np.newaxis]
    p = compute_global_test(Z, y, np.zeros(40), max_p=0.01, rng=rng, n_permutations=9)
    assert p == pytest.approx(0.01)
