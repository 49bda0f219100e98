import csv
import re
from importlib.resources import files

import pytest
from pydantic import TypeAdapter, ValidationError

from features.published.studies import (
    BASE_RATES,
    CHITNENI,
    MANGNUS,
    SAFETY_FACTS,
    SIGTERMANS,
    ZHAO,
    Dose,
    Study,
    list_safety_facts,
    pooled_rate,
    published_base_rate,
    read_pooled_rates,
    read_studies,
)
from tests.places import SHARED

EVIDENCE = SHARED / "evidence"
needs_extraction = pytest.mark.skipif(
    not EVIDENCE.is_dir(), reason="needs ../shared/evidence, the independent extraction"
)


@pytest.fixture(scope="module")
def by_key() -> dict[str, Study]:
    return {study.key: study for study in read_studies()}


@pytest.mark.parametrize(
    ("key", "events", "n", "percent", "low", "high"),
    [
        # Wilson 95%, Mangnus 2021 counts
        ("t1", 29, 47, 61.7, 47.4, 74.2),
        ("t2", 19, 40, 47.5, 32.9, 62.5),
        ("t1_if_seen_at_t2", 25, 40, 62.5, 47.0, 75.8),
        ("kept", 19, 25, 76.0, 56.6, 88.5),
    ],
)
def test_base_rates_are_the_published_counts(
    key: str, events: int, n: int, percent: float, low: float, high: float
) -> None:
    rate = next(rate for rate in BASE_RATES if rate.key == key)
    assert (rate.events, rate.n) == (events, n)
    got = [100 * value for value in (rate.rate, *rate.interval)]
    assert got == pytest.approx([percent, low, high], abs=0.0501)
    assert rate.reference.doi == "10.1111/papr.13056"


def test_rate_beside_an_estimate_is_that_of_its_horizon() -> None:
    assert published_base_rate("t1").rate == pytest.approx(0.617, abs=5e-4)
    assert published_base_rate("t2").rate == pytest.approx(0.475)
    with pytest.raises(ValueError, match="no published base rate for horizon 't3'"):
        published_base_rate("t3")
    assert (pooled_rate("t1").horizon, pooled_rate("t2").horizon) == ("immediate", "1-3 months")
    assert pooled_rate("t1").prediction_interval == pytest.approx((0.211, 0.906))


def test_side_effects_are_context_for_ketamine_in_crps_only() -> None:
    facts = list_safety_facts("CRPS")
    assert {"matter": "dizziness", "events": 14, "n": 48}.items() <= facts[1].items()
    assert all(fact["source"] for fact in facts)
    assert list_safety_facts("chronic back pain") == []


def test_pooled_rates_keep_print_and_recomputation_apart() -> None:
    rates = {(rate.horizon, rate.origin): rate for rate in read_pooled_rates()}
    assert len(rates) == 4
    printed = rates["immediate", "as published"]
    assert (printed.rate, *printed.interval) == (0.69, 0.53, 0.84)
    later = rates["1-3 months", "as published"]
    assert (later.rate, *later.interval) == (0.58, 0.41, 0.75)
    for (_, origin), rate in rates.items():
        assert rate.interval[0] < rate.rate < rate.interval[1]
        assert (rate.prediction_interval is None) == (origin == "as published")
        assert rate.note and rate.reference == ZHAO


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


def test_studies_of_the_same_patients_name_each_other(by_key: dict[str, Study]) -> None:
    # Sigtermans 2009, Dahan 2011 and Schilder 2013 are one trial.
    trial = {"sigtermans-2009", "dahan-2011", "schilder-2013"}
    assert {key for key, study in by_key.items() if study.same_trial_as} == trial
    for study in by_key.values():
        for other in study.same_trial_as:
            assert study.key in by_key[other].same_trial_as
        for other in study.may_share_patients_with:
            assert other in by_key


def test_only_what_the_papers_back_is_called_s_ketamine(by_key: dict[str, Study]) -> None:
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


def test_months_that_are_years_are_read_as_years(by_key: dict[str, Study]) -> None:
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


def test_safety_facts_are_counts_with_a_source() -> None:
    facts = {(fact.matter, fact.reference.study): fact for fact in SAFETY_FACTS}
    for fact in SAFETY_FACTS:
        assert 0 <= fact.events <= fact.n
        assert fact.reference in (MANGNUS, SIGTERMANS, ZHAO, CHITNENI)
        assert (fact.placebo_events is None) == (fact.placebo_n is None)
    # Mangnus 2021 Table 2: 30 of 48 with any; of those 8 nausea, 0 hallucinations.
    any_effect = facts["any side effect", "Mangnus"]
    assert (any_effect.events, any_effect.n) == (30, 48)
    assert facts["hallucinations", "Mangnus"].events == 0
    # Sigtermans 2009, results: 93% against 17%, 63 against 17, 47 against 10, 37 against 33.
    for matter, ketamine, placebo in (
        ("psychomimetic effects", 93, 17),
        ("nausea", 63, 17),
        ("vomiting", 47, 10),
        ("headache", 37, 33),
    ):
        fact = facts[matter, "Sigtermans"]
        assert fact.placebo_events is not None and fact.placebo_n is not None
        assert round(100 * fact.rate) == ketamine
        assert round(100 * fact.placebo_events / fact.placebo_n) == placebo


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
