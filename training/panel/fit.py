"""The panel as an update of the clinical estimate.

The clinical procedure has spoken first, on everyone. Its log-odds (for training patients: by
inner fits that had not seen them) are an offset. If the panel as a whole passes a global test
beside it, a penalised score of the assays is fitted; how much of that score counts, from nothing
to all, is found out of fold with a pull toward nothing. Where it counts nothing there is no
sub-model, and the clinical estimate stands.

Out-of-fold losses alone do not hold the line: two patients who predict each other do it well or
badly together, so that in 48 patients a score of noise assays seems to help far more often than
if patients were independent. Hence the test in front.

Normalisation, test, screening, selection, penalties and weight are all learnt in
:func:`fit_panel`, so that running it inside each fold reruns everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray, IntArray
from features.panel.normaliser import PanelNormaliser
from training.fitting.blending import compute_log_loss, fit_weights
from training.fitting.fit import MIN_FOR_KEPT, FittedOutcome, allow_trees
from training.fitting.resampling import make_folds
from training.fitting.response import FittedResponse
from training.fitting.solvers import fit_intercept
from training.panel.assays import compute_global_test
from training.panel.candidates import PANEL_CANDIDATES, PanelCandidate, PanelMember, PanelPatients
from training.panel.data import PanelData
from training.panel.procedure import PanelProcedure
from training.panel.screening import find_strongest, screen

__all__ = ["FittedPanel", "FittedUpdate", "fit_panel", "fit_update"]


FEWEST_PER_CLASS = 5
"""Patients of either class below which a fold's training part gives no score."""
_SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True, eq=False)
class FittedUpdate:
    """What a panel adds to the log-odds of one outcome.

    Parameters
    ----------
    coef : ndarray of shape (n_assays,)
        Log-odds per standard deviation of each normalised assay, the weight in it.
    trees : PanelMember or None
        Trees whose score is added, times `tree_weight`.
    tree_weight : float
        Weight of the trees.
    weights : dict of str to float
        Of each candidate, and of "clinical", which is left with what they do not get.
    settings : dict of str to str
        The setting chosen for each candidate.
    log_loss : dict of str to float
        Out-of-fold log loss of each candidate at its setting, and of the clinical estimate.
    members : dict of str to PanelMember
        Each candidate alone at its setting, without its weight.
    n, events : int
        Patients with a panel and a known outcome, and events among them.
    p_value : float
        Of the global test (:func:`training.panel.assays.compute_global_test`); NaN where it was
        not made.
    reason : str
        Why nothing is added; empty where something is.
    """

    coef: FloatArray
    trees: PanelMember | None = None
    tree_weight: float = 0.0
    weights: dict[str, float] = field(default_factory=lambda: {"clinical": 1.0})
    settings: dict[str, str] = field(default_factory=dict)
    log_loss: dict[str, float] = field(default_factory=dict)
    members: dict[str, PanelMember] = field(default_factory=dict)
    n: int = 0
    events: int = 0
    p_value: float = np.nan
    reason: str = ""

    @property
    def used(self) -> IntArray:
        """The assays that take part."""
        used = set(np.flatnonzero(self.coef).tolist())
        if self.trees is not None:
            used |= set(self.trees.used.tolist())
        return np.array(sorted(used), dtype=np.intp)

    def score(self, Z: FloatArray) -> FloatArray:
        """Return what is added to the log-odds of each row of `Z` (n, n_assays)."""
        score = np.sum(Z * self.coef, axis=1)
        if self.trees is not None:
            score = score + self.tree_weight * self.trees.score(Z)
        return np.asarray(score)


def _widen(member: PanelMember, columns: IntArray, n_columns: int) -> PanelMember:
    """Return a member of the screened columns as one of all columns."""
    coef = np.zeros(n_columns)
    coef[columns] = member.coef
    own = None if member.tree_columns is None else columns[member.tree_columns]
    return PanelMember(coef, member.trees, member.n_trees, own)


def _fit_paths(
    candidates: list[PanelCandidate],
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    procedure: PanelProcedure,
    strongest: float,
    rng: np.random.Generator,
) -> list[list[PanelMember]]:
    """Screen, then return each candidate's members, as members of all columns."""
    columns = screen(Z, y, offset, procedure.screened)
    patients = PanelPatients(Z[:, columns], y, offset, strongest, procedure.max_assays)
    return [
        [_widen(member, columns, Z.shape[1]) for member in candidate.fit_path(patients, rng=rng)]
        for candidate in candidates
    ]


def _shift(offset: FloatArray, score: FloatArray) -> float:
    """Return the shift after which `score` leaves the mean risk as `offset` has it."""
    if not np.ptp(score):
        return -float(score[0])
    mean = float(np.mean(expit(offset)))
    return fit_intercept(offset + score, mean)


def _predict_out_of_fold(
    candidates: list[PanelCandidate],
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    groups: IntArray,
    procedure: PanelProcedure,
    rng: np.random.Generator,
) -> list[FloatArray]:
    """Return what each candidate adds at each setting, (n_settings, n_repeats * n), out of fold."""
    repeats, n = procedure.inner_repeats, len(y)
    added = [np.zeros((len(c.settings()), repeats, n)) for c in candidates]
    strongest = find_strongest(Z, y, offset)
    for repeat in range(repeats):
        folds = make_folds(y.astype(np.intp), groups, n_folds=procedure.inner_folds, rng=rng)
        for fold in range(procedure.inner_folds):
            test = folds == fold
            train = ~test
            if not test.any() or len(np.unique(y[train])) < 2:
                continue
            paths = _fit_paths(
                candidates, Z[train], y[train], offset[train], procedure, strongest, rng
            )
            for out, path in zip(added, paths, strict=True):
                for setting, member in enumerate(path):
                    shift = _shift(offset[train], member.score(Z[train]))
                    out[setting, repeat, test] = member.score(Z[test]) + shift
    return [out.reshape(len(out), -1) for out in added]


def _weigh(
    candidates: list[PanelCandidate],
    added: list[FloatArray],
    base: FloatArray,
    outcome: FloatArray,
    n: int,
    procedure: PanelProcedure,
) -> tuple[list[int], FloatArray, FloatArray]:
    """Return each candidate's best setting, its log loss there, and its weight."""
    losses = [compute_log_loss(base + out, outcome).mean(axis=1) for out in added]
    best = [int(np.argmin(loss)) for loss in losses]
    chosen = np.stack([out[i] for out, i in zip(added, best, strict=True)])
    chosen_loss = np.array([loss.min() for loss in losses])
    weights = np.zeros(len(candidates))
    allowed = allow_trees(candidates, chosen_loss)
    weights[allowed] = fit_weights(
        base + chosen[allowed], base, outcome, n_patients=n, strength=procedure.prior_strength
    )
    weights[chosen.std(axis=1) < _SMALLEST_SPREAD] = 0.0
    return best, chosen_loss, weights


def fit_update(
    Z: FloatArray,
    y: FloatArray,
    offset: FloatArray,
    groups: IntArray,
    procedure: PanelProcedure,
    *,
    trees: bool = True,
    rng: np.random.Generator,
) -> FittedUpdate:
    """Find what assays add to the log-odds of one outcome.

    Parameters
    ----------
    Z : ndarray of shape (n, n_assays)
        Normalised assays, standardised, complete.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    offset : ndarray of shape (n,)
        Clinical log-odds by fits that had not seen the patient.
    groups : ndarray of int of shape (n,)
        Patient of each row.
    procedure : PanelProcedure
        What to fit and how.
    trees : bool
        Whether trees may take part.
    rng : numpy.random.Generator
        Source of the inner folds and half samples.
    """
    n, events = len(y), int(y.sum())
    nothing = np.zeros(Z.shape[1])
    if min(events, n - events) < FEWEST_PER_CLASS:
        reason = f"{events} with and {n - events} without the event: too few for a score"
        return FittedUpdate(nothing, n=n, events=events, reason=reason)
    p_value = compute_global_test(Z, y, offset, rng=rng)
    if p_value > procedure.max_p:
        reason = (
            "the panel as a whole goes no better with what the clinical estimate leaves open than "
            f"panels dealt out at random (global test, p = {p_value:.2f})"
        )
        return FittedUpdate(nothing, n=n, events=events, p_value=p_value, reason=reason)
    candidates = [
        candidate
        for name, candidate in PANEL_CANDIDATES.items()
        if name in procedure.candidates and (trees or candidate.family != "trees")
    ]
    added = _predict_out_of_fold(candidates, Z, y, offset, groups, procedure, rng)
    base, outcome = np.tile(offset, procedure.inner_repeats), np.tile(y, procedure.inner_repeats)
    best, chosen_loss, weights = _weigh(candidates, added, base, outcome, n, procedure)
    paths = _fit_paths(candidates, Z, y, offset, procedure, find_strongest(Z, y, offset), rng)
    members = [path[i] for path, i in zip(paths, best, strict=True)]
    # A member that adds the same to everyone adds nothing: it has no weight to report either.
    weights = np.where([np.ptp(m.score(Z)) > _SMALLEST_SPREAD for m in members], weights, 0.0)
    coef, tree, tree_weight = nothing, None, 0.0
    for weight, member in zip(weights, members, strict=True):
        coef = coef + weight * member.coef
        if member.trees is not None and weight > 0:
            tree, tree_weight = member, float(weight)
    names = [candidate.name for candidate in candidates]
    update = FittedUpdate(
        coef,
        tree,
        tree_weight,
        weights={
            "clinical": 1.0 - float(weights.sum()),
            **dict(zip(names, map(float, weights), strict=True)),
        },
        settings={c.name: c.settings()[i] for c, i in zip(candidates, best, strict=True)},
        log_loss={
            "clinical": float(compute_log_loss(base, outcome).mean()),
            **dict(zip(names, map(float, chosen_loss), strict=True)),
        },
        members=dict(zip(names, members, strict=True)),
        n=n,
        events=events,
        p_value=p_value,
    )
    return update if len(update.used) else _without(update)


def _without(update: FittedUpdate) -> FittedUpdate:
    """Return an update that adds nothing, and says so."""
    return replace(
        update,
        coef=np.zeros_like(update.coef),
        trees=None,
        tree_weight=0.0,
        reason="no combination of assays predicted patients that it had not seen",
    )


@dataclass(frozen=True, eq=False)
class FittedPanel:
    """A panel's updates of the clinical outcomes, and what they are computed from.

    Parameters
    ----------
    normaliser : PanelNormaliser
        Fitted on the patients with a panel.
    usable : ndarray of int of shape (n_usable,)
        Patients with a panel that could be normalised.
    delta : ndarray of shape (n_usable, n_assays)
        Their ΔCt in cycles. It belongs to patients, and is never stored.
    center, scale : ndarray of shape (n_assays,)
        By which ΔCt is standardised.
    first : FittedUpdate
        Of the first horizon's outcome.
    kept : FittedUpdate or None
        Of "kept at T2"; None with one horizon.
    """

    normaliser: PanelNormaliser
    usable: IntArray
    delta: FloatArray = field(repr=False)
    center: FloatArray
    scale: FloatArray
    first: FittedUpdate
    kept: FittedUpdate | None

    @property
    def Z(self) -> FloatArray:
        """Standardised assays of the usable patients; they belong to patients."""
        return (self.delta - self.center) / self.scale

    @property
    def selected(self) -> IntArray:
        """Assays that take part in any outcome, the most influential first; may be empty."""
        total, used = np.abs(self.first.coef), set(self.first.used.tolist())
        if self.kept is not None:
            total, used = total + np.abs(self.kept.coef), used | set(self.kept.used.tolist())
        return np.array(sorted(used, key=lambda j: (-total[j], j)), dtype=np.intp)

    def standardise(self, rows: FloatArray) -> FloatArray:
        """Return standardised assays of raw Ct rows; NaN where a sample cannot be normalised."""
        return np.asarray((self.normaliser.transform(rows) - self.center) / self.scale)


def fit_panel(
    data: PanelData, fitted: FittedResponse, procedure: PanelProcedure, *, rng: np.random.Generator
) -> FittedPanel:
    """Run the panel's whole procedure beside a fitted clinical one.

    Parameters
    ----------
    data : PanelData
        The patients that `fitted` was made from, in the same order.
    fitted : FittedResponse
        The clinical procedure on them.
    procedure : PanelProcedure
        What to fit and how.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    ValueError
        If the panels cannot be normalised.
    """
    clinical = data.clinical
    with_panel = np.flatnonzero(data.has)
    normaliser = data.make_normaliser(procedure).fit(data.rows[with_panel])
    usable = with_panel[normaliser.can_normalise(data.rows[with_panel])]
    delta = normaliser.transform(data.rows[usable])
    center, scale = delta.mean(axis=0), np.maximum(delta.std(axis=0), _SMALLEST_SPREAD)
    Z = (delta - center) / scale

    def update(y: FloatArray, outcome: FittedOutcome, fewest: int) -> FittedUpdate:
        known = ~np.isnan(y)
        offset = np.full(len(y), np.nan)
        offset[known] = outcome.held_out
        rows = known[usable]
        own = usable[rows]
        events = int(y[own].sum())
        if min(events, len(own) - events) < fewest:
            reason = (
                f"{events} with and {len(own) - events} without the event have a panel: fewer "
                f"than {fewest} of either"
            )
            return FittedUpdate(np.zeros(Z.shape[1]), n=len(own), events=events, reason=reason)
        return fit_update(
            Z[rows],
            y[own],
            offset[own],
            clinical.groups[own],
            procedure,
            trees=not outcome.model.has_trees,
            rng=rng,
        )

    first = update(clinical.y[clinical.horizons[0]], fitted.first, FEWEST_PER_CLASS)
    kept = None if fitted.kept is None else update(clinical.kept, fitted.kept, MIN_FOR_KEPT)
    return FittedPanel(normaliser, usable, delta, center, scale, first, kept)
