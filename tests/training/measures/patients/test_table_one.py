"""Table 1: mean or median, and what stands in its cells."""

import numpy as np
import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from training.measures.patients.table_one import (
    can_summarise,
    compute_normality,
    compute_table_one,
    name_in_full,
)

VARIABLES = [CONTRACT[name] for name in ("age_years", "nrs_t0", "sex", "opioid", "nsaid")]
# Ages 30 to 50: mean 40, SD sqrt(250 / 4) = 7.9. Scores 1, 8, 8, 8, 9: median 8, quartiles 8, 8.
TABLE = pd.DataFrame(
    {
        "age_years": [30.0, 35, 40, 45, 50, np.nan],
        "nrs_t0": [8.0, 8, 8, 1, 9, np.nan],
        "sex": [0.0, 0, 0, 1, np.nan, 0],
        "opioid": [1.0, 0, 1, 1, 0, np.nan],
        "nsaid": [0.0, 0, 0, 0, 0, 0],
    }
)


def cells(table: pd.DataFrame) -> dict[str, list[str]]:
    return {row[0]: list(row[1:]) for row in table.itertuples(index=False, name=None)}


def test_shapiro_wilk_chooses_mean_or_median() -> None:
    found = compute_normality(TABLE, VARIABLES).set_index("variable")
    assert found.index.tolist() == ["age_years", "nrs_t0"]
    assert found["summary"].tolist() == ["mean", "median"]
    assert found["n"].tolist() == [5, 5]
    # R: shapiro.test(c(30, 35, 40, 45, 50)) gives W = 0.98676, p-value = 0.9672.
    assert found.loc["age_years", "w"] == pytest.approx(0.98676, abs=5e-6)
    assert found.loc["age_years", "p_value"] == pytest.approx(0.9672, abs=5e-5)


def test_no_test_where_it_cannot_say_anything() -> None:
    for values in ([5.0, 5, 5, 5], [1.0, 2], list(np.arange(6000.0))):
        table = pd.DataFrame({"age_years": values})
        (row,) = compute_normality(table, [CONTRACT["age_years"]]).to_dict("records")
        assert np.isnan(row["p_value"])
        assert row["summary"] == "median"


def test_cells_are_those_that_papers_print() -> None:
    table = compute_table_one(TABLE, VARIABLES, normality=compute_normality(TABLE, VARIABLES))
    assert cells(table) == {
        "Number of patients": ["", "6"],
        "Age, years, mean (SD)": ["1", "40.0 (7.9)"],
        "Pain before treatment (NRS), points, median [Q1, Q3]": ["1", "8.0 [8.0, 8.0]"],
        "Sex, n (%)": ["1", ""],
        "\u2003female": ["", "4 (80.0)"],
        "\u2003male": ["", "1 (20.0)"],
        "Opioid, any, n (%)": ["1", "3 (60.0)"],
        "Anti-inflammatory drug (NSAID), n (%)": ["0", "0 (0.0)"],
    }


def test_groups_stand_in_their_order_with_difference_and_test() -> None:
    repeated = pd.concat([TABLE] * 3, ignore_index=True)
    repeated["age_years"] += np.repeat([0.0, 0, 10], 6)
    groups = np.array(["second", None, "first"], dtype=object).repeat(6)
    # "second" comes first and keeps its place, the middle copies belong to no group.
    table = compute_table_one(
        repeated, VARIABLES[:2], normality=compute_normality(repeated, VARIABLES), groups=groups
    )
    columns = ["characteristic", "missing", "all", "second", "first"]
    columns += ["smd", "by_chance", "p", "test"]
    assert table.columns.tolist() == columns
    found = cells(table)
    assert found["Number of patients"][1:4] == ["12", "6", "6"]
    # The second mean minus the first over their common SD: 10 / 7.9057 = 1.265.
    age = found["Age, years, mean (SD)"]
    # Of 5 and 5: 2/5 + 1.265^2/20 = 0.48, 1.96 x 0.6928 = 1.358; a normal deviate beyond
    # 0.1 / sqrt(2/5) = 0.158 in 87%.
    assert age[2:6] == ["40.0 (7.9)", "50.0 (7.9)", "1.265 (\u22120.09 to 2.62)", "87%"]
    pain = found["Pain before treatment (NRS), points, median [Q1, Q3]"]
    assert pain[4:7] == ["0.000 (\u22121.24 to 1.24)", "87%", "1.000"]


def test_17_patients_against_135_pass_the_mark_by_luck_in_70_per_cent() -> None:
    rng = np.random.default_rng(0)
    n = 17 + 135
    frame = pd.DataFrame(
        {
            "age_years": rng.normal(50, 10, n),
            "opioid": rng.integers(0, 2, n).astype(float),
            "affected_site": rng.integers(0, 3, n).astype(float),
        }
    )
    variables = [CONTRACT[name] for name in frame]
    groups = np.repeat(["not seen", "seen"], [17, 135]).astype(object)
    table = compute_table_one(
        frame, variables, normality=compute_normality(frame, variables), groups=groups
    )
    chances = [chance for chance in table["by_chance"] if chance]
    # Three levels: exp(-0.01 / (1/17 + 1/135) / 2) = 0.927.
    assert chances == ["70%", "70%", "93%"]
    signed = table.loc[table["by_chance"] != "", "smd"]
    assert signed.str.fullmatch(r"\u2212?\d\.\d{3} \(\u2212?\d\.\d\d to \d\.\d\d\)").all()
    assert not signed.iloc[1:].str.contains("\u2212").any()


def test_summaries_of_fewer_than_three_are_not_made() -> None:
    values = pd.Series([1.0, 2, np.nan, 4])
    assert can_summarise(values)
    assert not can_summarise(values[:3])
    assert not can_summarise(values, groups=np.array(["a", "a", "b", "b"], dtype=object))
    assert can_summarise(values, groups=np.array(["a", "a", None, "a"], dtype=object))


def test_units_are_named_once() -> None:
    assert name_in_full(CONTRACT["age_years"]) == "Age, years"
    assert name_in_full(CONTRACT["relief_weeks"]) == "Weeks of relief"
    assert name_in_full(CONTRACT["sex"]) == "Sex"
