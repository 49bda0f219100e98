"""What a study asks of a cohort: whose courses count, and who of them responded.

The same rules stand behind `cohort check`, `cohort describe` and `train`, so that all three count
the same responders. A study file's are read by :mod:`features.mapping.study_file`; without a study
they are those for CRPS courses.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import CRPS_ELIGIBILITY, Eligibility
from features.dictionary.outcome import available_horizons
from features.dictionary.rule import RULES, Rule
from features.dictionary.schema import Dictionary

__all__ = ["CRPS_RULES", "StudyRules"]


@dataclass(frozen=True)
class StudyRules:
    """What a study asks of a cohort.

    Parameters
    ----------
    condition : str
        Published rates are shown beside a cohort's own for "CRPS" only.
    dictionary : Dictionary
        The contract, with what the study's mapping declares.
    eligibility : Eligibility
        Whom the study is for.
    rule : Rule
        The responder rule.
    horizons : tuple of str or None
        One of :data:`features.dictionary.outcome.HORIZONS`; None for those that a file has any
        outcome for.
    """

    condition: str = "CRPS"
    dictionary: Dictionary = CONTRACT
    eligibility: Eligibility = CRPS_ELIGIBILITY
    rule: Rule = RULES["fall2_or_success"]
    horizons: tuple[str, ...] | None = None

    def find_horizons(self, table: pd.DataFrame) -> tuple[str, ...]:
        """Return the horizons asked for, or else those that a table has any outcome for."""
        if self.horizons is None:
            return available_horizons(table, rule=self.rule)
        return self.horizons

    @property
    def is_published(self) -> bool:
        """Whether these are the rules behind the published response rates."""
        asked = (self.condition, self.rule, self.eligibility)
        return asked == ("CRPS", RULES["fall2_or_success"], CRPS_ELIGIBILITY)


CRPS_RULES = StudyRules()
"""What is asked where no study is named."""
