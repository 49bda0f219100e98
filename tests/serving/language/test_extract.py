from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from serving.language import extract
from serving.language.catalogue import read_catalogue
from serving.language.extract import extract_texts, update_catalogues

ROOT = Path(__file__).resolve().parents[3]
_PERCENT = re.compile(r"%\((\w+)\)(s)|(%%)|(%)")


@pytest.fixture(scope="module")
def template():
    return extract_texts(ROOT)


def _to_forms(value):
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _find_places(text, *, braces):
    """Return the places for values: a sentence with values has them, another has text only."""
    if braces:
        return sorted((name, spec) for _, name, spec, _ in Formatter().parse(text) if name)
    return sorted(found[0] for found in _PERCENT.finditer(text))


def test_what_templates_source_and_dictionary_say_is_found(template):
    said = {form for message in template for form in _to_forms(message.id)}
    assert {"Age", "S-ketamine", "years", "in years: 9 months is 0.75"} <= said


@pytest.mark.parametrize("code", ["nl", "de"])
class TestCatalogue:
    def test_holds_all_that_is_said_and_nothing_else(self, code, template):
        catalogue = read_catalogue(code)
        assert {m.id for m in template} == {m.id for m in catalogue}
        assert not catalogue.obsolete
        assert not [m.id for m in catalogue if m.fuzzy and m.id]
        assert not [m.id for m in catalogue if not all(_to_forms(m.string))]

    def test_puts_every_value_where_it_has_one(self, code):
        for message in read_catalogue(code):
            if not message.id:
                continue
            forms = _to_forms(message.id)
            braces = not any("%(" in form or "%%" in form for form in forms)
            wanted = {str(_find_places(form, braces=braces)) for form in forms}
            told = {str(_find_places(form, braces=braces)) for form in _to_forms(message.string)}
            assert told == wanted, message.id


def test_a_catalogue_is_brought_up_to_what_is_said(tmp_path, monkeypatch):
    for code in ("nl", "de"):
        (tmp_path / f"{code}.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
            'msgid "Age"\nmsgstr "mine"\n\nmsgid "said no longer"\nmsgstr "old"\n'
        )
    source = tmp_path / "source" / "serving"
    source.mkdir(parents=True)
    (source / "a.py").write_text(
        'say("new {n}", n=1)\nsay_count("{count} one", "{count} many", n)\n'
    )
    (source / "templates").mkdir()
    (source / "templates" / "a.html").write_text('{{ _("in a page") }}{% trans %}tag{% endtrans %}')
    monkeypatch.setattr(extract, "CATALOGUES", tmp_path)
    monkeypatch.setattr("serving.language.catalogue.CATALOGUES", tmp_path)
    lacking = update_catalogues(tmp_path / "source")
    catalogue = read_catalogue("nl")
    assert catalogue["Age"].string == "mine"
    assert "said no longer" not in catalogue
    assert {"new {n}", "in a page", "tag"} < {m.id for m in catalogue}
    assert ("{count} one", "{count} many") in {m.id for m in catalogue}
    assert lacking["nl"] == lacking["de"] == len(catalogue) - 1
    before = (tmp_path / "nl.po").read_bytes()
    update_catalogues(tmp_path / "source")
    assert (tmp_path / "nl.po").read_bytes() == before
