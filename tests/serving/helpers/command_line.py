"""Commands run as on the command line, but in this process."""

from __future__ import annotations

from typing import Any

import typer
from typer.testing import CliRunner

from features.errors import KetresponseError


class CommandLine:
    """A front door that has some commands only."""

    def __init__(self, **commands: Any) -> None:
        self._app = typer.Typer()
        self._app.callback()(lambda: None)  # a single command is named like any other
        for name, command in commands.items():
            if isinstance(command, typer.Typer):
                self._app.add_typer(command, name=name)
            else:
                self._app.command(name)(command)

    def run(self, *words: object, typed: str | None = None) -> Any:
        """Return what the words did."""
        return CliRunner().invoke(self._app, [str(word) for word in words], input=typed)

    def fail(self, *words: object) -> KetresponseError:
        """Return the error that the words end with."""
        result = self.run(*words)
        assert isinstance(result.exception, KetresponseError), result.output
        return result.exception
