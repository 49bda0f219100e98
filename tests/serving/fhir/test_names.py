from __future__ import annotations

import re

from serving.fhir.names import NAMESPACE, is_id, name_questionnaire


def test_names_lead_to_nobody():
    # RFC 2606: no name under .invalid is ever given out.
    assert NAMESPACE.split("/")[2].endswith(".invalid")


def test_a_model_of_any_name_has_a_questionnaire():
    last = name_questionnaire("Schmerz ü/ß " * 20).rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", last)


def test_an_id_is_what_r4_says():
    assert is_id("p-1.A") and is_id("x" * 64)
    assert not any(map(is_id, ("", "x" * 65, "Jane Doe", "a_b", "\ud800", "a\n")))
