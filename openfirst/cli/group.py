"""The commands as one: found by their names, and what becomes of a failure that nobody foresaw."""

from __future__ import annotations

import ast
import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from openfirst.cli import commands
from openfirst.cli.exits import FAILED, NOBODY_READS, TRACEBACK
from openfirst.stopped import stopped


class Main(click.Group):
    """The commands, each a module that is brought in when it is called: who wants help need not wait for an HTTP server.

    Whatever fails unforeseen ends with a sentence and a status of its own.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the modules."""
        return sorted(item.name for item in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command in the module of its name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = getattr(import_module(f"{commands.__name__}.{cmd_name}"), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with the first sentence of its docstring, which is read off the source."""
        names = self.list_commands(ctx)
        width = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, click.Command(name, help=_said_of(name)).get_short_help_str(width)) for name in names]
            )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            stopped()
        except BrokenPipeError:
            # Whoever reads has seen enough, as `head` has; what is still to be flushed goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(NOBODY_READS)
        except Exception as error:
            if os.environ.get(TRACEBACK):
                raise
            said = " ".join(str(error).split())[:300]
            click.echo(
                f"openfirst itself failed ({type(error).__name__}: {said}). That is a mistake of its own, not yours: please "
                f"report it in the project's issues, with the command and what it prints under {TRACEBACK}=1.",
                err=True,
            )
            sys.exit(FAILED)


def _said_of(name: str) -> str:
    (folder,) = commands.__path__
    module = ast.parse(Path(folder, f"{name}.py").read_text(encoding="utf-8"))
    own = (item for item in module.body if isinstance(item, ast.FunctionDef) and item.name == name)
    return next((ast.get_docstring(item) or "" for item in own), "")
