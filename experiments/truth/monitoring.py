"""What the charts of a model in use see, and how often they are wrong, where the truth is known.

Run as ``python -m experiments.truth.monitoring [--simulations 1200] [--seed 1]``. Estimates are
drawn from a logistic normal distribution, outcomes from them (nothing changed) or from 0.7 times
them (what is watched for). The charts are the ones that ``ketresponse monitor`` uses, with the
limits they have there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from features.arrays import BoolArray, FloatArray
from features.dictionary.contract import CONTRACT
from serving.monitoring.chart import compute_chart, make_scores
from serving.monitoring.charts import (
    FALSE_ALARMS,
    O_E_WATCHED,
    SHARES,
    compute_outcome_charts,
    compute_request_charts,
    make_changed_risks,
)
from serving.monitoring.followed import Followed
from serving.monitoring.typicality import compute_typicality
from training.fitting.ends import blur_ends, find_ends

__all__ = [
    "WORLDS",
    "YEAR",
    "YEARS",
    "UsedModel",
    "compute_bound",
    "compute_detection",
    "compute_false_alarms",
    "compute_imperfect",
    "simulate_followed",
]

YEAR = 50
"""Patients of a year."""
YEARS = 20
"""In which one false alarm is expected."""
_POSSIBLE = norm.ppf((np.arange(15) + 0.5) / 15)
_START = np.datetime64("2027-01-01")
_FIRST = 30  # outcomes from which a model is recalibrated in the large


@dataclass(frozen=True)
class UsedModel:
    """Where a model is used.

    Parameters
    ----------
    base : float
        Mean estimate at the first horizon; 0.617 is the published share of responders.
    spread : float
        Standard deviation of the estimates' log-odds; 0 is a model that gives everyone the same.
    kept : float
        Mean estimate that a responder keeps the response.
    n_training : int
        Patients whom those who are asked about are compared with.
    """

    base: float = 0.617
    spread: float = 0.5
    kept: float = 0.7
    n_training: int = 100

    def draw_risks(self, mean: float, n: int, rng: np.random.Generator) -> FloatArray:
        """Return estimates with a given mean."""
        return np.asarray(expit(self._centre(mean) + self.spread * rng.standard_normal(n)))

    def _centre(self, mean: float) -> float:
        points = self.spread * norm.ppf((np.arange(200) + 0.5) / 200)
        return float(brentq(lambda c: expit(c + points).mean() - mean, -9, 9))


WORLDS: Mapping[str, UsedModel] = {
    "published share, estimates that differ": UsedModel(),
    "published share, one estimate for everyone": UsedModel(spread=0.0, n_training=60),
    "half respond": UsedModel(base=0.5),
    "a third respond": UsedModel(base=0.35),
}
"""Where the tables are computed."""


def simulate_followed(
    world: UsedModel, n: int, *, change: int, ratio: tuple[float, float], rng: np.random.Generator
) -> tuple[Followed, FloatArray, FloatArray]:
    """Return patients whose outcomes follow the estimates until something changes.

    Parameters
    ----------
    world : UsedModel
        Where.
    n : int
        Patients.
    change : int
        The first patient after the change.
    ratio : tuple of float
        What the probabilities of response, and of keeping it, are multiplied by from then on.
    rng : Generator
        Of everything.

    Returns
    -------
    followed : Followed
        In which 15% are out of scope and 10% lack a predictor, as from the beginning. Patients
        are of three correlated numbers and two flags.
    background : ndarray
        Of a training cohort of the same kind, its ends blurred as in a model file.
    ends : ndarray
        Between which values that cohort lay, rounded outwards likewise.
    """
    first = world.draw_risks(world.base, n, rng)
    kept = world.draw_risks(world.kept, n, rng)
    after = np.arange(n) >= change
    y = rng.random(n) < first * np.where(after, ratio[0], 1.0)
    stays = rng.random(n) < kept * np.where(after, ratio[1], 1.0)
    at = _START + np.timedelta64(7, "D") * np.arange(n)
    training = _draw_patients(world.n_training, rng)
    even = ((np.arange(100) + 0.5) / 100 * world.n_training).astype(int)
    known = np.sort(training, axis=0)
    ends = np.full((known.shape[1], 2), np.nan)
    ends[:3] = [find_ends(c, CONTRACT["disease_duration_years"]) for c in known.T[:3]]
    known[:, :3] = np.apply_along_axis(blur_ends, 0, known[:, :3])
    background = np.column_stack([rng.permutation(c) for c in known[even].T])
    followed = Followed(
        at=at,
        in_scope=rng.random(n) > 0.15,
        missing=(rng.random(n) < 0.1).astype(np.int64),
        X=_draw_patients(n, rng),
        risk={"t1": first, "t2": first * kept},
        outcome={"t1": y.astype(np.float64), "t2": (y & stays).astype(np.float64)},
        reported={"t1": at, "t2": at},
    )
    return followed, background, ends


def _draw_patients(n: int, rng: np.random.Generator) -> FloatArray:
    shared = rng.standard_normal((n, 1))
    numbers = 0.5 * shared + np.sqrt(0.75) * rng.standard_normal((n, 3))
    flags = rng.random((n, 2)) < [0.5, 0.2]
    return np.column_stack([np.exp(numbers), flags])


def compute_false_alarms(world: UsedModel, *, simulations: int, seed: int) -> pd.DataFrame:
    """Count alarms of each chart in 20 years of 50 patients a year in which nothing changes.

    Returns
    -------
    DataFrame
        A row for each chart, and one for all together: `chart`; `allowed`, the alarms it may
        have; `alarms`, how many it had on average, and `error`, the standard error of that;
        `any`, the share of simulations with one or more in 20 years; `first_year`, with one in
        the first year.
    """
    n = YEAR * YEARS
    counts = np.zeros((simulations, len(SHARES)))
    early = np.zeros_like(counts)
    rng = np.random.default_rng(seed)
    for i in range(simulations):
        followed, *before = simulate_followed(world, n, change=n, ratio=(1, 1), rng=rng)
        like = compute_typicality(
            followed.X,
            before[0],
            ordered=(True,) * 3 + (False,) * 2,
            n_training=world.n_training,
            ends=before[1],
        )
        charts = compute_outcome_charts(followed)
        charts += compute_request_charts(followed, unlike=like.unlike, reference=like.reference)
        for j, chart in enumerate(charts):
            rows = chart.steps["row"].to_numpy(dtype=np.int64)
            at = rows[[crossing.at for crossing in chart.crossings]]
            counts[i, j], early[i, j] = len(at), (at < YEAR).sum()
    counts, early = (np.column_stack([each, each.sum(axis=1)]) for each in (counts, early))
    shares = {**SHARES, "all": 1.0}
    table = pd.DataFrame({"chart": list(shares)})
    table["allowed"] = n * FALSE_ALARMS * np.array(list(shares.values()))
    table["alarms"] = counts.mean(axis=0)
    table["error"] = counts.std(axis=0) / np.sqrt(simulations)
    table["any"] = (counts > 0).mean(axis=0)
    table["first_year"] = (early > 0).mean(axis=0)
    return table


def _find_first(
    y: FloatArray, p: FloatArray, *, rate: float, p_null: FloatArray | None = None
) -> int:
    """Return the step of the first crossing of a chart for fewer events; n where there is none."""
    scores = make_scores(p, make_changed_risks(p, fewer=True))
    chart = compute_chart(y, p if p_null is None else p_null, scores, rate=rate)
    crossed = np.flatnonzero(chart["crossed"])
    return int(crossed[0]) if len(crossed) else len(y)


def compute_detection(
    world: UsedModel,
    *,
    ratio: tuple[float, float] = (O_E_WATCHED, 1.0),
    within: tuple[int, ...] = (30, 60, 100, 150),
    before: int = 50,
    simulations: int,
    seed: int,
) -> pd.DataFrame:
    """Count how often a change is seen within so many outcomes at the first horizon after it.

    Simulations with an alarm before the change are left out, as the definition of a delay has it.

    Returns
    -------
    DataFrame
        A row for each number of outcomes, `within`: `ours`, by a chart for fewer at either
        horizon as they are; `whole`, by the chart of the horizon that changed, given the whole
        budget (Moustakides' optimum, which knows what will change, which way and how far);
        `strict`, the same with 1 in 20 as the probability of any alarm in 20 years; `bound`, what
        no method can pass (:func:`compute_bound`); `error`, standard error of the shares.
    """
    n = before + max(within)
    rng = np.random.default_rng(seed)
    firsts = np.zeros((simulations, 3), dtype=np.int64)
    for i in range(simulations):
        followed, *_ = simulate_followed(world, n, change=before, ratio=ratio, rng=rng)
        charts = compute_outcome_charts(followed)
        rows = [chart.steps["row"].to_numpy(dtype=np.int64) for chart in charts]
        ours = [
            int(place[chart.crossings[0].at])
            for chart, place in zip(charts, rows, strict=True)
            if chart.name.endswith("fewer") and chart.crossings
        ]
        firsts[i, 0] = min([*ours, n])
        changed = 0 if ratio[0] != 1 else 2
        steps, place = charts[changed].steps, rows[changed]
        y, p = (steps[name].to_numpy(dtype=np.float64) for name in ("event", "expected"))
        for j, rate in enumerate((FALSE_ALARMS, 0.05 * FALSE_ALARMS), start=1):
            step = _find_first(y, p, rate=rate)
            firsts[i, j] = place[step] if step < len(place) else n
    table = pd.DataFrame({"within": within})
    for j, name in enumerate(("ours", "whole", "strict")):
        at = firsts[firsts[:, j] >= before, j] - before
        table[name] = [float((at < most).mean()) for most in within]
    bounds = [compute_bound(world, most, ratio=ratio, seed=seed) for most in within]
    table["bound"] = bounds
    table["error"] = np.sqrt(table["ours"] * (1 - table["ours"]) / simulations)
    return table


def compute_bound(world: UsedModel, n: int, *, ratio: tuple[float, float], seed: int) -> float:
    """Return the probability of seeing a change within n outcomes that no method can pass.

    A method that raises a false alarm once in 1 / :data:`FALSE_ALARMS` patients on average has a
    stretch of n patients in which it raises one with a probability of at most n times that (Lai
    1998, doi:10.1109/18.737522). If the change comes at its beginning, the method is a test of
    "changed" against "not" at that level on n outcomes; the most powerful one is the likelihood
    ratio's (Neyman and Pearson), which is told when to look, and for what.
    """
    rng = np.random.default_rng(seed)
    simulations, sequences, found = 4000, 30, []
    for _ in range(sequences):
        first = world.draw_risks(world.base, n, rng)
        kept = world.draw_risks(world.kept, n, rng)
        values = []
        for factor in ((1.0, 1.0), ratio):
            y = np.asarray(rng.random((simulations, n)) < factor[0] * first)
            stays = np.asarray(rng.random((simulations, n)) < factor[1] * kept)
            values.append(
                _add_ratio(y, first, ratio[0]) + _add_ratio(stays, kept, ratio[1], where=y)
            )
        null, changed = (np.sum(value, axis=1) for value in values)
        found.append(_compute_power(null, changed, level=n * FALSE_ALARMS))
    return float(np.mean(found))


def _add_ratio(
    y: BoolArray, p: FloatArray, ratio: float, where: BoolArray | bool = True
) -> FloatArray:
    each = np.where(y, np.log(ratio), np.log((1 - ratio * p) / (1 - p)))
    return np.asarray(np.where(where, each, 0.0))


def _compute_power(null: FloatArray, changed: FloatArray, *, level: float) -> float:
    """Return the power of the test of that level, randomised where values are tied."""
    limit = np.quantile(null, 1 - level, method="higher")
    above, at = (float(np.mean(test)) for test in (null > limit + 1e-9, abs(null - limit) <= 1e-9))
    share = min(1.0, max(0.0, (level - above) / at)) if at else 0.0
    return float(np.mean(changed > limit + 1e-9) + share * np.mean(abs(changed - limit) <= 1e-9))


def _as_it_is(y: FloatArray, p: FloatArray, sd: float, rate: float) -> int:
    return _find_first(y, p, rate=rate)


def _with_wider_limits(y: FloatArray, p: FloatArray, sd: float, rate: float) -> int:
    """Take the model's error into the limits: they hold on average over what training left open."""
    return _find_first(y, p, rate=rate, p_null=expit(logit(p) + sd * _POSSIBLE[:, None]))


def _recalibrated(y: FloatArray, p: FloatArray, sd: float, rate: float) -> int:
    """Move all log-odds by what the first outcomes say, drawn toward none; follow the others."""
    start, log_odds = slice(0, _FIRST), logit(p)

    def slope(shift: float) -> float:
        return float((y[start] - expit(log_odds[start] + shift)).sum() - shift / sd**2)

    moved = expit(log_odds + float(brentq(slope, -9, 9)))
    return _FIRST + _find_first(y[_FIRST:], moved[_FIRST:], rate=rate)


VARIANTS: dict[str, Callable[[FloatArray, FloatArray, float, float], int]] = {
    "as it is": _as_it_is,
    "wider limits": _with_wider_limits,
    f"recalibrated after {_FIRST}": _recalibrated,
}


def compute_imperfect(
    world: UsedModel, n_training: int | None, *, simulations: int, seed: int
) -> pd.DataFrame:
    """Follow models whose estimates are off from the first day, and do not change.

    The log-odds are off by a normal error whose variance is that of the intercept learnt from so
    many patients; None: by nothing.

    Returns
    -------
    DataFrame
        A row for each way to deal with it, `variant`: the shares of models whose chart for fewer
        responders crosses within 50, 200 and 1000 outcomes though nothing changes, `first_50`,
        `first_200`, `first_1000`; and the share in which a fall to 0.7 of the true probabilities
        after 100 outcomes is seen within 60, `seen`.
    """
    rate = FALSE_ALARMS * SHARES["first_fewer"]
    sd = 0.0
    if n_training is not None:
        sd = 1 / np.sqrt(n_training * world.base * (1 - world.base))
    rng = np.random.default_rng(seed)
    n, change = YEAR * YEARS, 100
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in VARIANTS}
    for _ in range(simulations):
        p = world.draw_risks(world.base, n, rng)
        true = expit(logit(p) + sd * rng.standard_normal())
        y = (rng.random(n) < true).astype(np.float64)
        fallen = (rng.random(60) < O_E_WATCHED * true[change : change + 60]).astype(np.float64)
        changed = np.concatenate([y[:change], fallen])
        for name, follow in VARIANTS.items():
            few = p[: change + 60]
            # Without an error to be expected, one as after 60 patients is drawn toward none.
            args = (sd or 0.27, rate)
            found[name].append((follow(y, p, *args), follow(changed, few, *args)))
    rows = []
    for name, pairs in found.items():
        quiet, seen = np.array(pairs).T
        shares = [float((quiet < most).mean()) for most in (50, 200, 1000)]
        after = seen[seen >= change]
        rows.append((name, *shares, float((after < change + 60).mean())))
    columns = ["variant", "first_50", "first_200", "first_1000", "seen"]
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    n, seed = asked.simulations, asked.seed
    few = max(1, n // 6)

    def show(title: str, table: pd.DataFrame) -> None:
        print(f"\n{title}\n{table.round(3).to_string(index=False)}", flush=True)

    def detect(title: str, world: UsedModel, **options: Any) -> None:
        show(title, compute_detection(world, **options, simulations=n, seed=seed))

    for name, world in WORLDS.items():
        detect(f"A fall to 0.7 at the first horizon: {name}", world)
    detect("A fall to 0.7 from the first patient on", UsedModel(), before=0)
    detect("A fall to 0.5 at the first horizon", UsedModel(), ratio=(0.5, 1.0))
    detect("A fall to 0.7 of keeping the response alone", UsedModel(), ratio=(1.0, O_E_WATCHED))
    for size in (None, 60, 100, 200):
        title = f"Unchanged models of {size or 'endlessly many'} patients"
        show(title, compute_imperfect(UsedModel(), size, simulations=few, seed=seed))
    for name, world in list(WORLDS.items())[:2]:
        found = compute_false_alarms(world, simulations=few, seed=seed)
        show(f"False alarms: {name}", found)


if __name__ == "__main__":
    main()
