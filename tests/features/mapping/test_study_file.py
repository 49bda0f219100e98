"""What a study file asks of a cohort: the same for a check as for a training."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.cohort.study_rules import StudyRules
from features.dictionary.eligibility import BORROWED_ELIGIBILITY, CRPS_ELIGIBILITY, Eligibility
from features.dictionary.rule import RULES
from features.errors import InputError
from features.mapping.study_file import read_study_rules

MAPPING = """
[columns]
patient_id = "id"
[variables.arm]
kind = "category"
categories = ["a", "b"]
known_at = "baseline"
"""


def _read(folder: Path, text: str, mapping: Path | None = None) -> StudyRules:
    (folder / "s.toml").write_text(text)
    return read_study_rules(folder / "s.toml", mapping=mapping)


def _find(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        _read(folder, text)
    return {problem.column: problem.action for problem in caught.value.problems}


def test_what_is_not_said_is_as_in_a_training(tmp_path: Path) -> None:
    rules = _read(tmp_path, 'name = "x"\n[panel]\nanything = 3\n')
    assert (rules.rule, rules.horizons) == (RULES["fall2_or_success"], ("t1", "t2"))
    assert rules.eligibility == CRPS_ELIGIBILITY
    assert rules.condition == "unspecified"


def test_rules_for_crps_courses_are_borrowed_by_a_study_that_names_another_condition(
    tmp_path: Path,
) -> None:
    other = _read(tmp_path, '[population]\ncondition = "sciatica"\n')
    assert other.eligibility == BORROWED_ELIGIBILITY
    crps = _read(tmp_path, '[population]\ncondition = "CRPS"\n')
    assert crps.eligibility == CRPS_ELIGIBILITY
    own = _read(tmp_path, '[population]\ncondition = "sciatica"\n[eligibility]\nsex = "female"\n')
    assert own.eligibility == Eligibility(allowed={"sex": ("female",)})


@pytest.mark.parametrize("condition", ["crps", "Crps", " CRPS", "Complex Regional Pain Syndrome"])
def test_crps_in_other_letters_does_not_pass_for_another_condition(
    tmp_path: Path, condition: str
) -> None:
    text = f'[population]\ncondition = "{condition}"\n'
    assert _find(tmp_path, text) == {"population.condition": 'write condition = "CRPS"'}
    assert _read(tmp_path, text.replace(condition, f"not {condition}")).condition != "CRPS"


def test_what_is_said_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    rules = _read(
        tmp_path,
        '[population]\ncondition = "sciatica"\n[cohort]\nmapping = "m.toml"\n'
        '[outcome]\nrule = "fall50"\nhorizons = ["t2"]\n[eligibility]\narm = "a"\n',
    )
    assert (rules.condition, rules.rule.text, rules.horizons) == ("sciatica", "fall50", ("t2",))
    assert rules.eligibility.allowed == {"arm": ("a",)}
    assert rules.dictionary["arm"].categories == ("a", "b")


def test_another_mapping_takes_the_place_of_the_studys(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    text = '[cohort]\nmapping = "gone.toml"\n'
    assert "arm" in _read(tmp_path, text, tmp_path / "m.toml").dictionary
    with pytest.raises(InputError, match=r"gone\.toml does not exist"):
        _read(tmp_path, text)


def test_every_problem_of_these_tables_is_told(tmp_path: Path) -> None:
    problems = _find(tmp_path, '[outcome]\nrul = "fall50"\n[eligibility]\ndrugg = "none"\n')
    assert problems == {
        "outcome.rul": "did you mean rule?",
        "eligibility.drugg": "did you mean drug?",
    }
    assert _find(tmp_path, '[outcom]\nrule = "fall50"\n[outcome]\nrule = "x"\n') == {
        "[outcom]": "did you mean [outcome]?",
        "outcome.rule": "",
    }


@given(
    name=st.sampled_from(["outcome", "eligibility", "cohort", "population"]), at=st.integers(0, 20)
)
def test_a_table_that_lacks_a_letter_is_never_passed_over(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int
) -> None:
    at %= len(name)
    slip = name[:at] + name[at + 1 :]
    problems = _find(tmp_path_factory.mktemp("slip"), f"[{slip}]\n")
    assert problems == {f"[{slip}]": f"did you mean [{name}]?"}


SCALE = 'scale = { min = 0, max = 100, label = "Pain (VAS)", unit = "mm" }\n'


def test_a_study_may_have_a_scale_of_its_own(tmp_path: Path) -> None:
    rules = _read(tmp_path, f'[outcome]\n{SCALE}rule = "fall >= 20"\n')
    assert (rules.rule.amount, rules.rule.unit) == (20, "mm")
    assert rules.dictionary["nrs_t0"].high == 100
    assert not rules.is_published
    # Ten points of the numeric rating scale under another name are not those that are published.
    same = 'scale = { min = 0, max = 10, label = "Worst pain" }\n'
    named = f'[population]\ncondition = "CRPS"\n[outcome]\n{same}rule = "fall2_or_success"\n'
    assert not _read(tmp_path, named).is_published


def test_a_rule_is_asked_for_where_the_usual_one_has_no_meaning(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _read(tmp_path, f"[outcome]\n{SCALE}")
    [problem] = caught.value.problems
    assert (problem.column, problem.got) == ("outcome.rule", "none")
    assert '"fall >= 30"' in problem.expected
    # A scale that cannot be is one problem, not two.
    assert list(_find(tmp_path, "[outcome]\nscale = { min = 0 }\n")) == ["outcome.scale.max"]


def test_a_mapping_may_declare_the_scale_for_its_study(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(f"{MAPPING}[outcome]\n{SCALE}")
    study = '[cohort]\nmapping = "m.toml"\n[outcome]\nrule = "fall = 30%"\n'
    assert _read(tmp_path, study).rule.measure == "Pain (VAS)"
    assert _read(tmp_path, study + SCALE).rule == _read(tmp_path, study).rule
    other = study + SCALE.replace("100", "10")
    assert _find(tmp_path, other)["outcome.scale"] == (
        "leave it out of the study: the mapping's holds"
    )
    # Without a table of its own the study is asked for a rule, too.
    assert "outcome.rule" in _find(tmp_path, '[cohort]\nmapping = "m.toml"\n')
