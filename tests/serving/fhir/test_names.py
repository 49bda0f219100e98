from __future__ import annotations

import re

from serving.fhir.names import NAMESPACE, name_questionnaire


def test_names_lead_to_nobody():
    # RFC 2606: no name under .invalid is ever given out.
    assert NAMESPACE.split("/")[2].endswith(".invalid")


def test_a_model_of_any_name_has_a_questionnaire():
    last = name_questionnaire("Schmerz ü/ß " * 20).rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", last)
