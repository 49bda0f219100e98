"""What stands before decimals is said by an entry, by the mapping, or by the file."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.files.settings import read_settings
from features.mapping.column_rule import ColumnRule, RulePlace
from features.mapping.mapping_file import CohortMapping, read_mapping
from features.mapping.raw_rows import RawRows
from features.mapping.signs import find_signs, settle_sign
from features.numerals import DecimalSign, parse_number


@pytest.fixture(scope="module", params=["", ","])
def stated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> CohortMapping:
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    head = f'decimal = "{request.param}"\n' if request.param else ""
    path.write_text(f'{head}[columns]\npatient_id = "id"\n', encoding="utf-8")
    return read_mapping(path)


def _settle(
    mapping: CohortMapping, table: dict[str, list[str]], decimal: DecimalSign | None = None
) -> DecimalSign | None:
    entry = {"from": "w", **({"decimal": decimal} if decimal else {})}
    place = RulePlace(CONTRACT["weight_kg"], has_times=False)
    rule = read_settings(ColumnRule, entry, "weight_kg", at="weight_kg", context=place)
    signs = find_signs(pd.DataFrame(table, dtype="str"), {})
    return settle_sign(rule, mapping, RawRows(table, [[0], [1]]), {"w": table["w"]}, signs)


def test_the_entry_comes_before_the_mapping_and_the_mapping_before_the_file(
    stated: CohortMapping,
) -> None:
    table = {"n": ["7,5", "8"], "w": ["70.500", "65.250"]}
    assert _settle(stated, table) == ","
    assert _settle(stated, table, ".") == "."
    points = {"n": ["7.5", "8"], "w": ["70.500", "65"]}
    assert _settle(stated, points) == (stated.options.decimal or ".")
    assert _settle(stated, {"w": ["70.500", "65"]}) == stated.options.decimal


_CELLS = st.sampled_from(["7", "7.5", "1.500", "2.250", "1,500", "2,5", "soon", ""])


@settings(deadline=None)
@given(st.lists(_CELLS, min_size=1, max_size=4))
def test_the_point_of_other_columns_changes_no_number(
    stated: CohortMapping, texts: list[str]
) -> None:
    others = ["7.5"] * len(texts)
    alone = _settle(stated, {"w": texts})
    beside = _settle(stated, {"w": texts, "n": others})
    assert [parse_number(text, decimal=beside) for text in texts] == [
        parse_number(text, decimal=alone) for text in texts
    ]
