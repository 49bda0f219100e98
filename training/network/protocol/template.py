"""A protocol to begin with: the usual predictors with published numbers, and what people decide."""

from __future__ import annotations

import json
from collections.abc import Mapping

from features.errors import InputError, Problem
from training.document.words import UNDESCRIBED
from training.network.protocol.round_words import ROUND_WORDS
from training.network.protocol.tables import Limits

__all__ = ["make_protocol_template"]

_USUAL_ROUNDS = 5
_LETTERS = set("abcdefghijklmnopqrstuvwxyz0123456789-_")


def make_protocol_template(
    name: str,
    *,
    centres: Mapping[str, str] | None = None,
    lead: tuple[str, str] = ("", ""),
    population: str = f"{UNDESCRIBED}: who, where, which years",
    treatment: str = f"{UNDESCRIBED}: drug, route, duration",
) -> str:
    """Return a commented protocol for CRPS courses; what is not told is left to be filled in.

    Parameters
    ----------
    name : str
        Of the network: lower case letters, digits, `-` and `_`.
    centres : mapping of str to str or None
        Names and public keys.
    lead : (str, str)
        The lead's name and public key.
    population, treatment : str
        As they stand on every answer.

    Raises
    ------
    InputError
        If the name is another text.
    """
    if not name or set(name) - _LETTERS:
        expected = "lower case letters, digits, - and _"
        raise InputError("protocol", [Problem("name", expected, name or "nothing")])
    members = [f"{centre} = {_quote(key)}" for centre, key in (centres or {}).items()]
    return _TEMPLATE.format(
        name=_quote(name),
        population=_quote(population),
        treatment=_quote(treatment),
        lead=_quote(lead[0]),
        key=_quote(lead[1]),
        centres="\n".join(members or ['# rotterdam = "ed25519:..."']),
        number=_USUAL_ROUNDS,
        words="\n".join(f"  {_quote(words)}," for words in ROUND_WORDS[:_USUAL_ROUNDS]),
        cell=Limits().cell,
        most=Limits().most_patients,
        share=Limits().parameters_share,
        remaining=Limits().remaining,
        gradient=list(Limits().gradient_decimals),
        curvature=Limits().curvature_decimals,
        curved=Limits().curvature_rounds,
    )


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_TEMPLATE = """\
# The protocol of a network. Fill in what is marked with "?", have every centre read it, then sign:
#   ketresponse network protocol network.toml --key LEAD_KEY
# A signed protocol is not changed: another one is another network. What each line does stands in
# docs/network.md, and in docs/study.md where a study has it too.

name = {name}    # also the registered model's name: a-z, 0-9, - and _
seed = 1

[population]
description = {population}    # ? it stands on every answer
condition = "CRPS"

[treatment]
description = {treatment}    # ? it stands on every answer

[outcome]
rule = "fall2_or_success"    # ? who counts as a responder
horizons = ["t1", "t2"]

[predictors]    # ? few, and chosen before anybody looks at outcomes
names = ["nrs_t0", "disease_duration_years", "opioid"]    # the more, the fewer centres may share

# A variable that the contract does not have is declared here as a mapping declares it, for all:
# [variables.my_score]
# kind = "number"
# known_at = "baseline"

# ? The basis: from published or agreed values, never from one centre's rows. low, high and fill in
# the predictor's unit; center, scale and knots on the scale that models use (log(1 + years) here).
# Those below follow Mangnus 2021, doi:10.1111/papr.13056, of 48 patients.
[basis.nrs_t0]
low = 3
high = 10
fill = 8
center = 7.7
scale = 1.5
# knots = [5.5, 8, 9]    # for the family "bends"

[basis.disease_duration_years]
low = 0.1
high = 40
fill = 5
center = 1.79
scale = 0.65

[basis.opioid]
share = 0.625

# [basis.antidepressant]
# share = 0.25

[bins]    # edges of the table of patients; a group under the limit is joined to the next one
nrs_t0 = [0, 6, 7, 8, 10]
disease_duration_years = [0, 2, 5, 10, 60]

[model]
families = ["straight"]    # or with "bends"
prior_sds = [0.125, 0.25, 0.5, 1.0]    # of slopes, log-odds per column: out-of-centre loss chooses
intercepts = "centre"    # or "common"

[limits]
cell = {cell}    # patients: no smaller count leaves a centre
most_patients = {most}    # at one centre: more are taken for a mistake, and refused
parameters_share = {share}    # most parameters told, per patient with a known outcome
remaining = {remaining}    # of a number's spread that is left to whoever solves what is shared
gradient_decimals = {gradient}    # round by round, as many as the next step can use
curvature_decimals = {curvature}
curvature_rounds = {curved}    # that tell a curvature; further steps go by the last
# noise = {{ epsilon = 3, delta = 1e-6 }}    # differential privacy, at a cost in accuracy

[decision]    # ? from which chance of a response on would you admit a patient?
# thresholds = [0.3, 0.7]

[rounds]
number = {number}
words = [    # what leaves a centre in each round: they cannot say anything else than what happens
{words}
]

[lead]
name = {lead}    # ? who combines
key = {key}    # ? what `ketresponse network key LEAD_KEY` printed

[centres]    # ? each centre's public key, compared with the centre on the telephone
{centres}
"""
