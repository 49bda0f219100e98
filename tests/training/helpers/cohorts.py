"""Cohort files for the tests of what is done with a model in other patients."""

from pathlib import Path

import numpy as np

from features.simulation.cohort import make_cohort

__all__ = ["SITES", "write_cohort"]

SITES = ("Aveleijn", "Bremberg", "Corswarem", "Dreiborn")


def write_cohort(
    path: Path,
    n: int,
    *,
    seed: int,
    synthetic: bool = False,
    horizons: tuple[str, ...] = ("t1", "t2"),
) -> Path:
    """Write simulated patients who do not say so (unless asked), at four sites."""
    table = make_cohort(n, seed=seed).table
    table["site"] = np.random.default_rng(seed).choice(SITES, n, p=[0.4, 0.3, 0.25, 0.05])
    if not synthetic:
        table = table.drop(columns="record_origin")
        table["patient_id"] = [f"PSEUDONYM{seed}{i:05d}" for i in range(n)]
    if "t2" not in horizons:
        table = table.drop(columns=["nrs_t2", "success_t2"])
    table.to_csv(path, index=False)
    return path
