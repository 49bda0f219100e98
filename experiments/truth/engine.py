"""The options by which an experiment's simulations run in processes here, or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import AbstractContextManager

from training.running.engine import open_engine

__all__ = ["add_engine_options", "open_asked_engine"]

_FLOORS = ("features", "training", "experiments")


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add `--jobs`, `--engine` and `--scheduler` to a parser of options."""
    parser.add_argument("--jobs", type=int, help="processes here; default: 1")
    parser.add_argument("--engine", choices=("local", "dask"), default="local")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster")


def open_asked_engine(
    asked: argparse.Namespace, environ: Mapping[str, str]
) -> AbstractContextManager[int]:
    """Open what the options ask for, for a block; see `training.running.engine.open_engine`."""
    jobs = asked.jobs or (1 if asked.engine == "local" else None)
    return open_engine(
        asked.engine, jobs=jobs, scheduler=asked.scheduler, environ=environ, floors=_FLOORS
    )
