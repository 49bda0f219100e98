"""The rounds of a network whose centres are simulated: what each tells, and what comes of it.

The centres' and the lead's parts are those of :mod:`training.network`; what they hand each other is
what would stand in the files, rounded as there; the files and their signatures are left out. Of
the disclosure control, what is foreseen before the first round decides; that it is looked at again
in each later one, which takes seconds for every centre, is left out too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import CRPS_ELIGIBILITY
from features.dictionary.rule import RULES
from features.dictionary.transformers import PredictorBasis
from training.fitting.response import TrainingData
from training.model.response_model import ResponseModel
from training.network.asking import make_ask
from training.network.concluding import conclude
from training.network.content import Ask, ColumnFamily, OutcomeShare, ShareContent
from training.network.gathering import Gathered
from training.network.home import list_outcomes, share_evaluation, share_outcome
from training.network.protocol.protocol import Protocol
from training.network.protocol.tables import Limits
from training.network.result import NetworkResult
from training.network.sharing import make_share

__all__ = [
    "ALL_ROUNDS",
    "PRIOR_SDS",
    "agree_protocol",
    "conclude_rounds",
    "find_left_model",
    "gather_rounds",
]

ALL_ROUNDS = 6
PRIOR_SDS = (0.125, 0.25, 0.5, 1.0)
"""The protocol's default."""
_STAYS: Mapping[str, int] = MappingProxyType({})


def agree_protocol(
    basis: PredictorBasis, predictors: Sequence[str], n_centres: int, *, rounds: int, seed: int
) -> Protocol:
    """Return what simulated centres agree on; what is not given is the default's.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted to nobody's cohort.
    predictors : sequence of str
        In the order of the basis.
    n_centres : int
        They are called `centre-1` and so on.
    rounds : int
        How many.
    seed : int
        Of the draws behind the intervals.
    """
    return Protocol(
        name="simulated",
        title="simulated",
        seed=seed,
        population="simulated patients",
        condition="CRPS",
        treatment="S-ketamine",
        rule=next(iter(RULES.values())),
        horizons=("t1",),
        outcomes={"t1": "response"},
        worded=frozenset(),
        eligibility=CRPS_ELIGIBILITY,
        predictors=tuple(predictors),
        dictionary=CONTRACT,
        declared=(),
        centres={f"centre-{k}": "" for k in range(1, n_centres + 1)},
        lead="centre-1",
        lead_key="",
        rounds=rounds,
        round_words=("",) * rounds,
        basis=basis,
        families=("straight", "bends"),
        prior_sds=PRIOR_SDS,
        intercepts="centre",
        intercept_sd=None,
        thresholds=None,
        bins={},
        limits=Limits(),
        panel=None,
        texts={},
        text="",
        sha256="",
        signed=False,
    )


def gather_rounds(
    cohorts: Sequence[TrainingData],
    basis: PredictorBasis,
    *,
    rounds: int = ALL_ROUNDS,
    seed: int = 1,
    stays: Mapping[str, int] = _STAYS,
    guarded: bool = True,
) -> Gathered:
    """Let every centre tell what it is asked, round by round.

    Parameters
    ----------
    cohorts : sequence of TrainingData
        One for each centre.
    basis : PredictorBasis
        Agreed.
    rounds : int
        At least 1.
    seed : int
        As in :func:`agree_protocol`.
    stays : mapping of str to int
        The last round that a centre tells in, where that is not the last of all.
    guarded : bool
        Whether disclosure control holds back what it would; without, everything is told.
    """
    names = [variable.name for variable in cohorts[0].predictors]
    protocol = agree_protocol(basis, names, len(cohorts), rounds=rounds, seed=seed)
    told: dict[str, list[ShareContent]] = {name: [] for name in protocol.centres}
    asks: list[Ask] = []
    for round_ in range(1, rounds + 1):
        if round_ > 1:
            asks.append(make_ask(Gathered(protocol, told)))
        gone = asks[-1].dropped if asks else {}
        for name, data in zip(protocol.centres, cohorts, strict=True):
            if round_ > stays.get(name, rounds) or name in gone:
                continue
            if guarded and not asks:
                share = make_share(data, protocol, centre=name, synthetic=True)
            else:
                share = _tell_all(name, data, protocol, told[name], asks[-1] if asks else None)
            told[name].append(share)
    return Gathered(protocol, told)


def conclude_rounds(gathered: Gathered) -> NetworkResult:
    """Return what a network finds in what its centres told; there are no files to lead back to."""
    return conclude(gathered, {name: [""] * len(told) for name, told in gathered.shares.items()})


def _tell_all(
    name: str, data: TrainingData, protocol: Protocol, told: Sequence[ShareContent], ask: Ask | None
) -> ShareContent:
    """Return what is asked, in the columns that were told in the first round."""
    outcomes = {}
    for outcome in list_outcomes(data, protocol.basis):
        asked = None if ask is None else ask.outcomes.get(outcome.name)
        if ask is not None and (asked is None or name not in asked.intercepts):
            events = int(outcome.y.sum())
            outcomes[outcome.name] = OutcomeShare(n=len(outcome.y), events=events)
            continue
        first = told[0].outcomes[outcome.name].likelihood if told else None
        family: ColumnFamily = "bends" if first is None else first.family
        if asked is not None and asked.family == "straight":
            family = "straight"
        outcomes[outcome.name] = share_outcome(
            outcome,
            protocol,
            family=family,
            centre=name,
            ask=asked,
            round_=1 if ask is None else ask.round,
        )
    evaluation = {}
    if ask is not None and name in ask.evaluated:
        evaluation = share_evaluation(data, protocol, ask.evaluated[name], ask.base_rates[name])
    return ShareContent(
        round=1 if ask is None else ask.round,
        patients=len(data),
        synthetic=True,
        outcomes=outcomes,
        evaluation=evaluation,
    )


def find_left_model(result: NetworkResult, name: str) -> ResponseModel:
    """Return the model at a centre: a new one's where the centre has nothing of its own in it."""
    known = {centre.name for centre in result.model.centres}
    return result.model.at(name) if name in known else result.model
