"""`ketresponse network`: many centres, one model, no patient leaves home. Parse, call, print."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import InputError
from features.options import ForceOption, MappingOption, QuietOption
from training.commands.options import ask_secret, tell_remarks

if TYPE_CHECKING:
    from training.network.protocol.keys import CentreKey
    from training.store.registered import RegisteredModel

__all__ = ["app"]

app = typer.Typer(
    name="network",
    help="Make one model with other centres; no patient's row leaves any of them.",
    no_args_is_help=True,
)

_PROTOCOL = "network.toml"
_ProtocolArgument = Annotated[Path, typer.Argument(metavar="PROTOCOL", help="The protocol (TOML).")]
_ProtocolOption = Annotated[
    Path, typer.Option("--protocol", help="The protocol, signed by its lead.")
]
_KeyOption = Annotated[Path, typer.Option("--key", help="File of the private key.")]
_CohortOption = Annotated[
    Path, typer.Option("--cohort", help="The centre's cohort file, or with a mapping its export.")
]
_PanelOption = Annotated[
    Path | None,
    typer.Option("--panel", help="The centre's microRNA panel, where the protocol names assays."),
]
_RoundsOption = Annotated[
    str | None,
    typer.Option(
        "--rounds", help="Folder or address of the lead's rounds; default: rounds, beside it."
    ),
]
_SharesOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        help="Folder or address for the share, where this centre's earlier ones lie; default: "
        "shares, beside the protocol.",
    ),
]
_WithoutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="CENTRE",
        help="Go on without a centre that has not shared in this round: it is out of this network "
        "for good. Repeat it for others.",
    ),
]


def _read_key(path: Path) -> CentreKey:
    from training.network.protocol.keys import read_centre_key

    return read_centre_key(path, lambda: ask_secret(f"Passphrase of {path}"))


def _place_beside(given: str | None, protocol: Path, name: str) -> str:
    return str(protocol.parent / name) if given is None else given


@app.command("key")
def make_key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is to lie.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for a passphrase that locks it.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Make none: print the public key of FILE.")
    ] = False,
) -> None:
    """Make the key of a centre or of the lead, and print the public one.

    The private key stays in FILE, which nobody else on this machine may read. The public one goes
    to the lead; compare it on the telephone before it is put into the protocol.
    """
    from training.network.protocol.keys import write_centre_key

    if show:
        typer.echo(_read_key(file).public)
        return
    secret = ""
    if passphrase and not file.exists():  # one that is there is refused, whatever is typed
        secret = ask_secret(f"Passphrase for {file}", new=True)
        if not secret:
            raise InputError(
                "no passphrase was given, and no key was made: type one, or leave --passphrase out"
            )
    typer.echo(write_centre_key(file, passphrase=secret).public)


@app.command("protocol")
def write_protocol(
    file: _ProtocolArgument = Path(_PROTOCOL),
    name: Annotated[
        str, typer.Option("--name", help="Of the network, and of its model: a-z, 0-9, - and _.")
    ] = "crps-network",
    key: Annotated[
        Path | None, typer.Option("--key", help="The lead's private key: sign what is filled in.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write a commented protocol to fill in; with --key, sign the one that was filled in.

    It is signed only when it has no problem. A signed one is not changed, but by --force: another
    protocol is another network.
    """
    from features.files.table import read_bytes, write_bytes
    from training.network.protocol.protocol import sign_protocol
    from training.network.protocol.template import make_protocol_template

    if key is not None:
        signed = sign_protocol(read_bytes(file), _read_key(key), str(file), force=force)
        write_bytes(signed, file, force=True)
        typer.echo(f"Signed {file}. Next: send it to every centre, which looks at it with")
        typer.echo(f"  ketresponse network check {file} --cohort COHORT")
        return
    write_bytes(make_protocol_template(name).encode(), file, force=force)
    typer.echo(f"Wrote {file}. Next: fill in what is marked with ?, have it read, then sign it:")
    typer.echo(f"  ketresponse network protocol {file} --key LEAD_KEY")


@app.command("check")
def check_protocol(
    file: _ProtocolArgument = Path(_PROTOCOL),
    cohort: Annotated[
        Path | None, typer.Option("--cohort", help="Also look at a centre's cohort by it.")
    ] = None,
    mapping: MappingOption = None,
    panel: _PanelOption = None,
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="The same as PROTOCOL.", hidden=True)
    ] = None,
) -> None:
    """List every problem of a protocol at once; else tell what it says, and what a cohort has.

    Of a cohort it is also foreseen what may leave over all rounds, and what is withheld and why.
    Nothing leaves, and nothing is written.
    """
    from training.network.answering import foresee_share
    from training.network.patients import read_centre_patients
    from training.network.protocol.protocol import read_protocol
    from training.network.telling import tell_after_check, tell_patients, tell_protocol, tell_share

    file = protocol or file
    agreed = read_protocol(file, signed=False)
    _print_lines(tell_protocol(agreed))
    options = ""
    if cohort is not None:
        patients = read_centre_patients(agreed, cohort, mapping=mapping, panel=panel)
        tell_remarks(patients.cohort)
        _print_lines([f"\n{cohort} by this protocol:", *tell_patients(patients, agreed)])
        foreseen = tell_share(foresee_share(agreed, patients))
        _print_lines(["\nWhat would leave of it, over all rounds:", *foreseen])
        given = {"cohort": cohort, "mapping": mapping, "panel": panel}
        options = " ".join(f"--{name} {path}" for name, path in given.items() if path)
    _print_lines(["", *tell_after_check(agreed, str(file), options)])


def _print_lines(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)


def _confirm(question: str) -> None:
    """Stop unless somebody says yes; say so where nobody can be asked."""
    try:
        agreed = typer.confirm(question)
    except typer.Abort as err:
        if sys.stdin.isatty():
            raise
        raise InputError("nothing was written: nobody could say yes; add --yes") from err
    if not agreed:
        raise typer.Abort


@app.command("share")
def share_round(
    key: _KeyOption,
    cohort: _CohortOption,
    round_: Annotated[int, typer.Option("--round", help="Which round, from 1.", min=1)] = 1,
    mapping: MappingOption = None,
    panel: _PanelOption = None,
    protocol: _ProtocolOption = Path(_PROTOCOL),
    rounds: _RoundsOption = None,
    out: _SharesOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is written.")] = False,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write what this centre tells in a round, after it was shown and agreed to.

    All that leaves is printed first. The program sends nothing: the one file that it writes travels
    as the hospital likes.
    """
    from training.network.answering import (
        check_round_number,
        find_own_centre,
        name_share,
        prepare_share,
    )
    from training.network.leading import name_round
    from training.network.patients import read_centre_patients
    from training.network.protocol.beside import check_beside, check_unshared
    from training.network.protocol.places import FilePlace
    from training.network.protocol.protocol import read_protocol
    from training.network.telling import tell_patients, tell_share

    agreed, own = read_protocol(protocol), _read_key(key)
    centre = find_own_centre(agreed, own)
    check_round_number(agreed, round_)
    asked = FilePlace(_place_beside(rounds, protocol, "rounds"))
    place = FilePlace(_place_beside(out, protocol, "shares"))
    file = name_share(centre, round_)
    check_unshared(place, file, round_, force=force, noise=agreed.limits.noise is not None)
    before = [(k, name_share(centre, k - 1), name_round(k)) for k in range(2, round_ + 1)]
    check_beside(asked, place, before)
    patients = read_centre_patients(agreed, cohort, mapping=mapping, panel=panel)
    if not quiet:
        tell_remarks(patients.cohort)
    share = prepare_share(
        agreed,
        own,
        patients,
        round_=round_,
        rounds=asked.read_some(name_round(k) for k in range(2, round_ + 1)),
        earlier=place.read_some(name_share(centre, k + 1) for k in range(agreed.rounds)),
    )
    if not (quiet and yes):
        _print_lines(tell_patients(patients, agreed, centre))
        typer.echo(f"\nThis is all that leaves {centre} in round {round_}:\n")
        typer.echo(share.data.decode())
        _print_lines(tell_share(share.content))
    if not yes:
        _confirm(f"Write it to {place.name(share.file)}?")
    place.write(share.data, share.file, force=force)
    if not quiet:
        typer.echo(
            f"Wrote {place.name(share.file)} ({len(share.data)} bytes). Send it to the lead."
        )


@app.command("combine")
def combine_round(
    shares: Annotated[
        list[str],
        typer.Argument(metavar="SHARES", help="The shares of all rounds so far: files or folders."),
    ],
    key: _KeyOption,
    protocol: _ProtocolOption = Path(_PROTOCOL),
    rounds: _RoundsOption = None,
    without: _WithoutOption = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Make the model now, whatever rounds are planned.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Mix models of simulated and of real patients under one name."),
    ] = False,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Put the centres' shares together: the next round, or the model after the last one.

    Every share is checked first, and all that is wrong with any of them is told at once, by centre.
    Nobody is left out who shared in the round before, unless --without names the centre.
    """
    from functools import partial

    from rich.console import Console

    from training.document.progress import show_progress
    from training.network.leading import combine_shares
    from training.network.protocol.beside import check_asked
    from training.network.protocol.places import FilePlace, read_files
    from training.network.protocol.protocol import read_protocol
    from training.network.publishing.publish import publish_network
    from training.network.telling import tell_combined
    from training.store.client import find_tracking_uri

    agreed, own = read_protocol(protocol), _read_key(key)
    place = FilePlace(_place_beside(rounds, protocol, "rounds"))
    files, asked = read_files(shares), place.read_some(place.list_files())
    check_asked(place, files, asked)
    told = combine_shares(agreed, own, files, rounds=asked, finish=finish, without=without or [])
    _print_lines([] if quiet else tell_combined(told, agreed))
    if told.result is None:
        earlier = asked.get(place.name(told.file), told.data)
        place.write(told.data, told.file, force=force)
        typer.echo(f"Wrote {place.name(told.file)}. Send it to the centres.")
        if earlier != told.data:
            typer.echo(
                "It is another one than before: a centre that has answered that one answers no "
                "other, and would be out of this network. Tell all of them."
            )
        return
    show = partial(show_progress, None if quiet else Console(stderr=True, markup=False))
    uri = find_tracking_uri(os.environ)
    tell = partial(typer.echo, err=True)
    made = publish_network(
        told.result, told.shares, tracking_uri=uri, show=show, mixed=yes, tell=tell
    )
    _tell_registered(made, uri)
    typer.echo("Next: ketresponse card template --out card.toml; fill it in, then")
    typer.echo(f"  ketresponse card make {made.name}:{made.version} --card card.toml")


def _tell_registered(made: RegisteredModel, uri: str) -> None:
    """Print what was registered, and where its report is."""
    from training.running.publish import find_published

    typer.echo(f"Registered {made.name}:{made.version} ({made.status}).")
    typer.echo(f"Complete report: {find_published(made, tracking_uri=uri).report}")


@app.command("flower")
def write_flower_app(
    key: _KeyOption,
    protocol: _ProtocolOption = Path(_PROTOCOL),
    out: Annotated[
        Path, typer.Option("--out", help="Folder that is written, for `flwr run`.")
    ] = Path("flower-app"),
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out",
            help="Go on without a centre that misses a round; without this the run stops there.",
        ),
    ] = False,
    wait_hours: Annotated[
        float, typer.Option("--wait-hours", help="How long centres have for a round.", min=0.01)
    ] = 12.0,
    force: ForceOption = False,
) -> None:
    """Write what a lead whose centres run Flower gives to `flwr run`; files travel over its links.

    Shares and rounds are kept beside the protocol, as they are without Flower.
    """
    from training.network.flower.bundle import make_lead_settings, write_bundle
    from training.network.protocol.protocol import read_protocol
    from training.store.client import find_tracking_uri

    agreed = read_protocol(protocol)
    uri = find_tracking_uri(os.environ)
    settings = make_lead_settings(
        agreed, protocol, key, tracking_uri=uri, leave_out=leave_out, wait_hours=wait_hours
    )
    written = write_bundle(out, settings, name=agreed.name, title=agreed.title, force=force)
    typer.echo(f"Wrote {written}. It names files of this machine and holds no key.")
    typer.echo(f"Next: flwr run {out}, when the centres' nodes are there (docs/network_flower.md).")


@app.command("demo")
def show_network(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for all files; it must not be there yet.")
    ] = Path("network-demo"),
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same patients.", min=0)] = 1,
) -> None:
    """Play a network of four simulated centres through, file by file, to a registered model.

    The model is a demonstration, for ever: its patients are simulated.
    """
    from functools import partial

    from rich.console import Console

    from training.document.progress import show_progress
    from training.network.demo import DEMO_CENTRES, play_network
    from training.store.client import find_tracking_uri

    show = partial(show_progress, Console(stderr=True, markup=False))
    uri = find_tracking_uri(os.environ)
    made = play_network(out, seed=seed, tracking_uri=uri, show=show, tell=typer.echo)
    _tell_registered(made, uri)
    typer.echo(
        f"Read what left each centre in {out / 'shares'}, and what was agreed in {out / _PROTOCOL}."
    )
    typer.echo(
        f"See it answer at one of them: ketresponse serve {made.name}:{made.version} "
        f"--demonstration --centre {DEMO_CENTRES[0]}"
    )
