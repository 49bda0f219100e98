"""A client that does little else than write bytes to sockets, and notes how long answers take."""

from __future__ import annotations

import json
import selectors
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import psutil

__all__ = ["HERE", "STALL_SECONDS", "Beside", "Timings", "ask_for", "write_request"]

HERE = "127.0.0.1"
STALL_SECONDS = 0.020
"""An answer that takes longer was held up."""


@dataclass(frozen=True)
class Beside:
    """A service that runs beside this process.

    Parameters
    ----------
    name : {"ketresponse", "empty", "mlflow"}
        Which one.
    port : int
        On this machine.
    pid : int
        Of the process that was started; others may be below it.
    request : bytes
        What is sent, head and body.
    """

    name: str
    port: int
    pid: int
    request: bytes

    def list_processes(self) -> list[psutil.Process]:
        """Return its processes."""
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

    def measure_cpu(self) -> float:
        """Return the seconds of the processor that it has taken."""
        return float(sum(sum(one.cpu_times()[:2]) for one in self.list_processes()))

    def measure_memory(self) -> float:
        """Return the megabytes of its largest process, which is the worker (unique set size)."""
        return float(max(one.memory_full_info().uss for one in self.list_processes()) / 1e6)


@dataclass
class Timings:
    """What came of asking one service for a while.

    Parameters
    ----------
    seconds : list of float
        Of each answer.
    lasted : float
        Seconds in all.
    cpu : float
        Seconds of the processor that the service took.
    """

    seconds: list[float] = field(default_factory=list)
    lasted: float = 0.0
    cpu: float = 0.0

    def summarize(self) -> dict[str, float]:
        """Return the figures of the table.

        Returns
        -------
        dict
            `p50`, `p99`, `longest` (milliseconds), `rate` (1/s), `cpu` (ms an answer) and `stalls`,
            the answers that took longer than :data:`STALL_SECONDS`.
        """
        times = 1000 * np.array(self.seconds)
        p50, p99 = np.quantile(times, [0.5, 0.99])
        return {
            "p50": float(p50),
            "p99": float(p99),
            "longest": float(times.max()),
            "rate": len(times) / self.lasted,
            "cpu": 1000 * self.cpu / len(times),
            "stalls": int((times > 1000 * STALL_SECONDS).sum()),
        }


def write_request(path: str, content: object) -> bytes:
    """Return the bytes that post JSON to a path."""
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {HERE}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _is_whole(answer: bytearray) -> bool:
    """Return whether all of an answer is there; anything but a 200 of told length is an error."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(answer[:end]).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(f"not answered: {answer.decode(errors='replace')}")
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    return len(answer) >= end + 4 + length


class _Caller:
    """One connection: asks, and notes how long the answer took."""

    def __init__(self, service: Beside) -> None:
        self.socket = socket.create_connection((HERE, service.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request, self._answer, self._began = service.request, bytearray(), 0.0

    def ask(self) -> None:
        """Send the request."""
        self._answer.clear()
        self._began = time.perf_counter()
        self.socket.sendall(self._request)

    def take(self) -> float | None:
        """Read what is there; return the seconds once the answer is whole."""
        got = self.socket.recv(65536)
        if not got:
            raise RuntimeError("the service closed the connection")
        self._answer += got
        return time.perf_counter() - self._began if _is_whole(self._answer) else None


def ask_for(service: Beside, callers: int, *, seconds: float = 0.0, count: int = 0) -> Timings:
    """Ask by so many callers at once, each again when its answer is there.

    Parameters
    ----------
    service : Beside
        What is asked.
    callers : int
        Connections.
    seconds : float
        For how long; or
    count : int
        how many answers.
    """
    asked, before = Timings(), service.measure_cpu()
    with ExitStack() as stack:
        wait = stack.enter_context(selectors.DefaultSelector())
        for _ in range(callers):
            caller = _Caller(service)
            stack.enter_context(caller.socket)
            wait.register(caller.socket, selectors.EVENT_READ, caller)
        began = time.perf_counter()
        for key in wait.get_map().values():
            key.data.ask()
        while time.perf_counter() - began < seconds or len(asked.seconds) < count:
            for key, _ in wait.select():
                took = key.data.take()
                if took is not None:
                    asked.seconds.append(took)
                    key.data.ask()
        asked.lasted = time.perf_counter() - began
    asked.cpu = service.measure_cpu() - before
    return asked
