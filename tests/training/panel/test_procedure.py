"""The `[panel]` table of a study."""

import pytest

from features.errors import InputError
from tests.training.helpers.panel_cohorts import write_files
from training.study.settings import read_study


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('file = "nowhere.parquet"', "panel.file: expected a file beside the study"),
        ('reference = "mean"', "panel.reference: expected global_mean, genorm, normfinder"),
        (
            'candidates = ["elastic_net"]',
            "panel.candidates: expected one of reference.*; leave it out: nothing replaces it",
        ),
        ("prior_strength = 2.25", "panel.prior_strength: .*; leave it out: nothing replaces it"),
        ("max_assays = 0", "panel.max_assays: expected from 1 to 200"),
        ("min_coverage = 0", "panel.min_coverage: expected from 0.01 to 1"),
        ("plates = 1", "panel.plates: expected true or false"),
        ("assays = 3", "panel.assays: expected one of .*; did you mean max_assays"),
    ],
)
def test_what_is_wrong_in_the_panels_table_is_told(tmp_path, line, problem):
    write_files(tmp_path, 40, more=f"[panel]\n{line}\n")
    with pytest.raises(InputError, match=problem):
        read_study(tmp_path / "study.toml")
