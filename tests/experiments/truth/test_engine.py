from __future__ import annotations

import argparse

import pytest

from experiments.truth.engine import add_engine_options, open_asked_engine
from features.errors import InputError


def _open(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_engine_options(parser)
    with open_asked_engine(parser.parse_args(words), {}) as n:
        return n


def test_simulations_run_in_one_process_unless_more_are_asked_for() -> None:
    assert _open() == 1
    assert _open("--jobs", "3") == 3


def test_a_cluster_is_asked_for_by_name_and_address() -> None:
    with pytest.raises(InputError, match=r"1 problem\n.*add --scheduler ADDRESS"):
        _open("--engine", "dask")
