from __future__ import annotations

from inspect import signature

import numpy as np
import pandas as pd
import pytest

from features.cohort.cohort import parse_cohort
from features.cohort.fingerprints import KNOWN, digest_rows, is_known_simulation
from features.commands import app
from features.simulation.cohort import make_cohort
from serving.commands import demo


def disguise(n: int, seed: int) -> pd.DataFrame:
    """Return a simulated cohort without its marks, as a file of it would be read."""
    table = make_cohort(n, seed=seed).table.drop(columns="record_origin")
    table["patient_id"] = [f"P{place}" for place in range(n)]
    parsed, problems = parse_cohort(table.astype(object).where(table.notna(), "").astype(str))
    assert problems == []
    return parsed


@pytest.mark.parametrize(("n", "seed"), KNOWN)
def test_a_cohort_that_anybody_can_make_is_known_without_its_marks(n: int, seed: int) -> None:
    table = disguise(n, seed)
    assert is_known_simulation(table)
    assert is_known_simulation(table.sample(frac=0.6, random_state=1))
    some = table[["patient_id", "age_years", "disease_duration_years", "nrs_t0"]]
    assert is_known_simulation(some)


def test_it_is_the_cohorts_of_the_commands_that_are_known() -> None:
    (example,) = (one.callback for one in app.registered_commands if one.name == "example")
    _, *of_example = signature(example).parameters.values()
    assert KNOWN == ((demo.N_PATIENTS, demo.SEED), tuple(one.default for one in of_example))


def test_other_patients_are_not_taken_for_them() -> None:
    assert not is_known_simulation(disguise(240, 8))
    rng = np.random.default_rng(1)
    real = pd.DataFrame(
        {
            "age_years": rng.integers(18, 80, 114).astype(float),
            "disease_duration_years": rng.integers(0, 20, 114).astype(float),
            "nrs_t0": rng.integers(5, 11, 114).astype(float),
        }
    )
    assert not is_known_simulation(real)
    assert not is_known_simulation(real.drop(columns="nrs_t0"))
    assert not is_known_simulation(real.iloc[:0])


def test_a_row_without_a_value_has_no_digest() -> None:
    table = disguise(240, 7).iloc[:3].copy()
    table.loc[table.index[0], "nrs_t0"] = np.nan
    assert len(digest_rows(table)) == 2
