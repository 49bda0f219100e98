"""What is told of other patients, of more of them, and of outcomes with nothing to find."""

from dataclasses import replace

from tests.training.helpers.evaluated import evaluate_small, make_null_table
from training.document.document import Table
from training.report.stability import (
    make_instability_section,
    make_learning_section,
    make_null_test_section,
)


def test_without_reruns_and_null_test_the_sections_say_so() -> None:
    description, evaluation, _ = evaluate_small()
    bare = {h: replace(found, instability=None) for h, found in evaluation.judgements.items()}
    without = replace(evaluation, judgements=bare, null_test=None, learning={})
    assert "Bootstrap reruns were switched off" in str(make_instability_section(without).blocks)
    assert "--null-test 100" in str(make_null_test_section(without).blocks)
    assert "Switched off" in str(make_learning_section(description, without).blocks)


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
