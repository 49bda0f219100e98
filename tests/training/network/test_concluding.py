import re

import numpy as np
import pytest
from scipy.special import logit

from features.errors import NotEnoughData
from tests.training.helpers.network_rounds import (
    gather,
    gather_all,
    make_centres,
    name_digests,
    turn_round,
)
from tests.training.helpers.networks import KEYS, TEXT, make_signed
from training.network.asking import find_blended
from training.network.concluding import conclude
from training.network.gathering import Gathered
from training.network.result import NetworkResult


@pytest.fixture(scope="module")
def found() -> NetworkResult:
    return conclude(gather_all(), name_digests(gather_all()))


def test_a_result_leads_back_to_every_share(found: NetworkResult) -> None:
    assert len(found.shares) == 18
    assert found.shares[7] == ("aachen", 2, "aachen-1")
    assert found.rounds == 6
    assert found.dropped == {}
    assert found.synthetic


def test_what_a_centre_says_is_told_with_its_name() -> None:
    gathered = gather(1, make_centres())
    for name in ("rotterdam", "basel"):
        gathered.shares[name][0].remarks.append("told more coarsely")
    gathered.shares["aachen"][0].remarks.append("not judged")
    told = conclude(gathered, name_digests(gathered)).remarks
    assert told == ["aachen: not judged", "rotterdam, basel: told more coarsely"]


def test_the_model_is_made_of_what_was_found(found: NetworkResult) -> None:
    response = found.outcomes["response"]
    np.testing.assert_allclose(found.model.first.coef, response.weight * response.coef)
    assert found.model.first.intercept == response.new_intercept
    assert response.change < 1e-5
    assert [centre.name for centre in found.model.centres] == list(KEYS)
    assert found.model.working_first.draws.shape == (2000, 1 + len(response.coef))


def test_a_centres_intercept_is_drawn_toward_the_mean_of_all(found: NetworkResult) -> None:
    outcome = gather_all().pooled["response"]
    own, _ = find_blended(outcome, outcome.find_weight())
    new = found.outcomes["response"].new_intercept
    for intercept, centre in zip(own, found.model.centres, strict=True):
        assert centre.first is not None
        assert abs(centre.first.intercept - new) < abs(intercept - new)
        assert (centre.first.intercept - new) * (intercept - new) > 0
    assert min(own) < new < max(own)


def test_a_new_centre_is_told_with_more_doubt_than_a_known_one(found: NetworkResult) -> None:
    X = found.model.background[:20]
    new = found.model.interval(X)[:, 0]
    known = found.model.at("basel").interval(X)[:, 0]
    assert np.mean(np.diff(new)) > np.mean(np.diff(known))


def test_the_later_chance_is_never_above_the_earlier(found: NetworkResult) -> None:
    risks = found.model.at("aachen").probability(found.model.background)
    assert (risks[:, 1] <= risks[:, 0]).all()


def test_one_round_is_a_model_already() -> None:
    early = conclude(gather(1, make_centres()), name_digests(gather(1, make_centres())))
    assert early.evaluation == {}
    assert not early.outcomes["response"].settings.attrs["asked"]
    late = conclude(gather_all(), name_digests(gather_all()))
    X = late.model.background
    away = early.model.probability(X) - late.model.probability(X)
    assert np.abs(away).max() < 0.15


def test_labels_turned_round_are_flagged() -> None:
    centres = make_centres(150)
    liar = {**centres, "basel": turn_round(centres["basel"])}
    gathered = gather(3, liar)
    told = conclude(gathered, name_digests(gathered))
    assert any(line.startswith("basel, response:") for line in told.flags)
    honest = gather(3, centres)
    assert conclude(honest, name_digests(honest)).flags == []


def test_who_drops_out_costs_his_own_rows_only() -> None:
    centres = make_centres()
    # One setting only: what the third centre says in round 2 could otherwise choose another.
    protocol = make_signed(re.sub("prior_sds = .*]", "prior_sds = [0.5]", TEXT))
    left = gather(6, centres, protocol, stays={"basel": 1})
    found = conclude(left, name_digests(left))
    assert found.dropped == {"basel": "no share of round 2"}
    two = {name: data for name, data in centres.items() if name != "basel"}
    never = gather(6, two, protocol)
    alone = conclude(never, name_digests(never))
    for outcome in ("response", "kept"):
        np.testing.assert_allclose(
            found.outcomes[outcome].coef, alone.outcomes[outcome].coef, atol=1e-7
        )
    assert alone.outcomes["response"].coef.any()
    assert all(name != "basel" for name, _, _ in found.shares)


def test_everyone_gets_the_same_where_the_data_bear_no_more() -> None:
    centres = make_centres()
    for data in centres.values():
        data.kept[np.flatnonzero(data.kept == 0)[2:]] = np.nan
    gathered = gather(2, centres)
    found = conclude(gathered, name_digests(gathered))
    kept = found.outcomes["kept"]
    assert "fewer than 10 of either" in kept.reason
    assert not kept.coef.any()
    assert found.model.kept is not None and found.model.kept.is_constant
    rates = [e / n for n, e in gathered.list_counts("kept").values()]
    assert logit(min(rates)) - 0.1 < kept.new_intercept < logit(max(rates)) + 0.1


def test_a_common_intercept_knows_no_centres() -> None:
    protocol = make_signed(TEXT.replace('intercepts = "centre"', 'intercepts = "common"'))
    gathered = gather(4, make_centres(), protocol)
    found = conclude(gathered, name_digests(gathered))
    assert found.model.centres == ()
    assert len(set(found.outcomes["response"].intercepts.values())) == 1


def test_centres_that_may_not_tell_who_responded_make_no_model() -> None:
    gathered = gather(1, make_centres(40))
    told = {}
    for name, shares in gathered.shares.items():
        hidden = {
            outcome: share.model_copy(
                update={"n": None, "events": None, "likelihood": None, "withheld": "too few"}
            )
            for outcome, share in shares[0].outcomes.items()
        }
        told[name] = [shares[0].model_copy(update={"outcomes": hidden})]
    with pytest.raises(NotEnoughData, match="0 of 3 centres may tell"):
        conclude(Gathered(gathered.protocol, told), name_digests(gathered))
