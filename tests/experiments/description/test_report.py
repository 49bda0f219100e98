"""The report of a described cohort, its pictures and its command."""

import pytest
from matplotlib.figure import Figure

from experiments.description.description import CohortDescription
from experiments.description.report import make_description_report
from training.document.document import Document
from training.document.files import to_values
from training.document.render import to_markdown


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_report_prints_the_numbers_of_the_paper(report: Document) -> None:
    text = to_markdown(report)
    assert "29/47 (62%, 95%\u00a0interval" in text or "29/47 (62%, 95% interval" in text
    assert "19/40 (48%" in text
    assert "19 responded at both, 6 lost their response, 0 gained one and 15 responded" in text
    assert "exact McNemar test, p = 0.031" in text
    assert "11 of 47 labels at T1 rest on the record's wording alone" in text
    assert "22 of 40 labels at T2 rest on the record's wording alone" in text
    assert "| T1: responder | 19 | 6 | 25 |" in text
    assert "| T1: nonresponder | 0 | 15 | 15 |" in text
    assert "dizziness, n (%; % of those with any) |  | 14 (29.2; 46.7) |" in text
    assert "Nothing is a prediction." in text


def test_tables_are_numbered_as_in_the_paper(report: Document) -> None:
    text = to_markdown(report)
    for caption in ("**Table 1.** Patients", "**Table 2.** Treatment", "**Table 3.** Response at"):
        assert caption in text


def test_simulated_patients_are_stamped(report: Document) -> None:
    assert report.stamp == "Simulated patients: every number here was made up by a program."


def test_published_rates_stand_beside_only_where_they_may(description: CohortDescription) -> None:
    alone = make_description_report(description, name="x", beside_published=False)
    rows = to_values(alone)["tables"]["rates"]
    assert all(row["published"] is None for row in rows)
    assert "Mangnus" not in to_markdown(alone)


def test_values_hold_full_precision(report: Document) -> None:
    tables = to_values(report)["tables"]
    assert tables["response_t1_t2"] == [
        {"both": 19, "lost": 6, "gained": 0, "neither": 15, "n": 40, "mcnemar_exact_p": 0.03125}
    ]
    t1 = next(row for row in tables["rates"] if row["rate"] == "t1")
    assert t1["share"] == pytest.approx(29 / 47, abs=1e-12)
