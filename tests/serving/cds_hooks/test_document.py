from __future__ import annotations

import asyncio
import json

from jsonschema_rs import validator_for

from serving.cds_hooks.app import CdsDesk
from serving.cds_hooks.document import describe_cds_addresses, make_example_call
from serving.cds_hooks.services import SERVICES
from serving.fhir.servers import FhirServers
from serving.language.language import LANGUAGES

ONE = "/cds-services/{service}"


def test_the_made_up_call_is_answered_with_a_card_as_the_document_has_it(predictor):
    told = describe_cds_addresses(predictor)[ONE]["post"]
    content = told["requestBody"]["content"]["application/json"]
    call = content["examples"]["patient"]["value"]
    assert call == make_example_call(predictor)
    assert validator_for(content["schema"]).is_valid(call)
    desk = CdsDesk(predictor, None, FhirServers())
    found = asyncio.run(
        desk.give_cards(
            SERVICES["ketresponse-patient-view"],
            json.dumps(call).encode(),
            base="https://e.example",
            language=LANGUAGES["en"],
            caller="ehr",
        )
    )
    assert "of 100 such patients" in found["cards"][0]["summary"]
    answered = told["responses"]["200"]["content"]["application/json"]["schema"]
    validator_for(answered, validate_formats=True).validate(found)


def test_which_services_there_are_everybody_may_know(predictor):
    told = describe_cds_addresses(predictor)
    assert list(told) == ["/cds-services", ONE, f"{ONE}/feedback"]
    assert told["/cds-services"]["get"]["security"] == []
    for path in (ONE, f"{ONE}/feedback"):
        assert "security" not in told[path]["post"]
        assert {"400", "401", "403", "404", "503"} <= set(told[path]["post"]["responses"])
