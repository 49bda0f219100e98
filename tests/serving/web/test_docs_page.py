"""The API's page."""

import json
import re
import shlex
from html import unescape

import pytest

from serving.estimate.predictor import Predictor
from serving.web.docs_page import render_docs
from serving.web.openapi import make_openapi
from tests.serving.helpers.models import make_loaded
from tests.serving.helpers.panels import make_loaded_with_panel


def _show(predictor: Predictor, *, base: str = "http://here/") -> str:
    return render_docs(make_openapi(predictor, version="1.2.3"), predictor, base=base)


@pytest.mark.parametrize("loaded", [make_loaded, make_loaded_with_panel])
def test_every_address_and_every_field_is_told(loaded):
    predictor = Predictor(loaded())
    page = _show(predictor)
    document = make_openapi(predictor, version="1.2.3")
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    for name, schema in document["components"]["schemas"].items():
        assert f'id="schema-{name}"' in page
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in page
    assert "at most 1,000,000 bytes" in page and "up to 100 patients" in page


def test_the_stamp_of_the_model_stands_on_it(predictor):
    page = _show(predictor)
    assert predictor.stamp and str(predictor.stamp) in unescape(page)
    assert 'class="stamp stamp-demonstration"' in page


def test_types_are_told_in_words(predictor):
    page = _show(predictor)
    assert "{patient: Patient, panel (optional): Panel or null}" in page
    assert "list of Answer or Problems" in page
    assert "number from 0 to 10 or null" in page
    assert "yes or no or unknown or true or false or null" in page


def test_the_command_sends_the_example(predictor):
    told = re.findall("<pre><code>(.*?)</code></pre>", _show(predictor), re.DOTALL)
    commands = [shlex.split(unescape(text)) for text in told]
    assert {words[0] for words in commands} == {"curl"}
    sent = {words[-1]: json.loads(words[-2]) for words in commands if "-d" in words}
    examples = make_openapi(predictor, version="1")["paths"]
    for path, name in (("/predict", "patient"), ("/predict_batch", "patients")):
        content = examples[path]["post"]["requestBody"]["content"]["application/json"]
        assert sent[f"http://here{path}"] == content["examples"][name]["value"]


def test_what_a_model_says_of_itself_is_no_markup():
    loaded = make_loaded(facts={"population": "<b>bold</b>"})
    page = _show(Predictor(loaded), base="http://here/<i>")
    assert "<b>bold" not in page and "<i>" not in page


def test_only_what_lies_here_is_loaded(predictor):
    page = _show(predictor)
    assert 'src="docs.js"' in page and page.count("<script") == 1
    addresses = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert addresses and not [address for address in addresses if "/" in address]
