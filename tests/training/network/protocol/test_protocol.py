from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from features.errors import InputError, Refused
from tests.training.helpers.networks import KEYS, LEAD, TEXT, make_key, make_signed
from training.network.protocol.protocol import parse_protocol, read_protocol, sign_protocol
from training.network.protocol.round_words import ROUND_WORDS
from training.network.protocol.template import make_protocol_template


def _report(text: str, *, signed: bool = False) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_protocol(text.encode(), "network.toml", signed=signed)
    return caught.value.report().splitlines()[1:]


def test_a_signed_protocol_is_read_whole(tmp_path: Path) -> None:
    data = sign_protocol(TEXT.encode(), LEAD, "network.toml")
    (tmp_path / "network.toml").write_bytes(data)
    protocol = read_protocol(tmp_path / "network.toml")
    assert protocol.signed
    assert protocol.sha256 == hashlib.sha256(data).hexdigest()
    assert (protocol.name, protocol.horizons, protocol.rounds) == ("crps-network", ("t1", "t2"), 5)
    assert list(protocol.centres) == ["rotterdam", "aachen", "basel"]
    assert protocol.lead_key == LEAD.public
    assert protocol.limits.cell == 5 and protocol.limits.noise is None
    assert protocol.families == ("straight",)
    assert protocol.predictor_variables[1].name == "disease_duration_years"
    assert protocol.bins["nrs_t0"] == (0, 6, 7, 8, 10)
    # 8 on a center of 7.7 and a scale of 1.5; a missing duration is 5 years; flags by share.
    Z = protocol.basis.transform([[8.0, np.nan, 1.0, 0.0, np.nan]])
    assert Z[0, :2] == pytest.approx([0.2, (np.log(6) - 1.79) / 0.65])
    assert Z[0, 2:] == pytest.approx(
        [0.375 / np.sqrt(0.625 * 0.375), -0.25 / np.sqrt(0.25 * 0.75), 0]
    )


def test_signing_again_takes_the_place_of_the_signature() -> None:
    once = sign_protocol(TEXT.encode(), LEAD, "network.toml")
    assert sign_protocol(once, LEAD, "network.toml") == once
    assert once.count(b"[signature]") == 1
    windows = once.replace(b"\n", b"\r\n")
    assert sign_protocol(windows, LEAD, "network.toml") == once
    changed = once.replace(b"cell = 5", b"cell = 6")
    with pytest.raises(Refused, match="another protocol is another network"):
        sign_protocol(changed, LEAD, "network.toml")
    assert b"cell = 6" in sign_protocol(changed, LEAD, "network.toml", force=True)


def test_changed_line_ends_are_called_so_and_nothing_else_is() -> None:
    signed = sign_protocol(TEXT.encode(), LEAD, "network.toml").decode()
    (told,) = _report(signed.replace("\n", "\r\n"))
    assert "line ends were changed (CRLF); ask its lead for the file as it was" in told
    (told,) = _report(signed.replace("cell = 5", "cell = 6").replace("\n", "\r\n"))
    assert "CRLF" not in told
    (told,) = _report("\ufeff" + signed)
    assert "it begins with a byte order mark; ask its lead for the file as it was" in told


def test_a_centre_has_another_key_than_the_lead() -> None:
    (told,) = _report(TEXT.replace(KEYS["basel"].public, LEAD.public))
    assert "centres.basel: expected a key of its own; got the lead's key" in told


def test_what_nobody_has_described_is_not_signed() -> None:
    text = make_protocol_template(
        "net", centres={n: k.public for n, k in KEYS.items()}, lead=("Ada", LEAD.public)
    )
    with pytest.raises(InputError) as caught:
        sign_protocol(text.encode(), LEAD, "network.toml")
    undescribed = ["population.description", "treatment.description"]
    assert [problem.column for problem in caught.value.problems] == undescribed
    # Nor is anything else told before it: all that is to be filled in is named at once.
    with pytest.raises(InputError) as caught:
        sign_protocol(make_protocol_template("net").encode(), LEAD, "network.toml")
    told = [problem.column for problem in caught.value.problems]
    assert told == ["centres", "lead.name", "lead.key", *undescribed]
    with pytest.raises(InputError) as caught:
        sign_protocol(text.encode(), KEYS["basel"], "network.toml")
    assert [problem.column for problem in caught.value.problems] == ["lead.key", *undescribed]
    with pytest.raises(InputError, match="is not TOML"):
        sign_protocol(b"[", LEAD, "network.toml")


def test_an_unsigned_protocol_can_be_checked_but_not_followed() -> None:
    assert not parse_protocol(TEXT.encode(), "network.toml", signed=False).signed
    assert _report(TEXT, signed=True) == [
        "  [signature]: expected the lead's signature, as the last table of the file; got none; "
        "its lead signs it: ketresponse network protocol FILE --key KEY"
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("cell = 5", "cell = 3"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(LEAD.public, make_key(7).public),
        lambda text: text + "[limits.noise]\nepsilon = 100\n",
        lambda text: text + '[language.nl]\npopulation = "x"\n',
        lambda text: text.replace('ed25519 = "', 'ed25519 = "00')[:-4] + '"\n',
    ],
)
def test_a_protocol_that_was_changed_after_signing_is_refused(change: object) -> None:
    signed = sign_protocol(TEXT.encode(), LEAD, "network.toml").decode()
    told = _report(change(signed))  # type: ignore[operator]
    assert any("the lead's signature" in line or "[signature]" in line for line in told)


def test_nobody_else_signs_for_the_lead() -> None:
    with pytest.raises(InputError, match=r"lead\.key: expected the public key of the key that"):
        sign_protocol(TEXT.encode(), KEYS["basel"], "network.toml")


def test_every_problem_of_a_protocol_is_told_at_once() -> None:
    text = (
        TEXT.replace('rule = "fall2_or_success"', 'rule = "fall99"')
        .replace("scale = 1.5\n", "scale = 0\n")
        .replace("[basis.opioid]\nshare = 0.625\n", "")
        .replace("center = 1.79", "center = 5")
        .replace('families = ["straight"]', 'families = ["straight", "bends"]')
        .replace("cell = 5", "cell = 1\nsell = 5")
        .replace("number = 5", "number = 4")
        .replace("nrs_t0 = [0, 6,", "opioid = [0, 1]\nnrs_t0 = [0, 0,")
        .replace(f'basel = "{KEYS["basel"].public}"', f'Basel = "ed"\nbern = "{LEAD.public[:-1]}"')
        .replace("aachen =", f'ulm = "{KEYS["rotterdam"].public}"\naachen =')
    )
    told = [line.partition(": expected")[0].strip() for line in _report(text)]
    assert sorted(told) == sorted(
        [
            "outcome.rule",
            "basis.nrs_t0.scale",
            "[basis.opioid]",
            "basis.disease_duration_years.center",
            "limits.cell",
            "limits.sell",
            "rounds.words",
            "bins.opioid",
            "bins.nrs_t0",
            "centres.Basel",
            "centres.Basel",
            "centres.bern",
            "centres.ulm",
        ]
    )


def test_bends_need_knots_and_have_columns_with_them() -> None:
    bends = TEXT.replace('families = ["straight"]', 'families = ["straight", "bends"]')
    assert _report(bends) == [
        "  basis: expected knots of at least one number, where model.families names bends; got none"
    ]
    protocol = parse_protocol(bends.replace("# knots", "knots").encode(), "x", signed=False)
    assert protocol.basis.linear_.tolist() == [True, False, True, True, True, True]


def test_words_on_rounds_say_what_happens_and_nothing_else() -> None:
    told = _report(TEXT.replace("none under the limit", "all of them"))
    assert [line.partition(" expected")[0] for line in told] == ["  rounds.words:"] * 2
    assert "of round 1 what this version shares in it (How many patients" in told[0]
    assert f'write: "{ROUND_WORDS[0]}"' in told[0]


def test_words_that_are_missing_or_too_many_are_told() -> None:
    (told,) = _report(TEXT.replace("number = 5", "number = 7"))
    assert told.endswith(f'got 5; add "{ROUND_WORDS[5]}", "{ROUND_WORDS[6]}"')
    (told,) = _report(TEXT.replace("number = 5", "number = 3"))
    assert told.endswith("got 5; delete the last 2")


def test_a_variable_of_the_networks_own_is_declared_for_all() -> None:
    text = TEXT.replace('"anti_epileptic"]', '"anti_epileptic", "iss"]').replace(
        "[bins]",
        '[variables.iss]\nkind = "integer"\nknown_at = "baseline"\nlow = 1\nhigh = 75\n'
        "[basis.iss]\nlow = 1\nhigh = 75\nfill = 20\ncenter = 20\nscale = 12\n[bins]\n",
    )
    protocol = make_signed(text)
    assert [variable.name for variable in protocol.declared] == ["iss"]
    assert protocol.dictionary["iss"].high == 75
    assert protocol.basis.n_features_in_ == 6


def test_own_words_in_another_language_are_kept() -> None:
    text = TEXT.replace("[rounds]", '[language.nl]\npopulation = "mensen"\n[rounds]')
    protocol = make_signed(text)
    assert protocol.texts["nl"] == {protocol.population: "mensen"}
