from dataclasses import replace

import pytest

from tests.training.helpers.network_rounds import gather_all, name_digests
from training.network.arithmetic.unlike import Contradiction
from training.network.concluding import conclude
from training.network.result import NetworkOutcome
from training.network.unlike_words import describe_breaks, describe_contradictions, describe_heavy

FINE = Contradiction(slope=1.0, slope_se=0.3, p_slope=0.99, p_coefficients=0.5, p_rate=0.5)


@pytest.fixture(scope="module")
def outcome() -> NetworkOutcome:
    return conclude(gather_all(), name_digests(gather_all())).outcomes["response"]


def describe(outcome: NetworkOutcome, **changed: float) -> list[str]:
    told = {"basel": replace(FINE, **changed), "aachen": FINE}
    return describe_contradictions({"response": replace(outcome, contradictions=told)})


def test_a_centre_like_the_others_is_not_told_of(outcome: NetworkOutcome) -> None:
    assert describe(outcome) == []


def test_each_contradiction_names_the_centre_and_what_to_check(outcome: NetworkOutcome) -> None:
    (turned,) = describe(outcome, slope=-0.9, p_slope=0.001)
    assert turned.startswith("basel, response:")
    assert "-0.90, -1.49 to -0.31" in turned
    assert "exchanged" in turned
    (coefficients,) = describe(outcome, p_coefficients=1e-6)
    assert "p under 0.0001" in coefficients
    assert "units" in coefficients
    (rate,) = describe(outcome, p_rate=0.002)
    assert "p 0.0020" in rate


def test_levels_are_for_all_centres_together(outcome: NetworkOutcome) -> None:
    assert describe(outcome, p_rate=0.006) == []
    assert len(describe(outcome, p_rate=0.004)) == 1


def test_a_centre_that_outweighs_all_others_is_told_of() -> None:
    pooled = gather_all().pooled
    assert describe_heavy(pooled) == []
    outcome = pooled["response"]
    heavy = outcome.centres[0]
    rounds = []
    for told in outcome.rounds:
        likelihood = told[heavy].likelihood
        assert likelihood is not None
        if likelihood.curvature is not None:
            more = [[1000 * x for x in row] for row in likelihood.curvature]
            likelihood = likelihood.model_copy(update={"curvature": more})
        rounds.append({**told, heavy: told[heavy].model_copy(update={"likelihood": likelihood})})
    (flag,) = describe_heavy({"response": replace(outcome, rounds=rounds)})
    assert flag.startswith(f"{heavy}, response: 100% of all that the centres tell is its own")
    two = outcome.centres[:2]
    few = [{name: told[name] for name in two} for told in rounds]
    assert describe_heavy({"response": replace(outcome, centres=two, rounds=few)}) == []


def test_a_round_that_does_not_follow_from_the_one_before_is_told_of() -> None:
    pooled = gather_all().pooled
    assert describe_breaks(pooled) == []
    outcome = pooled["response"]
    rounds = [dict(told) for told in outcome.rounds]
    for told in rounds[2:]:  # honest until it knows what the others told
        likelihood = told["basel"].likelihood
        assert likelihood is not None
        pushed = [likelihood.gradient[0], *(g + 5 for g in likelihood.gradient[1:])]
        forged = likelihood.model_copy(update={"gradient": pushed})
        told["basel"] = told["basel"].model_copy(update={"likelihood": forged})
    (flag,) = describe_breaks({"response": replace(outcome, rounds=rounds)})
    assert flag.startswith("basel, response: what it tells in round 3 does not follow from")
