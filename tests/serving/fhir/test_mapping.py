from __future__ import annotations

import json
import re

from features.dictionary.codes import DRUG_CLASSES, MEASURED, SYSTEMS
from serving.estimate.request import MAX_BUNDLE
from serving.fhir.elements import place
from serving.fhir.mapping import describe_mapping
from serving.fhir.reading import read_bundle
from tests.places import PROJECT
from tests.serving.helpers.fhir import NOW, find_invalid

PAGE = (PROJECT / "docs" / "fhir.md").read_text(encoding="utf-8")


def test_the_page_has_the_codes_as_they_are():
    assert PAGE.endswith(describe_mapping() + "\n"), "write serving.fhir.mapping's tables into it"
    assert f"{MAX_BUNDLE:,} bytes" in PAGE


def test_every_code_is_in_it():
    told = describe_mapping()
    codes = [code for measured in MEASURED.values() for code in (*measured.codes, *measured.units)]
    codes += [code for drugs in DRUG_CLASSES.values() for code in (*drugs.within, *drugs.without)]
    codes += [uri for uris in SYSTEMS.values() for uri in uris]
    assert [code for code in codes if f"`{code}`" not in told] == []


def test_the_example_of_the_page_is_read_whole(predictor):
    content = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])
    found = read_bundle(place(content), predictor, now=NOW)
    assert found.problems == ()
    assert found.patient["nrs_t0"] == 8 and found.patient["crps_type"] == "1"
    assert find_invalid(content) == []
