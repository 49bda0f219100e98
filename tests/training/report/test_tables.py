"""Tables that two reports share."""

from types import SimpleNamespace

import pandas as pd

from training.document.document import each_row
from training.report.tables import (
    make_bounds_table,
    make_power_table,
    make_thresholds_table,
    stack_horizons,
)


def test_horizons_stand_below_each_other() -> None:
    one = pd.DataFrame({"n": [1, 2]})
    stacked = stack_horizons({"t1": one, "t2": one + 2}, upper=True)
    assert stacked["horizon"].tolist() == ["T1", "T1", "T2", "T2"]
    assert stacked["n"].tolist() == [1, 2, 3, 4]


def test_bounds_are_told_with_the_unknown_of_their_horizon() -> None:
    bounds = pd.DataFrame(
        [("auc", 0.612, 0.48, 0.7)], columns=["metric", "known", "lowest", "highest"]
    )
    rows = [("t2", 9, row) for row in each_row(bounds)]
    table = make_bounds_table(rows, "Note.", bounds)
    assert table.rows == [("T2", "9", "AUC", "0.61", "0.48", "0.70")]
    assert table.data is bounds


def test_a_threshold_is_told_with_every_share_in_its_own_column() -> None:
    shares = {"sensitivity": 0.8, "specificity": 0.4, "ppv": 0.7, "npv": 0.6}
    row = {"threshold": 0.5, "share_positive": 0.62}
    for name, share in shares.items():
        row |= {name: share, f"{name}_low": share - 0.1, f"{name}_high": share + 0.1}
    curve = {"threshold": 0.5, "treat_all": 0.2, "avoided_per_100": 12.4}
    curve |= {"avoided_per_100_low": -3.2, "avoided_per_100_high": 20.6}
    curve |= {"net_benefit": 0.25, "net_benefit_low": 0.1, "net_benefit_high": 0.4}
    table = make_thresholds_table("t1", pd.DataFrame([row]), pd.DataFrame([curve]), "First. ")
    assert table.name == "thresholds_t1"
    assert table.note.startswith("First. Predictive values")
    assert table.rows == [
        (
            "50%",
            "62%",
            "80% (70% to 90%)",
            "40% (30% to 50%)",
            "70% (60% to 80%)",
            "60% (50% to 70%)",
            "0.25 (0.10 to 0.40)",
            "0.20",
            "12 (−3 to 21)",
        )
    ]


def test_power_is_told_without_certainty_and_where_there_is_none() -> None:
    rows = [
        SimpleNamespace(auc=auc, power=power, mc_error=error, n_studies=n)
        for auc, power, error, n in [
            (0.6, 0.001, 0.001, 600),
            (0.65, 0.999, 0.0122, 250),
            (0.7, None, None, 0),
        ]
    ]
    size = SimpleNamespace(n=48, events=23)
    table = make_power_table({"t1": rows, "t2": rows}, {"t1": size})
    assert table.rows == [("T1", "48", "23", "<1%", ">99%", "–")]
    assert "250 simulated studies each; Monte Carlo standard error up to 1.2%." in table.note
    assert table.note.endswith("–: these predictors cannot rank patients so well.")
