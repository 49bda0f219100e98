"""What each well says: a Ct, nothing seen within the cycles that count, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import BoolArray
from features.errors import Problem, list_words
from features.panel.cells import HIGHEST_CT, LOWEST_CT, find_ceiling, parse_numbers
from features.panel.layouts.raw_panel import RawPanel
from features.panel.words import is_empty, is_passed, says_not_seen

__all__ = ["find_ceilings", "mark_detected", "read_cells"]

_LIMITS = (35.0, 40.0, 45.0, 50.0, 55.0, HIGHEST_CT)
_FEWEST_FOR_LIMIT = 100
_RUN = 40.0
_SHOWN = 5
_MOST_GROUPS = 10


def read_cells(
    wells: pd.DataFrame, raws: Sequence[RawPanel], paths: Sequence[Path], empty: str
) -> tuple[pd.DataFrame, Counter[str], list[Problem]]:
    """Return what each well says.

    Parameters
    ----------
    wells : DataFrame of str
        Columns of :data:`features.panel.layouts.raw_panel.WELL_COLUMNS`, and `file`, the position
        in `raws` and `paths`.
    raws, paths : sequence
        The files.
    empty : str
        What an empty cell means, `non_detect` or `not_measured`.

    Returns
    -------
    wells : DataFrame
        With `ct`, NaN for a non-detect, and `flag` without what says that all is well.
    counts : Counter of str
        Non-detects by reason: word, empty, flag.
    problems : list of Problem
        Cells that are neither.
    """
    words = wells["cell"].str.strip()
    no_value = _tell(words, is_empty)
    if empty == "not_measured":
        wells, words, no_value = wells[~no_value], words[~no_value], no_value[~no_value]
        wells = wells.reset_index(drop=True)
        words, no_value = words.reset_index(drop=True), no_value.reset_index(drop=True)
    not_seen = _tell(words, says_not_seen)
    numbers = parse_numbers(words)
    wrong = ~(not_seen | no_value) & ~((numbers >= LOWEST_CT) & (numbers <= HIGHEST_CT))
    flagged, flags = _read_flags(wells["flag"])
    counts = Counter(
        word=int(not_seen.sum()),
        empty=int(no_value.sum()),
        flag=int((flagged & ~not_seen & ~no_value).sum()),
    )
    gone = (not_seen | no_value).to_numpy() | flagged
    wells = wells.assign(ct=np.where(gone, np.nan, numbers), flag=flags)
    return wells, counts, _describe_wrong(wells[wrong.to_numpy()], raws, paths)


def _tell(texts: pd.Series[Any], rule: Callable[[str], bool]) -> pd.Series[Any]:
    """Return what a rule says of each text; it is asked once for each different one."""
    return texts.map({text: rule(text) for text in texts.unique().tolist()}).astype(bool)


def _read_flags(raw: pd.Series[Any]) -> tuple[BoolArray, pd.Series[Any]]:
    """Return which wells a flag calls not seen, and each well's flags without "passed"."""
    kept, not_seen = {}, {}
    for text in raw.unique().tolist():
        words = [word.strip() for word in text.split(";")]
        kept[text] = ";".join(dict.fromkeys(w for w in words if not is_passed(w)))
        not_seen[text] = any(map(says_not_seen, words))
    return raw.map(not_seen).to_numpy(dtype=bool), raw.map(kept).astype("str")


def _describe_wrong(
    wrong: pd.DataFrame, raws: Sequence[RawPanel], paths: Sequence[Path]
) -> list[Problem]:
    problems = []
    for file, cells in wrong.groupby("file", sort=False):
        at = int(str(file))
        layout = raws[at].layout
        # What a column holds is told by its heading; --ignore can leave a column out, no row.
        n_samples, n_wrong = raws[at].wells["sample"].nunique(), cells["sample"].nunique()
        by_sample = n_samples > 1 and n_wrong <= cells["assay"].nunique()
        by = "sample" if layout == "samples_in_columns" and by_sample else "assay"
        groups = [(str(name), group) for name, group in cells.groupby(by, sort=False)]
        action = "a column that is none of Cts can be left out with --ignore"
        action = "" if layout == "long" else action
        if len(groups) > _MOST_GROUPS:
            groups = [(f"{len(groups)} columns or assays", cells)]
        problems += [
            _describe_cells(f"{paths[at].name}, {name}", group["cell"], action)
            for name, group in groups
        ]
    return problems


def _describe_cells(where: str, cells: pd.Series[Any], action: str) -> Problem:
    shown = [f"{cell!r} ({n})" for cell, n in Counter(cells.str.slice(0, 20)).most_common()]
    expected = f"a Ct from {LOWEST_CT:g} to {HIGHEST_CT:g} cycles, Undetermined, or empty"
    numbers = parse_numbers(cells)
    if (numbers < LOWEST_CT).mean() > 0.5:
        hint = "most are below 3, as delta Ct and relative expression are: Ct values are wanted"
        action = f"{hint}; {action}" if action else hint
    return Problem(where, expected, list_words(shown, most=_SHOWN), action=action)


def find_ceilings(wells: pd.DataFrame, given: float | None) -> dict[int, tuple[float, str]]:
    """Return each file's ceiling and where it is from."""
    files = [int(i) for i in wells["file"].unique()]
    if given is not None:
        return dict.fromkeys(files, (given, "given"))
    found: dict[int, tuple[float, str]] = {}
    for i in files:
        pile = find_ceiling(wells.loc[wells["file"] == i, "ct"].dropna().to_numpy())
        if pile is not None:
            found[i] = (pile, "found")
    rest = wells.loc[~wells["file"].isin(list(found)), "ct"].dropna()
    enough = len(rest) >= _FEWEST_FOR_LIMIT
    lowest = (
        float(rest.max()) if enough else max(_RUN - 1e-9, float(rest.max()) if len(rest) else 0)
    )
    assumed = next(limit for limit in (*_LIMITS, np.inf) if limit > lowest)
    return {i: found.get(i, (assumed, "assumed")) for i in files}


def mark_detected(
    wells: pd.DataFrame, limits: Mapping[int, tuple[float, str]], counts: Counter[str]
) -> pd.DataFrame:
    """Return wells with `detected` and `ceiling`; a Ct at the ceiling of its file is none."""
    ceiling = wells["file"].map({i: limit for i, (limit, _) in limits.items()})
    at_ceiling = wells["ct"] >= ceiling
    counts["ceiling"] = int(at_ceiling.sum())
    ct = wells["ct"].where(~at_ceiling)
    return wells.assign(ct=ct, detected=ct.notna(), ceiling=ceiling.astype(np.float64))
