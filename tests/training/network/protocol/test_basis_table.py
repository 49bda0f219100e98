from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.dictionary.agreed import AgreedNumber, AgreedShares
from features.dictionary.contract import CONTRACT
from training.network.protocol.basis_table import read_basis

PAIN = {"low": 3, "high": 10, "fill": 8, "center": 7.7, "scale": 1.5}
YEARS = {"low": 0.1, "high": 40, "fill": 5, "center": 1.79, "scale": 0.65}
LIMB = {"share": {"upper": 0.4, "lower": 0.5, "both": 0.1}}


def _problems(name: str, table: object) -> list[str]:
    _, problems = read_basis({name: table}, [name], CONTRACT)
    return [problem.text(values=True) for problem in problems]


def test_numbers_are_taken_as_they_are_agreed() -> None:
    tables = {"disease_duration_years": YEARS, "nrs_t0": {**PAIN, "knots": [5, 8, 9]}}
    agreed, problems = read_basis(tables, ["nrs_t0", "disease_duration_years"], CONTRACT)
    assert problems == []
    assert list(agreed) == ["nrs_t0", "disease_duration_years"]
    assert agreed["nrs_t0"] == AgreedNumber(3, 10, 8, 7.7, 1.5, (5, 8, 9))


def test_center_and_scale_of_a_flag_follow_from_its_share() -> None:
    tables: dict[str, Any] = {"opioid": {"share": 0.5}, "sex": {"share": {"female": 1, "male": 0}}}
    agreed, problems = read_basis(tables, ["opioid", "sex"], CONTRACT)
    assert problems == []
    assert agreed["opioid"] == AgreedShares((0.5,), (0.5,), (0.5,))
    # A rare value is not divided by less than the spread of a share of 10%.
    assert agreed["sex"] == AgreedShares((0,), (0,), (0.3,))
    told, _ = read_basis({"opioid": {"share": 0.5, "center": 0, "scale": 1}}, ["opioid"], CONTRACT)
    assert told["opioid"] == AgreedShares((0.5,), (0,), (1,))


def test_a_category_has_a_share_for_each_value_and_a_column_for_each_but_the_first() -> None:
    agreed, problems = read_basis({"affected_site": LIMB}, ["affected_site"], CONTRACT)
    assert problems == []
    told = agreed["affected_site"]
    assert isinstance(told, AgreedShares)
    assert told.share == told.center == (0.5, 0.1)
    assert told.scale == pytest.approx((0.5, np.sqrt(0.09)))


@pytest.mark.parametrize(
    ("name", "table", "told"),
    [
        ("nrs_t0", {**PAIN, "low": -1}, "basis.nrs_t0.low: expected from 0 to 10, the range"),
        ("nrs_t0", {**PAIN, "high": 3}, "basis.nrs_t0.high: expected more than low, which is 3"),
        ("nrs_t0", {**PAIN, "fill": 2}, "basis.nrs_t0.fill: expected from low to high (3 to 10)"),
        ("nrs_t0", {**PAIN, "center": 11}, "basis.nrs_t0.center: expected from 3 to 10, between"),
        ("nrs_t0", {**PAIN, "scale": 0}, "basis.nrs_t0.scale: expected more than 0; got 0"),
        ("nrs_t0", {**PAIN, "knots": [5, 8]}, "basis.nrs_t0.knots: expected none, 3 or 4"),
        ("nrs_t0", {**PAIN, "knots": [5, 8, 8]}, "basis.nrs_t0.knots: expected rising, and not"),
        ("nrs_t0", {**PAIN, "knots": [2, 8, 9]}, "basis.nrs_t0.knots: expected from 3 to 10"),
        ("nrs_t0", {**PAIN, "low": "3"}, "basis.nrs_t0.low: expected a number; got '3'"),
        ("nrs_t0", {"share": 0.5}, "basis.nrs_t0.low: expected a value; got nothing; add it"),
        (
            "disease_duration_years",
            {**YEARS, "center": 5},
            "basis.disease_duration_years.center: expected on the scale of log(1 + x), from "
            "0.09531 to 3.714",
        ),
        ("opioid", {"share": 1.5}, "basis.opioid.share: expected from 0 to 1; got 1.5"),
        (
            "affected_site",
            {"share": {"upper": 0.5, "lower": 0.5}},
            "basis.affected_site.share: expected an entry for each of upper, lower, both",
        ),
        (
            "affected_site",
            {"share": {"upper": 0.5, "lower": 0.5, "both": 0.5}},
            "basis.affected_site.share: expected shares that add up to 1; got a sum of 1.5",
        ),
        (
            "affected_site",
            {**LIMB, "scale": {"lower": 1}},
            "basis.affected_site.scale: expected an entry for each of lower, both; got lower",
        ),
    ],
)
def test_what_cannot_be_agreed_on_is_told(name: str, table: object, told: str) -> None:
    assert any(line.startswith(told) for line in _problems(name, table)), _problems(name, table)


def test_each_predictor_needs_a_table_and_no_other_has_one() -> None:
    _, problems = read_basis({"opoid": {"share": 0.5}}, ["opioid"], CONTRACT)
    assert [problem.text(values=True) for problem in problems] == [
        "basis.opoid: expected a predictor of the protocol; got another name; did you mean opioid?",
        "[basis.opioid]: expected agreed numbers for this predictor; got no table; add the table, "
        "from published or agreed values, never from one centre's rows",
    ]
