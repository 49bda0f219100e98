import csv
import re
from importlib.resources import files

import pytest
from pydantic import TypeAdapter, ValidationError

from features.published.references import CHITNENI, MANGNUS, SIGTERMANS
from features.published.studies import Dose, PublishedStudy, read_studies
from tests.places import SHARED

EVIDENCE = SHARED / "evidence"
needs_extraction = pytest.mark.skipif(
    not EVIDENCE.is_dir(), reason="needs ../shared/evidence, the independent extraction"
)


@pytest.fixture(scope="module")
def by_key() -> dict[str, PublishedStudy]:
    return {study.key: study for study in read_studies()}


def test_seventeen_studies_fifteen_and_fourteen_by_review() -> None:
    studies = read_studies()
    assert len({study.key for study in studies}) == len(studies) == 17
    zhao = sorted(study.zhao.row for study in studies if study.zhao)
    chitneni = sorted(study.chitneni.row for study in studies if study.chitneni)
    assert zhao == list(range(1, 16))
    assert chitneni == list(range(1, 15))
    assert [study.reference.year for study in studies] == sorted(
        study.reference.year for study in studies
    )


def test_every_study_has_a_doi_or_says_that_none_is_printed() -> None:
    for study in read_studies():
        if study.reference.doi:
            assert re.fullmatch(r"10\.\d{4,5}/\S+", study.reference.doi)
        else:
            assert any("no doi is printed" in note.lower() for note in study.notes)


def test_studies_of_the_same_patients_name_each_other(by_key: dict[str, PublishedStudy]) -> None:
    # Sigtermans 2009, Dahan 2011 and Schilder 2013 are one trial.
    trial = {"sigtermans-2009", "dahan-2011", "schilder-2013"}
    assert {key for key, study in by_key.items() if study.same_trial_as} == trial
    for study in by_key.values():
        for other in study.same_trial_as:
            assert study.key in by_key[other].same_trial_as
        for other in study.may_share_patients_with:
            assert other in by_key


def test_only_what_the_papers_back_is_called_s_ketamine(by_key: dict[str, PublishedStudy]) -> None:
    backed = {key for key, study in by_key.items() if study.drug == "s_ketamine"}
    assert backed == {
        "sigtermans-2009",
        "sigtermans-2010",
        "dahan-2011",
        "schilder-2013",
        "kiefer-2008-pilot",
    }
    racemic = {key for key, study in by_key.items() if study.drug == "racemic_ketamine"}
    assert racemic == {"goebel-2015", "goldberg-2010"}


def test_months_that_are_years_are_read_as_years(by_key: dict[str, PublishedStudy]) -> None:
    for key, years in (("sigtermans-2009", 9.4), ("schilder-2013", 9.6), ("patil-2012", 5.62)):
        row = by_key[key].zhao
        assert row and row.disease_duration and row.disease_duration.years == years
    correll = by_key["correll-2004"].zhao
    assert correll and correll.disease_duration
    assert correll.disease_duration.years == pytest.approx(28.1 / 12)
    doubtful = by_key["schwartzman-2009"].zhao
    assert doubtful and doubtful.disease_duration
    assert doubtful.disease_duration.years is None


def test_mean_duration_in_print_comes_back_only_with_the_wrong_months() -> None:
    # Zhao 2018 states 39.67 months; 39.69 with the Leiden rows as months, 60.6 as years.
    rows = [study.zhao for study in read_studies() if study.zhao]
    durations = [row.disease_duration for row in rows if row.disease_duration]
    # Goebel 2015, "over 1 year" and so without a mean here, went in as 12 months.
    printed = [12.0] + [d.mean * (12 if d.printed_unit == "years" else 1) for d in durations]
    read = [12.0] + [d.mean * (12 if d.unit == "years" else 1) for d in durations]
    assert sum(printed) / len(printed) == pytest.approx(39.69, abs=0.005)
    assert sum(read) / len(read) == pytest.approx(60.6, abs=0.05)


def test_doses_become_rates_for_70_kg_where_they_are_rates() -> None:
    def rate(low: float, high: float, unit: str) -> object:
        return Dose(low, high, None, unit, unit).mg_h_at_70_kg  # type: ignore[arg-type]

    assert rate(0.35, 0.35, "mg/kg/h") == pytest.approx((24.5, 24.5))
    assert rate(50, 500, "mg/day") == pytest.approx((2.08, 20.83), abs=0.005)
    assert rate(10, 40, "mg/h") == (10, 40)
    assert rate(0.9, 0.9, "mg/kg/infusion") is None
    assert rate(0.25, 0.3, "mg/dl") is None


def test_counts_fit_their_percentages_as_said() -> None:
    for study in read_studies():
        if study.zhao is None:
            continue
        for share in (study.zhao.immediate, study.zhao.follow_up, study.zhao.no_effect):
            if share is None:
                continue
            exact = 100 * share.events / study.zhao.n
            decimals = 0 if share.percent.is_integer() else 1
            fits = {
                "rounded": abs(exact - share.percent) <= 0.5 * 10**-decimals + 1e-9,
                "truncated": 0 < exact - share.percent < 10**-decimals,
            }
            if share.whole_count == "no":
                assert not any(fits.values()), study.key
            else:
                assert fits[share.whole_count], study.key


def test_plausible_ranges() -> None:
    for study in read_studies():
        assert study.notes, study.key
        if study.zhao:
            assert 4 <= study.zhao.n <= 33
            for score in (study.zhao.baseline, study.zhao.end):
                assert score is None or 0 <= score.mean <= score.scale_max
            if study.zhao.men is not None:
                assert study.zhao.men <= study.zhao.n
        if study.chitneni and study.chitneni.age_low_years and study.chitneni.age_high_years:
            assert study.chitneni.age_low_years < study.chitneni.age_high_years
            assert study.under_18 == (study.chitneni.age_low_years < 18)


def test_misspelt_or_mistyped_data_is_not_accepted() -> None:
    good = '{"low": 1, "high": 2, "sd": null, "unit": "mg/h", "printed_unit": "mg/h"}'
    adapter = TypeAdapter(Dose)
    assert adapter.validate_json(good).high == 2
    for bad in (
        good.replace('"mg/h"', '"mg"', 1),
        good.replace('"sd"', '"SD"'),
        good.replace("2", '"two"'),
    ):
        with pytest.raises(ValidationError):
            adapter.validate_json(bad)


def test_data_files_are_in_the_package() -> None:
    names = {entry.name for entry in files("features.published").joinpath("data").iterdir()}
    assert {"published_studies.json", "pooled_rates.json"} <= names


def _read_csv(name: str) -> list[dict[str, str]]:
    with (EVIDENCE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


@needs_extraction
def test_zhao_rows_agree_with_the_independent_extraction() -> None:
    rows = {study.zhao.row: study for study in read_studies() if study.zhao}
    for cells in _read_csv("zhao2018_studies.csv"):
        study = rows[int(cells["row"])]
        row = study.zhao
        assert row is not None
        assert study.reference.study.startswith(cells["first_author"])
        assert str(study.reference.year) == cells["year"]
        numbers = {
            "zhao_ref": row.reference,
            "n": row.n,
            "n_alt": row.n_alternative,
            "n_male": row.men,
            "age_mean_y": row.age_mean_years,
            "age_sd_y": row.age_sd_years,
            "weight_mean_kg": row.weight_mean_kg,
            "immediate_pct": row.immediate and row.immediate.percent,
            "immediate_events": row.immediate and row.immediate.events,
            "followup_1_3mo_pct": row.follow_up and row.follow_up.percent,
            "followup_1_3mo_events": row.follow_up and row.follow_up.events,
            "no_effect_pct": row.no_effect and row.no_effect.percent,
            "crps_duration_mean": row.disease_duration and row.disease_duration.mean,
            "baseline_mean_0_10": row.baseline and row.baseline.mean / row.baseline.scale_max * 10,
            "baseline_sd_0_10": row.baseline and row.baseline.spread / row.baseline.scale_max * 10,
            "end_mean_0_10": row.end and row.end.mean / row.end.scale_max * 10,
            "end_sd_0_10": row.end and row.end.spread / row.end.scale_max * 10,
        }
        for column, value in numbers.items():
            assert value == pytest.approx(_number(cells[column])), (study.key, column)
        rate = row.dose.mg_h_at_70_kg
        expected = [_number(cells[f"dose_mg_h_70kg_{end}"]) for end in ("low", "high")]
        assert (list(rate) if rate else [None, None]) == pytest.approx(expected, abs=0.005)


@needs_extraction
def test_chitneni_rows_agree_with_the_independent_extraction() -> None:
    rows = {study.chitneni.row: study for study in read_studies() if study.chitneni}
    for cells in _read_csv("chitneni2021_studies.csv"):
        study = rows[int(cells["row"])]
        row = study.chitneni
        assert row is not None
        assert study.reference.study.startswith(cells["first_author"])
        assert cells["zhao_row"] == (str(study.zhao.row) if study.zhao else "")
        numbers = {
            "ref_in_table": row.reference_as_printed,
            "ref_should_be": row.reference,
            "n": row.n,
            "n_female": row.women,
            "n_male": row.men,
            "age_mean": row.age_mean_years,
            "age_sd": row.age_sd_years,
            "followup_days": row.follow_up_days,
        }
        for column, value in numbers.items():
            assert value == pytest.approx(_number(cells[column])), (study.key, column)
        rate = row.dose.mg_h_at_70_kg
        expected = [_number(cells[f"dose_mg_h_70kg_{end}"]) for end in ("low", "high")]
        assert (list(rate) if rate else [None, None]) == pytest.approx(expected, abs=0.05)


@needs_extraction
def test_dois_agree_with_the_independent_extraction() -> None:
    known = {(c["study"], c["year"]): c["doi"] for c in _read_csv("references.csv") if c["doi"]}
    ours = {
        (study.reference.study.replace("S(+)", "S+"), str(study.reference.year)): study.reference
        for study in read_studies()
    } | {(r.study, str(r.year)): r for r in (MANGNUS, SIGTERMANS, CHITNENI)}
    matched = {key for key in ours if key in known}
    assert len(matched) >= 17
    for key in matched:
        assert ours[key].doi == known[key]
