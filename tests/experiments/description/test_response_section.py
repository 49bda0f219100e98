"""The response in a cohort's report: what stands in the tables, and beside what."""

from dataclasses import replace

from experiments.description.description import CohortDescription
from experiments.description.response_section import make_response_section
from training.document.document import Picture, Table


def _tables(description: CohortDescription, *, beside: bool = True) -> dict[str, Table]:
    blocks = make_response_section(description, beside_published=beside)
    return {block.name: block for block in blocks if isinstance(block, Table)}


def test_both_horizons_stand_in_a_table_of_four(description: CohortDescription) -> None:
    # Mangnus 2021, table 3: 19 responded at both, 6 lost it, none gained one, 15 at neither.
    table = _tables(description)["response_t1_t2"]
    assert table.shown.iloc[:, 1:].to_numpy().tolist() == [[19, 6, 25], [0, 15, 15], [19, 21, 40]]
    assert table.values is not None
    assert table.values.loc[0, "mcnemar_exact_p"] == 0.03125
    assert "6 lost a response, 0 gained" in table.note


def test_published_rates_stand_beside_only_where_asked(description: CohortDescription) -> None:
    assert "29/47 (62%)" in _tables(description)["rates"].shown["Mangnus 2021"].tolist()
    assert "Mangnus 2021" not in _tables(description, beside=False)["rates"].shown


def test_labels_by_wording_alone_are_counted(description: CohortDescription) -> None:
    frame = _tables(description)["provenance"].shown
    own = frame[frame["label rests on"] == "the record's wording alone"].set_index("horizon")
    counts = own[["responders", "nonresponders"]].sum(axis=1)
    assert counts.to_dict() == {"T1": 11, "T2": 22}


def test_without_an_outcome_or_with_one_horizon_less_is_told(
    description: CohortDescription,
) -> None:
    assert make_response_section(replace(description, horizons=()), beside_published=True) == ()
    single = make_response_section(replace(description, paired=None), beside_published=True)
    assert [type(block) for block in single] == [Table, Picture, Table]
