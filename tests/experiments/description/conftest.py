"""The cohort of the paper, as a file, described, and reported."""

from pathlib import Path

import pytest

from experiments.description.description import CohortDescription, describe_cohort
from experiments.description.report import make_description_report
from features.cohort.cohort import Cohort, parse_cohort
from features.dictionary.contract import CONTRACT
from tests.training.helpers.mangnus import make_mangnus_cohort
from training.document.document import Document


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohort") / "mangnus.csv"
    make_mangnus_cohort().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def description() -> CohortDescription:
    raw = make_mangnus_cohort()
    table, _ = parse_cohort(raw.astype(object).where(raw.notna(), "").astype(str))
    return describe_cohort(Cohort(table, CONTRACT, synthetic=True, sha256=""))


@pytest.fixture(scope="module")
def report(description: CohortDescription) -> Document:
    return make_description_report(description, name="mangnus.csv")
