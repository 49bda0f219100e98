"""How long a command at the prompt takes, from its start to its end.

Run by ``make bench``, or as ``python -m experiments.benchmarks.prompt [--rows 100000]``: commands
in processes of their own, with a small model that is trained first. Seconds are those of the
processor, imports included.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from experiments.benchmarks.costs import Cost, Job, count_with_children, time_in_turns
from experiments.benchmarks.trained import run_in, train_small
from features.files.table import write_table
from features.simulation.cohort import make_cohort

__all__ = ["time_prompt"]


def time_prompt(*, sizes: Sequence[int] = (1000, 10_000, 100_000), turns: int = 5) -> list[Cost]:
    """Time what is typed most, and the look through cohort files of several sizes.

    Parameters
    ----------
    sizes : sequence of int
        Rows of the cohort files (37 columns, CSV).
    turns : int
        Of each command.

    Returns
    -------
    list of Cost
        Of one command each; in seconds of the processor.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model, _ = train_small(folder)
        patient = [word for value in ("nrs_t0=8", "opioid=no") for word in ("--set", value)]
        size = ["--parameters", "5", "--prevalence", "0.6", "--c-statistic", "0.7"]
        commands = {
            "ketresponse --help": ["--help"],
            "ketresponse models": ["models"],
            "ketresponse predict": ["predict", model, *patient],
            "ketresponse samplesize develop": ["samplesize", "develop", *size],
        }
        jobs = [
            Job(name, 1, "commands", partial(run_in, folder, *words), clock=count_with_children)
            for name, words in commands.items()
        ]
        for rows in sizes:
            file = folder / f"{rows}.csv"
            write_table(make_cohort(rows, seed=1).table, file)
            check = partial(run_in, folder, "cohort", "check", file.name)
            jobs.append(Job("cohort check", rows, "rows", check, clock=count_with_children))
        return time_in_turns(jobs, turns=turns)


def main() -> None:
    """Print the seconds of each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    for cost in time_prompt(sizes=(parser.parse_args().rows,)):
        print(f"{cost.what}, {cost.size:g} {cost.size_of}: {np.median(cost.taken):.2f} {cost.unit}")


if __name__ == "__main__":
    main()
