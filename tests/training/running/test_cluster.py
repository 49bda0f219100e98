"""The same numbers on a cluster as here, whichever of its processes is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from distributed import Client
from joblib import delayed

from features.errors import InputError, KetresponseError
from tests.training.helpers.clusters import (
    SECONDS,
    Large,
    RunningCluster,
    look_at,
    square_slowly,
    start_cluster,
)
from tests.training.helpers.training_data import make_training_data
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.jobs import run_tasks, running_on
from training.fitting.parts import Parts, keeping
from training.fitting.procedure import Procedure
from training.fitting.response import fit_response
from training.running import cluster
from training.running.cluster import open_cluster
from training.running.worker import describe_process

N = 24
SQUARES = [number * number for number in range(100, 100 + N)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """Start a cluster of two workers; the last tests of this file kill it, part by part."""
    started = start_cluster(tmp_path_factory.mktemp("cluster"), n_workers=2)
    try:
        _wait_for(started, 2)
        yield started
    finally:
        started.end()


def _wait_for(running: RunningCluster, n: int) -> None:
    with Client(running.address, set_as_default=False, timeout=SECONDS) as client:
        client.wait_for_workers(n, timeout=SECONDS)


def _square(progress: Callable[[], None] = lambda: None) -> list[int]:
    return list(run_tasks([delayed(square_slowly)(100 + i) for i in range(N)], 1, progress))


def _at(n: int, act: Callable[[], None]) -> Callable[[], None]:
    """Return a progress that acts once, when so many tasks have ended."""
    ended: list[int] = []

    def progress() -> None:
        ended.append(1)
        if len(ended) == n:
            act()

    return progress


def test_reruns_are_those_of_this_machine_to_the_last_digit(running: RunningCluster) -> None:
    data = make_training_data(60, 5)
    fit = partial(fit_response, procedure=Procedure(("prevalence", "ridge"), inner_repeats=1))
    told: list[int] = []
    here = predict_from_bootstraps(data, fit, n_resamples=8, seed=3)
    with open_cluster(running.address) as opened, running_on(opened):
        assert opened.count_workers() == 2
        there = predict_from_bootstraps(
            data, fit, n_resamples=8, seed=3, progress=lambda: told.append(1)
        )
    assert there.predictions.tobytes() == here.predictions.tobytes()
    assert there.counts.tobytes() == here.counts.tobytes()
    assert len(told) == 8


def test_what_tasks_share_is_unpacked_once_by_each_worker(running: RunningCluster) -> None:
    large = Large()
    with open_cluster(running.address) as opened, running_on(opened):
        calls = [
            list(run_tasks([delayed(look_at)(large, i) for i in range(20)], 1, lambda: None))
            for _ in range(2)
        ]
    assert [found[2] for found in calls[0]] == [float(i) for i in range(20)]
    seen = [found for call in calls for found in call]
    assert {process for process, *_ in seen} == {worker.pid for worker in running.workers}
    assert {unpacked for _, unpacked, *_ in seen} == {1}
    assert all(threads == {1} for *_, threads in seen)


def test_an_error_of_a_task_is_told_as_it_is(running: RunningCluster) -> None:
    tasks = [delayed(square_slowly)(number) for number in (12, 13)]
    with open_cluster(running.address) as opened, running_on(opened):
        with pytest.raises(ArithmeticError, match="thirteen"):
            list(run_tasks(tasks, 1, lambda: None))
        assert list(run_tasks(tasks[:1], 1, lambda: None)) == [144]


def test_workers_that_compute_otherwise_are_refused_all_at_once(
    running: RunningCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(floors: tuple[str, ...]) -> dict[str, str]:
        return describe_process(floors) | {"numpy": "0.1", "joblib": "0.2"}

    with open_cluster(running.address) as opened, running_on(opened):
        monkeypatch.setattr(cluster, "_describe_here", describe)
        with pytest.raises(InputError, match="2 problems") as found:  # as of one that came later
            _square()
        assert "expected numpy 0.1; got 2" in found.value.report()
    with pytest.raises(InputError, match="4 problems") as found, open_cluster(running.address):
        pass
    assert "install on every machine" in str(found.value)


def test_where_no_scheduler_answers_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(KetresponseError, match=r"No scheduler answers at tcp://127.0.0.1:9 .*dask"),
        open_cluster("tcp://127.0.0.1:9"),
    ):
        pass


def test_without_certificates_a_closed_network_is_not_entered() -> None:
    with (
        pytest.raises(KetresponseError, match="needs certificates"),
        open_cluster("tls://127.0.0.1:9"),
    ):
        pass


def test_a_worker_that_is_killed_costs_no_results(running: RunningCluster) -> None:
    told: list[int] = []
    kill = _at(3, running.kill_worker)
    with open_cluster(running.address) as opened, running_on(opened):
        assert _square(lambda: (told.append(1), kill())[1]) == SQUARES
    assert len(told) == N
    assert len(running.workers) == 1


def test_without_any_worker_the_work_ends_and_what_had_ended_is_kept(
    running: RunningCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_NOBODY_SECONDS", 0.5)
    with (
        open_cluster(running.address) as opened,
        running_on(opened),
        keeping(Parts(tmp_path, reuse=True)),
        pytest.raises(KetresponseError, match=r"No worker is left .*dask worker .* --resume"),
    ):
        _square(_at(3, running.kill_worker))
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    with (
        pytest.raises(KetresponseError, match="has no worker: start some with `dask worker"),
        open_cluster(running.address),
    ):
        pass
    assert 3 <= Parts(tmp_path, reuse=True).count() < N


def test_a_worker_that_does_several_things_at_a_time_is_refused(running: RunningCluster) -> None:
    running.add_worker(threads=2)
    _wait_for(running, 1)
    with (
        pytest.raises(InputError, match="expected tasks at a time 1; start it with --nthreads 1"),
        open_cluster(running.address),
    ):
        pass
    running.kill_worker()


def test_a_worker_without_ketresponse_is_one_clear_error_also_in_the_middle(
    running: RunningCluster,
) -> None:
    running.add_worker()
    _wait_for(running, 1)
    tasks = [delayed(square_slowly)(100 + i) for i in range(1000)]
    with (
        open_cluster(running.address) as opened,
        running_on(opened),
        pytest.raises(InputError, match=r"1 problem\s.*: expected ketresponse;"),
    ):
        list(run_tasks(tasks, 1, _at(3, running.add_foreign_worker)))
    with (
        pytest.raises(InputError, match=r"1 problem\s.*: expected ketresponse;"),
        open_cluster(running.address),
    ):
        pass
    running.kill_worker()
    running.kill_worker()


def test_a_scheduler_that_is_lost_is_told_and_the_work_goes_on_elsewhere(
    running: RunningCluster, tmp_path: Path
) -> None:
    running.add_worker()
    _wait_for(running, 1)
    with (
        open_cluster(running.address) as opened,
        running_on(opened),
        keeping(Parts(tmp_path, reuse=True)),
        pytest.raises(KetresponseError, match=r"was lost. Start it again.* --resume goes on"),
    ):
        _square(_at(3, running.scheduler.kill))
    kept = Parts(tmp_path, reuse=True).count()
    assert 3 <= kept < N
    with keeping(Parts(tmp_path, reuse=True)):
        assert _square() == SQUARES
