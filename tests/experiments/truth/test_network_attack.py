"""What an attacker gets out of a network's shares."""

import numpy as np
import pytest

from experiments.truth.network_attack import (
    AttackedCentre,
    Telling,
    attack_all,
    attack_last,
    draw_attacked,
    find_least,
    tabulate_attacks,
    tabulate_least,
)


COARSE = Telling(rounds=3, curvature=0, losses=2)
"""What the rank test lets thirty patients tell; with a decimal more of each it does not."""


@pytest.fixture(scope="module")
def centre() -> AttackedCentre:
    return draw_attacked(30, COARSE, seed=0)


def test_what_the_rank_test_lets_pass_leaves_the_attacker_far_off(centre: AttackedCentre) -> None:
    assert find_least(centre) > 0.05
    found = attack_all(centre, starts=1, seed=0)
    assert found.fit < 2  # his numbers explain all that was shared, and are others
    assert found.error > 0.3
    assert found.near < 0.15
    # even one who starts next to the truth cannot tell where it is
    assert attack_all(centre, starts=1, from_truth=True, seed=0).error > 0.2


def test_what_the_rank_test_refuses_gives_patients_away() -> None:
    fine = draw_attacked(30, Telling(rounds=3), seed=0)
    assert find_least(fine) < 0.05
    found = attack_all(fine, starts=1, seed=0)
    assert found.error < 0.3
    assert found.near > 0.3
    assert found.guess > 0.8
    assert found.near_guess < 0.05


def test_everything_told_exactly_gives_everybody_away() -> None:
    exact = draw_attacked(30, Telling(family="bends", rounds=2).make_exact(), seed=0)
    assert find_least(exact) < 1e-4
    found = attack_all(exact, starts=1, from_truth=True, seed=0)
    assert found.error < 1e-3
    assert found.near == 1.0


def test_who_knows_all_others_knows_the_last_one_unless_there_is_noise(
    centre: AttackedCentre,
) -> None:
    assert attack_last(centre, seed=0) < 0.1
    errors = [attack_last(centre, noise=(1.0, 1e-3), seed=seed) for seed in range(4)]
    assert np.sqrt(np.mean(np.square(errors))) > 0.4


def test_more_rounds_leave_less_open() -> None:
    table = tabulate_least((45,), centres=1)
    rounds = table[[str(k) for k in range(1, 7)]].to_numpy()
    assert (rounds[:-1, 0] > rounds[:-1, 5]).all()
    straight, bends = (table[table.family == family] for family in ("straight", "bends"))
    assert (straight["3"].to_numpy()[:3] > bends["3"].to_numpy()[:3]).all()
    assert (rounds[table.told.str.startswith("nine"), 2] < 0.01).all()


def test_the_table_has_every_setting() -> None:
    told: list[str] = []
    table = tabulate_attacks((12,), starts=1, centres=1, tell=told.append)
    assert table[["family", "exact"]].to_numpy().tolist() == [
        ["straight", False],
        ["straight", True],
        ["bends", False],
        ["bends", True],
    ]
    assert len(told) == 4
    assert (table["near"] >= 0).all()


def test_numbers_in_steps_are_drawn_in_steps() -> None:
    X = draw_attacked(20, Telling(rounds=1), steps=True, seed=1).X
    np.testing.assert_array_equal(X[:, 0], np.round(X[:, 0]))
    np.testing.assert_allclose(X[:, 1], np.round(X[:, 1], 1))
