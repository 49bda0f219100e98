from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import InputError
from tests.training.helpers.networks import KEYS, LEAD, make_key
from tests.training.network.flower.helpers import PROTOCOL, share
from training.network.flower.lead_folder import LeadFolder

CENTRES = [*KEYS]


@pytest.fixture
def folder(tmp_path: Path) -> LeadFolder:
    return LeadFolder(PROTOCOL, LEAD, str(tmp_path))


@pytest.fixture
def second(folder: LeadFolder) -> LeadFolder:
    """Return a folder whose first round has been answered by two of three."""
    for centre in CENTRES[:2]:
        folder.take(1, share(centre), "mail")
    return folder


def test_shares_and_rounds_are_kept_as_files(second: LeadFolder) -> None:
    assert second.list_missing(1) == ["basel"]
    assert second.open_round(1) == b""
    asked = second.open_round(2)
    assert Path(second.folder, "rounds", "round_2.json").read_bytes() == asked
    kept = {path.name: path.read_bytes() for path in Path(second.folder, "shares").iterdir()}
    assert kept == {f"{c}_round_1.json": share(c) for c in CENTRES[:2]}


def test_a_round_is_over_when_the_next_one_is_written(second: LeadFolder) -> None:
    asked = second.open_round(2)
    assert second.list_missing(1) == []
    assert second.list_missing(2) == CENTRES[:2]
    assert second.open_round(2) == asked
    second.take(2, share("aachen", asked), "mail")
    assert second.list_missing(2) == ["rotterdam"]


def test_all_rounds_lead_to_a_result_of_those_who_stayed(second: LeadFolder) -> None:
    asked = second.open_round(2)
    for centre in CENTRES[:2]:
        second.take(2, share(centre, asked), "mail")
    told = second.conclude()
    result = told.result
    assert result is not None
    assert len(told.shares) == len(result.shares) == 4
    assert result.centres == tuple(CENTRES[:2])
    assert result.dropped == {"basel": "no share of round 1"}
    assert result.outcomes["response"].coef.any()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (share("basel", key=make_key(7)), "expected the key that the protocol has of basel"),
        (share("../basel", key=KEYS["basel"]), "expected one of rotterdam, aachen, basel"),
        (share("basel").replace(b'"round": 1', b'"round": 2'), "signature"),
        (share("basel")[:-9], "is not JSON"),
        (share("basel", patients=-1), "basel, round 1"),
    ],
)
def test_a_share_that_does_not_hold_is_named_and_not_kept(
    folder: LeadFolder, data: bytes, told: str
) -> None:
    with pytest.raises(InputError) as caught:
        folder.take(1, data, "what node 5 sent")
    assert told in caught.value.report()
    assert not Path(folder.folder, "shares").exists()
    assert folder.list_missing(1) == CENTRES


def test_a_share_of_another_round_or_a_second_one_is_refused(second: LeadFolder) -> None:
    second.take(1, share("aachen"), "mail")  # the same again
    with pytest.raises(InputError, match="aachen: expected one share in a round"):
        second.take(1, share("aachen", seed=9), "mail")
    second.open_round(2)
    with pytest.raises(InputError, match="aachen: expected a share of round 2, that was asked"):
        second.take(2, share("aachen"), "mail")
