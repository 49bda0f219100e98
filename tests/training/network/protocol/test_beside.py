from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import InputError, Refused
from tests.training.network.conftest import Walk
from training.network.protocol.beside import check_asked, check_beside, check_unshared
from training.network.protocol.places import FilePlace


def test_a_round_that_is_shared_is_called_so(tmp_path: Path) -> None:
    place = FilePlace(str(tmp_path))
    check_unshared(place, "basel_round_2.json", 2, force=False, noise=False)
    (tmp_path / "basel_round_2.json").touch()
    with pytest.raises(InputError, match=r"round 2 is shared; did you mean --round 3\?"):
        check_unshared(place, "basel_round_2.json", 2, force=False, noise=False)
    check_unshared(place, "basel_round_2.json", 2, force=True, noise=False)
    with pytest.raises(Refused, match="noise is drawn once"):
        check_unshared(place, "basel_round_2.json", 2, force=True, noise=True)


def test_all_that_is_not_beside_is_named_with_its_place(tmp_path: Path) -> None:
    rounds, shares = FilePlace(str(tmp_path / "rounds")), FilePlace(str(tmp_path / "shares"))
    files = [(k, f"basel_round_{k - 1}.json", f"round_{k}.json") for k in (2, 3)]
    check_beside(rounds, shares, [])
    rounds.write(b"", "round_2.json")
    shares.write(b"", "basel_round_2.json")
    with pytest.raises(InputError) as caught:
        check_beside(rounds, shares, files)
    assert [(problem.column, problem.got) for problem in caught.value.problems] == [
        ("round 2", f"no {shares.name('basel_round_1.json')}"),
        ("round 3", f"no {rounds.name('round_3.json')}"),
    ]
    shares.write(b"", "basel_round_1.json")
    rounds.write(b"", "round_3.json")
    check_beside(rounds, shares, files)


def test_a_round_that_is_answered_and_not_there_is_named_with_who_answers(walked: Walk) -> None:
    place = FilePlace("elsewhere")
    check_asked(place, walked.shares, walked.rounds)
    first = {name: data for name, data in walked.shares.items() if "_round_1" in name}
    check_asked(place, {**first, "torn.json": b"{"}, {"torn.json": b"{"})
    answered = {n: d for n, d in walked.shares.items() if n != "basel_round_2.json"}
    with pytest.raises(InputError) as caught:
        check_asked(place, answered, {})
    (problem,) = caught.value.problems
    assert problem.column == "round 2" and problem.got == "none in elsewhere"
    assert problem.expected.endswith("which shares of rotterdam, aachen answer")
    assert "--rounds" in problem.action
