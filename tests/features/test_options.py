"""What is given at the prompt takes the place of what a study says."""

from pathlib import Path

import pytest

from features.cohort.study_rules import CRPS_RULES
from features.dictionary.rule import RULES
from features.errors import InputError
from features.options import read_dictionary, read_rules

SCALE = '[outcome]\nscale = { min = 0, max = 100, label = "Pain (VAS)", unit = "mm" }\n'


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_without_a_study_the_rules_are_those_for_crps() -> None:
    rules = read_rules(None, mapping=None, rule=None, horizons=None)
    assert rules == CRPS_RULES
    asked = read_rules(None, mapping=None, rule="fall >= 3", horizons="t1, t2")
    assert (asked.rule.amount, asked.horizons) == (3, ("t1", "t2"))
    with pytest.raises(InputError, match="fall2_or_success"):
        read_rules(None, mapping=None, rule="fall3", horizons=None)


def test_a_rule_is_read_on_the_scale_of_the_study_or_the_mapping(tmp_path: Path) -> None:
    study = _write(tmp_path / "s.toml", f'{SCALE}rule = "fall >= 20"\n')
    rules = read_rules(study, mapping=None, rule=None, horizons="t1")
    assert (rules.rule.past, rules.horizons) == (
        "Pain (VAS) fell by at least 20 mm from before treatment",
        ("t1",),
    )
    other = read_rules(study, mapping=None, rule="score <= 30", horizons=None)
    assert other.rule.past == "Pain (VAS) is at most 30 mm"
    mapping = _write(tmp_path / "m.toml", f'[columns]\npatient_id = "id"\n{SCALE}')
    assert read_dictionary(mapping)["nrs_t0"].unit == "mm"
    with pytest.raises(InputError, match="fall >= 30"):
        read_rules(None, mapping=mapping, rule=None, horizons=None)
    mapped = read_rules(None, mapping=mapping, rule="fall >= 20", horizons=None)
    assert mapped.rule.unit == "mm"
    assert read_rules(None, mapping=None, rule="fall30", horizons=None).rule == RULES["fall30"]
