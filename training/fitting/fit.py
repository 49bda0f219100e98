"""The whole procedure, from labelled patients to a frozen model.

Everything that learns from data (filling, scaling, choice of settings, blending, recalibration)
is in :func:`fit_outcome`, so that running it inside each fold or bootstrap sample reruns the
whole procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.bayes.directions import list_blocks
from training.fitting.bayes.evidence import Evidence
from training.fitting.blending import (
    compute_log_loss,
    fit_isotonic,
    fit_recalibration_slope,
    fit_weights,
)
from training.fitting.candidates import (
    CANDIDATES,
    BayesianLogistic,
    Candidate,
    Member,
    constant_member,
    is_constant,
)
from training.fitting.gaps import find_margins, make_filled_effects
from training.fitting.out_of_fold import fit_paths, predict_out_of_fold
from training.fitting.procedure import Procedure
from training.fitting.solvers import fit_intercept
from training.model.gaps import Gaps
from training.model.pairs import NO_PAIRS, compute_pair_margin
from training.model.response_model import OutcomeModel

__all__ = [
    "MIN_FOR_KEPT",
    "FittedOutcome",
    "allow_trees",
    "fit_constant",
    "fit_kept",
    "fit_outcome",
    "pull_to_rate",
]


MIN_FOR_KEPT = 10
"""Events and non-events below which "kept" is taken as the same for everyone."""


@dataclass(frozen=True)
class FittedOutcome:
    """A fitted outcome and how it came about.

    Parameters
    ----------
    model : OutcomeModel
        Frozen.
    weights : dict of str to float
        Weight of each candidate and of "prevalence"; they sum to 1. 0 for the candidates in
        `constant`: what they give everyone is the prevalence.
    settings : dict of str to str
        The setting chosen for each candidate.
    log_loss : dict of str to float
        Out-of-fold log loss of each candidate at its setting, in nats per patient.
    slope : float
        Recalibration slope, within [0, 1].
    constant : tuple of str
        Candidates that gave everyone the same risk.
    reason : str
        Why the outcome is modelled as the same for everyone; empty when it is not.
    members : dict of str to Member
        Each candidate alone, at its setting and before recalibration: margins of the model's
        basis. Empty where the outcome is modelled as the same for everyone.
    leave_out : callable
        Gives the log-odds (n,) of the patients it was fitted on, before isotonic recalibration, by
        fits that had not seen them (mean over the inner repeats; weights and slope as they were
        found out of fold): what a further predictor is fitted beside. They belong to patients, and
        are never stored.
    """

    model: OutcomeModel
    weights: dict[str, float]
    settings: dict[str, str]
    log_loss: dict[str, float]
    slope: float
    constant: tuple[str, ...]
    reason: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    leave_out: Callable[[], FloatArray] = field(default=partial(np.empty, 0), repr=False)

    @cached_property
    def held_out(self) -> FloatArray:
        """What `leave_out` gives."""
        return self.leave_out()

    @property
    def evidence(self) -> Evidence | None:
        """What the Bayesian member knows, where it is one of those that were fitted."""
        member = self.members.get("evidence")
        return None if member is None else member.evidence

    @property
    def bent_share(self) -> float:
        """Share of bent predictors and trees in the weight of all candidates, from 0 to 1."""
        bent = self.weights.get("splines", 0.0) + self.weights.get("lightgbm", 0.0)
        left = 1.0 - self.weights.get("prevalence", 0.0)
        return bent / left if left > 1e-9 else 0.0


def _freeze(
    basis: PredictorBasis,
    margin: Member,
    isotonic: IsotonicRegression | None = None,
    *,
    tree_weight: float = 0.0,
) -> OutcomeModel:
    has_trees = margin.trees is not None and tree_weight > 0
    return OutcomeModel(
        basis=basis,
        intercept=margin.intercept,
        coef=margin.coef,
        trees=margin.trees.model_to_string(num_iteration=margin.n_trees) if has_trees else "",
        n_trees=margin.n_trees if has_trees else 0,
        tree_weight=tree_weight if has_trees else 0.0,
        isotonic_x=np.empty(0) if isotonic is None else np.asarray(isotonic.X_thresholds_),
        isotonic_y=np.empty(0) if isotonic is None else np.asarray(isotonic.y_thresholds_),
        pairs=margin.pairs,
        pair_coef=margin.pair_coef,
    )


def allow_trees(candidates: Sequence[Candidate], losses: FloatArray) -> BoolArray:
    """Return who may take part: trees only where they beat every logistic candidate out of fold."""
    logistic = [loss for c, loss in zip(candidates, losses, strict=True) if c.family == "logistic"]
    best = min(logistic, default=np.inf)
    return np.array(
        [c.family != "trees" or loss < best for c, loss in zip(candidates, losses, strict=True)],
        dtype=bool,
    )


def fit_outcome(
    X: FloatArray,
    y: FloatArray,
    groups: IntArray,
    predictors: Sequence[Variable],
    procedure: Procedure,
    *,
    rng: np.random.Generator,
    gaps: Gaps | None = None,
) -> FittedOutcome:
    """Run the whole procedure for one outcome.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    y : ndarray of shape (n,)
        Outcome, 0 or 1. With one class only, everyone gets (events + 0.5) / (n + 1).
    groups : ndarray of int of shape (n,)
        Patient of each row; rows of a patient stay together in every inner split.
    predictors : sequence of Variable
        In the order of the columns.
    procedure : Procedure
        What to fit and how.
    rng : numpy.random.Generator
        Source of randomness (inner splits only).
    gaps : Gaps or None
        How gaps are filled, where the procedure shrinks itself; None: each by the middle.
    """
    names = [name for name in CANDIDATES if name in procedure.candidates and name != "prevalence"]
    if not names:
        return fit_constant(X, y, predictors, reason="the study asks for the prevalence only")
    if len(np.unique(y)) < 2:
        return fit_constant(X, y, predictors, reason="only one class was seen")
    candidates = [CANDIDATES[name] for name in names]
    if procedure.inner_repeats == 0 or procedure.shrinks_itself:
        return _fit_as_it_is(X, y, groups, predictors, candidates[0], procedure, gaps)
    out = predict_out_of_fold(X, y, groups, predictors, candidates, procedure, rng=rng)
    best, chosen, chosen_loss = out.choose_settings()
    weights = np.ones(1)
    if len(procedure.candidates) > 1:
        weights = np.zeros(len(candidates))
        allowed = allow_trees(candidates, chosen_loss)
        weights[allowed] = fit_weights(
            chosen[allowed], out.base, out.y, n_patients=len(y), strength=procedure.prior_strength
        )
    blended = out.base + weights @ (chosen - out.base)
    slope = fit_recalibration_slope(blended, out.y)

    basis = procedure.make_basis(predictors, len(X)).fit(X)
    Z = basis.expand(X)
    paths = fit_paths(candidates, Z, basis, y)
    members = [path[i] for path, i in zip(paths, best, strict=True)]
    constant = np.array([is_constant(member.margin(Z)) for member in members])
    used = np.where(constant, 0.0, weights)
    whole, tree_weight = _combine(Z, y, members, slope * used)
    isotonic = fit_isotonic(slope * blended, out.y, y, groups, rng=rng)
    left = 1.0 - float(used.sum())
    left = left if left > 1e-9 else 0.0
    return FittedOutcome(
        model=_freeze(basis, whole, isotonic, tree_weight=tree_weight),
        weights={"prevalence": left, **dict(zip(names, map(float, used), strict=True))},
        settings={c.name: c.settings()[i] for c, i in zip(candidates, best, strict=True)},
        log_loss={
            "prevalence": float(compute_log_loss(out.base, out.y).mean()),
            **dict(zip(names, map(float, chosen_loss), strict=True)),
        },
        slope=slope,
        constant=tuple(name for name, same in zip(names, constant, strict=True) if same),
        members=dict(zip(names, members, strict=True)),
        leave_out=partial(_average, slope * (weights @ (chosen - out.base)), y),
    )


def pull_to_rate(
    fitted: FittedOutcome,
    X: FloatArray,
    *,
    rate: float,
    n_patients: float,
    gaps: Gaps | None = None,
) -> FittedOutcome:
    """Move the mean risk toward a rate known from elsewhere; what tells patients apart stays.

    Parameters
    ----------
    fitted : FittedOutcome
        From the patients at hand.
    X : ndarray of shape (n, n_predictors)
        Their raw predictors.
    rate : float
        The other rate, between 0 and 1.
    n_patients : float
        How many patients it counts as, beside the n at hand.
    gaps : Gaps or None
        How gaps are filled; None: each by the middle.

    Returns
    -------
    FittedOutcome
        With mean risk (sum of risks + n_patients * rate) / (n + n_patients). An isotonic model
        is left as it is: it stands on a thousand events.
    """
    if fitted.model.isotonic_x.size:
        return fitted
    margins = find_margins(fitted.model.margin, X, gaps)
    risk = float(expit(margins).mean())
    wanted = (len(X) * risk + n_patients * rate) / (len(X) + n_patients)
    shift = fit_intercept(margins, wanted)
    return replace(fitted, model=replace(fitted.model, intercept=fitted.model.intercept + shift))


def _average(away: FloatArray, y: FloatArray) -> FloatArray:
    """Return each patient's mean log-odds over the inner repeats, with the observed mean risk."""
    margin = away.reshape(-1, len(y)).mean(axis=0)
    return np.asarray(margin + fit_intercept(margin, float(np.mean(y))))


def _fit_as_it_is(
    X: FloatArray,
    y: FloatArray,
    groups: IntArray,
    predictors: Sequence[Variable],
    candidate: Candidate,
    procedure: Procedure,
    gaps: Gaps | None,
) -> FittedOutcome:
    """Fit one candidate with one setting, without inner resampling or recalibration."""
    basis = procedure.make_basis(predictors, len(X)).fit(X)
    if isinstance(candidate, BayesianLogistic) and gaps is not None:
        member = candidate.fit_effects(make_filled_effects(basis, X, gaps), y)
    else:
        (member,) = candidate.fit_path(basis.expand(X), basis, y)
    blocks = [X[rows] for rows in list_blocks(len(X))]  # views
    margin = np.concatenate([member.margin(basis.expand(rows)) for rows in blocks])
    own = 0.0 if is_constant(margin) else 1.0
    leave_out = partial(np.empty, 0)
    if member.evidence is not None:
        own *= 1.0 - member.evidence.nothing
        leave_out = partial(member.evidence.leave_out, y, groups)
    return FittedOutcome(
        model=_freeze(basis, member),
        weights={"prevalence": 1.0 - own, candidate.name: own},
        settings={candidate.name: candidate.settings()[0]},
        log_loss={},
        slope=1.0,
        constant=() if own else (candidate.name,),
        members={candidate.name: member},
        leave_out=leave_out,
    )


def _combine(
    Z: FloatArray, y: FloatArray, members: Sequence[Member], weights: FloatArray
) -> tuple[Member, float]:
    """Collapse the weighted members into one whose mean risk is the observed one.

    The second value is the weight of its trees.
    """
    coef = np.zeros(Z.shape[1])
    pairs, pair_coef = NO_PAIRS, np.empty(0)
    trees: Member | None = None
    tree_weight = 0.0
    for weight, member in zip(weights, members, strict=True):
        coef += weight * member.coef
        if member.pair_coef.size and weight > 0:  # one candidate has them
            pairs, pair_coef = member.pairs, weight * member.pair_coef
        if member.trees is not None and weight > 0:
            trees, tree_weight = member, float(weight)
    margin = Z @ coef + compute_pair_margin(Z, pairs, pair_coef)
    if trees is not None:
        margin = margin + tree_weight * trees.margin(Z)
    intercept = fit_intercept(margin, float(np.mean(y)))
    whole = Member(
        intercept,
        coef,
        trees and trees.trees,
        trees.n_trees if trees else 0,
        pairs=pairs,
        pair_coef=pair_coef,
    )
    return whole, tree_weight


def fit_constant(
    X: FloatArray, y: FloatArray, predictors: Sequence[Variable], *, reason: str
) -> FittedOutcome:
    """Return the model that gives everyone the share of events, and why it was taken."""
    basis = make_basis(predictors).fit(X)
    member = constant_member(y, len(basis.groups_))
    return FittedOutcome(
        _freeze(basis, member),
        {"prevalence": 1.0},
        {},
        {},
        1.0,
        (),
        reason,
        leave_out=partial(np.full, len(y), member.intercept),
    )


def fit_kept(
    X: FloatArray,
    y: FloatArray,
    groups: IntArray,
    predictors: Sequence[Variable],
    procedure: Procedure,
    *,
    rng: np.random.Generator,
    gaps: Gaps | None = None,
) -> FittedOutcome:
    """Run the procedure for "kept at T2" among T1 responders who were seen at T2.

    Under :data:`MIN_FOR_KEPT` events or non-events everyone gets the same share, and the reason
    says so. Parameters as in :func:`fit_outcome`.
    """
    events = int(np.sum(y))
    others = len(y) - events
    if min(events, others) < MIN_FOR_KEPT:
        reason = (
            f"kept by {events} and lost by {others} of the responders at T1 seen at T2: fewer "
            f"than {MIN_FOR_KEPT} of either, so everyone gets the same share"
        )
        return fit_constant(X, y, predictors, reason=reason)
    return fit_outcome(X, y, groups, predictors, procedure, rng=rng, gaps=gaps)
