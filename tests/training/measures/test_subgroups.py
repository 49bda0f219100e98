import numpy as np
import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from training.measures.performance import compute_cv_performance
from training.measures.subgroups import EVERYONE, Subgroup, compute_subgroups, make_subgroups

NAN = np.nan


def _table(n: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "site": ["A", "B", ""] * (n // 3),
            "sex": [0.0, 1.0] * (n // 2),
            "age_years": np.r_[39.9, 40.0, NAN, rng.integers(18, 80, n - 3)],
            "opioid": [1.0] * n,
            "strong_opioid": [0.0, 1.0] * (n // 2),
            "antidepressant": [1.0, 0.0, NAN] * (n // 3),
        }
    )


def test_patients_are_divided_by_what_is_known_of_them() -> None:
    found = {(g.variable, g.name): g.members for g in make_subgroups(_table(), CONTRACT)}
    age = CONTRACT["age_years"].label
    assert found[age, "under 40"][:3].tolist() == [True, False, False]
    assert found[age, "40 and over"][:3].tolist() == [False, True, False]
    site = CONTRACT["site"].label
    assert found[site, "A"].sum() == found[site, "B"].sum() == 4
    assert (site, "") not in found
    antidepressant = CONTRACT["antidepressant"].label
    assert found[antidepressant, "yes"].sum() == found[antidepressant, "no"].sum() == 4
    # Everyone takes an opioid: nothing to compare. A part of a wider class is not looked at.
    variables = {variable for variable, _ in found}
    assert CONTRACT["opioid"].label not in variables
    assert CONTRACT["strong_opioid"].label not in variables


def test_a_study_can_move_a_cut_and_leave_a_variable_out() -> None:
    groups = make_subgroups(_table(), CONTRACT, {"age_years": 60.0, "antidepressant": False})
    assert {g.name for g in groups} == {"under 60", "60 and over"}


def _draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n).astype(float)
    risks = np.clip(0.35 + 0.3 * y + rng.normal(0, 0.15, (2, n)), 0.01, 0.99)
    folds = np.stack([rng.permutation(n) % 4 for _ in range(2)]).astype(np.intp)
    return y, risks, folds


def test_a_subgroup_is_judged_like_a_cohort_of_its_own() -> None:
    y, risks, folds = _draw(120, 1)
    members = np.arange(120) % 3 > 0
    table = compute_subgroups(y, risks, folds, [Subgroup("part", "most", members)], seed=1)
    row = table.iloc[1]
    alone = compute_cv_performance(
        y[members], risks[:, members], folds[:, members], n_bootstrap=0, seed=0
    )["estimate"]
    assert row["n"] == 80
    assert row["events"] == y[members].sum()
    assert row["auc"] == pytest.approx(alone["auc"])
    assert row["o_e"] == pytest.approx(alone["o_e"])
    assert row["auc_low"] < row["auc"] < row["auc_high"]
    assert row["o_e_low"] < row["o_e"] < row["o_e_high"]


def test_a_part_whose_risks_are_too_low_stands_out() -> None:
    y, risks, folds = _draw(400, 2)
    half = np.arange(400) < 200
    risks[:, half] *= 0.6
    groups = [Subgroup("half", "first", half), Subgroup("half", "second", ~half)]
    table = compute_subgroups(y, risks, folds, groups, seed=1).set_index("subgroup")
    assert table.loc["first", "o_e_low"] > 1.3
    assert table.loc["second", "o_e_low"] < 1 < table.loc["second", "o_e_high"]


def test_under_ten_of_a_class_is_not_estimable() -> None:
    y, risks, folds = _draw(60, 3)
    y[:12] = [1.0] * 9 + [0.0] * 3
    y[12:40] = [1.0] * 14 + [0.0] * 14
    groups = [Subgroup("x", "few", np.arange(60) < 12), Subgroup("x", "pair", np.arange(60) > 57)]
    y[40:50] = NAN
    table = compute_subgroups(y, risks, folds, groups, seed=1)
    # Of one or two patients the number of events would tell their outcome: not shown.
    assert table["variable"].tolist() == [EVERYONE, "x"]
    assert table["n"].tolist() == [50, 12]
    assert table.loc[1, "events"] == 9
    assert table["auc"].isna().tolist() == [False, True]
    assert "not estimable" in table.loc[1, "note"]


def test_a_part_that_is_ranked_perfectly_gets_no_interval_of_certainty() -> None:
    y = np.repeat([0.0, 1.0], 10)
    risks, folds = np.linspace(0.1, 0.9, 20)[np.newaxis], np.zeros((1, 20), dtype=np.intp)
    row = compute_subgroups(y, risks, folds, [], n_bootstrap=20, seed=1).iloc[0]
    assert row["auc"] == 1
    assert row[["auc_low", "auc_high"]].isna().all()
    assert row["o_e_low"] < row["o_e"] < row["o_e_high"]
