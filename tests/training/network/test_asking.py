import numpy as np
import pytest

from tests.training.helpers.network_rounds import gather, make_centres
from tests.training.helpers.networks import KEYS
from training.network.asking import find_blended, find_rate, make_ask


@pytest.fixture(scope="module")
def asks() -> dict[int, object]:
    return {round_: make_ask(gather(round_ - 1, make_centres())) for round_ in (2, 3, 4, 5)}


def test_the_second_round_asks_what_models_made_without_a_centre_lose_there(asks) -> None:
    ask = asks[2].outcomes["response"]
    assert set(ask.losses) == set(KEYS)
    settings = ask.losses["basel"]
    assert len(settings) == 4
    strong, weak = (np.abs(settings[f"straight {sd:g}"]).sum() for sd in (0.125, 1.0))
    assert strong < weak
    assert settings["straight 1"] != ask.losses["aachen"]["straight 1"]
    assert not asks[2].evaluated


def test_the_third_round_asks_how_far_to_draw_in(asks) -> None:
    ask = asks[3].outcomes["response"]
    assert set(ask.shrinking) == set(KEYS)
    assert not ask.losses
    assert ask.blended is None


def test_the_fourth_round_judges_what_was_made_without_the_centre(asks) -> None:
    ask = asks[4]
    assert set(ask.evaluated) == set(KEYS)
    assert set(ask.evaluated["basel"]) == {"response", "kept"}
    assert ask.evaluated["basel"] != ask.evaluated["aachen"]
    blended = ask.outcomes["response"].blended
    assert blended is not None
    weight = np.array(blended.coef) @ np.array(ask.outcomes["response"].coef)
    assert 0 <= weight / np.sum(np.square(ask.outcomes["response"].coef)) <= 1
    assert 0 < ask.base_rates["basel"]["t2"] <= ask.base_rates["basel"]["t1"] < 1


def test_later_rounds_ask_for_gradients_alone(asks) -> None:
    assert not asks[5].evaluated
    assert not asks[5].outcomes["response"].losses


def test_the_blended_intercepts_come_to_rest() -> None:
    gathered = gather(6, make_centres())
    outcome = gathered.pooled["response"]
    told = [outcome.rounds[-1][c].blended for c in outcome.centres]
    intercepts, curvature = find_blended(outcome, outcome.find_weight())
    np.testing.assert_allclose(intercepts, [one.at for one in told if one], atol=1e-4)
    assert (curvature > 0).all()


def test_a_rate_is_that_of_the_centres_that_count() -> None:
    gathered = gather(1, make_centres())
    counts = {c: gathered.shares[c][0].counts["t1"] for c in gathered.centres}
    everyone = sum(c.events for c in counts.values()) / sum(c.n for c in counts.values())
    assert find_rate(gathered, "t1") == pytest.approx(everyone)
    others = [c for name, c in counts.items() if name != "basel"]
    expected = sum(c.events for c in others) / sum(c.n for c in others)
    assert find_rate(gathered, "t1", without="basel") == pytest.approx(expected)


def test_where_no_counts_are_told_a_rate_follows_from_the_outcomes() -> None:
    gathered = gather(1, make_centres())
    for told in gathered.shares.values():
        told[0].counts.clear()
    assert 0 < find_rate(gathered, "t2") < find_rate(gathered, "t1") < 1


def test_at_t2_responders_who_were_not_seen_are_not_missing_from_the_share() -> None:
    gathered = gather(1, make_centres())
    response, kept = (list(gathered.list_counts(name).values()) for name in ("response", "kept"))
    rates = [sum(e for _, e in part) / sum(n for n, _ in part) for part in (response, kept)]
    assert find_rate(gathered, "t2") == pytest.approx(rates[0] * rates[1])
    counts = [told[0].counts["t2"] for told in gathered.shares.values()]
    seen = sum(c.events for c in counts) / sum(c.n for c in counts)
    assert seen < find_rate(gathered, "t2")
