"""The front door: gathers the sub-commands that live with their packages.

The command modules import what they need when they run, so that `ketresponse --help` answers at
once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from experiments.description.commands import describe_file
from experiments.description.panel_commands import app as panel_app
from experiments.evidence.commands import evidence
from experiments.trajectory.commands import trajectory
from features.commands import app as cohort_app
from features.errors import EXIT_INPUT, InputError, KetresponseError
from serving.commands.access import app as access_app
from serving.commands.demo import demo
from serving.commands.doctor import doctor
from serving.commands.monitor import monitor
from serving.commands.predict import predict
from serving.commands.records import outcomes_app, records_app
from serving.commands.review import release, serve_review
from serving.commands.serve import serve
from training.commands.card import app as card_app
from training.commands.compare import compare
from training.commands.network import app as network_app
from training.commands.review import app as review_app
from training.commands.sample_size import app as samplesize_app
from training.commands.study import app as study_app
from training.commands.train import models, train
from training.commands.update import update
from training.commands.validate import leave_site_out, validate_model

__all__ = ["app", "main"]

EXIT_INTERRUPTED = 130

_EPILOG = (
    "Exit codes: 0 done; 1 an unexpected failure; 2 something in the input, to be put right; "
    "3 not enough data for a model (a normal outcome, with a report); 4 refused, whatever the "
    "input; 130 stopped by Ctrl-C, with nothing half registered, or by a no."
)


@contextmanager
def _telling_usage() -> Iterator[None]:
    """Tell in one line what is missing or wrong in the words that were typed, and what it is."""
    try:
        yield
    except TyperException as err:
        said, context = " ".join(err.format_message().split()), getattr(err, "ctx", None)
        if not said or context is None:  # a group without a command, whose help was shown
            raise
        about = getattr(getattr(err, "param", None), "help", None) or ""
        what = f"{said[0].lower()}{said[1:].rstrip('.')}" + (about and f" ({about.rstrip('.')})")
        command = context.command_path
        print(f"{command}: {what}; see `{command} --help`", file=sys.stderr)
        raise SystemExit(EXIT_INPUT) from None


class _Front(TyperGroup):
    """Turns the errors that users can put right into a message and an exit code."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the words before the command."""
        with _telling_usage():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for."""
        try:
            with _telling_usage():
                return super().invoke(ctx)
        except KetresponseError as err:
            # The one who typed the command sent the input, and may see what came.
            print(err.report() if isinstance(err, InputError) else str(err), file=sys.stderr)
            raise SystemExit(err.exit_code) from None
        except typer.Abort as err:
            # A question: nobody could answer it, or the answer was no.
            if isinstance(err.__context__, EOFError):
                told = "what is asked for was not given: name it as an option (see --help)"
                print(f"\n{told}", file=sys.stderr)
                raise SystemExit(EXIT_INPUT) from None
            print("\nstopped; nothing was done", file=sys.stderr)
            raise SystemExit(EXIT_INTERRUPTED) from None
        except KeyboardInterrupt:
            print("stopped; nothing was registered or half written", file=sys.stderr)
            raise SystemExit(EXIT_INTERRUPTED) from None


def _tell(asked: bool) -> None:
    """Print the version, and what it runs on, for whoever reports a fault."""
    if asked:
        from importlib.metadata import version
        from platform import platform, python_version

        print(f"ketresponse {version('ketresponse')} (Python {python_version()}, {platform()})")
        raise typer.Exit


app = typer.Typer(
    name="ketresponse",
    cls=_Front,
    help=(
        "Of patients with Complex Regional Pain Syndrome like this one who were admitted for "
        "low-dose intravenous S-ketamine, how many responded? An honest estimate, before "
        "admission."
    ),
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with locals would print patients' values
)


@app.callback()
def _front(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_tell),
    ] = False,
) -> None:
    """Nothing is done before a command is named."""


app.add_typer(cohort_app, name="cohort")
cohort_app.command("describe")(describe_file)
cohort_app.command()(trajectory)
app.add_typer(study_app, name="study")
app.add_typer(samplesize_app, name="samplesize")
app.add_typer(card_app, name="card")
app.add_typer(panel_app, name="panel")
app.add_typer(network_app, name="network")
app.add_typer(review_app, name="review")
app.add_typer(records_app, name="records")
app.add_typer(outcomes_app, name="outcomes")
app.add_typer(access_app, name="access")
review_app.command("serve")(serve_review)
for _word, _command in (
    ("train", train),
    ("models", models),
    ("compare", compare),
    ("validate", validate_model),
    ("leave-site-out", leave_site_out),
    ("update", update),
    ("release", release),
    ("predict", predict),
    ("serve", serve),
    ("monitor", monitor),
    ("evidence", evidence),
    ("demo", demo),
    ("doctor", doctor),
):
    app.command(_word)(_command)


def main() -> None:
    """Run the command line."""
    # Libraries leave a million objects that stay; Python would look through them time and again
    # while they are imported: 0.7 s of a training.
    gc.set_threshold(20_000)
    app()


if __name__ == "__main__":
    main()
