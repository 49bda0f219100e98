"""What many patients cost, beside the bare model on arrays.

Run by ``make bench``, or as ``python -m experiments.benchmarks.batch [--model FOLDER] [--patients
20000] [--turns 5]``; without a folder a small model is trained first, by the default settings. A
file of patients, no two alike, is answered by one process in this one, with reasons and without, as
`ketresponse predict --cohort --out` does it: reading, checks, notices and writing are in it. Beside
it stands what the model alone takes for their probabilities and intervals, from an array to an
array, right before and after in the same turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import pandas as pd

from experiments.benchmarks.costs import Cost
from experiments.benchmarks.trained import train_small
from features.arrays import FloatArray
from serving.batch.batch import Batch, BatchOptions
from serving.estimate.predictor import Predictor
from training.store.artifact import load_model
from training.store.registered import find_folder

__all__ = ["make_long_cohort", "time_batch", "train_for_batch"]

_BARE = "the model alone, on arrays"
_AT_ONCE = 64
"""Patients whose intervals are asked for at once: what the model alone is quickest with."""


def train_for_batch(place: Path) -> Path:
    """Train a small model, and return its folder."""
    model, uri = train_small(place)
    return find_folder(model, tracking_uri=uri)


def make_long_cohort(predictor: Predictor, n: int) -> tuple[pd.DataFrame, FloatArray]:
    """Return patients in scope, no two alike, as a cohort and as the model's array."""
    rng, columns = np.random.default_rng(n), {}
    for variable in predictor.predictors:
        seen = predictor.facts.training_ranges[variable.name]
        if not variable.is_numeric:
            columns[variable.name] = rng.integers(0, max(len(variable.categories), 2), n) * 1.0
            continue
        low, high = float(str(seen["low"])), float(str(seen["high"]))
        drawn = rng.uniform(low, high, n)
        columns[variable.name] = np.round(drawn) if variable.kind == "integer" else drawn
    if "nrs_t0" in columns:
        columns["nrs_t0"] = np.clip(np.round(columns["nrs_t0"]), 2, None)
    table = pd.DataFrame(
        {
            "patient_id": [f"P{i:07d}" for i in range(n)],
            "age_years": rng.integers(60, 90, n),
            "setting": "elective",
            "drug": "s_ketamine",
            "route": "intravenous",
            **{
                variable.name: [variable.decode(value) for value in columns[variable.name]]
                for variable in predictor.predictors
            },
        }
    )
    return table, np.column_stack(list(columns.values()))


def time_batch(
    model: Path | None = None, *, sizes: tuple[int, ...] = (2000, 8000), turns: int = 5
) -> list[Cost]:
    """Time patients in a file beside the same patients in an array.

    Parameters
    ----------
    model : Path or None
        Folder of a model that is not approved; None trains one.
    sizes : tuple of int
        Patients.
    turns : int
        How often.

    Returns
    -------
    list of Cost
        Of all patients of a file; in seconds of the processor.
    """
    with TemporaryDirectory() as temporary:
        place = Path(temporary)
        folder = train_for_batch(place) if model is None else model
        predictor = Predictor(load_model(folder))
        costs = []
        for n in sizes:
            (place / f"{n}").mkdir()
            table, X = make_long_cohort(predictor, n)
            table.to_csv(place / f"{n}" / "cohort.csv", index=False)

            def ask_bare(X: FloatArray = X) -> None:
                predictor.model.probability(X)
                for start in range(0, len(X), _AT_ONCE):
                    predictor.model.interval(X[start : start + _AT_ONCE])

            def answer(explains: bool, n: int = n) -> None:
                options = BatchOptions(explains=explains, force=True)
                batch = Batch(str(place / f"{n}"), place / "out.csv", options)
                batch.answer(predictor, folder, console=None)

            costs += _take_turns(ask_bare, answer, n, turns)
        return costs


def _take_turns(
    ask_bare: Callable[[], None], answer: Callable[[bool], None], n: int, turns: int
) -> list[Cost]:
    names = {True: "answers with reasons", False: "answers without reasons"}
    taken: dict[bool, list[float]] = {explains: [] for explains in names}
    beside = []
    for explains in names:
        answer(explains)
    for _ in range(turns):
        before = _clock(ask_bare)
        for explains, times in taken.items():
            times.append(_clock(lambda explains=explains: answer(explains)))  # type: ignore[misc]
        beside.append((before + _clock(ask_bare)) / 2)
    return [
        Cost(name, n, "patients", tuple(taken[explains]), tuple(beside), reference=_BARE)
        for explains, name in names.items()
    ]


def _clock(run: Callable[[], None]) -> float:
    begun = process_time()
    run()
    return process_time() - begun


def main() -> None:
    """Print what a patient costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    for cost in time_batch(asked.model, sizes=(asked.patients,), turns=asked.turns):
        each = 1e6 * np.median(cost.taken) / cost.size
        low, middle, high = np.quantile(cost.ratios, [0.25, 0.5, 0.75])
        print(
            f"{cost.what}: {each:.0f} us of CPU a patient, {middle:.2f} ({low:.2f} to {high:.2f}) "
            f"times {cost.reference}; a million: {each / 120:.1f} minutes on two processors"
        )


if __name__ == "__main__":
    main()
