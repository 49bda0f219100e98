import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.joint_basis import Bends, JointBasis
from features.dictionary.transformers import PredictorBasis


def _draw(rng: np.random.Generator, n: int) -> np.ndarray:
    X = np.column_stack(
        [
            rng.normal(size=n),
            rng.gamma(2.0, 3.0, size=n),
            rng.integers(0, 2, n),
            rng.integers(0, 3, n),
            np.full(n, np.nan),
        ]
    )
    X[rng.random(X.shape) < 0.2] = np.nan
    return X


@given(seed=st.integers(0, 10**6), knots=st.sampled_from([0, 3, 4]), steps=st.booleans())
def test_bases_side_by_side_are_each_alone_to_the_last_bit(
    seed: int, knots: int, steps: bool
) -> None:
    rng = np.random.default_rng(seed)
    kinds = {"categories": {2: 2, 3: 3}, "log1p": [1]}
    bent = PredictorBasis(knots=knots, steps=steps, **kinds).fit(_draw(rng, 80))
    straight = PredictorBasis(**kinds).fit(_draw(rng, 30))
    X = np.vstack([_draw(rng, 12), [[1e6, -3.0, 1.0, 2.0, 7.0]]])
    joint = JointBasis([bent, straight, bent])
    found = joint.expand(X)
    assert found[0] is found[2] and found[0] is not found[1]  # equal ones are expanded once
    for basis, Z in zip([bent, straight, bent], found, strict=True):
        assert Z.flags.c_contiguous
        np.testing.assert_array_equal(Z, basis.expand(X))
    for h in range(3):
        alone = np.vstack([joint.expand(x[np.newaxis])[h] for x in X])
        np.testing.assert_array_equal(found[h], alone)


def test_bases_that_differ_in_anything_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    basis = PredictorBasis(knots=3, categories={2: 2, 3: 3}).fit(_draw(rng, 80))
    X = _draw(rng, 5)
    for low in (basis.low_, basis.low_ + 0.5):
        other = basis.with_ends(low, basis.high_)
        joint = JointBasis([basis, other]).expand(X)
        np.testing.assert_array_equal(joint[1], other.expand(X))


def test_bends_of_several_splines_are_each_its_own() -> None:
    # At x = 10 with knots 1, 5, 9 by hand: (729 - 250 + 1) / 64; with knots 0, 1, 2:
    # (1000 - 729 * 2 + 512 * 1) / 4.
    knots = [np.array([1.0, 5.0, 9.0]), np.array([0.0, 1.0, 2.0])]
    found = Bends(knots, [0, 0]).compute(np.full((2, 1), 10.0))
    assert found[:, 0] == pytest.approx([7.5, 13.5])
