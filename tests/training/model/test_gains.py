import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.model.gains import Gains


def _draw(seed: int, k: int, share: float) -> tuple[Gains, np.ndarray]:
    rng = np.random.default_rng(seed)
    together = rng.normal(size=(2, 3, k, k)) * (rng.random((k, k)) < share)
    together = np.triu(together, 1)
    together = together + together.transpose(0, 1, 3, 2)
    return Gains(rng.normal(size=(2, 3, k)), together), rng.normal(size=(2, 3))


def _count(gains: Gains, inside: np.ndarray) -> np.ndarray:
    """Add up one coalition, member by member and pair by pair."""
    members = np.flatnonzero(inside)
    added = gains.alone[:, :, members].sum(axis=2)
    for place, i in enumerate(members):
        for j in members[place + 1 :]:
            added = added + gains.together[:, :, i, j]
    return np.asarray(added)


@given(seed=st.integers(0, 10**6), k=st.integers(1, 6), share=st.sampled_from([0.0, 0.3, 1.0]))
def test_all_coalitions_are_the_sum_of_members_and_pairs(seed: int, k: int, share: float) -> None:
    gains, margins = _draw(seed, k, share)
    found = gains.add_all(margins)
    assert found.shape == (2, 2**k, 3)
    for number in range(2**k):
        inside = np.array([number >> j & 1 for j in range(k)], dtype=bool)
        np.testing.assert_allclose(found[:, number], margins + _count(gains, inside), atol=1e-12)
        np.testing.assert_allclose(
            gains.add_up(np.arange(k), inside[np.newaxis])[:, :, 0],
            _count(gains, inside),
            atol=1e-12,
        )


def test_players_who_come_in_turn_add_what_their_coalitions_do() -> None:
    gains, _ = _draw(3, 5, 0.5)
    gains.alone[:, :, 2], gains.together[:, :, 2], gains.together[:, :, :, 2] = 0.0, 0.0, 0.0
    orders = np.array([[4, 2, 0, 1, 3], [3, 1, 0, 2, 4]])
    for path in (gains.add_in_turn(orders), Gains(gains.alone).add_in_turn(orders)):
        assert path.shape == (2, 3, 2, 6)
        np.testing.assert_array_equal(path[:, :, 0, 1], path[:, :, 0, 2])  # who changes nothing
        np.testing.assert_array_equal(path[:, :, 1, 3], path[:, :, 1, 4])
    path = gains.add_in_turn(orders)
    for o, order in enumerate(orders):
        for step in range(6):
            inside = np.isin(np.arange(5), order[:step])
            np.testing.assert_allclose(path[:, :, o, step], _count(gains, inside), atol=1e-12)


def test_a_player_of_several_predictors_brings_them_all_in() -> None:
    gains, _ = _draw(1, 4, 1.0)
    gains.together[:, :, 2:, 2:] = 0.0
    columns = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]])
    merged = gains.merge(columns)
    np.testing.assert_allclose(merged.alone[:, :, 2], gains.alone[:, :, 2:].sum(axis=2))
    np.testing.assert_allclose(merged.together[:, :, 0, 2], gains.together[:, :, 0, 2:].sum(axis=2))
    np.testing.assert_allclose(merged.together[:, :, 0, 1], gains.together[:, :, 0, 1])
    np.testing.assert_array_equal(np.diagonal(merged.together, axis1=2, axis2=3), 0.0)


def test_who_acts_only_with_others_is_active() -> None:
    alone = np.array([[[0.0, 1.0, 0.0]]])
    together = np.zeros((1, 1, 3, 3))
    together[0, 0, 0, 1] = together[0, 0, 1, 0] = 0.5
    np.testing.assert_array_equal(Gains(alone, together).active, [[[True, True, False]]])


def test_taken_rows_have_their_own_players() -> None:
    gains, _ = _draw(2, 4, 1.0)
    taken = gains.take(np.array([2, 0]), np.array([[3, 1], [0, 2]]))
    assert taken.alone[1, 0, 1] == gains.alone[1, 2, 1]
    assert taken.together[0, 0, 0, 1] == gains.together[0, 2, 3, 1]
    assert taken.together[1, 1, 1, 0] == gains.together[1, 0, 2, 0]
