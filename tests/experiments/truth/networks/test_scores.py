"""What an attacker gets who knows that a score is a whole number."""

from experiments.truth.networks.scores import attack_scores, tabulate_scores
from experiments.truth.networks.shares import Telling, draw_attacked, find_least


def test_where_the_rank_test_refuses_every_score_may_be_found() -> None:
    centre = draw_attacked(20, Telling(rounds=2).make_exact(), steps=True, seed=1)
    assert find_least(centre) < 0.01
    found = attack_scores(centre, starts=2, seed=1)
    assert found.rounded > 0.8
    assert found.guessed < 0.5


def test_where_much_is_left_open_rounding_does_not_help() -> None:
    centre = draw_attacked(30, Telling(rounds=1, curvature=0), steps=True, seed=1)
    assert find_least(centre) > 0.3
    found = attack_scores(centre, starts=1, seed=1)
    assert found.rounded < found.guessed + 0.25
    assert found.solved < found.guessed + 0.25


def test_the_table_has_a_row_for_each_setting() -> None:
    table = tabulate_scores((12,), rounds=1, starts=1, centres=1)
    assert table.told.tolist() == ["fine", "coarse"]
    assert table[["solved", "rounded", "guessed"]].stack().between(0, 1).all()
