import re
from dataclasses import replace

import pytest

from tests.training.helpers.evaluated import DECISION, describe_small, evaluate_small
from training.document.document import Picture, Table
from training.document.render import to_html, to_markdown
from training.evaluation.evaluation import Evaluation, evaluate
from training.report.report import make_report
from training.study.study import Description


def _write(description: Description, evaluation: Evaluation | None) -> str:
    return to_markdown(make_report(description, evaluation), pictures=False)


def test_the_complete_report_holds_every_part() -> None:
    description, evaluation, _ = evaluate_small()
    document = make_report(description, evaluation)
    titles = [section.title for section in document.sections]
    assert titles == [
        "Summary",
        "What the data can bear",
        "Patients and outcomes",
        "Sample size",
        "Performance at T1",
        "Performance at T2",
        "Learning curve",
        "Instability",
        "Null test",
        "Parts of the cohort",
        "Patients without a known outcome",
        "What the estimate is made of",
        "How it was done",
    ]
    blocks = [block for section in document.sections for block in section.blocks]
    for kind in (Table, Picture):
        names = [block.name for block in blocks if isinstance(block, kind)]
        assert len(names) == len(set(names))
    text = to_markdown(document, pictures=False)
    for words in (
        "Harrell",
        "ICI",
        "avoided per 100 beyond all or none",
        "T2 is weighted",
        "Monte Carlo error",
        "mean absolute prediction error",
        "Bremberg",
        "not seen",
        "Seed 5",
    ):
        assert words in text, words
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text)


def test_the_page_needs_nothing_else() -> None:
    description, evaluation, _ = evaluate_small()
    page = to_html(make_report(description, evaluation))
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert page.count("<img") == page.count('src="data:image/png;base64,')
    assert page.count("<img") > 10
    assert "PSEUDONYM" not in page


def test_without_a_range_of_thresholds_none_is_chosen() -> None:
    description, evaluation, _ = evaluate_small()
    bare = {h: replace(found, decisions=None) for h, found in evaluation.judgements.items()}
    text = to_markdown(
        make_report(description, replace(evaluation, judgements=bare)), pictures=False
    )
    assert text.count("No range of decision thresholds was set") == 2
    assert "net benefit (95%)" not in text


def test_without_a_model_the_report_is_descriptive() -> None:
    description = replace(describe_small(n=40), shortfall="3 responders and 37 nonresponders")
    text = _write(description, None)
    assert "no model was fitted. 3 responders" in text
    assert "Performance" not in text
    assert "From all courses" in text


@pytest.mark.parametrize(("horizon", "other"), [("t1", "T2"), ("t2", "T1")])
def test_a_study_of_one_horizon_speaks_of_no_other_and_of_no_weights_for_it(
    horizon: str, other: str
) -> None:
    more = f'{DECISION}[outcome]\nhorizons = ["{horizon}"]\n'
    description = describe_small(reruns=2, more=more)
    text = _write(description, evaluate(description, null_permutations=2))
    assert horizon.upper() in text
    assert not re.search(rf"\b{other}\b|both horizons", text)
    assert not re.search(r"is weighted|are weighted|Not weighted|Weights: ", text)
