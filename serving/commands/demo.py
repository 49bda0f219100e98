"""`ketresponse demo`: from a simulated cohort to a served, explained estimate, on this machine."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ask", "demo"]

N_PATIENTS = 240
SEED = 7
_NAME = "demonstration"
_STUDY = f"""\
name = "{_NAME}"
title = "Demonstration on {N_PATIENTS} simulated patients"
seed = {SEED}

[population]
description = "simulated adults with CRPS (no real patient; any effect in the data is invented)"
condition = "CRPS"

[treatment]
description = "a simulated elective week in hospital with low-dose intravenous S-ketamine"

[cohort]
file = "cohort.csv"

[outcome]
rule = "fall2_or_success"
horizons = ["t1", "t2"]

[resampling]
folds = 5
repeats = 2
bootstrap_reruns = 5
learning_curve = 1

[language.nl]
population = "gesimuleerde volwassenen met CRPS (geen echte patiënt; elk effect is verzonnen)"
treatment = "een gesimuleerde geplande week opname met een lage dosis S-ketamine intraveneus"

[language.de]
population = "simulierte Erwachsene mit CRPS (kein wirklicher Patient; jeder Effekt ist erfunden)"
treatment = "eine simulierte elektive Krankenhauswoche mit niedrig dosiertem S-Ketamin intravenös"
"""


def _prepare(folder: Path) -> Path:
    from features.files.table import make_folder, write_bytes
    from features.simulation.cohort import make_cohort

    make_folder(folder)
    cohort = make_cohort(N_PATIENTS, seed=SEED).table.to_csv(index=False)
    study = folder / "study.toml"
    for path, text in ((folder / "cohort.csv", cohort), (study, _STUDY)):
        write_bytes(text.encode(), path, force=True)
    return study


def _train(study: Path, uri: str, console: Console) -> Path:
    """Train on the simulated cohort, print what came of it, and return the model's folder."""
    from rich.markdown import Markdown

    from training.document.progress import show_progress

    with show_progress(console, "Loading what a training needs", 0):
        from training.report.summary import make_summary
        from training.running.training_run import run_training
        from training.store.mixing import tell_mixing

    mixed = tell_mixing(_NAME, synthetic=True, tracking_uri=uri)
    if mixed:
        raise Refused(f"{mixed} Give the demonstration another --folder")
    training = run_training(
        study,
        tracking_uri=uri,
        n_jobs=1,  # further processes would take longer to start than they save
        show=partial(show_progress, console),
        tell=partial(console.print, markup=False),
    )
    assert training.published is not None, "the demonstration's cohort is large enough for a model"
    console.print(Markdown(make_summary(training.description, training.evaluation)))
    return training.published.folder


def ask(url: str, patient: dict[str, Any]) -> dict[str, Any]:
    """Return the service's answer for one patient, got over HTTP."""
    import urllib.request

    request = urllib.request.Request(
        f"{url}/predict",
        data=json.dumps({"patient": patient}).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return dict(json.load(answer))


def _name_places(uri: str, records: Mapping[str, str]) -> str:
    """Return what another terminal has to be told to find model and records."""
    places = {"MLFLOW_TRACKING_URI": uri, **records}
    return "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in places.items())


def _wait_for_interrupt() -> None:
    while True:
        time.sleep(3600)


def _place_records(folder: Path) -> dict[str, str]:
    """Return the settings by which the service keeps its records in a folder."""
    return {
        "KETRESPONSE_RECORDS": str(folder / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(folder / "records.key"),
    }


def _tell_where(console: Console, url: str, uri: str, records: Mapping[str, str]) -> None:
    """Print where the service, its runs and its records are."""
    from rich.markup import escape

    console.print(f"\n[bold]The clinician's page: {url}/clinic?example=1[/]")
    runs = escape(f"mlflow ui --backend-store-uri {uri}")
    console.print(f"For programs: {url}/docs   Runs: {runs}", soft_wrap=True)
    console.print("For ketresponse monitor, records and others, in another terminal:")
    places = escape(_name_places(uri, records))
    console.print(f"{places}\n  ketresponse monitor {_NAME}", soft_wrap=True)
    console.print("Ctrl-C ends the service.")


def demo(
    port: Annotated[
        int | None,
        typer.Option(help="Port of the service; default 3000, with --once any free one.", min=0),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="Where the simulated cohort and the model go.")
    ] = Path("ketresponse-demo"),
    once: Annotated[
        bool, typer.Option("--once", help="Print one estimate got over HTTP as JSON, and end.")
    ] = False,
) -> None:
    """Simulate a cohort, train on it, serve the model, and ask it about one patient.

    Everything is simulated and stamped "demonstration"; nothing leaves this machine. Ctrl-C ends
    the service.
    """
    from rich.console import Console
    from rich.markup import escape

    from training.document.progress import show_progress

    console = Console(stderr=once, highlight=False)
    with show_progress(console, "Starting", 0):
        from serving.estimate.predictor import Predictor
        from serving.process import bind, start_server
        from serving.web.text import print_answer
        from training.model.example import make_example
        from training.store.artifact import load_model
    wanted = port if port is not None else (0 if once else 3000)
    with bind("127.0.0.1", wanted):
        pass  # a taken port shows before the training, not after it
    uri = f"sqlite:///{(folder / 'mlflow.db').resolve()}"
    simulating = f"Simulating {N_PATIENTS} patients (seed {SEED}) in {escape(str(folder))}/"
    with show_progress(console, simulating, 0):
        study = _prepare(folder)
    model = _train(study, uri, console)
    context = tempfile.TemporaryDirectory() if once else nullcontext(str(folder))
    with context as place:
        log = Path(place) / "service.log"
        with ExitStack() as stack:
            with show_progress(console, "Starting the service", 0):
                records = _place_records(Path(place).resolve())
                service = start_server(
                    model, "demonstration", port=wanted, log=log, environ=records
                )
                url = stack.enter_context(service)
                predictor = Predictor(load_model(model))
                # The patient of the page that is opened: one and the same number on both.
                answer = ask(url, make_example(predictor.model, predictor.eligibility))
            if once:
                typer.echo(json.dumps(answer, indent=2))
                return
            console.print("\n[bold]One example patient, asked over HTTP[/]")
            print_answer(answer, predictor, console=console)
            _tell_where(console, url, uri, records)
            if console.is_terminal and "DISPLAY" in os.environ:
                typer.launch(f"{url}/clinic?example=1")
            try:
                _wait_for_interrupt()
            except KeyboardInterrupt:
                console.print("Ended.")
