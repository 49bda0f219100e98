from __future__ import annotations

import copy
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from features.errors import InputError, NotEnoughData, Refused
from features.files.table import write_table
from features.simulation.cohort import make_cohort
from tests.training.helpers.network_runs import run_network
from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_signed
from tests.training.network.conftest import Walk
from training.network.asking import make_ask
from training.network.content import Ask
from training.network.gathering import Gathered
from training.network.leading import combine_shares, name_round
from training.network.patients import read_centre_patients
from training.network.protocol.envelope import open_round, open_share


def test_the_next_round_names_the_shares_that_it_was_made_from(walked: Walk) -> None:
    told = combine_shares(walked.protocol, LEAD, walked.shares, rounds=walked.rounds)
    assert (told.round, told.file) == (2, name_round(3))
    assert told.data == walked.rounds["round_3.json"]
    sealed = open_round(told.data, told.file)
    assert dict(sealed.shares) == {
        centre: open_share(walked.shares[f"{centre}_round_2.json"], "x").sha256 for centre in KEYS
    }
    assert sealed.previous == open_round(walked.rounds["round_2.json"], "x").sha256
    assert "content.outcomes.shrinking" in sealed.words


def test_nobody_but_the_lead_combines(walked: Walk) -> None:
    with pytest.raises(InputError, match="the key of the lead, Rotterdam"):
        combine_shares(walked.protocol, KEYS["basel"], walked.shares, rounds=walked.rounds)


def test_the_lead_may_finish_early(walked: Walk) -> None:
    told = combine_shares(walked.protocol, LEAD, walked.shares, rounds=walked.rounds, finish=True)
    assert told.result is not None and told.data == b""
    assert told.result.rounds == 2
    assert told.result.centres == tuple(KEYS)
    digests = [(centre, round_, digest) for centre, round_, digest in told.result.shares]
    assert digests[0] == (
        "rotterdam",
        1,
        open_share(walked.shares["rotterdam_round_1.json"], "x").sha256,
    )
    assert len(digests) == 6


def test_a_centre_that_drops_out_costs_its_own_rows_only(walked: Walk) -> None:
    without = {name: data for name, data in walked.shares.items() if name != "basel_round_2.json"}
    told = combine_shares(walked.protocol, LEAD, without, rounds=walked.rounds)
    assert told.centres == ("rotterdam", "aachen")
    assert told.dropped == {"basel": "no share of round 2"}
    assert told.late == ("basel",)
    assert set(open_round(told.data, told.file).shares) == {"rotterdam", "aachen"}


def test_who_is_late_is_left_out_only_where_somebody_says_so(walked: Walk) -> None:
    without = {name: data for name, data in walked.shares.items() if name != "basel_round_2.json"}
    combine = partial(combine_shares, walked.protocol, LEAD, without, rounds=walked.rounds)
    with pytest.raises(Refused, match=r"basel: no share of round 2; wait .* by --without basel"):
        combine(without=[])
    assert combine(without=["basel"]).late == ("basel",)
    with pytest.raises(InputError, match="a centre without a share of round 2"):
        combine(without=["basel", "aachen"])


def test_who_is_late_is_told_before_that_there_are_too_few_without(walked: Walk) -> None:
    first = {name: data for name, data in walked.shares.items() if name == "basel_round_1.json"}
    combine = partial(combine_shares, walked.protocol, LEAD, first)
    with pytest.raises(Refused, match=r"rotterdam, aachen: no share of round 1; wait"):
        combine(without=[])
    with pytest.raises(NotEnoughData, match="at least two centres"):
        combine()


def test_one_centre_alone_is_no_network(walked: Walk) -> None:
    alone = walked.list_own("basel")
    with pytest.raises(NotEnoughData, match="at least two centres"):
        combine_shares(walked.protocol, LEAD, alone, rounds=walked.rounds)


def test_all_rounds_lead_to_a_model(walked: Walk) -> None:
    walk = copy.deepcopy(walked)
    walk.shares.clear()
    walk.rounds.clear()
    walk.go(walk.protocol.rounds)
    told = combine_shares(walk.protocol, LEAD, walk.shares, rounds=walk.rounds)
    assert told.result is not None
    response = told.result.outcomes["response"]
    assert response.change < 1e-4
    assert np.isfinite(response.coef).all()
    assert told.result.synthetic
    assert set(told.result.evaluation) <= {"t1", "t2"} and "t1" in told.result.evaluation


def test_shares_with_noise_lead_to_a_model_too(walked: Walk) -> None:
    # Less is told with noise; nothing of what is left out may be missed.
    noisy = make_signed(TEXT.replace("# noise", "noise"))
    walk = Walk(noisy, walked.patients)
    walk.go(noisy.rounds)
    told = combine_shares(noisy, LEAD, walk.shares, rounds=walk.rounds)
    assert told.result is not None
    assert np.isfinite(told.result.outcomes["response"].coef).all()
    assert told.result.evaluation == {}


def test_centres_too_small_to_tell_anything_are_told_so_before_they_are_asked_again() -> None:
    with pytest.raises(NotEnoughData, match="of 3 centres may tell how many patients"):
        run_network(dict.fromkeys(KEYS, 24), rounds=4)


def test_what_cannot_come_to_an_end_is_told_after_the_first_round(
    walked: Walk, tmp_path: Path
) -> None:
    patients = {}
    for seed, centre in enumerate(KEYS, start=5):
        write_table(make_cohort(30, seed=seed).table, tmp_path / f"{centre}.csv")
        patients[centre] = read_centre_patients(walked.protocol, tmp_path / f"{centre}.csv")
    with pytest.raises(NotEnoughData, match=r"\(kept\): .* or one of the horizon t1 alone"):
        Walk(walked.protocol, patients).go(1)


def test_a_lead_asks_nothing_that_every_centre_would_refuse(
    walked: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask_steeply(gathered: Gathered) -> Ask:
        ask = make_ask(gathered)
        steep = ask.outcomes["response"].model_copy(update={"coef": [60.0] * 5})
        return ask.model_copy(update={"outcomes": {"response": steep}})

    monkeypatch.setattr("training.network.leading.make_ask", ask_steeply)
    with pytest.raises(InputError) as caught:
        combine_shares(walked.protocol, LEAD, walked.shares, rounds=walked.rounds)
    told = caught.value.report()
    assert "round 3, as it follows from the shares" in told
    assert "expected log-odds per column of at most 5; got 60; look at the shares" in told
