"""Keys, protocols, patients and what they tell, of a made-up network."""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from features.cohort.cohort import Cohort, parse_cohort
from features.cohort.labelling import label_cohort
from features.simulation.cohort import make_cohort
from training.fitting.response import TrainingData
from training.network.content import Ask, CourseCount, OutcomeShare, ShareContent, SharedSummary
from training.network.home import list_outcomes, share_evaluation, share_outcome
from training.network.protocol.keys import CentreKey
from training.network.protocol.protocol import Protocol, parse_protocol, sign_protocol
from training.network.protocol.template import make_protocol_template
from training.study.study import make_training_data


def make_key(number: int) -> CentreKey:
    return CentreKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


LEAD = make_key(99)
KEYS = {"rotterdam": make_key(1), "aachen": make_key(2), "basel": make_key(3)}
TEXT = (
    make_protocol_template(
        "crps-network",
        centres={name: key.public for name, key in KEYS.items()},
        lead=("Rotterdam", LEAD.public),
        population="simulated patients",
        treatment="S-ketamine, as simulated",
    )
    .replace('"opioid"]', '"opioid", "antidepressant", "anti_epileptic"]')
    .replace(
        "# [basis.antidepressant]\n# share = 0.25\n",
        "[basis.antidepressant]\nshare = 0.25\n\n[basis.anti_epileptic]\nshare = 0.33\n",
    )
)
"""A protocol with two drug classes more than one begins with."""


def make_signed(text: str = TEXT) -> Protocol:
    data = sign_protocol(text.encode(), LEAD, "network.toml")
    return parse_protocol(data, "network.toml")


def make_patients(seed: int, n: int = 40) -> TrainingData:
    """Return simulated patients of a centre, by the rules of the made-up protocol."""
    protocol = make_signed()
    table, problems = parse_cohort(make_cohort(n, seed=seed).table)
    assert problems == []
    cohort = Cohort(table, protocol.dictionary, True, "")
    labelled = label_cohort(
        cohort,
        protocol.eligibility,
        rule=protocol.rule,
        horizons=protocol.horizons,
        needed=protocol.predictors,
        name="simulated",
    )
    return make_training_data(labelled.table, protocol.predictor_variables, labelled.labels)


def tell(
    data: TrainingData, protocol: Protocol, centre: str, ask: Ask | None = None
) -> ShareContent:
    """Return what a centre would tell without any limit."""
    outcomes = {}
    for outcome in list_outcomes(data, protocol.basis):
        asked = None if ask is None else ask.outcomes.get(outcome.name)
        if ask is None or asked is not None:
            outcomes[outcome.name] = share_outcome(
                outcome,
                protocol,
                family="straight",
                centre=centre,
                ask=asked,
                round_=1 if ask is None else ask.round,
            )
        else:
            n, events = len(outcome.y), int(outcome.y.sum())
            outcomes[outcome.name] = OutcomeShare(n=n, events=events, withheld="not asked")
    counts = {}
    for horizon in data.horizons if ask is None else ():
        y = data.y[horizon]
        n, events = int((~np.isnan(y)).sum()), int(np.nansum(y))
        counts[horizon] = CourseCount(n=n, events=events, unknown=len(y) - n)
    evaluation = {}
    if ask is not None and centre in ask.evaluated:
        models, rates = ask.evaluated[centre], ask.base_rates[centre]
        evaluation = share_evaluation(data, protocol, models, rates)
    return ShareContent(
        round=1 if ask is None else ask.round,
        patients=len(data),
        synthetic=True,
        counts=counts,
        summaries=[
            SharedSummary(name=name, n=None, missing=None)
            for name in (protocol.predictors if ask is None else ())
        ],
        outcomes=outcomes,
        evaluation=evaluation,
    )
