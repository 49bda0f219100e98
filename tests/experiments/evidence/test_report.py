"""The evidence report, its pictures, its command, and the page for physicians."""

import pytest

from experiments.evidence.report import make_evidence_report
from features.dictionary.contract import CONTRACT
from features.dictionary.templates import make_redcap_dictionary
from features.mapping.mapping_file import read_mapping
from features.published.rates import BASE_RATES
from features.published.references import CHITNENI, MANGNUS, SIGTERMANS, ZHAO
from features.published.studies import read_studies
from tests.places import PROJECT
from training.document.document import Bullets, Document
from training.document.render import to_markdown

DOCS = PROJECT / "docs"


@pytest.fixture(scope="module")
def report() -> Document:
    return make_evidence_report(read_studies())


def test_report_sets_print_and_recomputation_side_by_side(report: Document) -> None:
    text = to_markdown(report).replace("\u00a0", " ")
    printed = "| at the end of treatment | as printed in Zhao 2018 | 8 | 69% | 53% to 84% |"
    stated = "studies as stated, log odds | 8 | 62% | 46% to 75% | 21% to 91% |"
    assert printed in text
    assert stated in text
    assert "| 7 of 8 | 64.4% | 50.2% to 78.6% |" in text
    assert "29/47" in text and "19/40" in text
    assert "So the one negative study is missing from the printed rates." in text


def test_every_doubt_about_every_study_is_in_the_report(report: Document) -> None:
    text = to_markdown(report)
    for study in read_studies():
        assert all(note in text for note in study.notes)


def test_the_report_begins_with_the_counts_and_what_is_not_known(report: Document) -> None:
    (first,) = report.sections[0].blocks
    assert isinstance(first, Bullets)
    counts, pooled, predictors = (item.replace("\u00a0", " ") for item in first.items)
    assert "29 of 47 at T1 (62%, 95% interval 47% to 74%)" in counts
    assert "19 of 40 at T2 (48%, 95% interval 33% to 63%)" in counts
    assert "69% in print at the end of treatment, 62% from the studies that it names" in pooled
    assert "(a new centre may expect 21% to 91%)" in pooled
    assert "has been validated" in predictors


def test_safety_is_context_and_says_so(report: Document) -> None:
    text = to_markdown(report)
    assert "| psychomimetic effects |" in text
    assert "28/30 (93%) | 5/30 |" in text
    assert "No estimate of this software says anything on harm" in text


def test_page_for_physicians_holds_the_counts_and_the_sources() -> None:
    page = (DOCS / "evidence.md").read_text()
    for rate in BASE_RATES[:2]:
        low, high = rate.interval
        ends = f"({100 * low:.0f} to {100 * high:.0f})"
        assert f"{rate.events}/{rate.n}" in page
        assert ends in page or f"95% interval {100 * low:.0f} to {100 * high:.0f}%" in page
    for reference in (MANGNUS, SIGTERMANS, ZHAO, CHITNENI):
        assert f"https://doi.org/{reference.doi}" in page
    assert "No predictor of response that is known before admission has been validated" in page


def test_what_authors_ask_for_becomes_a_redcap_dictionary() -> None:
    mapping = read_mapping(DOCS / "prospective.toml")
    text = make_redcap_dictionary(mapping.dictionary)
    for name in (
        "perceived_effect_t2",
        "work_t2",
        "opioid_mg_day_t2",
        "further_infusion",
        "blood_for_microrna",
        "temporal_summation_t0",
        "euroqol_vas_t0",
    ):
        assert f"\n{name}," in text
    assert len(text.splitlines()) > len(make_redcap_dictionary(CONTRACT).splitlines())
