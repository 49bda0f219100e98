"""What the data can bear, in plain sentences."""

from dataclasses import replace

from tests.training.helpers.evaluated import evaluate_small, make_null_table
from training.evaluation.verdict import make_verdict


def test_a_small_study_is_told_not_to_deploy() -> None:
    description, evaluation, _ = evaluate_small()
    verdict, *sentences = make_verdict(evaluation, description.verdicts)
    assert verdict == "Not enough data: do not deploy."
    assert any("5 parameters: about 3" in sentence for sentence in sentences)


def test_a_leak_is_told_before_anything_else() -> None:
    description, evaluation, _ = evaluate_small()
    leaking = replace(evaluation, null_test=make_null_table("failed"))
    verdict, *sentences = make_verdict(leaking, description.verdicts)
    assert "fails its null test" in verdict
    assert "failed by ridge at T1 (mean AUC 0.91)." in sentences[-1]


def test_a_null_test_that_passed_or_is_too_short_is_told_as_that() -> None:
    def _describe(verdict: str, n: int = 100) -> str:
        description, evaluation, _ = evaluate_small()
        tested = replace(evaluation, null_test=make_null_table(verdict, n=n))
        return make_verdict(tested, description.verdicts)[-1]

    passed = _describe("passed")
    assert passed == "Null test, 100 permutations: passed, mean AUC 0.51 to 0.51."
    short = _describe("passed", n=20)
    assert "does not count for approval" in short
    unsure = _describe("uncertain")
    assert "1 of 1 models and horizons need more" in unsure
