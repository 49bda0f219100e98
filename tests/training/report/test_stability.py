"""What is told of other patients, of more of them, and of outcomes with nothing to find."""

from dataclasses import replace

from tests.training.helpers.evaluated import evaluate_small, make_null_table
from training.document.document import Table
from training.document.words import with_interval
from training.report.stability import (
    make_instability_section,
    make_learning_section,
    make_null_test_section,
)


def test_without_reruns_and_null_test_the_sections_say_so() -> None:
    description, evaluation, _ = evaluate_small()
    bare = {h: replace(found, instability=None) for h, found in evaluation.judgements.items()}
    without = replace(evaluation, judgements=bare, null_test=None, learning={})
    assert "Not looked at: the bootstrap reruns were switched off" in str(
        make_instability_section(without).blocks
    )
    assert "--null-test 100" in str(make_null_test_section(without).blocks)
    assert "Switched off" in str(make_learning_section(description, without).blocks)


def test_a_learning_curve_says_which_repeats_it_is_of_and_ends_at_the_performance() -> None:
    description, evaluation, _ = evaluate_small()
    words, _, table, *_ = make_learning_section(description, evaluation).blocks
    assert "in the first of the 2 repeats" in str(words)
    assert isinstance(table, Table)
    for horizon, found in evaluation.performance.items():
        last = evaluation.learning[horizon].iloc[-1]
        assert last["auc"] == found.loc["auc", "estimate"]
        assert last["brier_skill_high"] == found.loc["brier_skill", "high"]
    row = evaluation.performance["t1"].loc["auc"]
    assert table.rows[-1][1] == with_interval(row["estimate"], row["low"], row["high"])
    study = description.study
    every = study.resampling.model_copy(update={"learning_curve": 2})
    alike = replace(description, study=replace(study, resampling=every))
    assert "repeats" not in str(make_learning_section(alike, evaluation).blocks[0])


def test_reruns_that_gave_no_model_are_told() -> None:
    _, evaluation, _ = evaluate_small()
    failed = replace(evaluation, failures=("LinAlgError", "LinAlgError"))
    words = make_instability_section(failed).blocks[0]
    assert "2 reruns gave no model (LinAlgError)" in str(words)


def test_each_horizon_has_its_row_and_its_pictures() -> None:
    _, evaluation, _ = evaluate_small()
    section = make_instability_section(evaluation)
    table = section.blocks[1]
    assert isinstance(table, Table)
    assert [(row[0], row[-1]) for row in table.rows] == [("T1", "8"), ("T2", "8")]
    assert len(section.blocks) == 2 + 2 * 4


def test_horizons_are_permuted_together_only_where_there_are_two() -> None:
    _, evaluation, _ = evaluate_small()
    assert "both horizons together" in str(make_null_test_section(evaluation).blocks[0])
    one = replace(evaluation, null_test=make_null_table("passed"))
    assert "over the patients and the procedure" in str(make_null_test_section(one).blocks[0])
