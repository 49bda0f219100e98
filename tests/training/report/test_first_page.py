"""The first page of a report, read alone."""

import re
from dataclasses import replace
from functools import cache

import pytest

from tests.training.helpers.evaluated import DECISION, describe_small, evaluate_small
from training.document.document import Bullets, Picture, Section, Table
from training.document.render import to_html, to_markdown
from training.evaluation.evaluation import Evaluation, evaluate
from training.report.first_page import list_steps, make_first_page
from training.report.report import make_report
from training.report.summary import make_summary
from training.study.study import Description


@cache
def _evaluate_constant() -> tuple[Description, Evaluation]:
    described = describe_small(reruns=3, more=DECISION)
    procedure = replace(described.study.procedure, candidates=("prevalence",))
    described = replace(described, study=replace(described.study, procedure=procedure))
    return described, evaluate(described)


def _take(section: Section) -> tuple[Bullets, Picture, Table, Bullets, Bullets]:
    headline, picture, numbers, sizes, _, steps = section.blocks
    assert isinstance(headline, Bullets) and isinstance(picture, Picture)
    assert isinstance(numbers, Table) and isinstance(sizes, Bullets) and isinstance(steps, Bullets)
    return headline, picture, numbers, sizes, steps


def test_the_first_page_holds_sentence_picture_numbers_size_and_next_step() -> None:
    description, evaluation, _ = evaluate_small()
    headline, picture, numbers, sizes, steps = _take(make_first_page(description, evaluation))
    assert headline.tone == "headline" and len(headline.items) == 2
    assert "of all responded" in picture.alt
    assert len(numbers.rows) == 4
    assert numbers.head == ("", "T1 (95% interval)", "T2 (95% interval)", "how to read it")
    assert all("known outcome; about" in sentence for sentence in sizes.items)
    assert steps.items[0] == "Use it for no patient."
    assert list(steps.items) == list_steps(description, evaluation)


def test_the_share_at_t2_is_told_with_every_denominator() -> None:
    description, evaluation, _ = evaluate_small()
    _, _, numbers, _, _ = _take(make_first_page(description, evaluation))
    told = numbers.note.split("Responded at T2: ")[1]
    counts, kept = description.counts, description.labels.counts()["kept"]
    assert isinstance(kept, dict)
    n = [int(x) for x in re.findall(r"(?<![T\d])\d+", told.partition(" The rest")[0])]
    seen = kept["responders"] + kept["nonresponders"]
    assert n == [
        *(int(counts["t1"][name]) for name in ("events", "n")),
        kept["responders"],
        seen,
        *(int(counts["t2"][name]) for name in ("events", "n")),
    ]
    share = n[0] / n[1] * n[2] / n[3]
    assert numbers.rows[0][2].startswith(f"{100 * share:.0f}% (")


def test_a_constant_model_is_told_as_what_it_is_and_nothing_is_drawn_of_its_differences() -> None:
    description, evaluation = _evaluate_constant()
    rate = f"{100 * description.counts['t1']['base_rate']:.0f}%"
    sentence = f"This model gives everyone {rate}: nothing in these"
    report = make_report(description, evaluation)
    pictures = [b for s in report.sections for b in s.blocks if isinstance(b, Picture)]
    assert [picture.name for picture in pictures] == ["estimates"]
    text = to_markdown(report, pictures=False)
    page, terminal = to_html(report), make_summary(description, evaluation)
    for told in (text, page, terminal):
        assert sentence in told
        assert "Calibration slope" not in told and "own AUC" not in told
        assert "Serve it" not in told
    assert terminal.index(sentence) < terminal.index("do not deploy")
    assert "| AUC |" not in terminal
    names = {b.name for s in report.sections for b in s.blocks if isinstance(b, Table)}
    assert {"summary", "performance_t1", "sample_size"} <= names
    assert not {n for n in names if n.startswith(("thresholds", "learning", "classification"))}


@pytest.mark.usefixtures("undrawn")
def test_the_report_lists_what_follows_its_summary() -> None:
    description, evaluation, _ = evaluate_small()
    report = make_report(description, evaluation)
    page = to_html(report)
    links = re.findall(r'<a href="#([^"]+)">', page)
    assert len(links) == len(report.sections) - 1
    assert all(page.count(f'id="{link}"') == 1 for link in links)
