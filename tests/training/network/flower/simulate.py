"""A whole network over Flower's simulation engine, its nodes on processes of their own.

Run with the Python of `make flower`, in the project's folder::

    python -m tests.training.network.flower.simulate SETTINGS.json
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.simulation import run_simulation

from training.network.flower.app import make_client_app, make_server_app
from training.network.flower.lead_folder import LeadFolder
from training.network.flower.settings import LeadSettings


def simulate(told: dict) -> None:
    """Run the network of some settings; its lead writes what was found beside its shares."""
    seen, homes = Path(told["seen"]), told["homes"]

    def find_home(context: Context) -> dict:
        home = dict(homes[int(context.node_config["partition-id"])])
        centre, leaves_after = home.pop("centre"), home.pop("leaves_after", 99)
        asked = len([*seen.glob(f"{centre}-*")])
        (seen / f"{centre}-{asked}-{os.getpid()}").touch()
        if asked >= leaves_after:
            raise RuntimeError("of a patient aged 47 whose file has gone")
        return home

    def write(_: LeadSettings, kept: LeadFolder) -> None:
        result = kept.conclude().result
        assert result is not None
        found = {
            "centres": result.centres,
            "dropped": result.dropped,
            "shares": result.shares,
            "coef": result.outcomes["response"].coef.tolist(),
            "intercepts": result.outcomes["response"].intercepts,
            "weight": result.outcomes["response"].weight,
        }
        Path(told["found.json"]).write_text(json.dumps(found))

    own = make_client_app(find_home)

    def answer(message: Message, context: Context) -> Message:
        if int(context.node_config["partition-id"]) < len(homes):
            return own(message, context)
        rubbish = ConfigRecord({"file": "no bytes", "refused": [1, 2]})
        return Message(RecordDict({"letter": rubbish}), reply_to=message)

    everyone = ClientApp()
    everyone.query()(answer)
    run_simulation(
        make_server_app(lambda _: told["lead"], write),
        everyone,
        num_supernodes=len(homes) + 1,  # the last one is no centre of the network
        backend_config={
            "client_resources": {"num_cpus": 1, "num_gpus": 0},
            "init_args": {"num_cpus": told["workers"], "_node_ip_address": "127.0.0.1"},
        },
    )


if __name__ == "__main__":
    simulate(json.loads(Path(sys.argv[1]).read_text()))
