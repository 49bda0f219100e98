"""What models there are, and how likely each is before the outcomes are seen.

How much each kind weighs was chosen over the known truths of `experiments.truth.known_truth`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from types import MappingProxyType

import numpy as np
from scipy.special import expit, gammaln, logsumexp

from features.arrays import BoolArray, FloatArray, IntArray
from training.fitting.bayes.directions import INTERCEPT_SD, list_blocks
from training.fitting.bayes.effects import BEND, PRODUCT, STEP, STRAIGHT, SWITCH, Effects
from training.fitting.bayes.laplace import find_mode

__all__ = ["POINT", "RANGE", "Hypothesis", "choose_effects", "list_all", "list_chosen", "list_few"]


@dataclass(frozen=True)
class Prior:
    """How likely each kind of model is beforehand.

    Parameters
    ----------
    nothing : float
        That nothing predicts.
    chosen : float
        Of the rest: that only a few columns count, whatever their kind.
    few : float
        Of what is then left: that only a few predictors count.
    bend, product, step : float
        That numbers bend, that predictors act together, that numbers step.
    """

    nothing: float
    chosen: float
    few: float
    bend: float
    product: float
    step: float

    def weigh(self, kind: int) -> float:
        """Return how likely columns of a kind are."""
        return {BEND: self.bend, PRODUCT: self.product, STEP: self.step}[kind]


POINT = Prior(nothing=0.3, chosen=0.3, few=0.3, bend=0.2, product=0.06, step=0.1)
RANGE = Prior(nothing=0.1, chosen=0.0, few=0.0, bend=0.4, product=0.5, step=0.4)

_SPREADS: Mapping[float, float] = MappingProxyType({0.25: 0.25, 0.5: 0.25, 1.0: 0.25, 2.0: 0.25})
"""Standard deviation of the log-odds that straight columns make together, and how likely it is."""
_SPREADS_OF_FEW: Mapping[float, float] = MappingProxyType({0.7: 0.6, 1.5: 0.4})
_OTHER_SPREAD = MappingProxyType({BEND: 0.7, PRODUCT: 1.0, STEP: 1.0})
"""The same of the other kinds, where they count."""
_HOW_FEW = (1, 2, 3, 4, 6, 8)
_OF_CHOICE = 0.7
"""Power of the number of ways to choose so few predictors by which their one choice is the rarer.
Only the choice that the data point to is solved: others like it would share its weight."""
_CHOSEN_SDS = (0.35, 0.8)
"""Prior standard deviation of the coefficient of a column that was chosen."""
_MOST_CHOSEN = 8
_ALIKE = 1e-9
"""Nats by which what two columns tell may differ where they tell the same."""
_IN_CACHE = 128
"""Patients whose columns are looked at together: so many stay in a processor's cache."""
_ONE_MORE = 0.5
"""How likely a number of chosen columns is, relative to one fewer."""


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Prior variances of the effects, and the log prior by which point and range weigh it."""

    variances: FloatArray
    weights: tuple[float, float]


def _choose_log(n: int, k: int) -> float:
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _log(share: float) -> float:
    return float(np.log(share)) if share > 0 else -np.inf


@lru_cache(maxsize=64)
def _weigh_spreads(
    straight: tuple[tuple[float, float], ...], others: tuple[int, ...]
) -> tuple[FloatArray, list[tuple[float, float]]]:
    """Return all combinations of kinds and their log priors.

    Combinations are rows with a spread for each kind, 0 for those left out. Their priors sum to 1,
    for the point and for the range.
    """
    spreads, weights = [], []
    for (spread, likely), used in product(
        straight, list(product((False, True), repeat=len(others)))
    ):
        own = np.zeros(SWITCH)
        own[STRAIGHT] = spread
        for kind, on in zip(others, used, strict=True):
            own[kind] = _OTHER_SPREAD[kind] if on else 0.0
        spreads.append(own)
        log = []
        for prior in (POINT, RANGE):
            odds = [prior.weigh(k) if own[k] else 1 - prior.weigh(k) for k in others]
            log.append(_log(likely) + sum(map(_log, odds)))
        weights.append(log)
    whole = np.array(weights) - logsumexp(weights, axis=0)
    return np.array(spreads), [(float(point), float(range_)) for point, range_ in whole]


def _list_spreads(
    effects: Effects, among: BoolArray, straight: Mapping[float, float]
) -> Iterator[tuple[FloatArray, tuple[float, float]]]:
    """Yield the variances of all combinations of kinds, each kind sharing one spread.

    Kinds without a column cannot be had.
    """
    kinds = np.arange(SWITCH)[:, np.newaxis]
    columns = among & (effects.kinds == kinds)
    sizes = columns.sum(axis=1)
    others = tuple(kind for kind in (BEND, PRODUCT, STEP) if sizes[kind])
    spreads, weights = _weigh_spreads(tuple(straight.items()), others)
    shared = columns / np.maximum(sizes, 1)[:, np.newaxis]
    yield from zip(spreads**2 @ shared, weights, strict=True)


def list_all(effects: Effects) -> list[Hypothesis]:
    """Return the models of nothing, and of all predictors."""
    n = len(effects.kinds)
    nothing = (_log(POINT.nothing), _log(RANGE.nothing))
    models = [Hypothesis(np.zeros(n), nothing)]
    own = [_log((1 - p.nothing) * (1 - p.chosen) * (1 - p.few)) for p in (POINT, RANGE)]
    for variances, (point, range_) in _list_spreads(effects, np.ones(n, dtype=bool), _SPREADS):
        models.append(Hypothesis(variances, (own[0] + point, own[1] + range_)))
    return models


def list_few(effects: Effects, order: IntArray) -> list[Hypothesis]:
    """Return the models of the first few predictors in an order."""
    models = []
    n_predictors = len(order)
    numbers = [k for k in _HOW_FEW if k < n_predictors]
    for k in numbers:
        inside = np.zeros(n_predictors, dtype=bool)
        inside[order[:k]] = True
        among = np.asarray(~(effects.needs & ~inside).any(axis=1))
        rare = -np.log(len(numbers)) - _OF_CHOICE * _choose_log(n_predictors, k)
        own = [_log((1 - p.nothing) * (1 - p.chosen) * p.few) + rare for p in (POINT, RANGE)]
        for variances, (point, range_) in _list_spreads(effects, among, _SPREADS_OF_FEW):
            models.append(Hypothesis(variances, (own[0] + point, own[1] + range_)))
    return models


def list_chosen(effects: Effects, y: FloatArray) -> list[Hypothesis]:
    """Return the models of the columns that tell most, one more each time."""
    n = len(effects.kinds)
    most = min(_MOST_CHOSEN, n)
    likely = np.array([_ONE_MORE**k for k in range(1, most + 1)])
    likely /= likely.sum()
    models = []
    for sd in _CHOSEN_SDS:
        for k, columns in enumerate(choose_effects(effects, y, sd=max(sd, 0.5), most=most), 1):
            variances = np.zeros(n)
            variances[columns] = sd**2
            rare = float(np.log(likely[k - 1] / len(_CHOSEN_SDS))) - _choose_log(n, k)
            own = [_log((1 - p.nothing) * p.chosen) + rare for p in (POINT, RANGE)]
            models.append(Hypothesis(variances, (own[0], own[1])))
    return models


def choose_effects(effects: Effects, y: FloatArray, *, sd: float, most: int) -> list[list[int]]:
    """Return the best column, the best two given that one, and so on.

    A column is the better the more a first step along it would gain, under a normal prior, beside
    those that were chosen before.
    """
    columns = effects.design[:, 1:]
    chosen: list[int] = []
    found: list[list[int]] = []
    design, prior = effects.design[:, :1], np.array([INTERCEPT_SD**2, *[sd**2] * most])
    risk, margin = np.full(len(y), float(np.mean(y))), None
    for _ in range(most):
        told, gain = _look_ahead(columns, design, y, risk)
        score = np.where(told > 1e-6 * len(y), gain**2 / (told + sd**-2), -1.0)
        score[chosen] = -1.0
        most_told = float(score.max())
        if most_told < 0:
            break
        # Of columns that tell the same the first: rounding would choose by the machine.
        best = int(np.argmax(score > most_told - _ALIKE))
        chosen = [*chosen, best]
        found.append(chosen)
        design = np.column_stack([design, columns[:, best]])
        own = prior[: design.shape[1]]
        margin = find_mode(design, y, own, start=margin, least=np.inf).margin
        risk = expit(margin)
    return found


def _look_ahead(
    columns: FloatArray, design: FloatArray, y: FloatArray, risk: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what is left of each column beside those of a design, and how far it pulls."""
    weight = np.sqrt(risk * (1 - risk))
    beside = np.linalg.qr(design * weight[:, np.newaxis])[0]
    apart = (y - risk) / weight
    # All that is summed up, in one pass over the columns.
    across = np.column_stack([beside, apart]).T * weight
    found = np.zeros((len(across), columns.shape[1]))
    size = np.zeros(columns.shape[1])
    for rows in list_blocks(len(y), at_once=_IN_CACHE):
        block = columns[rows]
        found += across[:, rows] @ block
        size += weight[rows] ** 2 @ block**2
    along, pull = found[:-1], found[-1]
    return size - np.sum(along**2, axis=0), pull - (apart @ beside) @ along
