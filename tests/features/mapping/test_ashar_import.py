"""The real cohort: published figures come back from the file as published.

Figures: Ashar 2022, doi:10.1001/jamapsychiatry.2021.2669, Table 2 and text; the counts under the
responder rule were worked out apart from this code when the file was obtained.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort.check import check_cohort
from features.cohort.cohort import Cohort, read_cohort
from features.cohort.study_rules import StudyRules
from features.dictionary.declarations import read_eligibility
from features.dictionary.outcome import make_labels
from features.dictionary.rule import RULES
from features.files.table import read_table, write_table
from features.mapping.import_report import ImportReport
from features.mapping.mapping import apply_mapping
from features.mapping.mapping_file import read_mapping
from tests.places import PROJECT, SHARED

RAW = SHARED / "data" / "ashar_prt_backpain" / "Ashar2022_outcomes_demographics.csv"
MAPPING = PROJECT / "experiments" / "studies" / "ashar" / "mapping.toml"

pytestmark = pytest.mark.skipif(
    not RAW.exists(), reason=f"the trial's file is not part of the project: {RAW.name} is absent"
)

Imported = tuple[Path, Cohort, ImportReport]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    mapping = read_mapping(MAPPING)
    table, report = apply_mapping(read_table(RAW), mapping)
    path = tmp_path_factory.mktemp("ashar") / "cohort.parquet"
    write_table(table, path)
    return path, read_cohort(path, dictionary=mapping.dictionary), report


def _arms(cohort: Cohort) -> dict[str, pd.DataFrame]:
    names = cohort.dictionary["treatment_arm"].categories
    return {name: cohort.table[cohort.table["treatment_arm"] == i] for i, name in enumerate(names)}


def test_two_rows_per_person_become_152_patients(imported: Imported) -> None:
    _, cohort, report = imported
    assert (report.raw_rows, report.rows) == (341, 152)
    assert report.dropped == {"is_patient": 54}
    assert set(report.missing_codes) == {"NaN", "<undefined>"}
    assert len(report.unmapped) == 17
    assert not cohort.synthetic
    assert {name: len(rows) for name, rows in _arms(cohort).items()} == {
        "prt": 50,
        "placebo": 51,
        "usual_care": 50,
    }


@pytest.mark.parametrize(
    ("arm", "mean", "sd", "n", "no_pain", "years", "opioid"),
    [
        ("prt", 1.18, 1.24, 44, 33, (10.7, 9.7), 5),
        ("placebo", 2.84, 1.64, 44, 10, (8.9, 8.2), 2),
        ("usual_care", 3.13, 1.45, 47, 5, (10.5, 8.9), 2),
    ],
)
def test_published_figures_of_each_arm_come_back(
    imported: Imported,
    arm: str,
    mean: float,
    sd: float,
    n: int,
    no_pain: int,
    years: tuple[float, float],
    opioid: int,
) -> None:
    rows = _arms(imported[1])[arm]
    after = rows["nrs_t1"].dropna()
    assert (round(after.mean(), 2), round(after.std(), 2), len(after)) == (mean, sd, n)
    assert (after <= 1).sum() == no_pain
    duration = rows["disease_duration_years"]
    assert (round(duration.mean(), 1), round(duration.std(), 1)) == years
    assert rows["opioid"].sum() == opioid


def test_64_of_135_respond_by_arm_40_14_and_10(imported: Imported) -> None:
    _, cohort, _ = imported
    labels = make_labels(cohort.table, rule=RULES["fall2_or_success"], horizons=("t1",))
    counts = labels.counts()
    assert counts["t1"] == {
        "responders": 64,
        "nonresponders": 71,
        "unknown": 17,
        "score": 0,
        "wording": 0,
        "both": 135,
        "none": 17,
    }
    assert counts["cannot_meet"] == 9
    t1 = pd.Series(labels.t1, index=cohort.table.index)
    found = {name: t1[rows.index].dropna() for name, rows in _arms(cohort).items()}
    assert {name: (int(known.sum()), len(known)) for name, known in found.items()} == {
        "prt": (40, 44),
        "placebo": (14, 44),
        "usual_care": (10, 47),
    }


def test_pounds_are_kilograms_and_tsk_11_is_not_tsk(imported: Imported) -> None:
    _, cohort, _ = imported
    # 98 to 255 pounds in the raw file.
    assert cohort.table["weight_kg"].min() == pytest.approx(98 * 0.45359237)
    assert cohort.table["weight_kg"].max() == pytest.approx(255 * 0.45359237)
    assert "tsk" not in cohort.table
    assert cohort.table["tsk_11"].between(11, 44).all()


def test_the_declared_arm_is_known_at_baseline(imported: Imported) -> None:
    dictionary = imported[1].dictionary
    assert [v.name for v in dictionary.check_predictors(["treatment_arm", "tsk_11"])] == [
        "treatment_arm",
        "tsk_11",
    ]


def test_the_check_finds_nobody_for_ketamine_and_all_for_the_trials_own_rules(
    imported: Imported,
) -> None:
    path, cohort, _ = imported
    ours = check_cohort(path, StudyRules(dictionary=cohort.dictionary))
    assert ours.problems == () and ours.flow is not None
    assert ours.flow["remaining"].iloc[-1] == 0
    rules = read_eligibility({"age_years": {"min": 18}, "setting": ["elective"]})
    theirs = check_cohort(path, StudyRules(dictionary=cohort.dictionary, eligibility=rules))
    assert theirs.flow is not None
    assert theirs.flow["remaining"].tolist() == [152, 152, 152, 135]
    assert theirs.flow["unknown_kept"].tolist() == [0, 1, 0, 0]
    assert len([flag for flag in theirs.flags if flag[1] == "nrs_t0"]) == 9


def test_the_same_table_comes_from_csv(imported: Imported, tmp_path: Path) -> None:
    mapping = read_mapping(MAPPING)
    table, _ = apply_mapping(read_table(RAW), mapping)
    write_table(table, tmp_path / "cohort.csv")
    again = read_cohort(tmp_path / "cohort.csv", dictionary=mapping.dictionary)
    pd.testing.assert_frame_equal(again.table, imported[1].table)
    assert np.isnan(again.table["age_years"]).sum() == 1
