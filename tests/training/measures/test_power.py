"""What a study of a given size would have found, against what must be so."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.measures.power import AUCS, compute_power


def _draw(n: int, k: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, k))


def _power(columns: np.ndarray, *aucs: float, share: float = 0.45, seed: int = 1) -> list[float]:
    found = compute_power(columns, round(share * len(columns)), aucs=aucs, seed=seed)
    return found["power"].tolist()


@pytest.mark.parametrize("k", [2, 8, 20])
@pytest.mark.parametrize("n", [40, 150, 600])
def test_where_nothing_is_to_be_found_little_is(n: int, k: int) -> None:
    # One-sided 2.5%, or less: a skill has to make up for what fitting costs.
    found = compute_power(_draw(n, k), n // 2, aucs=(0.5,), seed=3)
    assert found["power"].item() <= 0.025 + 3 * found["mc_error"].item()


def test_many_patients_find_every_model() -> None:
    assert min(_power(_draw(3000), *AUCS)) > 0.97


def test_power_rises_with_patients_and_with_the_model() -> None:
    by_size = [_power(_draw(n), *AUCS) for n in (60, 200, 700)]
    for auc in range(len(AUCS)):
        few, more, most = (powers[auc] for powers in by_size)
        assert few < more < most
    assert all(np.all(np.diff(powers) > -0.01) for powers in by_size)


def test_sixty_patients_see_little() -> None:
    # The order of magnitude that the report tells: a model of AUC 0.70 is mostly missed.
    powers = _power(_draw(60, 8), 0.6, 0.7, 0.9)
    assert powers[0] < 0.08
    assert 0.05 < powers[1] < 0.3
    assert powers[2] > 0.8


def test_few_responders_find_less_than_half_of_them() -> None:
    rare, half = (_power(_draw(150), 0.7, share=share)[0] for share in (0.08, 0.5))
    assert rare < half - 0.1


def test_the_same_seed_gives_the_same_numbers_and_another_nearly_the_same() -> None:
    columns = _draw(80)
    one, same, other = (compute_power(columns, 40, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    apart = (one["power"] - other["power"]).abs()
    assert (apart < 4 * np.hypot(one["mc_error"], other["mc_error"])).all()


@pytest.mark.parametrize(
    ("columns", "events"),
    [
        (np.ones((60, 2)), 20),  # no patient differs from another
        (np.empty((60, 0)), 20),
        (_draw(60), 0),
        (_draw(60), 60),
        (_draw(7), 3),  # no five folds
        ((np.arange(60) < 3).astype(float)[:, None], 20),  # a flag of three patients
    ],
)
def test_what_cannot_be_told_is_not(columns: np.ndarray, events: int) -> None:
    found = compute_power(columns, events, seed=1)
    assert found[["power", "mc_error"]].isna().all(axis=None)
    assert list(found["n_studies"]) == [0] * len(AUCS)


def test_a_constant_column_changes_nothing() -> None:
    columns = _draw(60)
    padded = np.column_stack([columns, np.full(60, 3.0)])
    pd.testing.assert_frame_equal(
        compute_power(columns, 30, seed=1), compute_power(padded, 30, seed=1)
    )


@settings(max_examples=15, deadline=None)
@given(
    n=st.integers(20, 120), k=st.integers(1, 15), share=st.floats(0.1, 0.9), seed=st.integers(0, 99)
)
@example(n=84, k=1, share=0.171875, seed=32)  # one flag: few truths rank patients so well
def test_shares_are_shares_whatever_the_study(n: int, k: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, k))
    columns[:, ::2] = columns[:, ::2] > 0.8
    found = compute_power(columns, round(share * n), aucs=(0.6, 0.7), seed=seed)
    told = found.dropna()
    assert told["power"].between(0, 1).all()
    assert (told["mc_error"] > 0).all()
    # Shares from 0 to 1 of so many truths, ten studies of each, spread no further than this.
    assert (told["mc_error"] <= 0.5 / np.sqrt(told["n_studies"] / 10 - 1)).all()
    assert ((found["n_studies"] > 0) == found["power"].notna()).all()
