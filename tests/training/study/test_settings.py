from pathlib import Path

import pytest

from features.dictionary.contract import DEFAULT_PREDICTORS
from features.errors import InputError
from tests.training.helpers.studies import MINIMAL, find_problems, write_study
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.study.settings import read_study


def test_a_minimal_study_has_the_defaults(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, MINIMAL))
    assert study.predictors == DEFAULT_PREDICTORS
    assert study.horizons == ("t1", "t2")
    assert study.procedure.candidates == DEFAULT_CANDIDATES
    assert (study.resampling.folds, study.resampling.repeats) == (5, 20)
    assert study.eligibility.minimum == {"age_years": 18}
    assert "sustained response" in study.outcomes["t2"]
    assert study.thresholds is None
    assert study.weighting == "follow_up"
    assert study.subgroups["age_years"] == 40


def test_published_rates_count_only_where_they_were_published(tmp_path: Path) -> None:
    pull = "[procedure]\npublished_patients = 20\n"
    crps = MINIMAL.replace("[population]\n", '[population]\ncondition = "CRPS"\n')
    study = read_study(write_study(tmp_path, crps + pull))
    # Mangnus 2021: 29 of 47 at discharge, 19 of 40 at the first follow-up.
    assert study.procedure.published_rates == pytest.approx((29 / 47, 19 / 40))
    assert "29 of 47 at T1, 19 of 40 at T2" in study.published_text
    assert read_study(write_study(tmp_path, crps)).published_text == ""
    assert "procedure.published_patients" in find_problems(tmp_path, MINIMAL + pull)


def test_a_study_without_t1_describes_t2_as_itself(tmp_path: Path) -> None:
    study = read_study(
        write_study(tmp_path, MINIMAL + '[outcome]\nhorizons = ["t2"]\nrule = "fall30"')
    )
    assert "sustained" not in study.outcomes["t2"]
    assert "30%" in study.outcomes["t2"]
    assert "at T2:" in study.outcomes["t2"]


def test_words_of_a_follow_up_are_crps_words_in_a_crps_study_only(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, MINIMAL))
    assert "discharge" not in str(study.outcomes)
    crps = MINIMAL.replace("[population]\n", '[population]\ncondition = "CRPS"\n')
    assert "about 4 weeks after discharge" in read_study(write_study(tmp_path, crps)).outcomes["t2"]


def test_a_studys_own_words_stay_whatever_the_follow_up_was(tmp_path: Path) -> None:
    text = MINIMAL + '[outcome]\nt2 = "still better a year later"\n'
    study = read_study(write_study(tmp_path, text)).with_follow_up(30.0)
    assert study.outcomes["t2"] == "still better a year later"
    other = read_study(write_study(tmp_path, MINIMAL)).with_follow_up(52.14)
    assert other.outcomes["t2"].endswith("T2 (after a median of 52.1 weeks)")


def test_a_byte_order_mark_is_no_part_of_a_study(tmp_path: Path) -> None:
    plain = read_study(write_study(tmp_path, MINIMAL))
    (tmp_path / "study.toml").write_text(MINIMAL, encoding="utf-8-sig")
    assert read_study(tmp_path / "study.toml") == plain


def test_broken_files_are_one_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("name = [")
    with pytest.raises(InputError, match="is not TOML"):
        read_study(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_study(broken)
    with pytest.raises(InputError, match="does not exist"):
        read_study(tmp_path / "none.toml")


def test_a_mapping_declares_the_studys_own_predictors(tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(
        '[columns]\npatient_id = "id"\narm = "group"\n'
        '[variables.arm]\nkind = "category"\ncategories = ["a", "b"]\nknown_at = "baseline"\n'
    )
    text = MINIMAL + 'mapping = "mapping.toml"\n[predictors]\nnames = ["arm"]\n'
    study = read_study(write_study(tmp_path, text))
    assert study.dictionary["arm"].categories == ("a", "b")


def test_the_digest_is_that_of_the_text(tmp_path: Path) -> None:
    first = read_study(write_study(tmp_path, MINIMAL)).sha256
    assert first != read_study(write_study(tmp_path, MINIMAL + "\n# note")).sha256
    assert len(first) == 64


def test_subgroups_are_added_to_the_usual_ones(tmp_path: Path) -> None:
    text = MINIMAL + "[subgroups]\nage_years = 50\nsite = false\nopioid = true\n"
    cuts = read_study(write_study(tmp_path, text)).subgroups
    assert cuts == {
        "sex": True,
        "age_years": 50,
        "disease_duration_years": 5.0,
        "site": False,
        "opioid": True,
    }


def test_a_study_says_its_own_words_in_its_languages(tmp_path: Path) -> None:
    text = MINIMAL + (
        '[outcome]\nt2 = "still better a year later"\n'
        '[language.nl]\npopulation = "volwassenen"\nt2 = "na een jaar nog beter"\n'
        'words = { "back pain" = "rugpijn" }\n'
        '[language.de]\ntreatment = "eine Behandlung"\n'
    )
    study = read_study(write_study(tmp_path, text))
    assert study.texts == {
        "nl": {
            study.population: "volwassenen",
            "still better a year later": "na een jaar nog beter",
            "back pain": "rugpijn",
        },
        "de": {study.treatment: "eine Behandlung"},
    }
    assert read_study(write_study(tmp_path, MINIMAL)).texts == {}


def test_a_language_or_word_that_nobody_could_ask_for_is_told(tmp_path: Path) -> None:
    text = MINIMAL + (
        '[language.fr]\npopulation = "adultes"\n'
        '[language.nl]\nt1 = "beter"\nlabels = { nrs_t0 = "Pijn" }\npopulatie = "x"\n'
    )
    assert find_problems(tmp_path, text) == {
        "language.nl.populatie": "did you mean population?",
        "language.fr": "",
    }
    dutch = text[text.index("[language.nl]") :].replace("populatie", "t2")
    assert find_problems(tmp_path, MINIMAL + dutch).keys() == {
        "language.nl.t1",
        "language.nl.t2",
        "language.nl.labels.nrs_t0",
    }
