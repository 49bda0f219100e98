from __future__ import annotations

import pytest

from features.errors import InputError
from tests.training.helpers.networks import KEYS, LEAD
from training.network.protocol.protocol import parse_protocol
from training.network.protocol.template import make_protocol_template


def test_a_template_lacks_only_who_takes_part() -> None:
    with pytest.raises(InputError) as caught:
        parse_protocol(make_protocol_template("net").encode(), "network.toml", signed=False)
    assert [problem.column for problem in caught.value.problems] == [
        "centres",
        "lead.name",
        "lead.key",
    ]


def test_what_is_told_is_filled_in_whatever_its_letters() -> None:
    text = make_protocol_template(
        "net",
        centres={name: key.public for name, key in KEYS.items()},
        lead=('Ärztin "A" {x}', LEAD.public),
        population="simulated\\patients",
        treatment="a course",
    )
    protocol = parse_protocol(text.encode(), "network.toml", signed=False)
    assert (protocol.lead, protocol.population) == ('Ärztin "A" {x}', "simulated\\patients")
    assert protocol.limits.remaining == 0.05


@pytest.mark.parametrize("name", ["", "My Net", "net/1"])
def test_a_name_that_no_model_can_have_is_told_before_anything_is_written(name: str) -> None:
    with pytest.raises(InputError, match="name: expected lower case letters, digits, - and _"):
        make_protocol_template(name)
