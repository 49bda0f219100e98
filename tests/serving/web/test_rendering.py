"""The templates of all pages."""

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from serving.web.rendering import ASSETS, render


def test_what_a_template_asks_for_and_does_not_get_is_an_error():
    with pytest.raises(UndefinedError):
        render("clinic.html")
    with pytest.raises(TemplateNotFound):
        render("no_such_page.html")


def test_files_that_go_with_the_pages_are_there_and_take_nothing_from_elsewhere():
    names = {path.name for path in ASSETS.iterdir()}
    assert "clinic.html" in names
    sheets = [path for path in ASSETS.iterdir() if path.suffix == ".css"]
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert "@import" not in text
        assert "//" not in text.replace("http://www.w3.org/", "")
