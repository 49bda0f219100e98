"""How long a training with a panel takes.

Run as ``python -m experiments.benchmarks.panel [--n 48] [--assays 750] [--jobs 2]``: a simulated
cohort and panel as files, trained with the settings that a study has without asking for any
(20 x 5 folds, 200 bootstrap reruns, both horizons, all candidates; from 2000 patients with a
panel on, one repeat of 5 folds for the panel). Eight assays carry a signal, so that the
global test is made to its end. `--repeats` and `--reruns` set the clinical resampling.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from experiments.benchmarks.trained import make_study_text
from features.cohort.cohort import read_cohort
from features.dictionary.outcome import make_labels
from features.dictionary.rule import RULES
from features.files.table import write_table
from features.simulation.cohort import make_cohort
from features.simulation.panel import make_panel
from training.evaluation.evaluation import evaluate
from training.study.settings import read_study
from training.study.study import read_description

_PANEL = '[panel]\nfile = "panel.parquet"\n'


def main() -> None:
    """Print the seconds of each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--assays", type=int, default=750)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--reruns", type=int, default=200)
    parser.add_argument("--shift", type=float, default=0.7)
    asked = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cohort = make_cohort(asked.n, seed=1).table
        cohort.to_csv(folder / "cohort.csv", index=False)
        table = read_cohort(folder / "cohort.csv").table
        y = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1", "t2")).t1
        simulated = make_panel(
            table["patient_id"].tolist(),
            y,
            n_assays=asked.assays,
            n_informative=8,
            shift=asked.shift,
            seed=1,
        )
        write_table(simulated.panel.table, folder / "panel.parquet")
        text = make_study_text(repeats=asked.repeats, bootstrap_reruns=asked.reruns)
        for name, study in (("with panel", text + _PANEL), ("without", text)):
            (folder / "study.toml").write_text(study)
            start = perf_counter()
            description = read_description(read_study(folder / "study.toml"))
            read = perf_counter()
            found = evaluate(description, n_jobs=asked.jobs)
            done = perf_counter()
            verdict = "" if found.panel is None else f"; {found.panel.found}"
            print(
                f"{name}: read {read - start:.0f} s, trained {done - read:.0f} s{verdict}",
                flush=True,
            )


if __name__ == "__main__":
    main()
