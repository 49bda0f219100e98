"""A training in a few lines, for the terminal."""

from dataclasses import replace

from tests.training.helpers.evaluated import evaluate_small, make_null_table
from training.report.summary import make_summary


def test_a_leak_is_told_in_the_summary() -> None:
    description, evaluation, _ = evaluate_small()
    leaking = replace(evaluation, null_test=make_null_table("failed"))
    assert "leaks" in make_summary(description, leaking)


def test_the_summary_is_short_and_holds_what_counts() -> None:
    description, evaluation, _ = evaluate_small()
    text = make_summary(description, evaluation)
    assert len(text.splitlines()) < 40
    assert "corrected for optimism" in text
    assert text.count("| AUC |") == 2
    assert "Instability" in text
    assert "prevalence only" in text


def test_few_reruns_are_not_to_be_quoted() -> None:
    description, evaluation, _ = evaluate_small()  # 8 reruns
    text = " ".join(make_summary(description, evaluation).split())
    assert "Only 8 reruns: the corrected values and their intervals are not to be quoted" in text
