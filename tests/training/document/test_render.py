"""A document as a page and as Markdown."""

import re
from base64 import b64encode

import pytest
from jinja2 import UndefinedError

from tests.training.helpers.documents import PNG, REPORT
from training.document.document import Bullets, Document, Drawing, Drawings, Section
from training.document.render import make_environment, to_html, to_markdown


def test_markdown_numbers_tables_and_pictures_and_keeps_cells_apart() -> None:
    text = to_markdown(REPORT)
    assert "**Simulated**" in text
    assert "**Table 1.** Caption" in text
    assert "**Table 2.** Other" in text
    assert "![alt text](figure_1_dot.png)" in text
    assert "| a\\|b | 50% |\n| &lt;i> |  |" in text
    assert "figure_1" not in to_markdown(REPORT, pictures=False)


def test_html_escapes_and_needs_nothing_from_elsewhere() -> None:
    page = to_html(REPORT)
    assert "<title>Title &amp; more</title>" in page
    assert "<p>A &lt; B.</p>" in page
    assert '<td class="short">&lt;i&gt;</td><td class="short"></td>' in page
    assert f'src="data:image/png;base64,{b64encode(PNG).decode()}"' in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "<script" not in page
    assert "http" not in page


def test_drawings_and_warnings_are_shown_in_both_forms() -> None:
    svg = "<svg><title>a dot</title></svg>"
    report = Document(
        "T",
        "",
        "",
        (
            Section(
                "One",
                (Bullets(("Beware.",), "warning"), Drawings((Drawing(svg, "A <dot>"),), "Note")),
            ),
        ),
    )
    page = to_html(report)
    assert svg in page  # a drawing is part of the page
    assert "A &lt;dot&gt;" in page
    assert "Beware." in to_markdown(report)
    assert "Note" in to_markdown(report)


def test_what_people_have_written_never_becomes_a_heading_or_a_tag_in_markdown() -> None:
    text = "p <0.001\n# Approved <b>now</b> <!-- x"
    shown = to_markdown(Document("T", text, "", ()))
    assert "p <0.001 # Approved &lt;b>now&lt;/b> &lt;!-- x" in shown


def test_a_template_that_asks_for_what_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_environment().get_template("document.html").render()


def test_each_package_has_one_environment_for_each_form() -> None:
    assert make_environment() is make_environment()
    assert make_environment().autoescape is True
    assert make_environment(markdown=True).autoescape is False
