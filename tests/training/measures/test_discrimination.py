import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training.measures.discrimination import compute_auc, compute_auc_delong

# Twelve made-up patients; results of R 4.2.2 (pROC 1.18) stand beside the tests.
Y = np.array([0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0.0])
P = np.array([0.1, 0.2, 0.2, 0.35, 0.4, 0.45, 0.6, 0.7, 0.7, 0.8, 0.9, 0.55])


def test_auc_counts_pairs_by_hand() -> None:
    # Cases score 1 and 3, controls 0, 1 and 2: of 6 pairs, 1 beats 0, ties with 1, loses to 2;
    # 3 beats all. (1 + 0.5 + 0 + 3) / 6 = 0.75
    assert compute_auc([1, 1, 0, 0, 0], [1, 3, 0, 1, 2]) == pytest.approx(0.75)


def test_auc_weighs_a_pair_by_both_patients() -> None:
    # As above with the case that scores 1 counted twice: (2 * 1.5 + 3) / 9
    auc = compute_auc([1, 1, 0, 0, 0], [1, 3, 0, 1, 2], sample_weight=[2, 1, 1, 1, 1])
    assert auc == pytest.approx(6 / 9)


def test_auc_of_one_class_is_missing() -> None:
    assert np.isnan(compute_auc([1, 1, np.nan], [0.1, 0.2, 0.3]))


def test_delong_agrees_with_proc() -> None:
    # R: ci(roc(y, p, direction = "<")), var()
    auc, low, high, variance = compute_auc_delong(Y, P)
    assert auc == pytest.approx(0.75)
    assert low == pytest.approx(0.451801, abs=1e-6)
    assert high == 1
    assert variance == pytest.approx(0.02314814815)


def test_delong_gives_no_interval_where_it_would_read_as_certainty() -> None:
    auc, low, high, variance = compute_auc_delong([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    assert (auc, variance) == (1, 0)
    assert np.isnan([low, high]).all()
    assert np.isnan(compute_auc_delong([0, 0, 1], [0.1, 0.3, 0.2])[1:]).all()
    assert np.isnan(compute_auc_delong([1, 1], [0.1, 0.3])).all()


def test_single_numbers_refuse_repeats() -> None:
    with pytest.raises(ValueError, match="shapes"):
        compute_auc(Y, np.stack([P, P]))


@settings(max_examples=50)
@given(st.integers(0, 100_000), st.sampled_from([1, 16]))
def test_auc_is_that_of_scikit_learn(seed: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    y, p, weight = rng.permutation(np.arange(20) % 2), rng.random(20), rng.uniform(0.5, 3, 20)
    p = np.round(p, digits)
    expected = roc_auc_score(y, p, sample_weight=weight)
    assert compute_auc(y, p, sample_weight=weight) == pytest.approx(expected)
    assert compute_auc_delong(y, p, sample_weight=weight)[0] == pytest.approx(expected)


def test_delong_forgets_the_scale_of_the_weights_and_who_has_none() -> None:
    weighted = compute_auc_delong([*Y, 1], [*P, 0.3], sample_weight=[3.0] * 12 + [0])
    assert weighted == pytest.approx(compute_auc_delong(Y, P))
