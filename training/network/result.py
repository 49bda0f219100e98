"""What a network has found, before it is written down anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from features.arrays import FloatArray
from training.model.response_model import ResponseModel
from training.network.arithmetic.heterogeneity import Heterogeneity
from training.network.arithmetic.unlike import Contradiction
from training.network.content import SharedSummary
from training.network.protocol.protocol import Protocol

__all__ = ["NetworkOutcome", "NetworkResult"]


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkOutcome:
    """One outcome of a network: "response", or "kept" of those who responded.

    Parameters
    ----------
    centres : tuple of str
        Whose slopes take part.
    withheld : dict of str to str
        Centres that took part in the other rounds and share no slopes, and why.
    n, events : int
        Patients and responders of the centres whose slopes take part.
    family : str
        "straight", "bends", or "" where everyone gets the same.
    prior_sd : float
        The chosen one; NaN where everyone gets the same.
    weight : float
        Of the model beside the prevalence, 0 to 1.
    settings : DataFrame
        :attr:`training.network.pooled.PooledOutcome.settings`.
    intercepts : dict of str to float
        Each centre's own, log-odds, before the blend.
    coef : ndarray of shape (n_columns,)
        Before the blend: the estimate of all centres' rows under the penalty.
    standard_errors : ndarray of shape (n_columns,)
        Of `coef`; NaN where a column took no part.
    new_intercept : float
        At a centre that took no part, after the blend.
    heterogeneity : Heterogeneity
        How centres differ.
    contradictions : dict of str to Contradiction
        How each centre compares with the model made without it.
    change : float
        Largest change of a coefficient in the last round; small where rounds have converged.
    reason : str
        Why everyone gets the same; empty where they do not.
    """

    centres: tuple[str, ...]
    withheld: dict[str, str]
    n: int
    events: int
    family: str
    prior_sd: float
    weight: float
    settings: pd.DataFrame
    intercepts: dict[str, float]
    coef: FloatArray
    standard_errors: FloatArray
    new_intercept: float
    heterogeneity: Heterogeneity
    contradictions: dict[str, Contradiction]
    change: float
    reason: str


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkResult:
    """What a network found after some rounds.

    Parameters
    ----------
    protocol : Protocol
        What was agreed.
    rounds : int
        How many were done.
    centres : tuple of str
        Who took part to the end.
    dropped : dict of str to str
        Who did not, and why; none of their rows count.
    flags : list of str
        Centres whose patients contradict the others', in words.
    shares : list of (str, int, str)
        Centre, round and digest of every share that counts.
    synthetic : bool
        Whether any centre's patients are simulated.
    counts : dict of str to DataFrame
        By horizon, a row for each centre: `n`, `events`, `unknown`; NaN where not told.
    summaries : dict of str to list of SharedSummary
        By centre, each predictor.
    patients : dict of str to int
        By centre.
    outcomes : dict of str to NetworkOutcome
        "response", and "kept" with two horizons.
    evaluation : dict of str to DataFrame
        By horizon, a row for each centre as
        :func:`training.measures.pooling.sites.compute_site_table` has them, with calibration in
        the large and the Brier score beside. Empty before the fourth round.
    groups : dict of str to DataFrame
        By horizon: `centre`, `low`, `high`, `n`, `events`, `expected` of groups of risk, those who
        were seen standing for those alike who were not: counts need not be whole.
    decision : dict of str to DataFrame
        By horizon: `centre`, `threshold`, `n`, `events`, `true_positives`, `false_positives`, so
        weighted, at every threshold of the protocol's range; empty without a range.
    model : ResponseModel
        Frozen; its own answer is a new centre's.
    """

    protocol: Protocol
    rounds: int
    centres: tuple[str, ...]
    dropped: dict[str, str]
    flags: list[str]
    shares: list[tuple[str, int, str]]
    synthetic: bool
    counts: dict[str, pd.DataFrame]
    summaries: dict[str, list[SharedSummary]]
    patients: dict[str, int | None]
    outcomes: dict[str, NetworkOutcome]
    evaluation: dict[str, pd.DataFrame]
    groups: dict[str, pd.DataFrame]
    decision: dict[str, pd.DataFrame]
    model: ResponseModel
    remarks: list[str] = field(default_factory=list)
