"""Start the service as a process that ends cleanly, in this process or in one beside it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.errors import KetresponseError
from features.files.temporary import temporary_folder
from serving.access.settings import AccessSettings, check_access
from serving.settings import Mode, ServiceSettings, check_may_serve
from training.review.seal import check_approval
from training.store.artifact import read_facts

__all__ = ["bind", "run_server", "start_process", "start_server"]

_ROOT = Path(__file__).resolve().parents[1]
_LOCAL = "127.0.0.1"
_START_SECONDS = 120.0
_STOP_SECONDS = 10.0


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 takes any free one.

    Raises
    ------
    KetresponseError
        In one line, if the port is taken or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":  # elsewhere the option would let two servers share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as err:
        why = err.strerror or str(err)
        raise KetresponseError(
            f"cannot listen on {host} port {port}: {why.lower()}; choose another with --port"
        ) from err
    return listener


def run_server(
    settings: ServiceSettings,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None],
    quiet: bool = False,
) -> None:
    """Serve in this process until it is interrupted or terminated.

    Parameters
    ----------
    settings : ServiceSettings
        Checked beforehand; the service reads them from the environment.
    listener : socket
        From :func:`bind`.
    on_ready : callable
        Called once, when the service answers.
    quiet : bool
        Log warnings and errors only.
    """
    with temporary_folder() as state:
        # BentoML writes to the home folder, and reports its use, unless told otherwise before
        # it is imported.
        os.environ.update(settings.to_environ())
        os.environ["BENTOML_DO_NOT_TRACK"] = "True"
        os.environ.setdefault("BENTOML_HOME", str(state / "bentoml"))
        os.environ.setdefault("OTEL_SERVICE_NAME", "ketresponse")
        metrics = state / "metrics"
        metrics.mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)

        import uvicorn

        from serving.service import make_asgi

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    on_ready()

        app = make_asgi()
        if quiet:
            logging.getLogger("bentoml").setLevel(logging.WARNING)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(_STOP_SECONDS),
        )
        server = Server(config)
        # Once it has shut down, uvicorn raises the signal again: an exit, unlike the default,
        # lets the folder above be removed.
        signal.signal(signal.SIGTERM, _exit_on_sigterm)
        server.run(sockets=[listener])
        if not server.started:
            raise KetresponseError("the service did not start; its log tells why")


def _exit_on_sigterm(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


@dataclass(frozen=True)
class RunningServer:
    """A service in a process beside this one.

    Parameters
    ----------
    url : str
        Its address, such as ``http://127.0.0.1:3000``.
    pid : int
        Of its process.
    """

    url: str
    pid: int


@contextmanager
def start_server(
    folder: Path,
    mode: Mode,
    *,
    port: int = 0,
    log: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Serve a model as :func:`start_process` does, and yield its address alone."""
    with start_process(folder, mode, port=port, log=log, environ=environ) as server:
        yield server.url


@contextmanager
def start_process(
    folder: Path,
    mode: Mode,
    *,
    port: int = 0,
    log: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """Serve a model on this machine in a process beside this one, as a context manager.

    The process ends with the context, and also when this process dies, however that comes about.

    Parameters
    ----------
    folder : Path
        Artifact folder.
    mode : {"approved", "research", "demonstration"}
        The status that the model must have.
    port : int
        0 takes any free port.
    log : Path or None
        Where the process writes what it logs; None drops it.
    environ : mapping or None
        Settings beyond those of this process, such as KETRESPONSE_RECORDS.

    Yields
    ------
    RunningServer
        Once it answers.

    Raises
    ------
    KetresponseError
        If the port is taken, or the service does not start.
    """
    with bind(_LOCAL, port) as probe:
        port = probe.getsockname()[1]
    settings = ServiceSettings(folder.resolve(), mode, _LOCAL, port)
    told = {**os.environ, **(environ or {}), **settings.to_environ(), "PYTHONPATH": str(_ROOT)}
    with open(log or os.devnull, "wb") as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "serving.process"],
            env=told,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=errors if log is None else subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the one who waits, who then ends this
        )
        url = f"http://{_LOCAL}:{port}"
        try:
            if not _wait(process, url):
                errors.seek(0)
                said = errors.read() if log is None else log.read_bytes()
                lines = said.decode(errors="replace").strip().splitlines()
                raise KetresponseError(
                    f"the service did not start: {lines[-1] if lines else 'no reason given'}"
                )
            yield RunningServer(url, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()


def _wait(process: subprocess.Popen[bytes], url: str) -> bool:
    """Return whether the service answers before its process ends or time is up."""
    end = time.monotonic() + _START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < end:
        try:
            with opener.open(f"{url}/readyz", timeout=5):
                return True
        except OSError:
            time.sleep(0.05)
    return False


def _end_with_parent() -> None:
    """Terminate this process when whoever started it is gone: its end of the pipe closes."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Serve what the environment names, until the parent ends; what `start_server` runs."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        settings = ServiceSettings.from_environ(os.environ)
        status = read_facts(settings.model)[0].status
        check_may_serve(status, settings.mode, settings.host)
        check_approval(settings.model, status, environ=os.environ)
        check_access(settings.mode, AccessSettings.from_environ(os.environ))
        with bind(settings.host, settings.port) as listener:
            run_server(settings, listener, on_ready=lambda: None)
    except KetresponseError as err:
        print(err, file=sys.stderr)
        return err.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
