"""Side effects, counted by the words of the records."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from features.published.references import MANGNUS
from features.published.safety import SAFETY_FACTS
from features.shares import FEWEST

__all__ = ["compute_side_effects"]

_ANY = "any side effect"


def compute_side_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Count the patients by side effect.

    Parameters
    ----------
    table : DataFrame
        With the column `side_effects`: words with `;` between, "none" for none seen.

    Returns
    -------
    DataFrame
        Columns `effect`, `n`, `of` (patients with an entry) and `of_any` (patients with any side
        effect; papers take either for the whole). The first row is "any side effect". Words that
        the published studies do not name are counted one by one from 3 patients up, and together
        below: a rare word of the record may tell who the patient is. Empty without entries.
    """
    columns = ["effect", "n", "of", "of_any"]
    entries = table["side_effects"].dropna().tolist() if "side_effects" in table else []
    if not entries:
        return pd.DataFrame(columns=columns)
    named = [
        {word.strip().lower() for word in entry.split(";")} - {"", "none"} for entry in entries
    ]
    any_effect = sum(bool(words) for words in named)
    counts = Counter(word for words in named for word in words)
    published = {fact.matter for fact in SAFETY_FACTS if fact.reference == MANGNUS} - {_ANY}
    told = {word: n for word, n in counts.items() if n >= FEWEST or word in published}
    told |= dict.fromkeys(sorted(published - set(counts)), 0)
    other = sum(bool(words - set(told)) for words in named)
    rows = sorted(told.items(), key=lambda item: (-item[1], item[0]))
    rows = [(_ANY, any_effect), *rows, *([("other", other)] if other else [])]
    return pd.DataFrame([(word, n, len(entries), any_effect) for word, n in rows], columns=columns)
