import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.fitting.resampling import make_bootstrap, make_folds


@given(
    st.lists(st.integers(0, 2), min_size=6, max_size=80), st.integers(2, 5), st.integers(0, 10_000)
)
@settings(max_examples=80)
def test_folds_are_balanced_over_every_class(strata: list[int], k: int, seed: int) -> None:
    classes = np.array(strata, dtype=np.intp)
    folds = make_folds(classes, np.arange(len(classes)), n_folds=k, rng=np.random.default_rng(seed))
    for rows in [np.ones(len(classes), dtype=bool), *(classes == c for c in range(3))]:
        sizes = np.bincount(folds[rows], minlength=k)
        assert np.ptp(sizes) <= 1


def test_all_copies_of_a_patient_are_on_one_side() -> None:
    rng = np.random.default_rng(3)
    patients = make_bootstrap(50, rng=rng)
    y = np.arange(50) % 2
    folds = make_folds(y[patients].astype(np.intp), patients, n_folds=5, rng=rng)
    assert len(patients) > len(np.unique(patients))
    for patient in np.unique(patients):
        assert len(np.unique(folds[patients == patient])) == 1


def test_same_seed_same_folds_and_another_seed_others() -> None:
    y, who = np.arange(40) % 2, np.arange(40)
    first, again, other = (
        make_folds(y, who, n_folds=5, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_bootstrap_sample_draws_everyone_equally_often() -> None:
    # Mean count of each of 20 patients over 4000 samples: 1 with SE sqrt(0.95 / 4000) = 0.0154.
    rng = np.random.default_rng(0)
    counts = sum(np.bincount(make_bootstrap(20, rng=rng), minlength=20) for _ in range(4000))
    assert counts / 4000 == pytest.approx(np.ones(20), abs=5 * 0.0154)
