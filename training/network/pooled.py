"""One outcome, as all centres of a network have told of it so far: what follows from their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.special import logit

from features.arrays import BoolArray, FloatArray
from training.fitting.procedure import Procedure
from training.network.arithmetic.combining import Combined, Intercepts, combine_points
from training.network.arithmetic.left_out import WEIGHTS, Shrinking, estimate_shrinking, find_weight
from training.network.arithmetic.likelihood import Point, update_curvature
from training.network.content import ColumnFamily, Expansion, OutcomeShare, name_setting
from training.network.disclosure.families import take_family

__all__ = ["PooledOutcome", "Setting", "make_rate_points"]

_STRENGTH = Procedure.prior_strength


@dataclass(frozen=True)
class Setting:
    """Which columns take part, and how far their coefficients may go from 0."""

    family: ColumnFamily
    prior_sd: float

    @property
    def name(self) -> str:
        """As centres name it in what they tell."""
        return name_setting(self.family, self.prior_sd)


@dataclass(frozen=True, eq=False)
class PooledOutcome:
    """What centres told of one outcome, round by round.

    Parameters
    ----------
    centres : tuple of str
        Whose slopes take part: they told in every round.
    rounds : sequence of dict
        By round, each centre's share.
    straight : ndarray of bool of shape (n_columns,)
        Which columns of the agreed basis are straight.
    families : tuple of str
        That the protocol allows.
    prior_sds : tuple of float
        Tried.
    intercepts : Intercepts
        What holds for the centres' intercepts.
    """

    centres: tuple[str, ...]
    rounds: Sequence[dict[str, OutcomeShare]]
    straight: BoolArray
    families: tuple[ColumnFamily, ...]
    prior_sds: tuple[float, ...]
    intercepts: Intercepts

    @cached_property
    def sizes(self) -> FloatArray:
        """Patients of each centre."""
        return np.array([float(self.rounds[0][name].n or 0) for name in self.centres])

    def find_family(self, round_: int) -> ColumnFamily:
        """Return the columns that enough centres told of in a round (from 1).

        Bends, where two centres or more with most of the patients told of them: what the others
        tell of straight columns counts with what these tell of bends.
        """
        told = [self._expansion(round_, name).family == "bends" for name in self.centres]
        enough = sum(told) >= 2 and 2 * self.sizes[told].sum() > self.sizes.sum()
        return "bends" if enough else "straight"

    def _expansion(self, round_: int, name: str) -> Expansion:
        expansion = self.rounds[round_ - 1][name].likelihood
        assert expansion is not None, "slopes of these centres take part"
        return expansion

    @cached_property
    def _points(self) -> dict[tuple[int, ColumnFamily], list[Point]]:
        return {}

    def find_points(self, round_: int, family: ColumnFamily) -> list[Point]:
        """Return each centre's expansion of a round (from 1), in one family's columns."""
        if (round_, family) not in self._points:
            self._points[round_, family] = self._make_points(round_, family)
        return self._points[round_, family]

    def _make_points(self, round_: int, family: ColumnFamily) -> list[Point]:
        points = []
        for name in self.centres:
            told = self._expansion(round_, name)
            curvature = self._find_curvature(round_, name)
            point = Point(np.asarray(told.at), told.value, np.asarray(told.gradient), curvature)
            if told.family == "bends" and family == "straight":
                point = point.take(self.straight)
            elif told.family == "straight" and family == "bends":
                point = point.widen(self.straight, self._fill_in(told))
            points.append(point)
        return points

    def _fill_in(self, told: Expansion) -> FloatArray:
        """Return where all columns stood when only the straight ones were told."""
        at = np.zeros(1 + len(self.straight))
        at[np.append(True, self.straight)] = told.at
        if told.others:
            at[np.append(False, ~self.straight)] = told.others
        return at

    def _find_curvature(self, round_: int, name: str) -> FloatArray:
        """Return a centre's curvature; where a round tells none, the last one brought up to date.

        How the gradient has changed from round to round tells how the log-likelihood bends along
        the way.
        """
        here = self._expansion(round_, name)
        if here.curvature is not None:
            return _lift(np.asarray(here.curvature))
        before = self._expansion(round_ - 1, name)
        curvature = self._find_curvature(round_ - 1, name)
        if before.family == "bends" and here.family == "straight":
            kept = np.append(True, self.straight)
            return np.asarray(curvature[np.ix_(kept, kept)])  # the bends have moved too
        moved = np.subtract(here.at, before.at)
        return update_curvature(curvature, moved, np.subtract(before.gradient, here.gradient))

    def choose(self, family: ColumnFamily) -> BoolArray:
        """Return which columns of the basis a family has."""
        return take_family(family, self.straight)

    def spread(self, coef: FloatArray, family: ColumnFamily) -> FloatArray:
        """Return a family's coefficients as those of all columns."""
        full = np.zeros(len(self.straight))
        full[self.choose(family)] = coef
        return full

    def make_precision(self, setting: Setting) -> FloatArray:
        """Return the prior precision of a setting's coefficients."""
        return np.full(int(self.choose(setting.family).sum()), setting.prior_sd**-2.0)

    def estimate(self, round_: int, setting: Setting, without: int | None = None) -> Combined:
        """Return the estimate after a round, of all centres or without one."""
        points = self.find_points(round_, setting.family)
        if without is not None:
            points = points[:without] + points[without + 1 :]
        return combine_points(points, self.make_precision(setting), self.intercepts)

    def leave_out(self, round_: int, setting: Setting) -> list[FloatArray]:
        """Return for each centre the coefficients, in the family's columns, made without it."""
        return [self.estimate(round_, setting, i).coef for i in range(len(self.centres))]

    # ------------------------------------------------------------------- penalty and family

    def list_settings(self) -> list[Setting]:
        """Return what is tried: every family that all can tell, with every prior."""
        allowed: list[ColumnFamily] = [f for f in self.families if f == "straight"]
        if "bends" in self.families and self.find_family(1) == "bends":
            allowed.append("bends")
        return [Setting(f, sd) for f in allowed or ["straight"] for sd in self.prior_sds]

    @property
    def middle(self) -> Setting:
        """What is taken until the centres were asked: all columns told, and the middle prior."""
        families = {setting.family for setting in self.list_settings()}
        sd = float(np.median(self.prior_sds))
        return Setting("bends" if "bends" in families else "straight", sd)

    @cached_property
    def settings(self) -> pd.DataFrame:
        """The out-of-centre deviance of each setting.

        Columns `family`, `prior_sd`, `deviance` and `prevalence` (twice the log loss summed over
        centres, of the setting and of the prevalence); the attribute `asked` is False where it was
        estimated from the first round alone.
        """
        rows = []
        asked = len(self.rounds) > 1 and all(self.rounds[1][c].losses for c in self.centres)
        for setting in self.list_settings():
            if asked:
                losses = [self.rounds[1][c].losses for c in self.centres]
                # Who left since may have been why bends were not asked: then nobody tells of them.
                if any(told is None or setting.name not in told.settings for told in losses):
                    continue
                loss = sum(told.settings[setting.name] for told in losses if told)
                base = sum(told.prevalence for told in losses if told)
            else:
                told = self._estimate_shrinking(1, setting)
                loss = sum(one.losses[-1] for one in told)
                base = sum(one.losses[0] for one in told)
            rows.append((setting.family, setting.prior_sd, 2 * float(loss), 2 * float(base)))
        table = pd.DataFrame(rows, columns=["family", "prior_sd", "deviance", "prevalence"])
        table.attrs["asked"] = asked
        return table

    @cached_property
    def setting(self) -> Setting:
        """The setting of least out-of-centre deviance, in the columns told since it was chosen."""
        table = self.settings
        if len(self.rounds) > 2:
            told = self.find_family(3)
            table = table[table["family"] == told]
        best = table.sort_values("deviance", kind="stable").iloc[0]
        return Setting(best["family"], float(best["prior_sd"]))

    # ----------------------------------------------------------------------------- the blend

    def _estimate_shrinking(self, round_: int, setting: Setting) -> list[Shrinking]:
        points = self.find_points(round_, setting.family)
        coefs = self.leave_out(round_, setting)
        return [
            estimate_shrinking(point, coef, int(n))
            for point, coef, n in zip(points, coefs, self.sizes, strict=True)
        ]

    @cached_property
    def shrinking(self) -> list[Shrinking]:
        """What each centre tells of the model made without it, drawn toward the prevalence."""
        if len(self.rounds) < 3 or not all(self.rounds[2][c].shrinking for c in self.centres):
            return self._estimate_shrinking(min(len(self.rounds), 2), self.setting)
        found = []
        for name, n in zip(self.centres, self.sizes, strict=True):
            told = self.rounds[2][name].shrinking
            assert told is not None
            losses, intercepts = np.asarray(told.losses), np.asarray(told.intercepts)
            found.append(Shrinking(int(n), losses, intercepts, told.squares))
        return found

    def find_weight(self, without: int | None = None) -> float:
        """Return the weight of the model beside the prevalence, told by all centres or not one."""
        told = [one for place, one in enumerate(self.shrinking) if place != without]
        return find_weight(told, strength=_STRENGTH)

    def find_intercepts(self, weight: float) -> FloatArray:
        """Return each centre's own intercept of the model drawn in by a weight."""
        told = np.stack([one.intercepts for one in self.shrinking], axis=1)
        return np.asarray(CubicSpline(WEIGHTS, told)(weight))


def _lift(curvature: FloatArray) -> FloatArray:
    """Return a curvature without the eigenvalues below 0 that only rounding makes."""
    size, axes = np.linalg.eigh(curvature)
    if size[0] >= 0:
        return curvature
    return np.asarray((axes * np.maximum(size, 0.0)) @ axes.T)


def make_rate_points(counts: Sequence[tuple[int, int]]) -> list[Point]:
    """Return the expansions of centres that tell how many responded, and nothing else.

    Parameters
    ----------
    counts : sequence of (int, int)
        Patients, and responders among them; half of one is added to both classes where one of them
        is empty.
    """
    points = []
    for n, events in counts:
        more = 0.5 if events in (0, n) else 0.0
        rate = (events + more) / (n + 2 * more)
        value = n * float(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
        curvature = np.array([[n * rate * (1 - rate)]])
        points.append(Point(np.array([logit(rate)]), value, np.zeros(1), curvature))
    return points
