"""Read rubbish: the readers of files and requests under a fuzzer that sees which code it reaches.

Run as ``python -m experiments.benchmarks.reliability.fuzz [--runs N] [--only NAME]``
where atheris is installed
(``pip install atheris``; for Linux and few versions of Python). Each reader is given N inputs, in a
process of its own, mutated from what it reads well. Only the errors that users can put right may
come out of it; anything else ends the run with the input that did it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from features.errors import KetresponseError

__all__ = ["READERS"]

RUNS = 100_000
SEEDS = {
    "table": [
        b'patient_id,nrs_t0\nA1,8\nA2,"7,5"\n',
        b"patient_id;nrs_t0\r\nA;7,5\r\n",
        b"\xef\xbb\xbfa\tb\n1\t2",
    ],
    "cohort": [b"patient_id,nrs_t0,opioid,disease_duration_years\nA1,8,yes,3.5\nA2,,no,0.75\n"],
    "panel": [b"Well\tSample Name\tDetector\tTask\tCt\nA1\tS1\thsa-miR-16\tTarget\t22.1\n"],
    "request": [b'{"patient": {"nrs_t0": 8, "sex": null}, "panel": {"ct": {"a": [1, null]}}}'],
    "mapping": [b'[columns]\nnrs_t0 = "pain before"\n[columns.sex]\nfrom = "sex"\n'],
}


def read_a_table(data: bytes) -> None:
    """Read a table of whatever kind the bytes are."""
    from features.files.table import parse_table

    parse_table(data, name="fuzz.csv")


def read_a_cohort(data: bytes) -> None:
    """Read and check a cohort file."""
    from features.cohort.cohort import parse_cohort
    from features.files.table import parse_table

    parse_cohort(parse_table(data, name="fuzz.csv"))


def read_a_panel(data: bytes) -> None:
    """Read a panel's file, as the clinician's page takes one."""
    from serving.estimate.panel_text import read_form_panel

    read_form_panel({"panel_text": "x"}, data)


def read_a_request(data: bytes) -> None:
    """Read the body of a request, and the patient and the panel in it."""
    from features.cohort.cohort import parse_record
    from serving.estimate.panel import parse_sample
    from serving.estimate.request import parse_body

    body = parse_body(data, "patient", optional=["panel"])
    if isinstance(body["patient"], dict):
        parse_record(body["patient"])
    if body["panel"] is not None:
        parse_sample(body["panel"])


def read_a_mapping(data: bytes) -> None:
    """Read a mapping's settings file."""
    from features.files.settings import read_toml

    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        read_toml(Path(file.name), "mapping")


READERS: dict[str, Callable[[bytes], None]] = {
    "table": read_a_table,
    "cohort": read_a_cohort,
    "panel": read_a_panel,
    "request": read_a_request,
    "mapping": read_a_mapping,
}
"""By name: what is given the bytes."""


def run_one(name: str, runs: int) -> None:
    """Fuzz one reader in this process, which ends with it."""
    import atheris

    read = READERS[name]

    def test(data: bytes) -> None:
        try:
            read(data)
        except KetresponseError:
            return  # what a user can put right

    with atheris.instrument_imports(include=["features", "serving"]):
        test(SEEDS[name][0])  # imports what it needs, and the fuzzer looks into it
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS[name]):
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], f"-runs={runs}", "-max_len=4096", "-seed=1", folder], test)
        atheris.Fuzz()


def main() -> int:
    """Fuzz the readers one after another, and tell how each ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", choices=READERS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        run_one(asked.only, asked.runs)
        return 0
    failed = 0
    for name in [asked.only] if asked.only else READERS:
        words = [sys.executable, "-m", "experiments.benchmarks.reliability.fuzz", "--here"]
        words += ["--only", name, "--runs", str(asked.runs)]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace")
        print(f"{name}: {'FAILED' if done.returncode else 'no failure'} in {asked.runs:,} runs")
        if done.returncode:
            failed += 1
            print(done.stderr[-3000:])
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
