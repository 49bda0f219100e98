"""One explained patient here, and by programs that explain models in general.

Run as ``python -m experiments.benchmarks.explainers [--model FOLDER] NAME=PYTHON ...``, where NAME
is one of explainerdashboard, shapash and calibrated-explanations, and PYTHON the interpreter of an
environment in which it is installed: ketresponse needs none of them. Each makes ready what it
keeps, by its own documented way, then answers one patient at a time in a process of its own, in
turns with ours; counted are seconds of the processor, one thread each.

What is compared is not the same. Ours was made to do this one thing; the others take any model, and
draw pages of it. They explain two logistic regressions, one for each outcome, fitted by
scikit-learn to simulated patients and the usual predictors. Ours answers for both outcomes, of what
a training by the default settings made of such patients, which bends and multiplies predictors, or
of the model of a folder: calibrated, exactly explained, with interval (calibrated-explanations has
one too, of its own kind; the other two have none), what was asked is checked, and what is to be
said of it is said.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import IO, Any

import numpy as np

from experiments.benchmarks.batch import train_for_batch
from experiments.benchmarks.costs import Cost
from features.dictionary.contract import DEFAULT_PREDICTORS
from features.errors import InputError, KetresponseError, Problem
from features.simulation.cohort import make_cohort
from serving.estimate.predictor import Predictor
from training.model.example import make_example
from training.store.artifact import load_model

__all__ = ["OTHERS", "read_others", "time_explainers"]

_DASHBOARD = """
from explainerdashboard import ClassifierExplainer
def make_ready(model, X, y):
    explainer = ClassifierExplainer(model, X, y)
    def ask(row):
        explainer.prediction_result_df(X_row=row)
        return explainer.get_contrib_df(X_row=row)
    return ask
"""
_SHAPASH = """
from shapash import SmartExplainer
def make_ready(model, X, y):
    explainer = SmartExplainer(model=model)
    explainer.compile(x=X)
    predictor = explainer.to_smartpredictor()
    def ask(row):
        predictor.add_input(x=row)  # computes what is then told
        return predictor.summarize()
    return ask
"""
_CALIBRATED = """
from calibrated_explanations import WrapCalibratedExplainer
def make_ready(model, X, y):
    half = len(X) // 2
    explainer = WrapCalibratedExplainer(make_model())
    explainer.fit(X.to_numpy()[:half], y.to_numpy()[:half])
    explainer.calibrate(X.to_numpy()[half:], y.to_numpy()[half:], feature_names=list(X))
    return lambda row: explainer.explain_factual(row.to_numpy())
"""
OTHERS: Mapping[str, str] = {
    "explainerdashboard": _DASHBOARD,
    "shapash": _SHAPASH,
    "calibrated-explanations": _CALIBRATED,
}
"""What each makes ready, and how it is asked, by the name it is installed under."""
_PATIENTS = 200
_BEFORE = """
import json, logging, os, sys, warnings
from importlib.metadata import version
from time import process_time
tell = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # what they print is no answer
warnings.simplefilter("ignore")
logging.disable(logging.INFO)
given = json.loads(sys.stdin.readline())
try:
    told = {name: version(name) for name in (given["name"], "scikit-learn")}
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
except ImportError as error:
    print(json.dumps({"missing": error.name or given["name"]}), file=tell)
    sys.exit()
make_model = lambda: LogisticRegression(max_iter=1000)
"""
_AFTER = """
asking = []
for horizon, found in given["outcomes"].items():
    X = pd.DataFrame(found["X"], columns=given["names"])
    y = pd.Series(found["y"], name="responded_" + horizon)
    asking.append(make_ready(make_model().fit(X, y), X, y))
ask = lambda row: [one(row) for one in asking]
rows = [X.iloc[[at]].reset_index(drop=True) for at in range(len(X))]
ask(rows[0])
print(json.dumps(told), file=tell)
for line in sys.stdin:
    taken = []
    for at in range(int(line)):
        begun = process_time()
        ask(rows[at % len(rows)])
        taken.append(process_time() - begun)
    print(json.dumps(taken), file=tell)
"""


def read_others(words: Sequence[str]) -> dict[str, Path]:
    """Return the interpreter of each program that is named, from NAME=PYTHON.

    Raises
    ------
    InputError
        If a name is unknown or there is no such interpreter; all of them are told.
    """
    found, problems = {}, []
    for word in words:
        name, _, python = word.partition("=")
        if name not in OTHERS:
            problems.append(Problem(word, f"NAME=PYTHON, NAME one of {', '.join(OTHERS)}", name))
        elif not Path(python).is_file():
            action = f"make one: python -m venv FOLDER && FOLDER/bin/pip install {name}"
            problems.append(Problem(name, "the Python of its environment", "none", action=action))
        found[name] = Path(python)
    if problems:
        raise InputError("other programs", problems)
    return found


@dataclass(frozen=True)
class _Patients:
    """The demonstration's patients whose outcome is known."""

    records: list[dict[Any, Any]]
    outcomes: dict[str, dict[str, Any]]


def _make_patients(n: int) -> _Patients:
    table = make_cohort(n, seed=1).table
    table = table[table["success_t1"].isin(["yes", "no"])]
    drawn = table[[*DEFAULT_PREDICTORS]].replace({"yes": 1.0, "no": 0.0}).astype(float)
    known = drawn.notna().all(axis=1)
    outcomes = {}
    for horizon in ("t1", "t2"):
        told = table[f"success_{horizon}"]
        some = known & told.isin(["yes", "no"])
        y = (told[some] == "yes").astype(int).tolist()
        outcomes[horizon] = {"X": drawn[some].to_numpy().tolist(), "y": y}
    records = table.loc[known, [*DEFAULT_PREDICTORS, "age_years"]].to_dict("records")
    return _Patients(records, outcomes)


class _Other:
    """A program that was made ready in a process of its own, and waits to be asked."""

    def __init__(
        self, name: str, python: Path, process: subprocess.Popen[str], patients: _Patients
    ) -> None:
        self.name, self._process = name, process
        names = [*DEFAULT_PREDICTORS]
        self._send(json.dumps({"name": name, "names": names, "outcomes": patients.outcomes}))
        self.versions = self._read()
        if "missing" in self.versions:
            raise KetresponseError(
                f"{name} cannot be used, for want of {self.versions['missing']}: install it with "
                f"`{python} -m pip install {name}`"
            )

    def ask(self, n: int) -> list[float]:
        """Return the CPU seconds of each of so many answers."""
        self._send(str(n))
        return [float(seconds) for seconds in self._read()]

    def _send(self, line: str) -> None:
        pipe: IO[str] | None = self._process.stdin
        assert pipe is not None
        pipe.write(f"{line}\n")
        pipe.flush()

    def _read(self) -> Any:
        pipe: IO[str] | None = self._process.stdout
        assert pipe is not None
        line = pipe.readline()
        if not line:
            raise KetresponseError(f"{self.name} ended, and said above why")
        return json.loads(line)


@contextmanager
def _start(name: str, python: Path, patients: _Patients) -> Iterator[_Other]:
    script = f"{_BEFORE}{OTHERS[name]}{_AFTER}"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [str(python), "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | threads,
        text=True,
    )
    try:
        yield _Other(name, python, process, patients)
    finally:
        process.kill()
        process.communicate()


def time_explainers(
    others: Mapping[str, Path], *, model: Path | None = None, turns: int = 5, answers: int = 40
) -> tuple[list[Cost], dict[str, dict[str, str]]]:
    """Time one explained patient of each program in turns with ours.

    Parameters
    ----------
    others : mapping of str to Path
        From :func:`read_others`.
    model : Path or None
        Folder of a model of the usual predictors that is not approved; None trains one.
    turns : int
        How often.
    answers : int
        Of each program in each turn; ours gives ten times as many, half before and half after.

    Returns
    -------
    costs : list of Cost
        In milliseconds of the processor, the median of a turn; `ratios` are how many times ours.
    versions : dict
        Of each program, and of the scikit-learn that it has.

    Raises
    ------
    KetresponseError
        If one of them is not installed where it was said to be, or ends.
    """
    patients = _make_patients(_PATIENTS)
    with TemporaryDirectory() as temporary, ExitStack() as opened:
        folder = train_for_batch(Path(temporary)) if model is None else model
        started = [
            opened.enter_context(_start(name, python, patients)) for name, python in others.items()
        ]
        predictor = Predictor(load_model(folder))
        example = make_example(predictor.model, predictor.eligibility)
        asked = [example | record for record in patients.records]
        _time_ours(predictor, asked, len(asked))
        taken: dict[str, list[float]] = {one.name: [] for one in started}
        beside: dict[str, list[float]] = {one.name: [] for one in started}
        for _ in range(turns):
            for one in started:
                ours = _time_ours(predictor, asked, 5 * answers)
                taken[one.name].append(1e3 * float(np.median(one.ask(answers))))
                ours += _time_ours(predictor, asked, 5 * answers)
                beside[one.name].append(1e3 * float(np.median(ours)))
        costs = [
            Cost(
                f"one explained patient by {name}",
                len(DEFAULT_PREDICTORS),
                "predictors",
                tuple(taken[name]),
                tuple(beside[name]),
                "ms CPU",
                "an answer of ours",
            )
            for name in taken
        ]
        return costs, {one.name: one.versions for one in started}


def _time_ours(predictor: Predictor, asked: Sequence[Mapping[str, Any]], n: int) -> list[float]:
    taken = []
    for at in range(n):
        begun = process_time()
        answer = predictor.predict(asked[at % len(asked)], request_id="1")
        taken.append(process_time() - begun)
        if not answer["estimates"]:
            raise RuntimeError("a patient of the demonstration got no estimate")
    return taken


def main() -> None:
    """Print how many times ours each of the others takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("others", nargs="+", metavar="NAME=PYTHON")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--answers", type=int, default=40)
    asked = parser.parse_args()
    try:
        others = read_others(asked.others)
        costs, versions = time_explainers(
            others, model=asked.model, turns=asked.turns, answers=asked.answers
        )
    except KetresponseError as error:
        sys.exit(str(error))
    for cost, found in zip(costs, versions.values(), strict=True):
        with_ = ", ".join(f"{name} {number}" for name, number in found.items())
        print(
            f"{cost.what} ({with_}): {np.median(cost.taken):.3g} {cost.unit}, "
            f"{np.median(cost.ratios):.0f} ({min(cost.ratios):.0f} to {max(cost.ratios):.0f}) "
            f"times {cost.reference} ({np.median(cost.beside):.3g} {cost.unit})"
        )


if __name__ == "__main__":
    main()
