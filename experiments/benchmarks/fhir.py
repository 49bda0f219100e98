"""How long a record system waits: exports of thousands of resources beside a plain question.

Run as ``python -m experiments.benchmarks.fhir MODEL [--rounds 10]``, with the artifact folder of a
demonstration model. One service is asked in turns, round by round, so that whatever else the
machine does falls on all alike: the same patient by `/predict`, and by `/fhir/predict` with so many
resources around.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from experiments.benchmarks.exports import make_export
from experiments.benchmarks.traffic import Asker, list_store_settings
from serving.estimate.predictor import Predictor
from serving.fhir.example import make_example_bundle
from serving.process import start_process
from training.model.example import make_example
from training.store.artifact import load_model

__all__ = ["main", "time_exports"]

SIZES = (10, 500, 2000, 5000)
_PER_ROUND = 5


def time_exports(model: Path, folder: Path, *, rounds: int) -> pd.DataFrame:
    """Time answers to exports of several sizes, and to a plain question.

    Parameters
    ----------
    model : Path
        Artifact folder of a demonstration model.
    folder : Path
        For the store and its key.
    rounds : int
        Turns of each; the first warms up and is not counted.

    Returns
    -------
    DataFrame
        By what was asked (``/predict``, or the number of resources): ``megabytes`` sent, and
        ``p50_ms``, ``p95_ms`` and ``most_ms`` of one caller.
    """
    predictor = Predictor(load_model(model))
    now = datetime.now(UTC)
    needed = [entry["resource"] for entry in make_example_bundle(predictor, now=now)["entry"]]
    plain = {"patient": make_example(predictor.model, predictor.eligibility)}
    asked = {"/predict": ("/predict", json.dumps(plain).encode())}
    for size in SIZES:
        export = json.dumps(make_export(size, needed, now=now)).encode()
        asked[f"{size} resources"] = ("/fhir/predict", export)
    environ = list_store_settings(folder)
    taken: dict[str, list[float]] = {name: [] for name in asked}
    with (
        start_process(model, "demonstration", environ=environ) as server,
        closing(Asker(server.url)) as asker,
    ):
        for turn in range(rounds + 1):
            for name, (path, body) in asked.items():
                for _ in range(_PER_ROUND):
                    began = time.perf_counter()
                    assert asker.send_bytes(path, body).status == 200
                    if turn:
                        taken[name].append(1000 * (time.perf_counter() - began))
    rows = {
        name: {
            "megabytes": len(asked[name][1]) / 1e6,
            "p50_ms": np.median(times),
            "p95_ms": np.quantile(times, 0.95),
            "most_ms": max(times),
        }
        for name, times in taken.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = time_exports(asked.model, Path(folder), rounds=asked.rounds)
    print(found.round(1))


if __name__ == "__main__":
    main()
