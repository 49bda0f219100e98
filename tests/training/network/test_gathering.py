import numpy as np
import pytest

from features.errors import NotEnoughData
from tests.training.helpers.network_rounds import gather, gather_all, make_centres
from tests.training.helpers.networks import KEYS, make_signed
from training.network.gathering import Gathered


def test_centres_that_told_in_every_round_take_part() -> None:
    gathered = gather(2, make_centres(40), stays={"basel": 1})
    assert gathered.rounds == 2
    assert gathered.centres == ("rotterdam", "aachen")
    assert gathered.dropped == {"basel": "no share of round 2"}
    assert gathered.late == ("basel",)
    assert gather(3, make_centres(40), stays={"basel": 1}).late == ()
    assert gathered.pooled["response"].centres == ("rotterdam", "aachen")


def test_who_never_told_is_dropped_too() -> None:
    centres = make_centres(40)
    del centres["aachen"]
    assert gather(1, centres).dropped == {"aachen": "no share of round 1"}


def test_one_centre_is_no_network() -> None:
    centres = make_centres(40)
    alone = gather(1, {"basel": centres["basel"]})
    told = "round 1 has 1; rotterdam: no share of round 1; aachen: no share of round 1; wait"
    with pytest.raises(NotEnoughData, match=told):
        _ = alone.pooled
    with pytest.raises(NotEnoughData, match=told):
        alone.require_counts("response")


def test_slopes_that_stop_leaving_take_no_part_from_the_first_round_on() -> None:
    told = {name: list(shares) for name, shares in gather_all().shares.items()}
    last = told["aachen"][-1]
    silent = last.outcomes["response"].model_copy(
        update={"likelihood": None, "withheld": "too many rounds"}
    )
    told["aachen"][-1] = last.model_copy(update={"outcomes": {**last.outcomes, "response": silent}})
    gathered = Gathered(make_signed(), told)
    assert gathered.list_withheld("response") == {"aachen": "too many rounds"}
    assert gathered.pooled["response"].centres == ("rotterdam", "basel")
    assert set(gathered.list_counts("response")) == set(KEYS)


def test_few_who_kept_or_lost_response_have_no_model_of_it() -> None:
    centres = make_centres(40)
    for data in centres.values():
        data.kept[np.flatnonzero(data.kept == 0)[2:]] = np.nan
    reason = gather(1, centres).find_reason("kept")
    assert "fewer than 10 of either" in reason
    assert gather(1, centres).find_reason("response") == ""
