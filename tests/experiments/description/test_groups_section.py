"""What the report says of groups."""

from dataclasses import replace

import numpy as np

from experiments.description.description import CohortDescription, describe_cohort
from experiments.description.groups_section import make_groups_section, summarise_groups
from experiments.description.report import make_description_report
from features.cohort.cohort import Cohort, parse_cohort
from features.dictionary.contract import CONTRACT
from tests.training.helpers.mangnus import make_mangnus_cohort
from training.document.document import Table
from training.document.files import to_values
from training.document.render import to_markdown


def _by_sex() -> CohortDescription:
    raw = make_mangnus_cohort()
    table, _ = parse_cohort(raw.astype(object).where(raw.notna(), "").astype(str))
    return describe_cohort(Cohort(table, CONTRACT, synthetic=True, sha256=""), by="sex")


def test_rates_of_each_group_stand_in_the_first_sentences_and_in_a_table() -> None:
    d = _by_sex()
    assert d.groups is not None
    first, second = summarise_groups(d.groups, condition="CRPS")
    rates = d.groups.rates.set_index(["rate", "group"])
    for name in ("female", "male"):
        row = rates.loc[("t1", name)]
        assert f"{name}: {row['events']:.0f}/{row['n']:.0f} (" in first
    assert first.startswith("Responders at discharge (T1) by Sex: ")
    assert "T2" in second
    report = make_description_report(d, name="m.csv")
    text = to_markdown(report, pictures=False)
    assert first in text and "## By Sex" in text
    assert "no effect of it, and nothing is tested" in text
    tables = to_values(report)["tables"]
    names = {"by_sizes", "by_rates", "by_scores", "by_patients", "by_treatment"}
    assert names <= set(tables)
    assert {row["group"] for row in tables["by_rates"]} == {"female", "male"}
    assert tables["by_patients"][0].keys() >= {"sex: female", "sex: male"}
    assert "SMD" not in "".join(tables["by_patients"][0])


def test_what_is_too_few_is_told_as_that() -> None:
    groups = _by_sex().groups
    assert groups is not None
    hidden = groups.rates.assign(
        **{name: np.nan for name in ("events", "n", "share", "low", "high", "lowest", "highest")}
    )
    few = replace(groups, rates=hidden, left_out=("Age",))
    assert "female: too few; male: too few" in summarise_groups(few, condition="CRPS")[0]
    tables = [block for block in make_groups_section(few) if isinstance(block, Table)]
    rates = next(table for table in tables if table.name == "by_rates")
    assert {row[2:4] for row in rates.rows} == {("", "too few")}
    assert any("Left out, for fewer than 3 known values in a group: Age." in t.note for t in tables)
