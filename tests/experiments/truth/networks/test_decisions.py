"""Net benefit from counts, held against everybody's rows."""

from experiments.truth.networks.decisions import DECISION_WORLDS, tabulate_decisions


def test_net_benefit_is_nearly_that_of_all_rows_and_decides_alike() -> None:
    found = tabulate_decisions(12)
    assert list(found.index) == list(DECISION_WORLDS)
    assert (found["bias"] < 0.02).all()
    assert (found["sd_told"] < 1.25 * found["sd_exact"]).all()
    assert found.loc["very strong", "passes_told"] == 1
    assert (found.loc[["useless", "useless and sure"], "passes_told"] == 0).all()
