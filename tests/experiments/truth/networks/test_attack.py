"""What an attacker gets out of a network's shares."""

import numpy as np
import pytest

from experiments.truth.networks.attack import attack_all, attack_last, tabulate_attacks
from experiments.truth.networks.shares import (
    TELLINGS,
    AttackedCentre,
    Telling,
    draw_attacked,
    find_least,
)

COARSE = Telling(rounds=3, curvature=0, losses=2)
"""What the rank test lets thirty patients tell; with finer decimals it does not."""


@pytest.fixture(scope="module")
def centre() -> AttackedCentre:
    return draw_attacked(30, COARSE, seed=0)


def test_what_the_rank_test_lets_pass_leaves_the_attacker_far_off(centre: AttackedCentre) -> None:
    assert find_least(centre) > 0.05
    found = attack_all(centre, starts=1, seed=0)
    assert found.fit < 2  # his numbers explain all that was shared, and are others
    assert found.error > 0.3
    assert found.near < 0.15


def test_what_the_rank_test_refuses_gives_patients_away() -> None:
    telling = Telling(rounds=5, gradient=(3, 4, 5, 6, 7), curvature=1, losses=4)
    fine = draw_attacked(30, telling, seed=0)
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


def test_the_table_has_every_setting() -> None:
    told: list[str] = []
    table = tabulate_attacks((8,), starts=1, centres=1, tell=told.append)
    assert table.told.tolist() == 2 * list(TELLINGS)
    assert table.family.tolist() == 3 * ["straight"] + 3 * ["bends"]
    assert len(told) == 6
    assert (table["near"] >= 0).all()
