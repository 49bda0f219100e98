"""What is told of the patients, their parts and those whose outcome is not known."""

from tests.training.helpers.evaluated import evaluate_small
from training.document.document import Table
from training.document.words import number, percent
from training.report.patients import (
    format_rate,
    make_missing_section,
    make_patients_section,
    make_size_section,
    make_subgroups_section,
)


def test_a_rate_has_its_interval() -> None:
    assert format_rate({"base_rate": 0.5, "low": 0.41, "high": 0.59}) == "50% (41% to 59%)"
    assert format_rate({}) == "–"


def test_outcomes_are_counted_for_each_horizon() -> None:
    description, _, _ = evaluate_small()
    table = make_patients_section(description).blocks[2]
    assert isinstance(table, Table)
    for row, (horizon, counts) in zip(table.rows, description.counts.items(), strict=True):
        assert row[:3] == (horizon.upper(), f"{counts['n']:.0f}", f"{counts['events']:.0f}")


def test_the_sample_is_set_beside_what_is_needed() -> None:
    description, evaluation, _ = evaluate_small()
    table = make_size_section(description).blocks[0]
    assert isinstance(table, Table)
    needs = [verdict.needed for verdict in description.verdicts.values()]
    assert [row[5] for row in table.rows] == [str(need.n) if need else "–" for need in needs]
    judged = make_size_section(description, evaluation).blocks[0]
    assert isinstance(judged, Table)
    own = evaluation.performance["t1"].loc["auc", "estimate"]
    assert f"{number(own)} (own)" in [row[4] for row in judged.rows]


def test_the_size_is_followed_by_what_it_would_have_found() -> None:
    description, evaluation, _ = evaluate_small()
    _, table = make_size_section(description, evaluation).blocks
    assert isinstance(table, Table)
    assert table.head == ("horizon", "known", "responders", "AUC 0.60", "AUC 0.65", "AUC 0.70")
    for row, (horizon, found) in zip(table.rows, evaluation.power.items(), strict=True):
        counts = description.counts[horizon]
        assert row[:3] == (horizon.upper(), f"{counts['n']:.0f}", f"{counts['events']:.0f}")
        best = found["power"].iloc[-1]
        assert row[-1] == percent(best) or best < 0.005
    assert list(table.data["horizon"]) == ["t1"] * 3 + ["t2"] * 3
    assert len(make_size_section(description).blocks) == 1


def test_every_part_of_the_cohort_has_a_row() -> None:
    _, evaluation, _ = evaluate_small()
    tables = [b for b in make_subgroups_section(evaluation).blocks if isinstance(b, Table)]
    for table, found in zip(tables, evaluation.judgements.values(), strict=True):
        assert [row[1] for row in table.rows] == found.subgroups["subgroup"].tolist()


def test_the_bounds_tell_how_many_outcomes_are_unknown() -> None:
    description, evaluation, _ = evaluate_small()
    table = make_missing_section(description, evaluation).blocks[-1]
    assert isinstance(table, Table)
    unknown = {h: found.bounds.attrs["unknown"] for h, found in evaluation.judgements.items()}
    assert {(row[0].lower(), int(row[1])) for row in table.rows} == set(unknown.items())
    assert "horizon" in table.data


def test_a_difference_is_told_with_its_interval_and_what_luck_would_show() -> None:
    description, evaluation, _ = evaluate_small()
    blocks = make_missing_section(description, evaluation).blocks[:-1]
    seen = [block for block in blocks if isinstance(block, Table)]
    assert seen
    for table in seen:
        place = list(table.shown.columns).index("difference (SMD, 95%)")
        assert table.shown.columns[place + 1] == "above 0.1 by luck"
        told = [row[place : place + 2] for row in table.rows if row[place + 1]]
        assert told
        assert all(" to " in difference and chance.endswith("%") for difference, chance in told)
