"""What the data can bear, in plain sentences."""

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.training.helpers.evaluated import evaluate_small, make_null_table
from training.evaluation.verdict import judge_sizes, make_verdict


def test_a_small_study_is_told_not_to_deploy() -> None:
    description, evaluation, _ = evaluate_small()
    verdict, *sentences = make_verdict(evaluation, description.verdicts)
    assert verdict == "Not enough data: do not deploy."
    assert any("5 parameters: about 3" in sentence for sentence in sentences)


def test_sizes_are_told_with_the_studys_own_auc() -> None:
    description, evaluation, _ = evaluate_small()
    judged = judge_sizes(evaluation, description.verdicts)
    for horizon, size in judged.items():
        auc = evaluation.performance[horizon].loc["auc"]
        own = [row.c_statistic for row in size.rows if row.source == "own"]
        assert own == [auc["estimate"]]
        assert size.needed == description.verdicts[horizon].needed
        assert f"{size.text}." in make_verdict(evaluation, description.verdicts)


def test_no_evidence_is_told_with_what_so_many_patients_would_have_found() -> None:
    description, evaluation, _ = evaluate_small()
    found = {
        "t1": pd.DataFrame({"auc": [0.6, 0.7], "power": [0.05, 0.312]}),
        "t2": pd.DataFrame({"auc": [0.6, 0.7], "power": [0.05, np.nan]}),
    }
    judgements = {}
    for horizon, judged in evaluation.judgements.items():
        table = judged.performance.copy()
        table.loc["brier_skill", "low"] = -0.01
        judgements[horizon] = replace(judged, performance=table)
    told = make_verdict(
        replace(evaluation, power=found, judgements=judgements), description.verdicts
    )
    words = "Of 100 studies like this one, about 31 would find a model that ranks patients with"
    assert [words in sentence for sentence in told if "no evidence" in sentence] == [True, False]
    for judged in judgements.values():
        judged.performance.loc["brier_skill", "low"] = 0.01
    told = make_verdict(
        replace(evaluation, power=found, judgements=judgements), description.verdicts
    )
    assert words not in " ".join(told)


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
