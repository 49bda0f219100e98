"""A described cohort: Mangnus 2021 comes back from its own counts, and no patient shows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from experiments.description.description import CohortDescription, describe_cohort
from experiments.description.report import make_description_report
from features.cohort.cohort import Cohort, parse_cohort, read_cohort
from features.cohort.study_rules import StudyRules
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import Eligibility
from features.dictionary.rule import RULES, read_rule
from features.dictionary.scale import OutcomeScale, with_scale
from features.errors import InputError
from features.files.table import read_table, write_table
from features.mapping.mapping import apply_mapping
from features.mapping.mapping_file import read_mapping
from tests.places import PROJECT, SHARED
from tests.training.helpers.mangnus import make_mangnus_cohort
from training.document.render import to_markdown

NOBODY_LEFT_OUT = Eligibility()


def make_cohort_of(raw: pd.DataFrame) -> Cohort:
    """Check a table of any cells."""
    texts = raw.astype(object).where(raw.notna(), "").astype(str)
    table, problems = parse_cohort(texts)
    assert problems == []
    return Cohort(table, CONTRACT, synthetic=True, sha256="")


def make_small(**columns: list[object]) -> Cohort:
    n = len(next(iter(columns.values())))
    return make_cohort_of(pd.DataFrame({"patient_id": [f"P{i}" for i in range(n)], **columns}))


@pytest.fixture(scope="module")
def mangnus() -> CohortDescription:
    return describe_cohort(make_cohort_of(make_mangnus_cohort()))


def test_attrition_is_that_of_the_paper(mangnus: CohortDescription) -> None:
    # 60 identified, 9 with a second drug, 3 emergencies, 48 left; 47 and 40 classifiable.
    assert (mangnus.rows, mangnus.eligible) == (60, 48)
    flow = mangnus.flow.set_index("step")
    assert flow["excluded"].tolist() == [0, 0, 3, 0, 9, 0, 1, 8]
    assert flow["remaining"].tolist()[-3:] == [48, 47, 40]


def test_rates_are_those_of_the_paper(mangnus: CohortDescription) -> None:
    rates = mangnus.rates.set_index("rate")
    counts = rates.loc[["t1", "t2", "t1_if_seen_at_t2", "kept"], ["events", "n"]]
    assert counts.to_numpy().tolist() == [[29, 47], [19, 40], [25, 40], [19, 25]]
    # Wilson: 47.4 to 74.2 and 32.9 to 62.5.
    assert_allclose(rates.loc["t1", ["low", "high"]].astype(float), [0.474, 0.742], atol=5e-4)
    assert_allclose(rates.loc["t2", ["low", "high"]].astype(float), [0.329, 0.625], atol=5e-4)
    # Missing labels put back: 60.4 to 62.5% and 39.6 to 56.3%.
    assert_allclose(rates.loc["t1", ["lowest", "highest"]].astype(float), [29 / 48, 30 / 48])
    assert_allclose(rates.loc["t2", ["lowest", "highest"]].astype(float), [19 / 48, 27 / 48])
    # What a model learns: share at T1 times share kept.
    assert rates.loc["sustained", "share"] == pytest.approx(29 / 47 * 19 / 25)


def test_responses_at_both_times_are_those_of_table_3(mangnus: CohortDescription) -> None:
    paired = mangnus.paired
    assert paired is not None
    assert (paired.both, paired.lost, paired.gained, paired.neither) == (19, 6, 0, 15)
    assert paired.n == 40
    assert paired.p_value == pytest.approx(0.03125)  # printed as 0.03


def test_labels_rest_on_what_the_paper_implies(mangnus: CohortDescription) -> None:
    worded = mangnus.provenance[mangnus.provenance["source"] == "wording"].set_index("horizon")
    # At least 11 of 47 and 22 of 40 have no score; 10 of the 19 responders at T2.
    assert worded.loc["t1", ["responders", "nonresponders"]].sum() == 11
    assert worded.loc["t2", ["responders", "nonresponders"]].tolist() == [10, 12]


def test_tables_1_and_2_hold_the_numbers_of_the_paper(mangnus: CohortDescription) -> None:
    patients = mangnus.baseline.set_index("characteristic")["all"]
    assert patients["Age, years, mean (SD)"] == "39.0 (14.0)"
    assert patients["\u2003female"] == "41 (85.4)"
    assert patients["Pain before treatment (NRS), points, median [Q1, Q3]"] == "8.0 [7.0, 9.0]"
    # Median 5, quartiles 6 apart.
    assert patients["Duration of the pain disease, years, median [Q1, Q3]"] == "5.0 [3.0, 9.0]"
    counts = [
        patients[f"{name}, n (%)"]
        for name in (
            "Paracetamol",
            "Anti-inflammatory drug (NSAID)",
            "Opioid, any",
            "Antidepressant, any",
            "Anti-epileptic drug, any",
        )
    ]
    assert counts == ["17 (35.4)", "11 (22.9)", "30 (62.5)", "12 (25.0)", "16 (33.3)"]
    treatment = mangnus.treatment.set_index("characteristic")["all"]
    assert treatment["Days of infusion, mean (SD)"] == "6.0 (2.0)"
    assert treatment["Highest infusion rate, mg/h, mean (SD)"] == "7.0 (3.0)"
    # Medians 6 (IQR 4), 2 (IQR 1) and 4 (IQR 5).
    assert treatment["Infusion rate at which pain fell, mg/h, median [Q1, Q3]"] == "6.0 [4.0, 8.0]"
    assert treatment["Day of the first effect, median [Q1, Q3]"] == "2.0 [2.0, 3.0]"
    weeks = treatment["Weeks from discharge to the first follow-up, median [Q1, Q3]"]
    assert weeks == "4.0 [2.0, 7.0]"
    effects = mangnus.side_effects.set_index("effect")
    assert effects["n"].to_dict() == {
        "any side effect": 30,
        "dizziness": 14,
        "drowsiness": 11,
        "nausea": 8,
        "headache": 6,
        "hallucinations": 0,
    }
    assert set(effects["of"]) == {48} and set(effects["of_any"]) == {30}


def test_a_class_known_only_of_those_who_do_not_take_it_is_no_share(
    mangnus: CohortDescription,
) -> None:
    # The file tells opioids; weak opioids are known to be none only where there are no opioids.
    assert "Weak opioid" in mangnus.left_out
    assert not mangnus.baseline["characteristic"].str.startswith("Weak opioid").any()
    # And the other way round: a part that is yes makes the class yes, a part that is no nothing.
    cohort = make_small(
        weak_opioid=["yes", "no", "yes", "no", "yes"], nrs_t0=[8] * 5, nrs_t1=[5] * 5
    )
    described = describe_cohort(cohort, StudyRules(eligibility=NOBODY_LEFT_OUT))
    assert "Opioid, any" in described.left_out
    assert "Weak opioid, n (%)" in set(described.baseline["characteristic"])


def test_missing_values_are_counted_as_published(mangnus: CohortDescription) -> None:
    missing = mangnus.missing.set_index("variable")["missing"]
    assert missing[["nrs_t0", "nrs_t1", "nrs_t2"]].tolist() == [6, 12, 30]
    assert missing["relief_weeks"] == 48 - 12


def test_responders_stand_beside_nonresponders(mangnus: CohortDescription) -> None:
    assert mangnus.comparison is not None
    table = mangnus.comparison.set_index("characteristic")
    assert table.loc["Number of patients", ["all", "nonresponders", "responders"]].tolist() == [
        "47",
        "18",
        "29",
    ]
    nrs = table.loc["Pain before treatment (NRS), points, median [Q1, Q3]"]
    assert nrs[["nonresponders", "responders"]].tolist() == ["8.0 [7.0, 9.0]", "8.0 [8.0, 9.0]"]


def test_t2_alone_and_t1_alone_are_described(mangnus: CohortDescription) -> None:
    cohort = make_cohort_of(make_mangnus_cohort())
    t2 = describe_cohort(cohort, StudyRules(horizons=("t2",)))
    assert t2.paired is None
    assert t2.rates["rate"].tolist() == ["t2"]
    assert t2.rates.loc[0, "events"] == 19
    t1 = describe_cohort(cohort, StudyRules(horizons=("t1",)))
    assert t1.flow["remaining"].tolist()[-2:] == [48, 47]


def test_another_rule_counts_anew() -> None:
    # Falls of 3 of 10 and 3 of 8 are at least 30%, of 2 of 8 are not; words do not count.
    cohort = make_small(
        nrs_t0=[10, 8, 8, 8, 8, 8], nrs_t1=[7, 5, 6, 8, 8, 8], success_t1=["yes"] * 6
    )
    described = describe_cohort(
        cohort, StudyRules(eligibility=NOBODY_LEFT_OUT, rule=RULES["fall30"])
    )
    assert described.rates[["events", "n"]].to_numpy().tolist() == [[2, 6]]
    assert set(described.provenance.loc[described.provenance["source"] != "score"].sum()[2:]) == {0}


def test_small_groups_are_not_summarised() -> None:
    cohort = make_small(
        nrs_t0=[8, 8, 8, 8], nrs_t1=[5, 5, 5, 8], age_years=[30, 40, "", ""], sex=["female"] * 4
    )
    described = describe_cohort(cohort, StudyRules(eligibility=NOBODY_LEFT_OUT))
    assert described.left_out == ("Age",)
    assert described.comparison is None
    pain = described.pain.set_index(["group", "time"])
    assert np.isnan(pain.loc[("nonresponders at T1", "t1"), "median"])
    assert pain.loc[("responders at T1", "t1"), "median"] == 5


def test_no_eligible_course_or_impossible_horizons_are_errors() -> None:
    with pytest.raises(InputError, match="at least one eligible course"):
        describe_cohort(make_small(age_years=[5, 6], nrs_t0=[8, 8], nrs_t1=[5, 5]))
    for horizons in ((), ("t1",), ("t2", "t1")):
        with pytest.raises(InputError):
            describe_cohort(make_small(age_years=[50, 60]), StudyRules(horizons=horizons))


def test_a_cohort_that_is_still_collected_is_described_without_outcome() -> None:
    described = describe_cohort(make_small(age_years=[50, 60, 70], nrs_t0=[8, 7, ""]))
    assert described.horizons == ()
    assert described.rates.empty
    assert described.comparison is None
    assert described.baseline["all"].tolist() == ["3", "60.0 (10.0)"]


def test_what_to_look_at_is_said() -> None:
    cohort = make_cohort_of(
        pd.DataFrame(
            {
                "patient_id": ["A", "A", "B", "C"],
                "course_number": ["1", "2", "1", "1"],
                "nrs_t0": [1, 8, 8, 8],
                "nrs_t1": [1, 8, 5, 8],
                "nrs_t2": [1, 5, 5, 8],
            }
        )
    )
    notices = " ".join(describe_cohort(cohort, StudyRules(eligibility=NOBODY_LEFT_OUT)).notices)
    assert "1 patients' score before treatment was too near the best one" in notices
    assert "1 patients responded at T2 after no response at T1" in notices
    assert "1 courses are repeats of a patient" in notices


def test_a_real_cohort_of_another_disease_can_be_described(tmp_path: Path) -> None:
    file = SHARED / "data/ashar_prt_backpain/Ashar2022_outcomes_demographics.csv"
    if not file.exists():
        pytest.skip("the published cohort of Ashar 2022 is not beside the project")
    rules = read_mapping(PROJECT / "experiments" / "studies" / "ashar" / "mapping.toml")
    table, _ = apply_mapping(read_table(file), rules)
    write_table(table, tmp_path / "cohort.csv")
    cohort = read_cohort(tmp_path / "cohort.csv", dictionary=rules.dictionary)
    described = describe_cohort(cohort, StudyRules(eligibility=NOBODY_LEFT_OUT))
    # 64 of 135 by a fall of 2 points or the patient's own judgement.
    assert described.rates[["events", "n"]].to_numpy().tolist()[0] == [64, 135]
    assert not described.synthetic


def test_scores_on_two_scales_are_not_compared() -> None:
    scale = OutcomeScale(
        min=0, max=100, higher_is_worse=False, label="Relief", unit="%", before=False
    )
    scores = {"nrs_t0": [8.0, 7, 6, 9], "nrs_t1": [10.0, 20, 60, 80]}
    table = pd.DataFrame({"patient_id": list("ABCD"), **scores})
    dictionary = with_scale(CONTRACT, scale)
    cohort = Cohort(table, dictionary, synthetic=False, sha256="")
    rules = StudyRules(
        dictionary=dictionary,
        eligibility=NOBODY_LEFT_OUT,
        rule=read_rule("score >= 50", dictionary),
        horizons=("t1",),
    )
    described = describe_cohort(cohort, rules)
    assert set(described.pain["time"]) == {"t1"} and described.pain_tests.empty
    assert described.rates[["events", "n"]].to_numpy().tolist() == [[2, 4]]
    text = to_markdown(make_description_report(described, name="c"))
    assert "Relief, 0 to 100 %" in text and "Relief is at least 50%" in text
    assert "NRS" in text  # before treatment it is pain
