"""How long a look through a cohort file takes.

Run as ``python -m experiments.benchmarks.files [--rows 100000]``: a simulated cohort of 37 columns
as CSV, checked as `ketresponse cohort check` does. Seconds are those of the processor, the imports
apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from features.files.table import write_table
from features.simulation.cohort import make_cohort


def main() -> None:
    """Print the seconds of the imports and of the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cohort.csv"
        write_table(make_cohort(rows, seed=1).table, path)
        started = process_time()
        from features.cohort.check import check_cohort

        imported = process_time()
        report = check_cohort(path)
        done = process_time()
    print(f"{report.rows} rows: imports {imported - started:.1f} s, check {done - imported:.1f} s")


if __name__ == "__main__":
    main()
