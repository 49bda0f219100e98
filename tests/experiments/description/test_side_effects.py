"""Side effects by the words of the records."""

import pandas as pd

from experiments.description.side_effects import compute_side_effects


def test_rare_words_of_the_record_are_not_told() -> None:
    entries = ["none", "nausea; fell out of bed 3", "itching", "Itching", "itching; nausea", None]
    table = compute_side_effects(pd.DataFrame({"side_effects": entries})).set_index("effect")
    assert table.loc["any side effect", ["n", "of"]].tolist() == [4, 5]
    assert table["n"].to_dict() == {
        "any side effect": 4,
        "itching": 3,
        "nausea": 2,
        "dizziness": 0,
        "drowsiness": 0,
        "hallucinations": 0,
        "headache": 0,
        "other": 1,
    }
    assert compute_side_effects(pd.DataFrame({"nrs_t0": [8]})).empty
