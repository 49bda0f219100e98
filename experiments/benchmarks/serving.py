"""How quick the service is, beside an empty BentoML endpoint and MLflow's server of the same model.

Run as ``python -m experiments.benchmarks.serving MODEL``, with the artifact folder of a model that
is not approved. Three services are started on this machine: ours, which keeps no records; one of
BentoML with a single asynchronous method that takes the same body and answers ``{}``, started by
`bentoml serve`; and the model as MLflow's pyfunc behind `mlflow models serve`, which gives the
probabilities alone, without interval or reasons. They are asked in turns by the same client, which
writes bytes to sockets and does little else: first by one caller, then by sixteen at once, each of
whom asks again when the answer is there. What is told are ratios of the same round, their median
and their quartiles. Seconds of the processor are those of a service's processes, and tell more than
times where the machine has other work.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import psutil

from experiments.benchmarks.sockets import HERE, STALL_SECONDS, Beside, ask_for, write_request
from experiments.benchmarks.traffic import make_patient
from serving.process import bind, start_process
from serving.settings import Mode
from training.store.artifact import read_facts

__all__ = ["N_CALLERS", "main", "measure"]

N_CALLERS = 16
_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_WARM = 200
_EMPTY = '''\
"""A service that does nothing."""

import bentoml


@bentoml.service
class Empty:
    @bentoml.api
    async def predict(self, patient: dict) -> dict:
        return {}
'''


@contextmanager
def _start_beside(
    name: str, command: Sequence[str], path: str, request: bytes, *, folder: Path, port: int
) -> Iterator[Beside]:
    """Start a service as a process, and yield it once it answers at a path."""
    told = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": str(_ROOT),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(folder / "bentoml"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with open(folder / f"{name}.txt", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, env=told, stdout=log, stderr=log
        )
    service = Beside(name, port, process.pid, request)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                opener.open(f"http://{HERE}:{port}{path}", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    said = (folder / f"{name}.txt").read_text()
                    raise RuntimeError(f"{name} did not start:\n{said}") from None
                time.sleep(0.05)
        yield service
    finally:
        below = service.list_processes()[1:] if process.poll() is None else []
        process.terminate()
        _, alive = psutil.wait_procs(below, timeout=_STOP_SECONDS)
        for one in alive:
            one.kill()
        process.wait(_STOP_SECONDS)


def _find_port() -> int:
    with bind(HERE, 0) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _start_ours(model: Path, patient: Mapping[str, Any], folder: Path) -> Iterator[Beside]:
    mode = cast(Mode, read_facts(model)[0].status)
    environ, log = {"KETRESPONSE_RECORDS": "off"}, folder / "ketresponse.txt"
    with start_process(model, mode, environ=environ, log=log) as server:
        port = int(server.url.rpartition(":")[2])
        request = write_request("/predict", {"patient": dict(patient)})
        yield Beside("ketresponse", port, server.pid, request)


@contextmanager
def _start_empty(model: Path, patient: Mapping[str, Any], folder: Path) -> Iterator[Beside]:
    (folder / "nothing.py").write_text(_EMPTY)
    port = _find_port()
    command = ["bentoml", "serve", "nothing:Empty", "--host", HERE, "--port", str(port)]
    request = write_request("/predict", {"patient": dict(patient)})
    with _start_beside("empty", command, "/readyz", request, folder=folder, port=port) as service:
        yield service


@contextmanager
def _start_mlflow(model: Path, patient: Mapping[str, Any], folder: Path) -> Iterator[Beside]:
    import mlflow.pyfunc

    package, port = folder / "package", _find_port()
    mlflow.pyfunc.save_model(
        package, loader_module="training.store.pyfunc", data_path=str(model), pip_requirements=[]
    )
    command = ["mlflow", "models", "serve", "--model-uri", str(package), "--env-manager", "local"]
    command += ["--host", HERE, "--port", str(port)]
    request = write_request("/invocations", {"dataframe_records": [dict(patient)]})
    with _start_beside("mlflow", command, "/ping", request, folder=folder, port=port) as service:
        yield service


_STARTS = {"empty": _start_empty, "ketresponse": _start_ours, "mlflow": _start_mlflow}


def _time_starts(
    model: Path, patient: Mapping[str, Any], folder: Path, *, starts: int
) -> list[dict[str, float]]:
    """Return, for each time, the seconds until each of the two is ready."""
    found = []
    for _ in range(starts):
        ready = {}
        for name in ("empty", "ketresponse"):
            began = time.perf_counter()
            with _STARTS[name](model, patient, folder):
                ready[name] = time.perf_counter() - began
        found.append(ready)
    return found


def measure(
    model: Path, *, rounds: int = 10, seconds: float = 2.0, starts: int = 3, minute: float = 60.0
) -> dict[str, Any]:
    """Start the services, ask them in turns, and return what was found.

    Parameters
    ----------
    model : Path
        Artifact folder of a model that is not approved.
    rounds : int
        How often each is asked, by one caller and by sixteen.
    seconds : float
        Of each time.
    starts : int
        How often the two are started, to see when they are ready.
    minute : float
        Seconds for which one caller asks without a break, to see stalls.

    Returns
    -------
    dict
        `ready`: seconds by service, for each start. `rounds`: for each round, by service and by
        number of callers ("1", "16"), what :meth:`Timings.summarize` has. `minute`: the same of the
        long look, of ours and of the empty one. `megabytes`: by service, of the worker.
    """
    patient = make_patient(model)
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        ready = _time_starts(model, patient, folder, starts=starts)
        services = [
            stack.enter_context(start(model, patient, folder)) for start in _STARTS.values()
        ]
        for service in services:
            ask_for(service, N_CALLERS, count=_WARM)
        found: list[dict[str, Any]] = []
        for number in range(rounds):
            # In another order each time: what is asked after something busy is not always the same.
            turn = services[number % len(services) :] + services[: number % len(services)]
            found.append(
                {
                    service.name: {
                        str(callers): ask_for(service, callers, seconds=seconds).summarize()
                        for callers in (1, N_CALLERS)
                    }
                    for service in turn
                }
            )
        looks = {one.name: ask_for(one, 1, seconds=minute).summarize() for one in services[:2]}
        megabytes = {one.name: one.measure_memory() for one in services}
    return {"ready": ready, "rounds": found, "minute": looks, "megabytes": megabytes}


@dataclass(frozen=True)
class _Goal:
    """A ratio that is looked at, and what it should be."""

    text: str
    ratios: list[float]
    low: float = 0.0
    high: float = float("inf")

    def tell(self) -> str:
        """Return the line about it."""
        first, middle, last = np.quantile(self.ratios, [0.25, 0.5, 0.75])
        bound = f"at most {self.high:g}" if np.isfinite(self.high) else f"at least {self.low:g}"
        met = "met" if self.low <= middle <= self.high else "NOT MET"
        return f"{self.text:58} {middle:6.2f} ({first:.2f} to {last:.2f})  {bound}: {met}"


def _list_goals(found: Mapping[str, Any]) -> Iterator[_Goal]:
    def ratios(what: str, callers: str, above: str, below: str) -> list[float]:
        return [r[above][callers][what] / r[below][callers][what] for r in found["rounds"]]

    many = str(N_CALLERS)
    yield _Goal("p50 of one caller / empty", ratios("p50", "1", "ketresponse", "empty"), high=1.0)
    rate = ratios("rate", many, "ketresponse", "empty")
    yield _Goal(f"answers a second, {many} callers / empty", rate, low=0.9)
    for callers in ("1", many):
        text = f"answers a second, {callers} caller{'s'[: callers != '1']} / MLflow's server"
        yield _Goal(text, ratios("rate", callers, "ketresponse", "mlflow"), low=3.0)
    tails = [r["ketresponse"]["1"] for r in found["rounds"]]
    yield _Goal("p99 / p50, one caller", [one["p99"] / one["p50"] for one in tails], high=3.0)
    starts = [one["ketresponse"] / one["empty"] for one in found["ready"]]
    yield _Goal("seconds until ready / empty", starts, high=1.5)


def _tell(found: Mapping[str, Any]) -> None:
    """Print the tables."""
    print(f"{'':24}p50 ms  p99 ms   longest  1/s     CPU ms")
    for callers in ("1", str(N_CALLERS)):
        for name in _STARTS:
            rounds = [one[name][callers] for one in found["rounds"]]
            told = {key: float(np.median([one[key] for one in rounds])) for key in rounds[0]}
            print(
                f"{name:14}{callers:>3} callers {told['p50']:6.2f}  {told['p99']:6.2f}  "
                f"{told['longest']:8.1f}  {told['rate']:6.0f}  {told['cpu']:6.2f}"
            )
    for name, look in found["minute"].items():
        print(
            f"{name}: without a break p50 {look['p50']:.2f} ms, p99 {look['p99']:.2f} ms, longest "
            f"{look['longest']:.1f} ms, {look['stalls']} above {1000 * STALL_SECONDS:g} ms"
        )
    for name in ("empty", "ketresponse"):
        times = ", ".join(f"{one[name]:.1f}" for one in found["ready"])
        print(f"{name}: ready after {times} s")
    told_memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in found["megabytes"].items())
    print(f"memory of a worker: {told_memory}")
    for goal in _list_goals(found):
        print(goal.tell())


def main() -> None:
    """Print what was found beside what it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="artifact folder of a model that is not approved")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--minute", type=float, default=60.0, help="seconds without a break")
    parser.add_argument("--json", type=Path, help="file to which all numbers are written")
    asked = parser.parse_args()
    found = measure(
        asked.model,
        rounds=asked.rounds,
        seconds=asked.seconds,
        starts=asked.starts,
        minute=asked.minute,
    )
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    _tell(found)


if __name__ == "__main__":
    main()
