"""What is kept is what was computed, and a file that is not whole or not ours is never used."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import delayed

from training.evaluation.null_test import Pairs
from training.fitting.jobs import run_tasks
from training.fitting.parts import Parts, find_parts, keeping


class Counted:
    """A task that counts how often it ran."""

    def __init__(self) -> None:
        self.runs: list[int] = []

    def __call__(self, number: int) -> int:
        self.runs.append(number)
        return number * number


def _run(folder: Path, task, n: int, *, reuse: bool = True, stop: int | None = None):
    """Run a call of n tasks; stop after some results."""
    found = []
    with keeping(Parts(folder, reuse=reuse)):
        for result in run_tasks([delayed(task)(i) for i in range(n)], 1, lambda: None):
            found.append(result)
            if len(found) == stop:
                break
    return found


@given(n=st.integers(0, 8), stop=st.integers(1, 8))
def test_what_was_stopped_goes_on_to_the_same_results(tmp_path_factory, n, stop):
    folder = tmp_path_factory.mktemp("parts") / "own"
    first, second = Counted(), Counted()
    _run(folder, first, n, stop=stop)
    assert _run(folder, second, n) == [i * i for i in range(n)]
    assert first.runs + second.runs == list(range(n))


def test_each_call_has_its_own_parts(tmp_path):
    parts = Parts(tmp_path, reuse=True)
    with keeping(parts):
        assert list(run_tasks([delayed(abs)(-1)], 1, lambda: None)) == [1]
        assert list(run_tasks([delayed(abs)(-2)], 1, lambda: None)) == [2]
    assert parts.count() == 2


def test_without_leave_nothing_kept_is_used(tmp_path):
    _run(tmp_path, Counted(), 3)
    again = Counted()
    _run(tmp_path, again, 3, reuse=False, stop=2)
    assert again.runs == [0, 1]
    assert Parts(tmp_path, reuse=False).count() == 3  # one is of before, and as good


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_part_is_as_it_was_computed(tmp_path, n_jobs):
    def compute(seed):
        drawn = np.random.default_rng(seed).normal(size=(3, 2))
        return drawn.T, {("t1", "whole"): Pairs(1.5, 2.0, 0, 1)}, None, np.float64(0.1), "why"

    found = []
    for _ in range(2):
        with keeping(Parts(tmp_path, reuse=True)):
            found += list(run_tasks([delayed(compute)(4)], n_jobs, lambda: None))
    one, other = found
    assert one[0].tobytes() == other[0].tobytes()
    assert one[1:] == other[1:]


def test_a_task_of_a_task_is_not_kept_by_itself(tmp_path):
    def nested(number):
        assert find_parts() is None
        return list(run_tasks([delayed(abs)(-number)], 1, lambda: None))

    assert _run(tmp_path, nested, 2) == [[0], [1]]
    assert Parts(tmp_path, reuse=True).count() == 2


@given(cut=st.integers(0, 60), flip=st.booleans())
def test_a_part_that_is_not_whole_is_computed_again(tmp_path_factory, cut, flip):
    folder = tmp_path_factory.mktemp("parts")
    _run(folder, Counted(), 1)
    (file,) = folder.glob("*.part")
    whole = file.read_bytes()
    cut = min(cut, len(whole) - 1)
    damaged = bytes([whole[cut] ^ 1]) + whole[cut + 1 :] if flip else b""
    file.write_bytes(whole[:cut] + damaged)
    again = Counted()
    assert _run(folder, again, 1) == [0]
    assert again.runs == [0]


def test_a_part_cannot_make_us_run_anything(tmp_path):
    _run(tmp_path, Counted(), 1)
    (file,) = tmp_path.glob("*.part")
    written = pickle.dumps(Path.cwd)
    file.write_bytes(hashlib.sha256(written).digest() + written)
    with pytest.raises(pickle.UnpicklingError, match="is no result of a fit"):
        _run(tmp_path, Counted(), 1)


def test_where_nothing_can_be_kept_the_work_is_done(tmp_path):
    (tmp_path / "file").write_text("")
    assert _run(tmp_path / "file" / "own", Counted(), 2) == [0, 1]


def test_parts_are_for_their_owner_only(tmp_path):
    _run(tmp_path / "own", Counted(), 1)
    assert (tmp_path / "own").stat().st_mode & 0o077 == 0


def test_outside_nothing_is_kept(tmp_path):
    with keeping(Parts(tmp_path, reuse=True)):
        assert find_parts() is not None
    assert find_parts() is None
